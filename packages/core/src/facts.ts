import type { DatasetName, ExecutionState, IncidentState, Severity } from '@lakewarden/contracts';

/**
 * What happened, in the past tense, each emitted once by whoever knows it. Telemetry gives every fact one constant
 * message, a level and its fields; nothing else in the core writes a log. No row content and no secret is ever a field.
 */
export type Fact =
  | {
      readonly type: 'DrainStarted';
      readonly hub: string;
      readonly partitions: number;
      readonly events: number;
    }
  | {
      readonly type: 'EventsLanded';
      readonly hub: string;
      readonly events: number;
      readonly left: number;
      readonly version: number;
    }
  | { readonly type: 'DrainFinished'; readonly hub: string; readonly events: number }
  | { readonly type: 'PartitionTaken'; readonly hub: string; readonly partition: number }
  | {
      readonly type: 'PartitionFenced';
      readonly hub: string;
      readonly partition: number;
      readonly heldEpoch: string;
    }
  /** Events between two sequence numbers left the hub before we read them (I11). Both ends are inclusive. */
  | {
      readonly type: 'GapFound';
      readonly hub: string;
      readonly partition: number;
      readonly first: string;
      readonly last: string;
    }
  | { readonly type: 'HubFailed'; readonly hub: string; readonly reason: string }
  | {
      readonly type: 'WindowStarted';
      readonly source: string;
      readonly window: string;
      readonly attempt: number;
      readonly runId: string;
    }
  | {
      readonly type: 'WindowLanded';
      readonly source: string;
      readonly window: string;
      readonly rows: number;
      readonly version: number;
    }
  | {
      readonly type: 'WindowFailed';
      readonly source: string;
      readonly window: string;
      readonly attempt: number;
      readonly reason: string;
    }
  | {
      readonly type: 'RunStarted';
      readonly run: string;
      readonly dataset: DatasetName;
      readonly slices: number;
      readonly keys: readonly string[];
      readonly rows: number;
      /** Absent: live work. */
      readonly backfill?: string;
    }
  | {
      readonly type: 'RunCommitted';
      readonly run: string;
      readonly dataset: DatasetName;
      readonly slices: number;
      readonly rows: number;
      readonly version: number;
      readonly engineMs: number;
      readonly storeMs: number;
      readonly commitMs: number;
    }
  | {
      readonly type: 'RunFailed';
      readonly run: string;
      readonly dataset: DatasetName;
      readonly slices: number;
      readonly reason: string;
      readonly next: 'retry' | 'split' | 'give-up';
    }
  | {
      readonly type: 'RunConflicted';
      readonly run: string;
      readonly dataset: DatasetName;
      readonly reason: string;
    }
  /** A person cancelled it, or what it would have committed was frozen or pinned meanwhile. */
  | {
      readonly type: 'RunCancelled';
      readonly run: string;
      readonly dataset: DatasetName;
      readonly slices: number;
      readonly reason: string;
    }
  /** A dependency's breaker is open; the slices wait and have not failed. */
  | {
      readonly type: 'RunParked';
      readonly run: string;
      readonly dataset: DatasetName;
      readonly dependency: string;
    }
  | { readonly type: 'LandingParked'; readonly source: string; readonly dependency: string }
  /** Recorded ranges of a hub were read again. `files`: how many bronze files hold other rows than before and were replaced. */
  | {
      readonly type: 'HubReplayed';
      readonly hub: string;
      readonly events: number;
      readonly files: number;
    }
  | { readonly type: 'CheckpointFailed'; readonly root: string; readonly reason: string }
  /** Work on this dependency is parked from now on. `failures`: attempts in a row without a success. */
  | {
      readonly type: 'BreakerOpened';
      readonly dependency: string;
      readonly failures: number;
      readonly reason: string;
    }
  /** One probe of an open breaker failed. */
  | {
      readonly type: 'BreakerProbed';
      readonly dependency: string;
      readonly reason: string;
      readonly nextProbeMs: number;
    }
  /** Parked work may go on. `parkedCalls`: calls that were turned away while it was open. */
  | {
      readonly type: 'BreakerClosed';
      readonly dependency: string;
      readonly by: 'probe' | 'operator';
      readonly openMs: number;
      readonly probes: number;
      readonly parkedCalls: number;
    }
  /** The control state is read, an epoch is taken: the loops run from now on. */
  | { readonly type: 'AgentReady'; readonly epoch: string; readonly startMs: number }
  | { readonly type: 'AgentStopping' }
  /** A loop could not do its round; it tries again. */
  | { readonly type: 'LoopFailed'; readonly loop: string; readonly reason: string }
  /** Azure Monitor could not be asked: what it would have said is unknown. */
  | { readonly type: 'MonitorFailed'; readonly what: string; readonly reason: string }
  /** The API answers from now on. */
  | { readonly type: 'ApiListening'; readonly url: string }
  /** A request without the right to what it asked for; `suppressed`: others like it since the last one that was told. */
  | {
      readonly type: 'RequestRefused';
      /** Method and pattern of the route, never the URL: what strangers write is not ours to log. */
      readonly route: string;
      readonly status: number;
      readonly code: string;
      readonly principal: string;
      readonly suppressed: number;
    }
  /** The agent could not answer. `request` is what the client was told to quote. */
  | {
      readonly type: 'RequestFailed';
      readonly request: string;
      readonly route: string;
      readonly status: number;
      readonly reason: string;
    }
  /** A reader of the event stream did not keep up; it was told to ask for everything again. */
  | { readonly type: 'EventReaderDropped'; readonly principal: string }
  /** The file with the local user's token could not be renewed; the one before serves until it expires. */
  | { readonly type: 'TokenFileFailed'; readonly reason: string }
  /** The keys by which a directory's tokens are judged are others than before, or can be read again. */
  | { readonly type: 'SigningKeysRead'; readonly keys: number }
  /** They cannot be read; those of `ageMs` serve for a bounded time. Absent: there are none, so no such token is taken. */
  | { readonly type: 'SigningKeysFailed'; readonly reason: string; readonly ageMs?: number }
  | {
      readonly type: 'IncidentOpened';
      readonly incident: string;
      readonly cause: string;
      readonly severity: Severity;
      readonly title: string;
    }
  | {
      readonly type: 'IncidentMoved';
      readonly incident: string;
      readonly to: IncidentState;
      readonly note: string;
    }
  | {
      readonly type: 'RunbookStarted';
      readonly execution: string;
      readonly runbook: string;
      readonly incident: string | undefined;
      readonly state: ExecutionState;
    }
  | {
      readonly type: 'RunbookStepMoved';
      readonly execution: string;
      readonly step: string;
      readonly to: string;
      readonly note: string | undefined;
    }
  | {
      readonly type: 'RunbookMoved';
      readonly execution: string;
      readonly to: ExecutionState;
      readonly note: string | undefined;
    }
  /** A person is asked to look: a notify step, or an escalation. */
  | {
      readonly type: 'PersonCalled';
      readonly to: string;
      readonly message: string;
      readonly incident: string | undefined;
    }
  /** An effect in the control log that was not legal when its turn came: the state is as if it had not been there. */
  | {
      readonly type: 'ControlEffectIgnored';
      readonly seq: number;
      readonly effect: string;
      readonly reason: string;
    }
  /** The hash chain of the audit does not hold: somebody wrote into the control log. */
  | { readonly type: 'AuditBroken'; readonly seq: number; readonly problem: string }
  /** The next start reads more of the log instead. */
  | { readonly type: 'ControlSnapshotIgnored'; readonly path: string; readonly reason: string }
  | { readonly type: 'ControlSnapshotFailed'; readonly seq: number; readonly reason: string }
  /** What the agent noted is kept and written later. */
  | { readonly type: 'ControlNotesWaiting'; readonly notes: number; readonly reason: string }
  /** Too much waited to be written: lines that later ones made needless were left out. */
  | { readonly type: 'ControlNotesMerged'; readonly effects: number; readonly left: number }
  /** Somebody did something; `audit` is its entry, absent when nothing was to be changed. */
  | {
      readonly type: 'ActionPerformed';
      readonly action: string;
      readonly actor: string;
      readonly outcome: string;
      readonly audit?: number;
    }
  | { readonly type: 'ActionRefused'; readonly action: string; readonly actor: string; readonly code: string }
  /** It is written and holds; what it does outside the control state could not be done yet. */
  | {
      readonly type: 'ActionUnfinished';
      readonly action: string;
      readonly audit?: number;
      readonly reason: string;
    };

export type EmitFact = (fact: Fact) => void;

/** The words of an error for a fact: its class, its code and its message; never its cause (which may hold a URL with a secret). */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? `${code}: ${error.message}` : error.message;
}
