import type { AgentEvent } from '@lakewarden/contracts';
import type { EmitFact, Fact } from '@lakewarden/core';
import type { Ledger } from '../adapters/ledger.ts';
import { runHealth } from '../queries/runs.ts';
import { iso } from '../queries/shape.ts';
import { levelOf, messageOf } from '../telemetry/report.ts';

const RUN_FACTS: ReadonlySet<Fact['type']> = new Set([
  'RunStarted',
  'RunCommitted',
  'RunFailed',
  'RunCancelled',
  'RunConflicted',
  'RunParked',
]);
/** The run that a fact is about is among the newest. */
const RECENT_RUNS = 50;

/** Tells listeners each fact as a line of the activity log, and the run that it is about. */
export function publishFacts(
  publish: (event: AgentEvent) => void,
  ledger: Ledger,
  engine: string,
  now: () => number,
): EmitFact {
  return (fact) => {
    const message = `${messageOf(fact)}${aboutOf(fact)}`;
    publish({ type: 'fact', at: iso(now()), level: levelOf(fact), fact: fact.type, message });
    if (!RUN_FACTS.has(fact.type) || !('run' in fact)) return;
    const run = ledger.listRuns(RECENT_RUNS).find(({ id }) => id === fact.run);
    if (run !== undefined) publish({ type: 'run', run: runHealth(run, engine) });
  };
}

/** The few fields that say which one; all are names of ours, never what stands in the data. */
function aboutOf(fact: Fact): string {
  const fields = fact as unknown as Readonly<Record<string, unknown>>;
  const names = [
    'dataset',
    'hub',
    'source',
    'window',
    'partition',
    'dependency',
    'slices',
    'events',
    'rows',
    'reason',
  ];
  const parts = names
    .filter((name) => fields[name] !== undefined)
    .map((name) => `${name} ${String(fields[name])}`);
  return parts.length === 0 ? '' : ` · ${parts.join(' · ')}`;
}
