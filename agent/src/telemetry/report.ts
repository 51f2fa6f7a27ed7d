import type { Fact } from '@lakewarden/core';

export type Level = 'info' | 'warn' | 'error';

interface Line {
  readonly level: Level;
  readonly message: string;
}

/**
 * One constant message and one level a fact (house rule: WARN has recovered or will, ERROR needs a person). A total
 * record, so that a new fact does not compile until its words are decided.
 */
const LINES: Record<Fact['type'], Line> = {
  AgentReady: { level: 'info', message: 'the agent is ready' },
  AgentStopping: { level: 'info', message: 'the agent stops when what it is doing has ended' },
  LoopFailed: { level: 'warn', message: 'a loop could not do its round and tries again' },
  MonitorFailed: { level: 'warn', message: 'Azure Monitor could not be asked' },
  DrainStarted: { level: 'info', message: 'draining a hub' },
  EventsLanded: { level: 'info', message: 'events are in bronze' },
  DrainFinished: { level: 'info', message: 'the hub is drained to its last event' },
  PartitionTaken: { level: 'warn', message: 'another reader took a partition over' },
  PartitionFenced: { level: 'warn', message: 'a newer epoch holds a partition' },
  GapFound: { level: 'error', message: 'events left the hub before they were read' },
  HubFailed: { level: 'error', message: 'a hub could not be drained' },
  WindowStarted: { level: 'info', message: 'a batch window is being copied' },
  WindowLanded: { level: 'info', message: 'a batch window is in bronze' },
  WindowFailed: { level: 'warn', message: 'a batch window failed' },
  RunStarted: { level: 'info', message: 'building slices' },
  RunCommitted: { level: 'info', message: 'slices are committed' },
  RunFailed: { level: 'warn', message: 'a run failed' },
  RunConflicted: { level: 'warn', message: 'a run lost a race and starts again' },
  RunCancelled: { level: 'warn', message: 'a run was cancelled' },
  RunParked: { level: 'warn', message: 'a run waits for a dependency' },
  LandingParked: { level: 'warn', message: 'landing waits for a dependency' },
  HubReplayed: { level: 'info', message: 'recorded ranges of a hub were read again' },
  CheckpointFailed: { level: 'warn', message: 'a log checkpoint could not be written' },
  BreakerOpened: { level: 'warn', message: 'a dependency does not answer, its work is parked' },
  BreakerProbed: { level: 'info', message: 'a parked dependency still does not answer' },
  BreakerClosed: { level: 'info', message: 'a dependency answers again, its work goes on' },
  ApiListening: { level: 'info', message: 'the API answers' },
  RequestRefused: { level: 'warn', message: 'a request without the right to it was refused' },
  RequestFailed: { level: 'warn', message: 'a request could not be answered' },
  SigningKeysRead: { level: 'info', message: 'the signing keys of the directory are read' },
  SigningKeysFailed: { level: 'warn', message: 'the signing keys of the directory could not be read' },
  TokenFileFailed: { level: 'warn', message: 'the token file could not be renewed' },
  IncidentOpened: { level: 'warn', message: 'an incident is open' },
  IncidentMoved: { level: 'info', message: 'an incident moved on' },
  RunbookStarted: { level: 'info', message: 'a runbook has started' },
  RunbookStepMoved: { level: 'info', message: 'a step of a runbook moved on' },
  RunbookMoved: { level: 'info', message: 'a runbook moved on' },
  PersonCalled: { level: 'error', message: 'a person is asked to look' },
  EventReaderDropped: { level: 'info', message: 'a reader of the event stream did not keep up' },
  ControlEffectIgnored: { level: 'warn', message: 'an impossible move in the control log was left out' },
  AuditBroken: { level: 'error', message: 'the audit was changed by somebody else' },
  ControlSnapshotIgnored: { level: 'warn', message: 'a snapshot of the control state is of no use' },
  ControlSnapshotFailed: { level: 'warn', message: 'a snapshot of the control state could not be written' },
  ControlNotesWaiting: { level: 'warn', message: 'what was noted waits to be written' },
  ControlNotesMerged: {
    level: 'warn',
    message: 'too much waits to be written, needless notes were left out',
  },
  ActionPerformed: { level: 'info', message: 'an action was performed' },
  ActionRefused: { level: 'warn', message: 'an action was refused' },
  ActionUnfinished: { level: 'warn', message: 'an action holds, and has more to do' },
};

/** One JSON object a line: `{"at","level","message","type",…fields}`; slice keys stay out, a run may have thousands. */
export function formatFact(fact: Fact, nowMs: number): string {
  return JSON.stringify({
    at: new Date(nowMs).toISOString(),
    level: levelOf(fact),
    message: messageOf(fact),
    ...fact,
  });
}

export function levelOf(fact: Fact): Level {
  if (fact.type === 'RunFailed' && fact.next === 'give-up') return 'error';
  // 503 is a dependency that will come back; 500 is a mistake of ours.
  if (fact.type === 'RequestFailed' && fact.status === 500) return 'error';
  return LINES[fact.type].level;
}

export function messageOf(fact: Fact): string {
  return LINES[fact.type].message;
}
