import type { ControlEffect, Incident, Severity, Signal } from '@lakewarden/contracts';
import type { ControlState } from '../policy/control-state.ts';
import { isGone } from './detect.ts';
import { explains, groupSignals } from './explain.ts';
import { type IncidentEvent, isActive, nextIncidentState } from './incident-states.ts';
import type { Observation } from './observation.ts';
import { shortHash } from './short-hash.ts';

/**
 * The life of incidents (I10): one a cause; each ends or escalates by its deadline. Pure: state, signals and now give
 * effects for the control log, and computing them again from a log that does not have them yet gives them again.
 * While a runbook works on an incident, only the deadline moves it from here; the rest is the runbook's (recover/).
 */
export interface IncidentRules {
  readonly deadlineMs: Readonly<Record<Severity, number>>;
  /** How long the evidence must last that a cause is gone. */
  readonly stableMs: number;
  /** A cause that comes back within this time goes on in the same incident, with the same deadline. */
  readonly reopenMs: number;
  /** Of one incident: what was folded into it. */
  readonly notesMax: number;
  /** Newer evidence of the same cause is written at most so often. */
  readonly showEveryMs: number;
  /** Causes are bounded by the pipeline and by what alerts are mapped to; beyond this nobody could read them. */
  readonly activeMax: number;
}

const MINUTE_MS = 60_000;

export const INCIDENT_RULES: IncidentRules = {
  deadlineMs: {
    critical: 15 * MINUTE_MS,
    error: 30 * MINUTE_MS,
    warning: 60 * MINUTE_MS,
    info: 120 * MINUTE_MS,
  },
  stableMs: 10_000,
  reopenMs: 10 * MINUTE_MS,
  notesMax: 20,
  showEveryMs: MINUTE_MS,
  activeMax: 500,
};

/** What is not worth a log entry. Lost in a restart: then evidence counts from anew, and a note may stand twice. */
export interface IncidentMemory {
  /** By incident. */
  readonly goneSinceMs: ReadonlyMap<string, number>;
  /** By incident, the causes that were noted as folded into it. */
  readonly noted: ReadonlyMap<string, ReadonlySet<string>>;
  /** By incident, when its evidence was last written. */
  readonly shownMs: ReadonlyMap<string, number>;
}

export const NO_MEMORY: IncidentMemory = { goneSinceMs: new Map(), noted: new Map(), shownMs: new Map() };

export interface IncidentPass {
  readonly effects: readonly ControlEffect[];
  readonly memory: IncidentMemory;
}

export function watchIncidents(
  o: Observation,
  signals: readonly Signal[],
  memory: IncidentMemory = NO_MEMORY,
  rules: IncidentRules = INCIDENT_RULES,
): IncidentPass {
  const active = [...o.control.incidents.values()].filter(isActive);
  const { roots, folded } = groupSignals(o, signals, active);
  const goneSinceMs = goneSince(o, signals, active, memory);
  const effects = [
    ...active.flatMap((incident) => moveIncident(o, incident, roots, goneSinceMs, rules)),
    ...openIncidents(o, roots, active, rules),
  ];
  const notes = noteFolded(active, folded, memory, rules);
  const shown = showNews(o, active, signals, memory, rules);
  return {
    effects: [...effects, ...notes.effects, ...shown.effects],
    memory: { goneSinceMs, noted: notes.noted, shownMs: shown.shownMs },
  };
}

/** The runbook execution that works on it now, if any. */
export function isWorkedOn(control: ControlState, incident: string): boolean {
  return [...control.executions.values()].some(
    (execution) =>
      execution.incident === incident &&
      (execution.state === 'running' ||
        execution.state === 'verifying' ||
        execution.state === 'waiting-approval'),
  );
}

function moveIncident(
  o: Observation,
  incident: Incident,
  roots: readonly Signal[],
  goneSinceMs: ReadonlyMap<string, number>,
  rules: IncidentRules,
): readonly ControlEffect[] {
  const event = eventOf(o, incident, roots, goneSinceMs.get(incident.id), rules);
  const to = nextIncidentState(incident.state, event.kind);
  if (to === incident.state) return [];
  return [{ type: 'IncidentMoved', incident: incident.id, to, note: event.note }];
}

interface NotedEvent {
  readonly kind: IncidentEvent;
  readonly note: string;
}

function eventOf(
  o: Observation,
  incident: Incident,
  roots: readonly Signal[],
  goneSinceMs: number | undefined,
  rules: IncidentRules,
): NotedEvent {
  if (o.nowMs >= Date.parse(incident.deadline) && incident.state !== 'escalated')
    return { kind: 'overdue', note: 'not recovered by its deadline' };
  if (isWorkedOn(o.control, incident.id)) return { kind: 'unknown', note: '' };
  if (incident.state === 'recovering')
    return { kind: 'let-go', note: 'the runbook that worked on it is gone' };
  const root = roots.find(
    (candidate) => candidate.kind === 'breaker-open' && explains(o, candidate, asSignal(incident)),
  );
  if (root !== undefined) return { kind: 'folded', note: `explained by ${root.cause}` };
  if (goneSinceMs === undefined) {
    const isPresent = roots.some(({ cause }) => cause === incident.cause);
    return { kind: isPresent ? 'present' : 'unknown', note: 'the cause is there again' };
  }
  const isStable = o.nowMs - goneSinceMs >= rules.stableMs;
  return isStable
    ? { kind: 'settled', note: 'the cause is gone' }
    : { kind: 'gone', note: 'the cause seems to be gone' };
}

