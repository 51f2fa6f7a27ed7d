import type { RunbookMode, RunbookStatus } from '@lakewarden/contracts';
import type { ControlState } from '../policy/control-state.ts';
import type { LoadedRunbook } from './runbook-file.ts';

/** What people see of a runbook: how it is set, and how it did, as far as executions are remembered. */
export function runbookStatus(
  runbook: LoadedRunbook,
  control: ControlState,
  modes: Readonly<Record<string, RunbookMode>> = {},
): RunbookStatus {
  const own = [...control.executions.values()].filter((execution) => execution.runbook === runbook.name);
  const { kinds, severity, targets, alertRule, resourceTypes } = runbook.match;
  const last = own.at(-1);
  return {
    name: runbook.name,
    title: runbook.title,
    mode: modes[runbook.name] ?? runbook.mode,
    version: runbook.version,
    match: [
      ...kinds,
      ...(severity ?? []),
      ...(targets ?? []),
      ...(alertRule === undefined ? [] : [alertRule]),
      ...(resourceTypes ?? []),
    ],
    executions: own.length,
    verified: own.filter(({ state }) => state === 'succeeded').length,
    ...(last && { last }),
    waiting: own.filter(({ state }) => state === 'waiting-approval').map(({ id }) => id),
  };
}
