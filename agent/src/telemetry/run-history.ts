import type { EmitFact, Fact } from '@lakewarden/core';
import type { Ledger, RunRecord } from '../adapters/ledger.ts';

/** Keeps the history of runs in the ledger, from the same facts that make the log. A cache: nothing decides by it. */
export function recordRuns(ledger: Ledger, now: () => number): EmitFact {
  const open = new Map<string, RunRecord>();
  const end = (run: string, change: Partial<RunRecord>) => {
    const started = open.get(run);
    open.delete(run);
    if (started !== undefined) ledger.recordRun({ ...started, ...change, endedMs: now() });
  };
  return (fact: Fact) => {
    switch (fact.type) {
      case 'RunStarted': {
        const record = { id: fact.run, dataset: fact.dataset, slices: fact.keys, state: 'running' as const };
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
      default:
        return;
    }
  };
}
