import type { ControlEffect, Incident } from '@lakewarden/contracts';
import type { ControlDraft } from './control-draft.ts';
import type { RunbookExecution } from './control-state.ts';
import { isExecutionOver, mayExecutionMove, mayIncidentMove, mayStepMove } from './transitions.ts';

/** The oldest that are over go first. */
const INCIDENTS_MAX = 1_000;
const EXECUTIONS_MAX = 1_000;
const TIMELINE_MAX = 50;

/** Of the entry that an effect stands in. */
export interface Origin {
  readonly seq: number;
  /** ISO 8601. */
  readonly at: string;
  readonly actor: string;
}

type EffectOf<Type extends ControlEffect['type']> = Extract<ControlEffect, { type: Type }>;
type IncidentEffect = EffectOf<'IncidentOpened' | 'IncidentMoved' | 'IncidentNoted' | 'IncidentAcknowledged'>;
type ExecutionEffect = EffectOf<'ExecutionStarted' | 'StepMoved' | 'ExecutionMoved'>;

/** Why it was ignored; undefined when it was not. */
export function applyIncident(
  draft: ControlDraft,
  origin: Origin,
  effect: IncidentEffect,
): string | undefined {
  if (effect.type === 'IncidentOpened') return openIncident(draft, origin, effect);
  const before = draft.read('incidents').get(effect.incident);
  if (before === undefined) return `there is no incident ${effect.incident}`;
  switch (effect.type) {
    case 'IncidentMoved':
      return moveIncident(draft, origin, before, effect);
    case 'IncidentNoted':
      put(draft, withLine(before, origin, effect.note));
      return undefined;
    case 'IncidentAcknowledged':
      if (before.acknowledgedBy !== undefined) return undefined;
      put(draft, withLine({ ...before, acknowledgedBy: effect.by }, origin, `${effect.by} looks after it`));
      return undefined;
  }
}

function openIncident(
  draft: ControlDraft,
  origin: Origin,
  { incident: id, signal, deadline, since }: EffectOf<'IncidentOpened'>,
): string | undefined {
  const { cause, kind, severity, title, targets, evidence } = signal;
  const before = draft.read('incidents').get(id);
  if (before?.state === 'resolved') return `incident ${id} is resolved; what comes again is another one`;
  // One more signal of the same cause: the incident shows the newest evidence.
  if (before !== undefined) {
    put(draft, { ...before, severity, title, targets, evidence, signals: before.signals + 1 });
    return undefined;
  }
  for (const other of draft.read('incidents').values()) {
    if (other.cause === cause && other.state !== 'resolved') return `${other.id} is open for ${cause}`;
  }
  const { at } = origin;
  put(draft, {
    id,
    cause,
    kind,
    severity,
    title,
    state: 'open',
    targets,
    evidence,
    openedAt: at,
    since,
    deadline,
    signals: 1,
    timeline: [{ at, what: title }],
  });
  return undefined;
}

function moveIncident(
  draft: ControlDraft,
  origin: Origin,
  before: Incident,
  { to, note, deadline }: EffectOf<'IncidentMoved'>,
): string | undefined {
  if (!mayIncidentMove(before.state, to)) {
    return `incident ${before.id} cannot go from ${before.state} to ${to}`;
  }
  if (before.state === 'resolved' && to === 'resolved') return undefined;
  const { endedAt: _, ...active } = before;
  const ended = to === 'resolved' ? { endedAt: origin.at } : {};
  put(draft, withLine({ ...active, ...ended, state: to, ...(deadline && { deadline }) }, origin, note));
  draft.trim('incidents', INCIDENTS_MAX, ({ state }) => state === 'resolved');
  return undefined;
}

function put(draft: ControlDraft, incident: Incident): void {
  draft.write('incidents').set(incident.id, incident);
}

/** The first line, how it began, always stays. */
function withLine(incident: Incident, { at }: Origin, what: string): Incident {
  const timeline = [...incident.timeline, { at, what }];
  if (timeline.length > TIMELINE_MAX) timeline.splice(1, timeline.length - TIMELINE_MAX);
  return { ...incident, timeline };
}

/** Why it was ignored; undefined when it was not. */
export function applyExecution(
  draft: ControlDraft,
  origin: Origin,
  effect: ExecutionEffect,
): string | undefined {
  const before = draft.read('executions').get(effect.execution);
  if (effect.type === 'ExecutionStarted') {
    return before === undefined
      ? startExecution(draft, origin, effect)
      : `${effect.execution} was started before`;
  }
  if (before === undefined) return `there is no execution ${effect.execution}`;
  return effect.type === 'StepMoved'
    ? moveStep(draft, origin, before, effect)
    : moveExecution(draft, origin, before, effect);
}

function startExecution(
  draft: ControlDraft,
  origin: Origin,
  effect: EffectOf<'ExecutionStarted'>,
): undefined {
  const { type: _, execution: id, incident: incidentId, steps, ...rest } = effect;
  draft.write('executions').set(id, {
    id,
    ...rest,
    ...(incidentId && { incident: incidentId }),
    startedAt: origin.at,
    ...(isExecutionOver(effect.state) && { endedAt: origin.at }),
    steps: steps.map((step) => ({ ...step, state: 'pending' as const })),
  });
  const incident = incidentId === undefined ? undefined : draft.read('incidents').get(incidentId);
  // What a shadow would have done is no work on the incident.
  if (incident !== undefined && effect.mode !== 'shadow') {
    put(draft, { ...incident, runbook: effect.runbook, execution: id });
  }
  draft.trim('executions', EXECUTIONS_MAX, ({ state }) => isExecutionOver(state));
}

function moveStep(
  draft: ControlDraft,
  origin: Origin,
  before: RunbookExecution,
  { step: id, to, note }: EffectOf<'StepMoved'>,
): string | undefined {
  const step = before.steps.find((candidate) => candidate.id === id);
  if (step === undefined) return `${before.id} has no step ${id}`;
  if (!mayStepMove(step.state, to)) return `step ${id} of ${before.id} cannot go from ${step.state} to ${to}`;
  const moved = { ...step, state: to, at: origin.at, ...(note !== undefined && { note }) };
  const steps = before.steps.map((candidate) => (candidate === step ? moved : candidate));
  draft.write('executions').set(before.id, { ...before, steps });
  return undefined;
}

function moveExecution(
  draft: ControlDraft,
  origin: Origin,
  before: RunbookExecution,
  { to, note }: EffectOf<'ExecutionMoved'>,
): string | undefined {
  if (!mayExecutionMove(before.state, to)) return `${before.id} cannot go from ${before.state} to ${to}`;
  const endedAt = before.endedAt ?? (isExecutionOver(to) ? origin.at : undefined);
  draft.write('executions').set(before.id, {
    ...before,
    state: to,
    ...(endedAt && { endedAt }),
    ...(note !== undefined && { note }),
  });
  draft.trim('executions', EXECUTIONS_MAX, ({ state }) => isExecutionOver(state));
  return undefined;
}
