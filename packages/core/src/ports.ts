import type { BatchSource, EventChunk, HubSource } from '@lakewarden/compute';

/** The core knows the world only through these, each described by what it guarantees (DESIGN §7). */

/** Reads a hub. Sequence numbers are 64-bit and never a JavaScript number. */
export interface EventStream {
  /** A fresh look at the hub and all its partitions. */
  describe(source: HubSource, signal: AbortSignal): Promise<HubState>;

  /**
   * Hands over the events with `after < sequence <= upTo` of one partition, in order, each at least once and without a
   * hole, awaiting `onChunk` before it goes on (so memory is bounded by a chunk and the prefetch). `ownerLevel` is the
   * fencing epoch: a reader with a higher or equal one takes the partition over.
   */
  read(
    request: ReadRequest,
    onChunk: (chunk: EventChunk) => Promise<void>,
    signal: AbortSignal,
  ): Promise<ReadOutcome>;

  close(): Promise<void>;
}

export interface HubState {
  /** Changes when the hub is deleted and made again. */
  readonly generation: string;
  readonly partitions: readonly PartitionState[];
}

export interface PartitionState {
  readonly partition: number;
  /** Oldest sequence number that can still be read. */
  readonly first: bigint;
  /** Newest sequence number; undefined when nothing was ever written. */
  readonly last: bigint | undefined;
  readonly lastEnqueuedMs: number | undefined;
}

export interface ReadRequest {
  readonly source: HubSource;
  readonly partition: number;
  /** Undefined: from the oldest. */
  readonly after: bigint | undefined;
  readonly upTo: bigint;
  readonly ownerLevel: bigint;
  readonly chunkEventsMax: number;
}

export type ReadOutcome =
  | { readonly kind: 'reached' }
  /** Another reader with a higher or equal owner level took the partition. */
  | { readonly kind: 'stolen' };

/** Runs copies outside the agent (Data Factory). */
export interface JobRunner {
  /**
   * The run of this (source, window, attempt): an existing one is adopted (the oldest that is not failed; others are
   * cancelled), else one is started. Safe to repeat after a lost answer (I20). `output` is the folder that the adopted
   * run writes to, which may differ from the one proposed.
   */
  submit(job: CopyJob, signal: AbortSignal): Promise<CopyRun>;
  poll(source: BatchSource, runId: string, signal: AbortSignal): Promise<CopyState>;
  cancel(source: BatchSource, runId: string, signal: AbortSignal): Promise<void>;
}

export interface CopyJob {
  readonly source: BatchSource;
  readonly window: string;
  readonly attempt: number;
  /** Folder in the lake, with a nonce: `landing/stores/2011-12-10/1-3f9c…`. */
  readonly output: string;
}

export interface CopyRun {
  readonly runId: string;
  readonly output: string;
}

export type CopyState =
  | { readonly kind: 'running' }
  /** `rowsCopied` as the copy activities reported it; undefined when none did. */
  | { readonly kind: 'succeeded'; readonly rowsCopied: number | undefined }
  | { readonly kind: 'failed'; readonly reason: string };

/** Moves data files between the lake and the engine's local disk. Data files never change once written. */
export interface LakeFiles {
  /** Local path with the bytes of a lake object, fetched unless it is already there. Valid until `release`. */
  fetch(path: string, bytes: number, signal: AbortSignal): Promise<string>;
  /**
   * Copies a local file to `path`. Repeating it is harmless: names are unique. With `keep` (the default) the local file may
   * serve later fetches; false for what no later step reads.
   */
  store(
    localPath: string,
    path: string,
    signal: AbortSignal,
    options?: { readonly keep?: boolean },
  ): Promise<void>;
  /** Objects below a folder, for what a batch brought. */
  list(folder: string, signal: AbortSignal): Promise<readonly { path: string; bytes: number }[]>;
  /** A fresh local folder for one job's output; `release` removes it. */
  scratch(): Promise<Scratch>;
}

export interface Scratch {
  readonly dir: string;
  release(): Promise<void>;
}

/** Asks Log Analytics. What it knows is minutes old: a hint, never the state that an act is decided by. */
export interface LogQueries {
  /**
   * The answer to one KQL query over `[sinceMs, untilMs)` of a workspace (its id, a GUID). A query that the service cannot
   * read is `TerminalError('invalid')` with the service's own words; an answer that is only a part of the truth is
   * `TerminalError('limit')`, never a table.
   */
  query(
    workspace: string,
    kql: string,
    sinceMs: number,
    untilMs: number,
    signal: AbortSignal,
  ): Promise<LogTable>;
}

export interface LogTable {
  /** `type` is Kusto's: `string`, `long`, `real`, `bool`, `datetime`, `dynamic`, … */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly LogValue[])[];
}

/** A `datetime` is ISO 8601 text, a `dynamic` is JSON text, a `long` beyond 2^53 has lost its last digits. */
export type LogValue = string | number | boolean | null;

/** Asks Azure Monitor for what the services count themselves. As old as the logs. */
export interface MetricQueries {
  /**
   * Events that a namespace says it took in, by hub, over the whole minutes of `[sinceMs, untilMs)`. A hub without any
   * may be absent. `namespaceResourceId`: `/subscriptions/…/providers/Microsoft.EventHub/namespaces/retail-events`.
   */
  incomingMessages(
    namespaceResourceId: string,
    sinceMs: number,
    untilMs: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, number>>;
}

export interface Clock {
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface Random {
  uuid(): string;
}
