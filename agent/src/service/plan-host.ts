import {
  checkPlan,
  type Observation,
  type Pace,
  type PlanHost,
  planBackfill,
  planReplay,
} from '@lakewarden/core';
import type { Ledger } from '../adapters/ledger.ts';

/** The last runs tell how fast the next ones will be. */
const RUNS_MEASURED = 200;
/** Before the first run: what a small one takes on two cores. */
const ROWS_PER_MS = 200;
const RUN_MS = 150;

/** `look`: the world as it is now, not as the last pass found it. */
export function createPlanHost(
  look: (signal: AbortSignal) => Promise<Observation>,
  ledger: Ledger,
  engine: string,
): PlanHost {
  const context = async (by: string, signal: AbortSignal) => ({
    seen: await look(signal),
    by,
    pace: paceOf(ledger, engine),
  });
  return {
    replay: async (input, by, signal) => planReplay(await context(by, signal), input),
    backfill: async (input, by, signal) => planBackfill(await context(by, signal), input),
    check: async (plan, signal) => checkPlan(plan, await look(signal)),
  };
}

function paceOf(ledger: Ledger, engine: string): Pace {
  const done = ledger
    .listRuns(RUNS_MEASURED)
    .filter(
      ({ state, endedMs, id }) => state === 'committed' && endedMs !== undefined && !id.startsWith('land/'),
    );
  const ms = done.reduce((sum, { startedMs, endedMs = startedMs }) => sum + endedMs - startedMs, 0);
  const rows = done.reduce((sum, run) => sum + (run.rows ?? 0), 0);
  if (ms === 0 || rows === 0) return { engine, rowsPerMs: ROWS_PER_MS, runMs: RUN_MS };
  const shortest = Math.min(...done.map(({ startedMs, endedMs = startedMs }) => endedMs - startedMs));
  return { engine, rowsPerMs: Math.max(0.001, rows / ms), runMs: Math.max(1, shortest) };
}
