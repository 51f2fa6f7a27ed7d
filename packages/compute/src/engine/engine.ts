import type { Digest, RowAccounting, WrittenFile } from '@lakewarden/contracts';
import type { BronzeDataset, GoldDataset, SilverDataset } from '../pipeline/model.ts';

/**
 * The port to whatever does the work (DESIGN §2): an engine reads explicit files and writes uuid-named Parquet below
 * `outDir`; it commits nothing. A job is pure: the same files give the same rows and digests on every engine (I22).
 * Errors: `TransientError('timeout' | 'cancelled' | 'out-of-memory')`, `TerminalError('failed' | 'unbalanced' | …)`.
 */
export interface Engine {
  readonly name: string;
  clean(job: CleanJob, signal: AbortSignal): Promise<CleanManifest>;
  aggregate(job: AggregateJob, signal: AbortSignal): Promise<AggregateManifest>;
  dedup(job: DedupJob, signal: AbortSignal): Promise<DedupManifest>;
}

export interface InputFile {
  readonly localPath: string;
  readonly slice: string;
}

export interface SliceFiles {
  readonly slice: string;
  /** At least one: an empty slice is one file of 0 rows. */
  readonly files: readonly WrittenFile[];
  readonly digest: Digest;
}

export interface CleanJob {
  readonly step: SilverDataset;
  /** Slices to build. Rows of other slices in `files` are passed over. */
  readonly slices: readonly string[];
  readonly files: readonly InputFile[];
  readonly outDir: string;
}

export interface CleanManifest {
  /** One entry a requested slice, in that order, in each of the three. */
  readonly silver: readonly SliceFiles[];
  readonly quarantine: readonly SliceFiles[];
  readonly duplicates: readonly SliceFiles[];
  /** As the engine counted; the agent compares `in` with the tags of the input. */
  readonly accounting: Readonly<Record<string, RowAccounting>>;
  /** slice → name → exact decimal over the silver rows. */
  readonly totals: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface AggregateJob {
  readonly step: GoldDataset;
  readonly slices: readonly string[];
  /** By dataset name. Files of slices that the query does not need are never given. */
  readonly inputs: Readonly<Record<string, readonly InputFile[]>>;
  readonly outDir: string;
}

export interface AggregateManifest {
  readonly files: readonly SliceFiles[];
  /** slice → total name → the two sides, exact decimals. Unequal is `TerminalError('unbalanced')`, never returned. */
  readonly totals: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface DedupJob {
  readonly step: GoldDataset;
  readonly slices: readonly string[];
  /** The uncommitted output of the aggregate job of the same run. */
  readonly input: AggregateManifest;
  readonly outDir: string;
}

export interface DedupManifest {
  readonly gold: readonly SliceFiles[];
  readonly duplicates: readonly SliceFiles[];
  readonly accounting: Readonly<Record<string, RowAccounting>>;
}

/** Turns what arrived into bronze files. Blocks nothing on the caller's thread; one call at a time a writer. */
export interface LandingWriter {
  writeStream(job: StreamLanding, signal: AbortSignal): Promise<readonly LandedFile[]>;
  writeBatch(job: BatchLanding, signal: AbortSignal): Promise<BatchLanded>;
}

/** Events of one partition in sequence order, as columns, so that they can be handed to another thread without copying. */
export interface EventChunk {
  readonly partition: number;
  readonly count: number;
  readonly sequences: BigInt64Array;
  readonly enqueuedMs: Float64Array;
  readonly offsets: readonly string[];
  /** All bodies, one after the other; event i ends before `ends[i]`. */
  readonly bodies: Uint8Array;
  readonly ends: Uint32Array;
}

export interface StreamLanding {
  readonly dataset: BronzeDataset;
  /** Of the hub: changes when it is deleted and made again. */
  readonly generation: string;
  readonly chunks: readonly EventChunk[];
  readonly outDir: string;
}

/** One file a (partition, enqueued day). */
export interface LandedFile extends WrittenFile {
  readonly digest: Digest;
  readonly touches: Readonly<Record<string, Digest>>;
  readonly partition?: number;
  readonly first?: bigint;
  readonly last?: bigint;
}

export interface BatchLanding {
  readonly dataset: BronzeDataset;
  /** Slice key of the window. */
  readonly window: string;
  /** What Data Factory brought, fetched to local disk. `name` is its path below the run's folder; it becomes `source_file`. */
  readonly files: readonly { readonly localPath: string; readonly name: string }[];
  readonly outDir: string;
}

export interface BatchLanded {
  readonly files: readonly LandedFile[];
  readonly rows: number;
}
