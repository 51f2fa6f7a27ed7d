/** Names inside `_delta_log` (PROTOCOL.md, Delta Log Entries and Checkpoint Naming Scheme). */
const VERSION_DIGITS = 20;
const PART_DIGITS = 10;

export function logFolder(root: string): string {
  return `${root}/_delta_log/`;
}

/** Sorts before every object of this version and after every object of the version before it. */
export function versionPrefix(root: string, version: number): string {
  return `${logFolder(root)}${pad(version, VERSION_DIGITS)}`;
}

export function commitPath(root: string, version: number): string {
  return `${versionPrefix(root, version)}.json`;
}

export function checkpointPath(root: string, version: number): string {
  return `${versionPrefix(root, version)}.checkpoint.parquet`;
}

export function checkpointPartPath(root: string, version: number, part: number, parts: number): string {
  return `${versionPrefix(root, version)}.checkpoint.${pad(part, PART_DIGITS)}.${pad(parts, PART_DIGITS)}.parquet`;
}

export function hintPath(root: string): string {
  return `${logFolder(root)}_last_checkpoint`;
}

export type LogName =
  | { readonly kind: 'commit'; readonly version: number }
  | { readonly kind: 'checkpoint'; readonly version: number; readonly part: number; readonly parts: number }
  /** A V2 checkpoint with a uuid in its name: needs reader version 3, so never ours to read. */
  | { readonly kind: 'uuid-checkpoint'; readonly version: number };

const NAME =
  /^(\d{20})\.(?:json|checkpoint\.parquet|checkpoint\.(\d{10})\.(\d{10})\.parquet|checkpoint\.[0-9a-f-]{36}\.(?:parquet|json))$/;

/** What a name directly in `_delta_log` says; undefined for names that take no part in replay (crc, compacted, …). */
export function parseLogName(name: string): LogName | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  const version = Number(match[1]);
  if (!Number.isSafeInteger(version)) return undefined;
  if (name.length === VERSION_DIGITS + '.json'.length) return { kind: 'commit', version };
  if (name.endsWith('.checkpoint.parquet')) return { kind: 'checkpoint', version, part: 1, parts: 1 };
  if (match[2] === undefined) return { kind: 'uuid-checkpoint', version };
  return { kind: 'checkpoint', version, part: Number(match[2]), parts: Number(match[3]) };
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}
