import type { IncidentState } from '@lakewarden/contracts';

/** What can happen to an incident. The first four are read off the world, the others are told by whoever did them. */
export type IncidentEvent =
  /** Its signal is there. */
  | 'present'
  /** There is evidence that its cause is gone, but not yet for long enough. */
  | 'gone'
  /** Gone, and stable. */
  | 'settled'
  /** Neither signal nor evidence. */
  | 'unknown'
  /** Its deadline has passed. */
  | 'overdue'
  /** Another incident explains it. */
  | 'folded'
  /** A runbook works on it. */
  | 'taken'
  /** The steps of the runbook are done; what they did is being verified. */
  | 'acted'
  | 'verified'
  /** The runbook failed, was refused or rejected. */
  | 'gave-up'
  /** The runbook that worked on it is gone without a verdict. */
  | 'let-go';

/**
 * Total, so that a new state or event does not compile until it is decided. No state is dead: from each one `settled` or
 * `verified` leads to the end, and `overdue` to people (I9, I10). `resolved` + `present` is a reopening, which the watch
 * asks for only within its window.
 */
export const INCIDENT_TRANSITIONS: Readonly<
  Record<IncidentState, Readonly<Record<IncidentEvent, IncidentState>>>
> = {
  open: {
    present: 'open',
    gone: 'verifying',
    settled: 'resolved',
    unknown: 'open',
    overdue: 'escalated',
    folded: 'resolved',
    taken: 'recovering',
    acted: 'verifying',
    verified: 'resolved',
    'gave-up': 'escalated',
    'let-go': 'open',
  },
  recovering: {
    present: 'recovering',
    gone: 'recovering',
    settled: 'recovering',
    unknown: 'recovering',
    overdue: 'escalated',
    folded: 'recovering',
    taken: 'recovering',
    acted: 'verifying',
    verified: 'resolved',
    'gave-up': 'escalated',
    'let-go': 'escalated',
  },
  verifying: {
    present: 'open',
    gone: 'verifying',
    settled: 'resolved',
    unknown: 'verifying',
    overdue: 'escalated',
    folded: 'resolved',
    taken: 'recovering',
    acted: 'verifying',
    verified: 'resolved',
    'gave-up': 'escalated',
    'let-go': 'verifying',
  },
  resolved: {
    present: 'open',
    gone: 'resolved',
    settled: 'resolved',
    unknown: 'resolved',
    overdue: 'resolved',
    folded: 'resolved',
    taken: 'resolved',
    acted: 'resolved',
    verified: 'resolved',
    'gave-up': 'resolved',
    'let-go': 'resolved',
  },
  escalated: {
    present: 'escalated',
    gone: 'escalated',
    settled: 'resolved',
    unknown: 'escalated',
    overdue: 'escalated',
    folded: 'escalated',
    taken: 'recovering',
    acted: 'verifying',
    verified: 'resolved',
    'gave-up': 'escalated',
    'let-go': 'escalated',
  },
};

export function nextIncidentState(state: IncidentState, event: IncidentEvent): IncidentState {
  return INCIDENT_TRANSITIONS[state][event];
}

export function isActive({ state }: { readonly state: IncidentState }): boolean {
  return state !== 'resolved';
}
