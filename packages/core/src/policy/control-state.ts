import type { ActionResult, DatasetName, Execution, Incident } from '@lakewarden/contracts';

/** What people, runbooks and the agent have decided: the fold of the control log (control-log.ts). Immutable. */
export interface ControlState {
  /** The last entry that is in it; `hash` is what the next entry names as `prev`. */
  readonly head: { readonly seq: number; readonly hash: string };
  /** By target text (`source:orders`, `silver.orders`, `backfill:…`). May have expired: ask `policyAt`. */
  readonly pauses: ReadonlyMap<string, Stop>;
  /** By target text (`all`, `gold`, `silver.orders`). May have expired: ask `policyAt`. */
  readonly freezes: ReadonlyMap<string, Stop>;
  /** By slice id. May have expired: ask `policyAt`. */
  readonly pins: ReadonlyMap<string, Pin>;
  /** By slice id. */
  readonly salts: ReadonlyMap<string, Salt>;
  readonly backfills: ReadonlyMap<string, Backfill>;
  /** Bronze ranges that are to be read again, by plan; only those that have not ended. */
  readonly replays: ReadonlyMap<string, SourceReplay>;
  /** `<source>/<window>` → the attempt that is wanted at least. */
  readonly reruns: ReadonlyMap<string, number>;
  /** By id; resolved ones are kept up to a bound. */
  readonly incidents: ReadonlyMap<string, Incident>;
  readonly executions: ReadonlyMap<string, RunbookExecution>;
  /** By `<actor>:<idempotency key>`, the latest ones. */
  readonly acts: ReadonlyMap<string, PastAct>;
  /** By plan hash. One that reads a source again leaves when its reading ends: it may be asked for again. */
  readonly applied: ReadonlyMap<string, AppliedPlan>;
}

export interface AppliedPlan {
  /** Of the audit entry. */
  readonly seq: number;
  readonly backfill?: string;
}

export interface Stop {
  readonly target: string;
  readonly reason: string;
  readonly by: string;
  readonly since: string;
  readonly until?: string;
}

/** `hold` is as-is; `waive` is as-is or empty, and flags what is made from the slice. */
export interface Pin {
  readonly slice: string;
  readonly by: 'hold' | 'waive';
  readonly as: 'as-is' | 'empty';
  readonly reason: string;
  readonly actor: string;
  readonly until?: string;
}

/**
 * A slice that is wanted again although nothing that it reads changed. While its backfill rests (paused, cancelled or
 * ended) the slice is fresh with either salt; while it runs, a slice with the previous salt is work for the backfill lane
 * and still good for its readers.
 */
export interface Salt {
  readonly salt: string;
  readonly previous: string;
  /**
   * Salts before `previous` that the slice may still carry, because backfills were ended or taken over before they came
   * to it. Newest first, bounded; as good as `previous`.
   */
  readonly older?: readonly string[];
  /** Absent: at live priority. */
  readonly backfill?: string;
}

export interface Backfill {
  readonly id: string;
  readonly plan: string;
  readonly title: string;
  readonly dataset: DatasetName;
  /** Slice ids. */
  readonly slices: readonly string[];
  readonly rows: number;
  readonly estimateMs: number;
  readonly startedAt: string;
  readonly startedBy: string;
  readonly ended?: { readonly as: 'done' | 'cancelled' | 'failed'; readonly at: string };
}

export interface SourceReplay {
  readonly plan: string;
  readonly source: string;
  /** Slice ids of bronze. */
  readonly slices: readonly string[];
}

export interface RunbookExecution extends Execution {
  /** Of the incident; one execution a cause at a time. */
  readonly cause: string;
  /** `{source}`, `{slice}`, … of the texts in its steps. */
  readonly bindings: Readonly<Record<string, string>>;
}

export interface PastAct {
  readonly seq: number;
  readonly action: string;
  /** Canonical JSON of the input, to tell a repetition from a reused key. */
  readonly input: string;
  readonly id?: string;
  readonly outcome: ActionResult['outcome'];
}

export const EMPTY_CONTROL: ControlState = {
  head: { seq: 0, hash: '0'.repeat(64) },
  pauses: new Map(),
  freezes: new Map(),
  pins: new Map(),
  salts: new Map(),
  backfills: new Map(),
  replays: new Map(),
  reruns: new Map(),
  incidents: new Map(),
  executions: new Map(),
  acts: new Map(),
  applied: new Map(),
};
