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
  /** Of rows: one slice's. */
  readonly slice?: string;
}

const ABOUT_CHARS_MAX = 200;

/** Path and query of its URI; the last part of the path is what stands on the tab. */
export function addressParts({ kind, about, slice }: DocumentAddress): {
  readonly path: string;
  readonly query: string;
} {
  const of = slice === undefined ? about : `${about}@${slice}`;
  const name = kind === 'plan' ? `plan ${hashText(about)}` : of === '' ? kind : `${of} ${kind}`;
  return {
    path: `/${kind}/${plainText(name, 80).replaceAll('/', '∕')}${kind === 'runbook' ? '.yaml' : '.txt'}`,
    query: JSON.stringify(slice === undefined ? { about } : { about, slice }),
  };
}

/** Undefined: it is none of ours, whoever made it. */
export function parseAddress(path: string, query: string): DocumentAddress | undefined {
  const kind = DOCUMENT_KINDS.find((known) => path.startsWith(`/${known}/`));
  if (kind === undefined) return undefined;
  let value: { readonly about?: unknown; readonly slice?: unknown } | null;
  try {
    value = JSON.parse(query) as typeof value;
  } catch {
    return undefined;
  }
  const { about, slice } = value ?? {};
  if (typeof about !== 'string' || about.length > ABOUT_CHARS_MAX) return undefined;
  if (slice === undefined) return { kind, about };
  return typeof slice === 'string' && slice.length <= ABOUT_CHARS_MAX ? { kind, about, slice } : undefined;
}
