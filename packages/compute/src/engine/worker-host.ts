import { rm } from 'node:fs/promises';
import { setTimeout as timeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { TerminalError, TransientError } from '@lakewarden/contracts';
import type { FromWorker, JobKind, Jobs, ToWorker, WireFailure, WorkerSettings } from './messages.ts';
import { spillFolder } from './spill-folder.ts';

/** An interrupted query ends within milliseconds; a thread that does not answer by then is stuck. */
export const ABORT_GRACE_MS_MAX = 5_000;
/** Jobs that share the instance's memory at one time; more wait their turn. */
const RUNNING_JOBS_MAX = 2;
/** Beyond it the caller has lost its bound on work in flight: refuse instead of queueing for ever (I15). */
const WAITING_JOBS_MAX = 256;
/** Workers that were given up and have not ended: each may still hold its memory. */
const STUCK_WORKERS_MAX = 2;
/** JavaScript heap of the worker: it holds manifests and record splitting, never table data. */
const WORKER_HEAP_MB_MAX = 384;
/** Small, because what it makes is short-lived: with V8's default the heap grows by 50 MB before it looks. */
const WORKER_YOUNG_HEAP_MB_MAX = 8;

export interface WorkerHostOptions {
  /** DuckDB's own budget; its process grows by about this much and a half. */
  readonly memoryLimitBytes: number;
  readonly threads: number;
  /** Where queries spill to; made on demand, emptied at close. */
  readonly tempDir: string;
  /** How the grace after an abort is waited for: the only wait here, and no decision about data depends on it. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** The worker's program; another one in tests of what happens when it fails. */
  readonly entry?: URL;
}

interface PendingJob {
  readonly id: number;
  readonly message: ToWorker;
  readonly transfer: readonly ArrayBuffer[];
  readonly signal: AbortSignal;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onAbort: () => void;
  /** Aborts when the job is settled: ends the wait for its grace. */
  readonly settled: AbortController;
}

interface LiveWorker {
  readonly worker: Worker;
  readonly tempDir: string;
  readonly running: Map<number, PendingJob>;
  /** Settles when the thread has ended and its spill files are gone. */
  readonly ended: Promise<void>;
}

/**
 * The main thread's side of a worker that holds one DuckDB instance.
 *
 * - W1 Every job ends: with the worker's answer, the worker's death, or the end of the grace after its abort.
 * - W2 A worker that died or was given up gets no job again; the next job starts a new one.
 * - W3 At most `RUNNING_JOBS_MAX` jobs run, so that the memory limit is shared by a known number.
 * - W4 A worker is never terminated from outside: with a query in flight that ends the whole process (node-bindings 1.5.6
 *   throws a C++ exception into the dying environment). It is told to close, and leaves when its query lets it.
 */
export class WorkerHost {
  readonly #options: WorkerHostOptions;
  readonly #waiting: PendingJob[] = [];
  /** Told to close and not yet ended. */
  readonly #leaving = new Set<LiveWorker>();
  #live: LiveWorker | undefined;
  #nextId = 1;
  #closed = false;

  constructor(options: WorkerHostOptions) {
    this.#options = options;
  }

  run<Kind extends JobKind>(
    kind: Kind,
    job: Jobs[Kind]['job'],
    signal: AbortSignal,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<Jobs[Kind]['result']> {
    if (signal.aborted) return Promise.reject(abortedError(signal));
    if (this.#closed) return Promise.reject(new TransientError('cancelled', 'the engine is closed'));
    if (this.#waiting.length >= WAITING_JOBS_MAX) {
      return Promise.reject(new TransientError('limit', `${WAITING_JOBS_MAX} jobs wait for the engine`));
    }
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const onAbort = () => this.#abort(pending);
      const message: ToWorker = { type: 'run', id, kind, job };
      const pending: PendingJob = {
        id,
        message,
        transfer,
        signal,
        resolve: resolve as (result: unknown) => void,
        reject,
        onAbort,
        settled: new AbortController(),
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(pending);
      this.#dispatch();
    });
  }

  /** Waits for the thread to end, but no longer than the grace. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#waiting.splice(0)) this.#settle(job, closedError());
    if (this.#live !== undefined) this.#dismiss(this.#live, closedError());
    const leaving = [...this.#leaving];
    // While somebody waits for them, and no longer, they keep the process alive.
    for (const { worker } of leaving) worker.ref();
    const waited = new AbortController();
    await Promise.race([Promise.all(leaving.map(({ ended }) => ended)), this.#grace(waited.signal)]);
    waited.abort();
    for (const { worker } of leaving) worker.unref();
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      if (this.#live === undefined && this.#leaving.size >= STUCK_WORKERS_MAX) {
        this.#refuseAll();
        return;
      }
      const live = this.#live ?? this.#start();
      if (live.running.size >= RUNNING_JOBS_MAX) return;
      const job = this.#waiting.shift() as PendingJob;
      live.running.set(job.id, job);
      live.worker.ref();
      try {
        live.worker.postMessage(job.message, [...job.transfer]);
      } catch (cause) {
        // A job that cannot be cloned is a bug of the caller, not a failure of the engine.
        live.running.delete(job.id);
        this.#settle(job, cause as Error);
      }
    }
  }

  #start(): LiveWorker {
    const tempDir = spillFolder(this.#options.tempDir);
    const { memoryLimitBytes, threads } = this.#options;
    const workerData: WorkerSettings = { memoryLimitBytes, threads, tempDir };
    const worker = new Worker(this.#options.entry ?? new URL('./worker-entry.ts', import.meta.url), {
      workerData,
      resourceLimits: {
        maxOldGenerationSizeMb: WORKER_HEAP_MB_MAX,
        maxYoungGenerationSizeMb: WORKER_YOUNG_HEAP_MB_MAX,
      },
      name: 'duckdb',
    });
    const running = new Map<number, PendingJob>();
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const live: LiveWorker = { worker, tempDir, running, ended };
    worker.on('message', (message: FromWorker) => this.#answered(live, message));
    worker.on('error', (error: Error & { code?: string }) => this.#died(live, crashError(error)));
    worker.on('exit', (code) => {
      this.#died(live, crashError(new Error(`exit code ${code}`)));
      void rm(tempDir, { recursive: true, force: true }).finally(resolve);
    });
    this.#live = live;
    return live;
  }

  #answered(live: LiveWorker, message: FromWorker): void {
    const job = live.running.get(message.id);
    if (job === undefined) return;
    live.running.delete(message.id);
    // An idle engine does not keep the process alive.
    if (live.running.size === 0) live.worker.unref();
    if (message.type === 'done') this.#settle(job, undefined, message.result);
    else this.#settle(job, job.signal.aborted ? abortedError(job.signal) : revive(message.failure));
    this.#dispatch();
  }

  #abort(job: PendingJob): void {
    const waiting = this.#waiting.indexOf(job);
    if (waiting >= 0) {
      this.#waiting.splice(waiting, 1);
      this.#settle(job, abortedError(job.signal));
      return;
    }
    const live = this.#live;
    if (live === undefined || !live.running.has(job.id)) return;
    const abort: ToWorker = { type: 'abort', id: job.id };
    live.worker.postMessage(abort);
    void this.#giveUpAfterGrace(live, job);
  }

  async #giveUpAfterGrace(live: LiveWorker, job: PendingJob): Promise<void> {
    await this.#grace(job.settled.signal);
    if (!live.running.has(job.id)) return;
    live.running.delete(job.id);
    this.#settle(job, abortedError(job.signal));
    this.#dismiss(live, new TransientError('unavailable', 'the engine did not answer and was replaced'));
    this.#dispatch();
  }

  async #grace(over: AbortSignal): Promise<void> {
    const sleep = this.#options.sleep ?? defaultSleep;
    // A sleep that rejects when it is cut short is as good as one that returns: what counts is asked afterwards.
    await sleep(ABORT_GRACE_MS_MAX, over).catch(() => undefined);
  }

  /** W2, W4. It does not keep the process alive any more. */
  #dismiss(live: LiveWorker, error: Error): void {
    this.#leaving.add(live);
    const close: ToWorker = { type: 'close' };
    live.worker.postMessage(close);
    live.worker.unref();
    this.#drop(live, error);
  }

  #died(live: LiveWorker, error: Error): void {
    this.#leaving.delete(live);
    this.#drop(live, error);
    if (!this.#closed) this.#dispatch();
  }

  #drop(live: LiveWorker, error: Error): void {
    if (this.#live === live) this.#live = undefined;
    const jobs = [...live.running.values()];
    live.running.clear();
    for (const job of jobs) this.#settle(job, error);
  }

  #refuseAll(): void {
    const error = new TransientError('unavailable', `${STUCK_WORKERS_MAX} threads of the engine are stuck`);
    for (const job of this.#waiting.splice(0)) this.#settle(job, error);
  }

  #settle(job: PendingJob, error: Error | undefined, result?: unknown): void {
    job.signal.removeEventListener('abort', job.onAbort);
    job.settled.abort();
    if (error === undefined) job.resolve(result);
    else job.reject(error);
  }
}

