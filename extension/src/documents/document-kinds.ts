import { plainText } from '../../shared/plain-text.ts';
import { hashText } from '../../shared/words.ts';

/** Texts that are shown read-only; what each is about stands in its address. */
export const DOCUMENT_KINDS = [
  'plan',
  'rows',
  'quarantine',
  'duplicates',
  'blame',
  'run',
  'backfill',
  'incident',
  'runbook',
  'audit',
  'breakers',
] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

export interface DocumentAddress {
  readonly kind: DocumentKind;
  /** Name of the thing: a dataset, slice id, run, hash, … */
  readonly about: string;
  /** Of rows: one slice's. Of a run: its dataset. */
  readonly of?: string;
}

const ABOUT_CHARS_MAX = 200;

/** Path and query of its URI; the last part of the path is what stands on the tab. */
export function addressParts({ kind, about, of }: DocumentAddress): {
  readonly path: string;
  readonly query: string;
} {
  const whole = of === undefined || kind === 'run' ? about : `${about}@${of}`;
  const name = kind === 'plan' ? `plan ${hashText(about)}` : whole === '' ? kind : `${whole} ${kind}`;
  return {
    path: `/${kind}/${plainText(name, 80).replaceAll('/', '∕')}${kind === 'runbook' ? '.yaml' : '.txt'}`,
    query: JSON.stringify(of === undefined ? { about } : { about, of }),
  };
}

/** Undefined: it is none of ours, whoever made it. */
export function parseAddress(path: string, query: string): DocumentAddress | undefined {
  const kind = DOCUMENT_KINDS.find((known) => path.startsWith(`/${known}/`));
  if (kind === undefined) return undefined;
  let value: { readonly about?: unknown; readonly of?: unknown } | null;
  try {
    value = JSON.parse(query) as typeof value;
  } catch {
    return undefined;
  }
  const { about, of } = value ?? {};
  if (typeof about !== 'string' || about.length > ABOUT_CHARS_MAX) return undefined;
  if (of === undefined) return { kind, about };
  return typeof of === 'string' && of.length <= ABOUT_CHARS_MAX ? { kind, about, of } : undefined;
}
