import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** Runs looked at, newest first; older ones than these are no news. */
const RUNS_MAX = 1_000;

/**
 * Why the last run on a slice failed: `<dataset>@<slice>` → reason. Read from the ledger's history beside a running agent;
 * without a readable ledger there are none, as it is a cache. Nothing is decided by it: it only gives words to the state
 * that the lake shows.
 */
export function failureReasons(ledgerFile: string): ReadonlyMap<string, string> {
  if (!existsSync(ledgerFile)) return new Map();
  try {
    return readReasons(ledgerFile);
  } catch {
    return new Map();
  }
}

function readReasons(ledgerFile: string): ReadonlyMap<string, string> {
  const database = new DatabaseSync(ledgerFile, { readOnly: true });
  try {
    const runs = database
      .prepare(
        "SELECT dataset, slices, state, error FROM runs WHERE state <> 'running' ORDER BY started_ms DESC, id DESC LIMIT ?",
      )
      .all(RUNS_MAX) as unknown as { dataset: string; slices: string; state: string; error: string | null }[];
    const latest = new Map<string, string | undefined>();
    for (const { dataset, slices, state, error } of runs) {
      for (const slice of JSON.parse(slices) as string[]) {
        const key = `${dataset}@${slice}`;
        if (!latest.has(key)) latest.set(key, state === 'failed' ? (error ?? 'unknown') : undefined);
      }
    }
    return new Map([...latest].filter((entry): entry is [string, string] => entry[1] !== undefined));
  } finally {
    database.close();
  }
}
