import { parseAddress } from '../documents/document-kinds.ts';
import { PLAN_SCHEME } from '../manifest/command-table.ts';
import type { NodeSubject } from '../tree/tree-node.ts';

const KEYS = [
  'target',
  'dataset',
  'slice',
  'from',
  'to',
  'source',
  'window',
  'backfill',
  'run',
  'plan',
  'incident',
  'execution',
  'runbook',
  'dependency',
] as const satisfies readonly (keyof NodeSubject)[];

export interface CommandArgument extends NodeSubject {
  /** Of a lineage: a dataset, slice or source. */
  readonly focus?: string;
  /** Fields of an action that are known. */
  readonly input?: Readonly<Record<string, string>>;
}

const TEXT_CHARS_MAX = 256;

/**
 * What a command was called on: a row of a tree, the address of a document, or an object of names (a link, a lens,
 * another extension). Only texts of bounded length are taken from it; what they name is checked by whoever acts.
 */
export function argumentOf(value: unknown): CommandArgument {
  if (typeof value !== 'object' || value === null) return {};
  if ('node' in value && typeof value.node === 'object' && value.node !== null && 'subject' in value.node)
    return value.node.subject as NodeSubject;
  if ('scheme' in value && 'path' in value && 'query' in value) {
    const { scheme, path, query } = value;
    const address = scheme === PLAN_SCHEME ? parseAddress(String(path), String(query)) : undefined;
    return address?.kind === 'plan' ? { plan: address.about } : {};
  }
  const texts = textsOf(value, [...KEYS, 'focus']);
  const input =
    'input' in value && typeof value.input === 'object' && value.input !== null ? value.input : undefined;
  return { ...texts, ...(input !== undefined && { input: textsOf(input, Object.keys(input)) }) };
}

function textsOf(value: object, keys: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    keys.flatMap((key) => {
      const text = Object.hasOwn(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
      return typeof text === 'string' && text.length <= TEXT_CHARS_MAX ? [[key, text] as const] : [];
    }),
  );
}

/** The dataset that is meant, if one is. */
export function datasetOf({ dataset, target, focus }: CommandArgument): string | undefined {
  const text = dataset ?? target ?? focus;
  const name = text?.split('@')[0];
  return name !== undefined && /^(?:bronze|silver|gold)\./.test(name) ? name : undefined;
}

/** What a lineage is opened on. */
export function focusOf(argument: CommandArgument): string | undefined {
  const { focus, target, dataset, source } = argument;
  const text = focus ?? target ?? dataset ?? (source === undefined ? undefined : `source:${source}`);
  return text !== undefined && /^(?:(?:bronze|silver|gold)\.|source:|consumer:)/.test(text)
    ? text
    : undefined;
}

/** The command line's way to look at the same, or to do what is likely next. */
export function commandLineOf(argument: CommandArgument, state: string | undefined): string | undefined {
  const { incident, runbook, backfill, run, dataset, slice, source } = argument;
  if (incident !== undefined) return `lakewarden incident ${incident}`;
  if (backfill !== undefined) return `lakewarden backfills ${backfill}`;
  if (runbook !== undefined) return `lakewarden runbook show ${runbook}`;
  if (run !== undefined && slice === undefined && source === undefined)
    return `lakewarden runs${dataset === undefined ? '' : ` --dataset ${dataset}`}`;
  if (dataset !== undefined && slice !== undefined)
    return `lakewarden ${state === 'failed' ? 'retry' : 'blame'} ${dataset}@${slice}`;
  if (dataset !== undefined) return `lakewarden ${state === 'failed' ? 'retry' : 'dataset'} ${dataset}`;
  return source === undefined ? undefined : 'lakewarden lag';
}

/** What `Copy Name` copies. */
export function nameOf(argument: CommandArgument): string | undefined {
  const { target, incident, execution, runbook, run, source } = argument;
  return incident ?? (runbook !== undefined ? (execution ?? runbook) : (target ?? run ?? source));
}
