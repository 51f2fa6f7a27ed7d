import type { FailureCode } from '@lakewarden/contracts';
import type {
  AggregateJob,
  AggregateManifest,
  BatchLanded,
  BatchLanding,
  CleanJob,
  CleanManifest,
  DedupJob,
  DedupManifest,
  LandedFile,
  StreamLanding,
} from './engine.ts';
import type { LakeQuery, LakeQueryResult } from './lake-query.ts';

/** What the engine's thread can be asked for, and what each answers. */
export interface Jobs {
  readonly clean: { readonly job: CleanJob; readonly result: CleanManifest };
  readonly aggregate: { readonly job: AggregateJob; readonly result: AggregateManifest };
  readonly dedup: { readonly job: DedupJob; readonly result: DedupManifest };
  readonly 'write-stream': { readonly job: StreamLanding; readonly result: readonly LandedFile[] };
  readonly 'write-batch': { readonly job: BatchLanding; readonly result: BatchLanded };
  readonly query: { readonly job: LakeQuery; readonly result: LakeQueryResult };
}

export type JobKind = keyof Jobs;

/** Handed to the thread when it starts. */
export interface WorkerSettings {
  readonly memoryLimitBytes: number;
  readonly threads: number;
  /** Spill files live here; nobody else writes in it. */
  readonly tempDir: string;
}

export type ToWorker =
  | { readonly type: 'run'; readonly id: number; readonly kind: JobKind; readonly job: unknown }
  | { readonly type: 'abort'; readonly id: number }
  /** Abort what runs, then end the thread from within. */
  | { readonly type: 'close' };

export type FromWorker =
  | { readonly type: 'done'; readonly id: number; readonly result: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly failure: WireFailure };

/** An error as it crosses the thread boundary: structured clone keeps neither class nor code. */
export interface WireFailure {
  readonly kind: 'transient' | 'terminal' | 'bug';
  readonly code: FailureCode;
  readonly message: string;
  readonly stack?: string;
}
