import type { Execution, ExecutionState, IncidentState } from '@lakewarden/contracts';

type StepState = Execution['steps'][number]['state'];

/**
 * Legal moves. Staying where one is, is always legal and changes nothing but notes and deadlines: what was said twice
 * counts once (I6).
 */
const INCIDENT_MOVES: Readonly<Record<IncidentState, readonly IncidentState[]>> = {
  // A cause that goes away by itself needs no recovery.
  open: ['recovering', 'verifying', 'resolved', 'escalated'],
  recovering: ['verifying', 'resolved', 'escalated'],
  verifying: ['open', 'recovering', 'resolved', 'escalated'],
  // A person may run a runbook on it.
  escalated: ['recovering', 'verifying', 'resolved'],
  // A cause that comes back soon is the same incident.
  resolved: ['open', 'escalated'],
};

const EXECUTION_MOVES: Readonly<Record<ExecutionState, readonly ExecutionState[]>> = {
  'waiting-approval': ['running', 'verifying', 'rolled-back', 'rejected', 'escalated'],
  // A step may ask.
  running: ['waiting-approval', 'verifying', 'succeeded', 'rolled-back', 'escalated', 'rejected'],
  verifying: ['running', 'succeeded', 'rolled-back', 'escalated'],
  'rolled-back': ['escalated'],
  succeeded: [],
  escalated: [],
  rejected: [],
  shadowed: [],
};

const STEP_MOVES: Readonly<Record<StepState, readonly StepState[]>> = {
  pending: ['running', 'done', 'skipped', 'failed'],
  running: ['done', 'skipped', 'failed', 'undone'],
  done: ['undone'],
  failed: ['running', 'done', 'undone'],
  skipped: [],
  undone: [],
};

export function mayIncidentMove(from: IncidentState, to: IncidentState): boolean {
  return from === to || INCIDENT_MOVES[from].includes(to);
}

export function mayExecutionMove(from: ExecutionState, to: ExecutionState): boolean {
  return from === to || EXECUTION_MOVES[from].includes(to);
}

export function mayStepMove(from: StepState, to: StepState): boolean {
  return from === to || STEP_MOVES[from].includes(to);
}

/** Nothing more happens by itself. */
export function isExecutionOver(state: ExecutionState): boolean {
  return state === 'rolled-back' || EXECUTION_MOVES[state].length === 0;
}
