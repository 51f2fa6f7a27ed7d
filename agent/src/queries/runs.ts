import type { RunHealth } from '@lakewarden/contracts';
import type { RunRecord } from '../adapters/ledger.ts';
import { iso } from './shape.ts';

const KEYS_NAMED_MAX = 100;

export function runHealth(run: RunRecord, engine: string): RunHealth {
  const { endedMs } = run;
  return {
    id: run.id,
    dataset: run.dataset,
    slices: run.slices.slice(0, KEYS_NAMED_MAX),
    sliceCount: run.slices.length,
    state: run.state,
    startedAt: iso(run.startedMs),
    ...(endedMs !== undefined && { endedAt: iso(endedMs), durationMs: Math.max(0, endedMs - run.startedMs) }),
    ...(run.rows !== undefined && { rows: run.rows }),
    ...(run.error !== undefined && { error: run.error }),
    ...(run.backfill !== undefined && { backfill: `backfill:${run.backfill}` }),
    engine,
  };
}
