import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { TerminalError, TransientError } from '@lakewarden/contracts';
import { runAggregate } from './aggregate.ts';
import { runClean } from './clean.ts';
import { runDedup } from './dedup.ts';
import { landBatch } from './land-batch.ts';
import { landStream } from './land-stream.ts';
import type { FromWorker, JobKind, Jobs, ToWorker, WireFailure, WorkerSettings } from './messages.ts';
import { runLakeQuery } from './run-lake-query.ts';
import { classify, openInstance, openSession, type Session } from './session.ts';

/** The worker's side: one message in, one out; jobs share the instance and have a connection each. */
if (parentPort === null) throw new Error('the engine worker runs in a worker thread only');
const port = parentPort;
const settings = workerData as WorkerSettings;

type Runner<Kind extends JobKind> = (
  session: Session,
  job: Jobs[Kind]['job'],
) => Promise<Jobs[Kind]['result']>;

const RUNNERS: { readonly [Kind in JobKind]: Runner<Kind> } = {
  clean: runClean,
  aggregate: runAggregate,
  dedup: runDedup,
  'write-stream': landStream,
  'write-batch': landBatch,
  query: runLakeQuery,
};

interface Job {
  session: Session | undefined;
  /** An abort may come before the job has its connection. */
  aborted: boolean;
}

const jobs = new Map<number, Job>();
let closing = false;
let sharedInstance: ReturnType<typeof openInstance> | undefined;

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'run':
      void answer(message.id, message.kind, message.job);
      break;
    case 'abort':
      abort(message.id);
      break;
    case 'close':
      closing = true;
      for (const id of jobs.keys()) abort(id);
      if (jobs.size === 0) void end();
  }
});

/** Without its port and its instance nothing holds the thread, and it ends by itself. */
async function end(): Promise<void> {
  port.close();
  if (sharedInstance !== undefined) (await sharedInstance).closeSync();
}

function abort(id: number): void {
  const job = jobs.get(id);
  if (job === undefined) return;
  job.aborted = true;
  job.session?.abort();
}

async function answer(id: number, kind: JobKind, input: unknown): Promise<void> {
  const job: Job = { session: undefined, aborted: false };
  jobs.set(id, job);
  try {
    const runner = RUNNERS[kind] as (session: Session, input: unknown) => Promise<unknown>;
    const result = await withSession(id, kind, job, (session) => runner(session, input));
    post({ type: 'done', id, result });
  } catch (error) {
    post({ type: 'failed', id, failure: wireFailure(error) });
  } finally {
    jobs.delete(id);
    if (closing && jobs.size === 0) void end();
  }
}

/** A question of a user locks its instance down for good, so it gets one of its own; all other jobs share one. */
async function withSession<T>(
  id: number,
  kind: JobKind,
  job: Job,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const own = kind === 'query';
  const instance = own
    ? await openInstance({ ...settings, tempDir: join(settings.tempDir, `query-${id}`) })
    : await shared();
  const session = await openSession(instance);
  try {
    job.session = session;
    if (job.aborted) session.abort();
    return await work(session);
  } finally {
    session.close();
    if (own) instance.closeSync();
  }
}

function shared(): ReturnType<typeof openInstance> {
  sharedInstance ??= openInstance(settings);
  return sharedInstance;
}

function post(message: FromWorker): void {
  port.postMessage(message);
}

function wireFailure(thrown: unknown): WireFailure {
  const error = classify(thrown);
  const stack = error.stack === undefined ? {} : { stack: error.stack };
  if (error instanceof TransientError)
    return { kind: 'transient', code: error.code, message: error.message, ...stack };
  if (error instanceof TerminalError)
    return { kind: 'terminal', code: error.code, message: error.message, ...stack };
  return { kind: 'bug', code: 'failed', message: error.message, ...stack };
}