function asSignal({ cause, kind, severity, title, targets, evidence }: Incident): Signal {
  return { cause, kind, severity, title, targets, evidence };
}

function goneSince(
  o: Observation,
  signals: readonly Signal[],
  active: readonly Incident[],
  memory: IncidentMemory,
): ReadonlyMap<string, number> {
  return new Map(
    active.flatMap((incident) =>
      isGone(o, signals, incident)
        ? [[incident.id, memory.goneSinceMs.get(incident.id) ?? o.nowMs] as const]
        : [],
    ),
  );
}

function openIncidents(
  o: Observation,
  roots: readonly Signal[],
  active: readonly Incident[],
  rules: IncidentRules,
): readonly ControlEffect[] {
  const known = new Set(active.map(({ cause }) => cause));
  return roots
    .filter(({ cause }) => !known.has(cause))
    .slice(0, Math.max(0, rules.activeMax - active.length))
    .map((signal) => {
      const before = lastEnded(o.control, signal.cause, o.nowMs - rules.reopenMs);
      return before === undefined ? opened(o, signal, rules) : reopened(o, before);
    });
}

function lastEnded(control: ControlState, cause: string, sinceMs: number): Incident | undefined {
  return [...control.incidents.values()].findLast(
    (incident) =>
      incident.cause === cause && !isActive(incident) && Date.parse(incident.endedAt ?? '') >= sinceMs,
  );
}

function opened(o: Observation, signal: Signal, rules: IncidentRules): ControlEffect {
  const { sinceMs } = signal.evidence;
  const since =
    typeof sinceMs === 'number' && Number.isFinite(sinceMs) ? Math.min(sinceMs, o.nowMs) : o.nowMs;
  return {
    type: 'IncidentOpened',
    incident: `inc-${shortHash(`${signal.cause} ${o.nowMs}`)}`,
    signal,
    deadline: iso(o.nowMs + rules.deadlineMs[signal.severity]),
    since: iso(since),
  };
}

/** With the deadline it had: what comes back for ever reaches people at last. */
function reopened(o: Observation, incident: Incident): ControlEffect {
  const isOverdue = o.nowMs >= Date.parse(incident.deadline);
  const to = isOverdue ? 'escalated' : nextIncidentState('resolved', 'present');
  return { type: 'IncidentMoved', incident: incident.id, to, note: 'the cause is back' };
}

function noteFolded(
  active: readonly Incident[],
  folded: ReadonlyMap<string, readonly Signal[]>,
  memory: IncidentMemory,
  rules: IncidentRules,
): { readonly effects: readonly ControlEffect[]; readonly noted: IncidentMemory['noted'] } {
  const effects: ControlEffect[] = [];
  const noted = new Map<string, ReadonlySet<string>>();
  for (const incident of active) {
    const before = memory.noted.get(incident.id) ?? new Set<string>();
    const causes = new Set(before);
    for (const signal of folded.get(incident.cause) ?? []) {
      if (causes.has(signal.cause) || causes.size >= rules.notesMax) continue;
      causes.add(signal.cause);
      effects.push({ type: 'IncidentNoted', incident: incident.id, note: `also: ${signal.title}` });
    }
    noted.set(incident.id, causes);
  }
  return { effects, noted };
}

/** An incident shows the newest evidence: more slices failed, more rows in quarantine. */
function showNews(
  o: Observation,
  active: readonly Incident[],
  signals: readonly Signal[],
  memory: IncidentMemory,
  rules: IncidentRules,
): { readonly effects: readonly ControlEffect[]; readonly shownMs: IncidentMemory['shownMs'] } {
  const effects: ControlEffect[] = [];
  const shownMs = new Map<string, number>();
  for (const incident of active) {
    const lastMs = memory.shownMs.get(incident.id) ?? o.nowMs;
    const signal = signals.find(({ cause }) => cause === incident.cause);
    const isDue = signal !== undefined && o.nowMs - lastMs >= rules.showEveryMs && isNews(incident, signal);
    shownMs.set(incident.id, isDue ? o.nowMs : lastMs);
    if (!isDue) continue;
    const { deadline, since } = incident;
    effects.push({ type: 'IncidentOpened', incident: incident.id, signal, deadline, since });
  }
  return { effects, shownMs };
}

function isNews(incident: Incident, signal: Signal): boolean {
  const isSame =
    incident.severity === signal.severity &&
    incident.targets.length === signal.targets.length &&
    incident.evidence.quarantined === signal.evidence.quarantined;
  return !isSame || signal.targets.some((target) => !incident.targets.includes(target));
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
