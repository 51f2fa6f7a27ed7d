import { type ControlEffect, type Incident, unreachable } from '@lakewarden/contracts';

type IncidentEffect = Extract<
  ControlEffect,
  { readonly incident: string; readonly type: `Incident${string}` }
>;

export function isIncidentEffect(effect: ControlEffect): effect is IncidentEffect {
  return (
    effect.type === 'IncidentOpened' ||
    effect.type === 'IncidentMoved' ||
    effect.type === 'IncidentNoted' ||
    effect.type === 'IncidentAcknowledged'
  );
}

/** Newest are kept; the first one, how it began, is kept always. */
const TIMELINE_MAX = 100;

/** The incident after one effect that became durable at `at` (ISO 8601). Undefined: an effect on an incident that is not known. */
export function foldIncident(
  incident: Incident | undefined,
  effect: IncidentEffect,
  at: string,
): Incident | undefined {
  if (effect.type === 'IncidentOpened') {
    const { cause, kind, severity, title, targets, evidence } = effect.signal;
    const timeline = [{ at, what: title }];
    return {
      id: effect.incident,
      cause,
      kind,
      severity,
      title,
      state: 'open',
      targets,
      evidence,
      openedAt: at,
      since: effect.since,
      deadline: effect.deadline,
      signals: 1,
      timeline,
    };
  }
  if (incident === undefined) return undefined;
  switch (effect.type) {
    case 'IncidentMoved': {
      const { endedAt: _, ...rest } = incident;
      return {
        ...rest,
        state: effect.to,
        deadline: effect.deadline ?? incident.deadline,
        ...(effect.to === 'resolved' && { endedAt: at }),
        timeline: append(incident, at, `${effect.to}: ${effect.note}`),
      };
    }
    case 'IncidentNoted':
      return {
        ...incident,
        signals: incident.signals + 1,
        timeline: append(incident, at, effect.note),
      };
    case 'IncidentAcknowledged':
      return {
        ...incident,
        acknowledgedBy: effect.by,
        timeline: append(incident, at, `acknowledged by ${effect.by}`),
      };
    default:
      return unreachable(effect);
  }
}

function append({ timeline }: Incident, at: string, what: string): Incident['timeline'] {
  const all = [...timeline, { at, what }];
  return all.length <= TIMELINE_MAX ? all : [...all.slice(0, 1), ...all.slice(1 - TIMELINE_MAX)];
}
