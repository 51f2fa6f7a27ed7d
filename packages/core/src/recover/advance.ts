import {
  type ControlEffect,
  durationMs,
  type Incident,
  type RunbookStep,
  type Signal,
} from '@lakewarden/contracts';
import { isGone } from '../observe/detect.ts';
import type { DetectionLimits } from '../observe/detector.ts';
import { type IncidentEvent, nextIncidentState } from '../observe/incident-states.ts';
import { iso } from '../observe/incidents.ts';
import type { Observation } from '../observe/observation.ts';
import type { RunbookExecution } from '../policy/control-state.ts';
import { bindText } from './bindings.ts';
import { type CheckContext, describeChecks, evaluateAll } from './checks.ts';
import { budgetMs, type ExecutionStep, isGoingBack, lastMovedMs } from './execution.ts';
import type { LoadedRunbook } from './runbook-file.ts';

/**
 * What an execution does next: a pure reading of the journal and of the world. The machine is level-based, so the same
 * journal gives the same move after any crash (I6, I10).
 */
export type Move =
  /** Write this, and look again. */
  | { readonly kind: 'note'; readonly effects: readonly ControlEffect[]; readonly call?: string }
  /** A step is running: see to it that it is being done. */
  | {
      readonly kind: 'act';
      readonly step: RunbookStep;
      readonly isUndo: boolean;
      readonly approvedPlan?: string;
    }
  | { readonly kind: 'rest' };

export interface Advance {
  readonly execution: RunbookExecution;
  readonly runbook: LoadedRunbook | undefined;
  readonly o: Observation;
  readonly signals: readonly Signal[];
  readonly limits: DetectionLimits;
  /** Not durable: since when something has been so, as this process has seen it. */
  readonly since: (what: string, isSo: boolean) => number;
}

const REST: Move = { kind: 'rest' };
/** What stands before the hash in the note of a step that waits for the approval of its plan. */
const PLAN_NOTE = 'plan ';

export function nextMove(advance: Advance): Move {
  const { execution, runbook } = advance;
  const incident = incidentOf(advance);
  if (runbook === undefined || runbook.version !== execution.version) {
    return giveUp(advance, 'escalated', 'its runbook was changed or taken away while it ran');
  }
  if (incident !== undefined) {
    const isOver = incident.state === 'resolved' || isOverdue(advance, incident);
    if (isOver) return giveUp(advance, 'escalated', 'the deadline of the incident has passed');
    // A person started it, or the agent died between the two.
    if (!isTaken(incident, execution)) return take(advance, incident, runbook);
  }
  switch (execution.state) {
    case 'waiting-approval':
      return awaitApproval(advance, runbook, incident);
    case 'running':
      return isGoingBack(execution) ? goBack(advance, runbook) : goOn(advance, runbook);
    case 'verifying':
      return isGoingBack(execution) ? goBack(advance, runbook) : verify(advance, runbook, incident);
    default:
      return REST;
  }
}

function incidentOf({ execution, o }: Advance): Incident | undefined {
  return execution.incident === undefined ? undefined : o.control.incidents.get(execution.incident);
}

/** An incident that a person runs a runbook on may be past its deadline: it gets a new one when it is taken. */
function isOverdue({ execution, o }: Advance, { deadline }: Incident): boolean {
  const isNew = Date.parse(execution.startedAt) >= Date.parse(deadline);
  return !isNew && o.nowMs >= Date.parse(deadline);
}

function isTaken({ state }: Incident, execution: RunbookExecution): boolean {
  return state === (execution.state === 'verifying' ? 'verifying' : 'recovering');
}

function take({ execution, o }: Advance, incident: Incident, runbook: LoadedRunbook): Move {
  const event: IncidentEvent = execution.state === 'verifying' ? 'acted' : 'taken';
  const until = Date.parse(execution.startedAt) + budgetMs(runbook, execution.mode);
  const deadline = iso(Math.max(Date.parse(incident.deadline), until));
  const note = `runbook ${runbook.name} (${execution.id})`;
  const to = nextIncidentState(incident.state, event);
  if (to === incident.state) return giveUpOn(execution, o, 'escalated', 'its incident has ended');
  return { kind: 'note', effects: [{ type: 'IncidentMoved', incident: incident.id, to, note, deadline }] };
}

function awaitApproval(advance: Advance, runbook: LoadedRunbook, incident: Incident | undefined): Move {
  const { execution, o, signals } = advance;
  const isFirst = execution.steps.every(({ state }) => state === 'pending');
  const isNeedless = isFirst && incident !== undefined && isGone(o, signals, incident);
  if (isNeedless && o.nowMs - advance.since('gone', true) >= NEEDLESS_MS) {
    return {
      kind: 'note',
      effects: [
        { type: 'ExecutionMoved', execution: execution.id, to: 'rejected', note: 'the cause is gone' },
        moved(incident, 'acted', 'the cause is gone without the runbook'),
      ],
    };
  }
  if (!isNeedless) advance.since('gone', false);
  const withdrawn = withdrawnQuestion(advance, runbook);
  if (withdrawn !== undefined) return withdrawn;
  const timeoutMs = durationMs(runbook.guardrails.approvalTimeout);
  if (o.nowMs - lastMovedMs(execution) < timeoutMs) return REST;
  return giveUp(advance, 'escalated', `nobody approved it within ${runbook.guardrails.approvalTimeout}`);
}

