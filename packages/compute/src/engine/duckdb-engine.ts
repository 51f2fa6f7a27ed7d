import type {
  AggregateJob,
  AggregateManifest,
  BatchLanded,
  BatchLanding,
  CleanJob,
  CleanManifest,
  DedupJob,
  DedupManifest,
  Engine,
  LandedFile,
  LandingWriter,
  StreamLanding,
} from './engine.ts';
import { transferableChunks } from './transferable-chunks.ts';
import { WorkerHost, type WorkerHostOptions } from './worker-host.ts';

export type DuckDbEngineOptions = WorkerHostOptions;

/**
 * The embedded engine: one DuckDB instance in one worker thread, one connection a job. The caller's thread only posts
 * messages, so it never waits for a query.
 *
 * - An aborted job is interrupted. If the thread does not answer within `ABORT_GRACE_MS_MAX` it is replaced: its other
 *   jobs fail with `TransientError('unavailable')`, the aborted one as aborted.
 * - An abort whose reason is a `TimeoutError` (as of `AbortSignal.timeout`) is `TransientError('timeout')`, any other
 *   `TransientError('cancelled')`. What does not fit the memory limit is `TransientError('out-of-memory')`.
 */
export interface DuckDbEngine extends Engine, LandingWriter {
  /** Interrupts what runs, ends the thread and removes its spill files. */
  close(): Promise<void>;
}

export function createDuckDbEngine(options: DuckDbEngineOptions): DuckDbEngine {
  return new EmbeddedEngine(new WorkerHost(options));
}

class EmbeddedEngine implements DuckDbEngine {
  readonly name = 'duckdb';
  readonly #host: WorkerHost;

  constructor(host: WorkerHost) {
    this.#host = host;
  }

  clean(job: CleanJob, signal: AbortSignal): Promise<CleanManifest> {
    return this.#host.run('clean', job, signal);
  }

  aggregate(job: AggregateJob, signal: AbortSignal): Promise<AggregateManifest> {
    return this.#host.run('aggregate', job, signal);
  }

  dedup(job: DedupJob, signal: AbortSignal): Promise<DedupManifest> {
    return this.#host.run('dedup', job, signal);
  }

  /**
   * The buffers of the chunks are moved to the worker where they own their memory: after this call they are empty,
   * whatever its outcome. Who wants to try again drains again.
   */
  writeStream(job: StreamLanding, signal: AbortSignal): Promise<readonly LandedFile[]> {
    const { chunks, transfer } = transferableChunks(job.chunks);
    return this.#host.run('write-stream', { ...job, chunks }, signal, transfer);
  }

  writeBatch(job: BatchLanding, signal: AbortSignal): Promise<BatchLanded> {
    return this.#host.run('write-batch', job, signal);
  }

  close(): Promise<void> {
    return this.#host.close();
  }
}