function defaultSleep(ms: number, signal: AbortSignal): Promise<void> {
  return timeout(ms, undefined, { signal, ref: false });
}

function abortedError(signal: AbortSignal): TransientError {
  const reason: unknown = signal.reason;
  const timedOut = reason instanceof Error && reason.name === 'TimeoutError';
  const options = { cause: reason };
  return timedOut
    ? new TransientError('timeout', 'the job ran out of time', options)
    : new TransientError('cancelled', 'the job was cancelled', options);
}

function closedError(): TransientError {
  return new TransientError('cancelled', 'the engine was closed');
}

function crashError(cause: Error & { code?: string }): TransientError {
  return cause.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? new TransientError('out-of-memory', `the engine's thread used over ${WORKER_HEAP_MB_MAX} MB`, { cause })
    : new TransientError('unavailable', `the engine's thread died: ${cause.message}`, { cause });
}

function revive(failure: WireFailure): Error {
  const cause = failure.stack;
  switch (failure.kind) {
    case 'transient':
      return new TransientError(failure.code, failure.message, { cause });
    case 'terminal':
      return new TerminalError(failure.code, failure.message, { cause });
    case 'bug': {
      const bug = new Error(failure.message);
      if (failure.stack !== undefined) bug.stack = failure.stack;
      return bug;
    }
  }
}
