import type { IncidentState, Severity } from '@lakewarden/contracts';
import { counts, list, number, type Of, object, oneOf, optional, text, whole } from '../../shared/shape.ts';
import { INCIDENT_LOOKS, SEVERITY_LOOKS, STATES_WORST_FIRST } from '../../shared/states.ts';

/** What the page shows of the agent's answers; a newer agent may say more. */
const state = oneOf(STATES_WORST_FIRST);

export const overviewShape = object({
  layers: list(
    object({
      layer: oneOf(['bronze', 'silver', 'gold']),
      state,
      why: text,
      datasets: whole,
      counts: counts(STATES_WORST_FIRST),
      rows: whole,
      behindMs: optional(whole),
    }),
    10,
  ),
  breakers: list(
    object({
      dependency: text,
      state: oneOf(['closed', 'open', 'half-open']),
      parkedCalls: whole,
      lastError: optional(text),
      nextProbeAt: optional(text),
    }),
    100,
  ),
  incidents: object({ open: whole }),
  lag: object({ events: whole, seconds: number }),
  backfills: whole,
  nextDrainAt: optional(text),
  agent: object({ version: text, pipeline: text, startedAt: text, observedAt: optional(text) }),
});
export type OverviewSeen = Of<typeof overviewShape>;

export const incidentsShape = object({
  items: list(
    object({
      id: text,
      title: text,
      severity: oneOf(Object.keys(SEVERITY_LOOKS) as Severity[]),
      state: oneOf(Object.keys(INCIDENT_LOOKS) as IncidentState[]),
      since: text,
      runbook: optional(text),
    }),
    500,
  ),
});
export type IncidentsSeen = Of<typeof incidentsShape>;

export const lagShape = object({
  sources: list(
    object({
      source: text,
      kind: oneOf(['event-hub', 'data-factory']),
      state,
      why: text,
      events: whole,
      seconds: number,
      partitions: list(object({ partition: whole }), 10_000),
      window: optional(object({ key: text, state: text, since: optional(text) })),
    }),
    1_000,
  ),
});
export type LagSeen = Of<typeof lagShape>;
