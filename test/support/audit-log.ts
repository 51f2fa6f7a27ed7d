import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One entry of the control log, as far as tests look at it. */
export interface LoggedAct {
  readonly seq: number;
  readonly actor: string;
  readonly action?: string;
  readonly idempotency?: string;
  readonly effects: readonly { readonly type: string; readonly [key: string]: unknown }[];
  readonly prev: string;
  readonly hash: string;
}

/** The control log of a lake as it lies there, read by code of its own; checks that no entry is missing or changed. */
export function readAudit(lake: string): readonly LoggedAct[] {
  const folder = join(lake, 'azure/storage/retaillake/lake/_lakewarden/control/log');
  const names = readdirSync(folder)
    .filter((name) => /^\d{20}\.json$/.test(name))
    .sort();
  const entries = names.flatMap(
    (name) => (JSON.parse(readFileSync(join(folder, name), 'utf8')) as { entries: LoggedAct[] }).entries,
  );
  let prev = '0'.repeat(64);
  entries.forEach((entry, index) => {
    if (entry.seq !== index + 1) throw new Error(`audit entry ${index + 1} expected, ${entry.seq} found`);
    if (entry.prev !== prev) throw new Error(`audit entry ${entry.seq} does not follow the one before it`);
    const { hash, ...hashed } = entry;
    const made = createHash('sha256').update(sortedJson(hashed)).digest('hex');
    if (hash !== made) throw new Error(`audit entry ${entry.seq} was changed`);
    prev = hash;
  });
  return entries;
}

/** Is every idempotency key there once? */
export function isUnique(entries: readonly LoggedAct[]): boolean {
  const keys = entries.flatMap(({ idempotency }) => idempotency ?? []);
  return new Set(keys).size === keys.length;
}

/** JSON with its keys in order and without blanks. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