const NEEDLESS_MS = 10_000;

/** A question whose reason has gone, and stays gone, is asked no more: the steps behind it go on as if it had not been. */
function withdrawnQuestion(advance: Advance, runbook: LoadedRunbook): Move | undefined {
  const { execution, o } = advance;
  const asked = execution.steps.find(({ state, action }) => state === 'running' && action === 'ask');
  const step = runbook.steps.find(({ id }) => id === asked?.id);
  if (step === undefined || step.when.length === 0) return undefined;
  const isGoneNow = isNoLongerNeeded(advance, step);
  const sinceMs = advance.since(`needless ${step.id}`, isGoneNow);
  if (!isGoneNow || o.nowMs - sinceMs < NEEDLESS_MS) return undefined;
  const note = `asked no more: ${describeChecks(step.when, o, contextOf(advance, 0))}`;
  const done = stepMoved(step, execution, 'done', note);
  const running = { type: 'ExecutionMoved', execution: execution.id, to: 'running', note } as const;
  return done.kind === 'note' ? { ...done, effects: [...done.effects, running] } : undefined;
}

function goOn(advance: Advance, runbook: LoadedRunbook): Move {
  const { execution } = advance;
  const at = execution.steps.find(({ state }) => state === 'pending' || state === 'running');
  const step = runbook.steps.find(({ id }) => id === at?.id);
  if (at === undefined || step === undefined) {
    const effects: ControlEffect[] = [{ type: 'ExecutionMoved', execution: execution.id, to: 'verifying' }];
    const incident = incidentOf(advance);
    if (incident !== undefined) effects.push(moved(incident, 'acted', `runbook ${runbook.name} verifies`));
    return { kind: 'note', effects };
  }
  return at.state === 'pending' ? beginStep(advance, runbook, step) : doStep(advance, step, at);
}

/** Preconditions and `when` are read again right before each step (sre-agent#177); what is not known, is waited for. */
function beginStep(advance: Advance, runbook: LoadedRunbook, step: RunbookStep): Move {
  const { execution, o } = advance;
  const context = contextOf(advance, 0);
  const when = evaluateAll(step.when, o, context);
  if (when === false) return stepMoved(step, execution, 'skipped', describeChecks(step.when, o, context));
  const isAllowed = evaluateAll(runbook.preconditions, o, context) === true;
  const mayBegin = when === true && isAllowed;
  const waitedMs = o.nowMs - advance.since(`begin ${step.id}`, !mayBegin);
  if (!mayBegin) {
    if (waitedMs < durationMs(step.timeout)) return REST;
    return isAllowed
      ? stepMoved(step, execution, 'skipped', describeChecks(step.when, o, context))
      : stepMoved(
          step,
          execution,
          'failed',
          `precondition: ${describeChecks(runbook.preconditions, o, context)}`,
        );
  }
  const running: ControlEffect = { type: 'StepMoved', execution: execution.id, step: step.id, to: 'running' };
  if (step.action !== 'ask') return { kind: 'note', effects: [running] };
  const question = bindText(String(step.with.message), execution.bindings) ?? String(step.with.message);
  const waiting = { type: 'ExecutionMoved', execution: execution.id, to: 'waiting-approval' } as const;
  return { kind: 'note', effects: [running, { ...waiting, note: question }], call: question };
}

function doStep(advance: Advance, step: RunbookStep, at: ExecutionStep): Move {
  const { execution, o } = advance;
  if (step.action === 'ask') return stepMoved(step, execution, 'done', 'approved');
  if (step.action === 'wait') {
    const isOver = o.nowMs - Date.parse(at.at ?? '') >= durationMs(String(step.with.for));
    return isOver ? stepMoved(step, execution, 'done') : REST;
  }
  if (step.action === 'probe' && hasClosedSince(advance, step, at)) {
    return stepMoved(step, execution, 'done', 'its breaker closed by itself');
  }
  // It waited for approval of its plan, and the execution runs again: that plan was approved.
  const approvedPlan = at.note?.startsWith(PLAN_NOTE) ? at.note.split(' ')[1] : undefined;
  return { kind: 'act', step, isUndo: false, ...(approvedPlan !== undefined && { approvedPlan }) };
}

/** Its `when` held when it began, and is known not to hold now. */
export function isNoLongerNeeded(advance: Advance, step: RunbookStep): boolean {
  return evaluateAll(step.when, advance.o, contextOf(advance, 0)) === false;
}

/** The breaker was probed, too, and found an answer first. */
function hasClosedSince({ execution, o }: Advance, step: RunbookStep, at: ExecutionStep): boolean {
  const dependency = bindText(String(step.with.dependency), execution.bindings);
  const breaker = o.breakers.find((each) => each.dependency === dependency);
  return breaker?.state === 'closed' && Date.parse(breaker.since) >= Date.parse(at.at ?? '');
}

