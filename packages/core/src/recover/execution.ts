import {
  type ControlEffect,
  durationMs,
  type ExecutionState,
  type Runbook,
  type RunbookMode,
  type RunbookStep,
  type Signal,
} from '@lakewarden/contracts';
import { shortHash } from '../observe/short-hash.ts';
import type { RunbookExecution } from '../policy/control-state.ts';
import type { Bindings } from './bindings.ts';
import type { LoadedRunbook } from './runbook-file.ts';

export type ExecutionStep = RunbookExecution['steps'][number];

/** It is being worked on, or waits for a person. */
export function isWorking({ state }: { readonly state: ExecutionState }): boolean {
  return state === 'waiting-approval' || state === 'running' || state === 'verifying';
}

export function executionId(runbook: string, cause: string, nowMs: number): string {
  return `exe-${shortHash(`${runbook} ${cause} ${nowMs}`)}`;
}

export interface NewExecution {
  readonly id: string;
  readonly runbook: LoadedRunbook;
  readonly mode: RunbookMode;
  readonly state: ExecutionState;
  readonly signal: Pick<Signal, 'cause'>;
  readonly incident: string | undefined;
  readonly bindings: Bindings;
}

export function startedEffect(start: NewExecution): Extract<ControlEffect, { type: 'ExecutionStarted' }> {
  const { id, runbook, mode, state, signal, incident, bindings } = start;
  return {
    type: 'ExecutionStarted',
    execution: id,
    runbook: runbook.name,
    version: runbook.version,
    mode,
    ...(incident !== undefined && { incident }),
    cause: signal.cause,
    steps: runbook.steps.map((step) => ({ id: step.id, action: step.action })),
    bindings: { ...bindings },
    state,
  };
}

export function statesOf(mode: RunbookMode): ExecutionState {
  switch (mode) {
    case 'shadow':
    case 'suggest':
      return 'shadowed';
    case 'approve':
      return 'waiting-approval';
    case 'auto':
      return 'running';
  }
}

const MARGIN_MS = 60_000;

/** The longest that an execution can take: an incident that it works on has that long. */
export function budgetMs(runbook: Runbook, mode: RunbookMode): number {
  const approvalMs = durationMs(runbook.guardrails.approvalTimeout);
  // Twice its timeout: once until it may begin, once for itself; and once more to undo it.
  const stepMs = (step: RunbookStep) => {
    const ownMs = step.action === 'wait' ? durationMs(String(step.with.for)) : 0;
    const mayAsk = step.action === 'ask' || step.action === 'replay' || step.action === 'backfill';
    return durationMs(step.timeout) * (step.undo === undefined ? 2 : 3) + ownMs + (mayAsk ? approvalMs : 0);
  };
  const steps = runbook.steps.reduce((sum, step) => sum + stepMs(step), 0);
  return steps + durationMs(runbook.verify.within) + (mode === 'approve' ? approvalMs : 0) + MARGIN_MS;
}

/** When the journal last moved: durable, unlike any timer. */
export function lastMovedMs(execution: RunbookExecution): number {
  const times = execution.steps.flatMap(({ at }) => (at === undefined ? [] : [Date.parse(at)]));
  return Math.max(Date.parse(execution.startedAt), ...times);
}

/** It goes back: a step failed, or an undo has begun. */
export function isGoingBack({ steps }: RunbookExecution): boolean {
  return steps.some(({ state }) => state === 'failed' || state === 'undone');
}
