import type { Pipeline } from '@lakewarden/compute';
import type { DatasetName } from '@lakewarden/contracts';
import { type EmitFact, type Fact, hubName } from '@lakewarden/core';
import type { Ledger, RunRecord } from '../adapters/ledger.ts';

/** Keeps the history of runs in the ledger, from the same facts that make the log. A cache: nothing decides by it. */
export function recordRuns(ledger: Ledger, pipeline: Pipeline, now: () => number): EmitFact {
  const land = recordLandings(ledger, pipeline, now);
  const open = new Map<string, RunRecord>();
  const end = (run: string, change: Partial<RunRecord>) => {
    const started = open.get(run);
    open.delete(run);
    if (started !== undefined) ledger.recordRun({ ...started, ...change, endedMs: now() });
  };
  return (fact: Fact) => {
    switch (fact.type) {
      case 'RunStarted': {
        const { run: id, dataset, keys: slices, backfill } = fact;
        const record = {
          ...{ id, dataset, slices, state: 'running' as const },
          ...(backfill !== undefined && { backfill }),
        };
        open.set(fact.run, { ...record, startedMs: now() });
        ledger.recordRun({ ...record, startedMs: now() });
        return;
      }
      case 'RunCommitted':
        return end(fact.run, { state: 'committed', rows: fact.rows });
      case 'RunConflicted':
        return end(fact.run, { state: 'conflict', error: fact.reason });
      case 'RunFailed':
        return end(fact.run, { state: 'failed', error: fact.reason });
      case 'RunCancelled':
        return end(fact.run, { state: 'cancelled', error: fact.reason });
      case 'RunParked':
        return end(fact.run, { state: 'parked', error: `waits for ${fact.dependency}` });
      default:
        return land(fact);
    }
  };
}

/** The last landing of each window and hub: one record each, which the next one replaces. */
function recordLandings(ledger: Ledger, pipeline: Pipeline, now: () => number): EmitFact {
  const datasets = new Map<string, DatasetName>();
  for (const step of pipeline.datasets) {
    if (step.layer !== 'bronze') continue;
    datasets.set(step.source.kind === 'event-hub' ? hubName(step.source) : step.source.name, step.name);
  }
  const record = (source: string, slice: string, change: Pick<RunRecord, 'state' | 'rows' | 'error'>) => {
    const dataset = datasets.get(source);
    if (dataset === undefined) return;
    ledger.recordRun({
      id: `land/${source}/${slice}`,
      dataset,
      slices: [slice],
      startedMs: now(),
      ...change,
    });
  };
  return (fact: Fact) => {
    switch (fact.type) {
      case 'WindowLanded':
        return record(fact.source, fact.window, { state: 'committed', rows: fact.rows });
      case 'WindowFailed':
        return record(fact.source, fact.window, { state: 'failed', error: fact.reason });
      case 'HubFailed':
        return record(fact.hub, 'open', { state: 'failed', error: fact.reason });
      case 'DrainFinished':
        return record(fact.hub, 'open', { state: 'committed', rows: fact.events });
      default:
        return;
    }
  };
}