/** The step stays as it is, with the plan in its note, until a person has looked at that plan. */
export function askForPlan(execution: RunbookExecution, step: RunbookStep, note: string): Move {
  const { id } = execution;
  return {
    kind: 'note',
    effects: [
      { type: 'StepMoved', execution: id, step: step.id, to: 'running', note },
      { type: 'ExecutionMoved', execution: id, to: 'waiting-approval', note },
    ],
    call: note,
  };
}

function verify(advance: Advance, runbook: LoadedRunbook, incident: Incident | undefined): Move {
  const { execution, o } = advance;
  const startedMs = advance.since('verify', true);
  const context = contextOf(advance, lastMovedMs(execution));
  const isWell = evaluateAll(runbook.verify.checks, o, context) === true && !isStillThere(advance, incident);
  const wellSinceMs = advance.since('well', isWell);
  if (isWell && o.nowMs - wellSinceMs >= durationMs(runbook.verify.stableFor)) {
    const effects: ControlEffect[] = [{ type: 'ExecutionMoved', execution: execution.id, to: 'succeeded' }];
    if (incident !== undefined)
      effects.push(moved(incident, 'verified', `runbook ${runbook.name} verified it`));
    return { kind: 'note', effects };
  }
  if (o.nowMs - startedMs < durationMs(runbook.verify.within)) return REST;
  const why = isStillThere(advance, incident)
    ? `${incident?.cause} is still there`
    : describeChecks(runbook.verify.checks, o, context);
  const isUndoable = runbook.verify.onFail === 'rollback' && undoable(execution, runbook).length > 0;
  if (isUndoable) return goBack(advance, runbook);
  return giveUp(advance, 'escalated', `not verified within ${runbook.verify.within}: ${why}`);
}

/** A cause that the detectors still see is not recovered, whatever the checks say. What people decided may stay to be seen. */
function isStillThere({ signals }: Advance, incident: Incident | undefined): boolean {
  if (incident === undefined || incident.kind === 'alert' || incident.kind === 'log-rule') return false;
  return incident.kind !== 'quarantine-rate' && signals.some(({ cause }) => cause === incident.cause);
}

function goBack(advance: Advance, runbook: LoadedRunbook): Move {
  const { execution } = advance;
  const [next] = undoable(execution, runbook);
  if (next !== undefined) return { kind: 'act', step: next, isUndo: true };
  const isUndone = execution.steps.some(({ state }) => state === 'undone');
  const failed = execution.steps.find(({ state }) => state === 'failed');
  const why = failed === undefined ? 'not verified' : `step ${failed.id} failed: ${failed.note ?? ''}`;
  return isUndone ? giveUp(advance, 'rolled-back', `${why}; undone`) : giveUp(advance, 'escalated', why);
}

/** A step that failed may have done its work all the same: it is undone, too. Last first. */
function undoable(execution: RunbookExecution, runbook: LoadedRunbook): readonly RunbookStep[] {
  return runbook.steps
    .filter((step) => {
      const state = execution.steps.find(({ id }) => id === step.id)?.state;
      return step.undo !== undefined && (state === 'done' || state === 'failed');
    })
    .reverse();
}

/** It ends without success: people are called. */
export function giveUp(advance: Advance, to: 'escalated' | 'rolled-back', why: string): Move {
  const { execution, runbook, o } = advance;
  const move = giveUpOn(execution, o, to, why);
  return { ...move, call: `${runbook?.escalate.message ?? execution.runbook}: ${why}` };
}

function giveUpOn(
  execution: RunbookExecution,
  o: Observation,
  to: 'escalated' | 'rolled-back',
  why: string,
): Extract<Move, { kind: 'note' }> {
  const effects: ControlEffect[] = [{ type: 'ExecutionMoved', execution: execution.id, to, note: why }];
  const incident = execution.incident === undefined ? undefined : o.control.incidents.get(execution.incident);
  if (incident !== undefined && incident.state !== 'resolved') effects.push(moved(incident, 'gave-up', why));
  return { kind: 'note', effects };
}

function contextOf({ execution, limits }: Advance, sinceMs: number): CheckContext {
  return { bindings: execution.bindings, limits, sinceMs };
}

export function stepMoved(
  step: RunbookStep,
  execution: RunbookExecution,
  to: 'done' | 'skipped' | 'failed' | 'undone',
  note?: string,
): Move {
  const effect = { type: 'StepMoved', execution: execution.id, step: step.id, to } as const;
  return {
    kind: 'note',
    effects: [note === undefined ? effect : { ...effect, note: note.slice(0, NOTE_LENGTH_MAX) }],
  };
}

const NOTE_LENGTH_MAX = 500;

function moved(incident: Incident, event: IncidentEvent, note: string): ControlEffect {
  const to = nextIncidentState(incident.state, event);
  return { type: 'IncidentMoved', incident: incident.id, to, note: note.slice(0, NOTE_LENGTH_MAX) };
}
