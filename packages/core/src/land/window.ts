import type { BatchLanded, BatchSource, BronzeDataset, LandingWriter } from '@lakewarden/compute';
import { encodeLandedTags, sliceAt, TerminalError } from '@lakewarden/contracts';
import type { NewFile } from '@lakewarden/delta';
import { type EmitFact, reasonOf } from '../facts.ts';
import { mapLimit } from '../lake/map-limit.ts';
import { rootOf, type Tables } from '../lake/tables.ts';
import type { Clock, CopyRun, JobRunner, LakeFiles, Random } from '../ports.ts';

/**
 * Landing a batch window: one Data Factory run, followed to its end; what arrived is checked, then committed with its
 * `txn lw/batch/<source>/<window>` = attempt. That txn is the only memory of what has landed (I3, I20).
 */
const ATTEMPTS_MAX = 4;
const POLL_FIRST_MS = 100;
const POLL_MAX_MS = 10_000;
/** A copy that has not ended by then is cancelled and the attempt has failed. */
const RUN_AGE_MS_MAX = 2 * 60 * 60 * 1000;
const STORE_CONCURRENCY = 8;

export interface WindowDeps {
  readonly tables: Tables;
  readonly jobs: JobRunner;
  readonly landing: LandingWriter;
  readonly files: LakeFiles;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: EmitFact;
}

export interface WindowRequest {
  readonly dataset: BronzeDataset;
  readonly source: BatchSource;
  /** Slice key of the window's start. */
  readonly window: string;
  readonly epoch: bigint;
}

export type WindowOutcome =
  | { readonly kind: 'landed'; readonly rows: number }
  | { readonly kind: 'present' }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'fenced' };

/** The last window that has closed: windows are half-open and named by their start. */
export function lastClosedWindow(source: BatchSource, nowMs: number): string {
  const start = Math.floor(nowMs / source.everyMs) * source.everyMs - source.everyMs;
  return sliceAt('day', start);
}

export function windowAppId(source: BatchSource, window: string): string {
  return `lw/batch/${source.name}/${window}`;
}

export async function landWindow(
  deps: WindowDeps,
  request: WindowRequest,
  signal: AbortSignal,
): Promise<WindowOutcome> {
  const { source, window } = request;
  let reason = 'never tried';
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const base = await deps.tables.refresh(rootOf(request.dataset.name), signal);
    if (base?.txns.has(windowAppId(source, window))) return { kind: 'present' };
    try {
      const outcome = await attemptWindow(deps, request, attempt, signal);
      if (outcome.kind !== 'conflict') return outcome;
      reason = 'somebody else landed into the table at the same time';
    } catch (error) {
      signal.throwIfAborted();
      reason = reasonOf(error);
      deps.emit({ type: 'WindowFailed', source: source.name, window, attempt, reason });
      if (error instanceof TerminalError && error.code !== 'failed') break;
    }
  }
  return { kind: 'failed', reason };
}

async function attemptWindow(
  deps: WindowDeps,
  request: WindowRequest,
  attempt: number,
  signal: AbortSignal,
): Promise<Exclude<WindowOutcome, { kind: 'failed' | 'present' }> | { kind: 'conflict' }> {
  const { source, window, dataset } = request;
  const output = `landing/${source.name}/${window}/${attempt}-${deps.random.uuid()}`;
  const run = await deps.jobs.submit({ source, window, attempt, output }, signal);
  deps.emit({ type: 'WindowStarted', source: source.name, window, attempt, runId: run.runId });
  const rowsCopied = await followToEnd(deps, source, run, signal);
  const scratch = await deps.files.scratch();
  try {
    const arrived = await deps.files.list(run.output, signal);
    const files = await mapLimit(arrived, STORE_CONCURRENCY, async ({ path, bytes }) => ({
      localPath: await deps.files.fetch(path, bytes, signal),
      // Below the run's folder, so that a row's coordinates are the same whichever attempt brought it.
      name: path.slice(run.output.length + 1),
    }));
    const landed = await deps.landing.writeBatch({ dataset, window, files, outDir: scratch.dir }, signal);
    checkArrival(source, landed, rowsCopied);
    return await commitWindow(deps, request, attempt, landed, signal);
  } finally {
    await scratch.release();
  }
}

async function followToEnd(
  deps: WindowDeps,
  source: BatchSource,
  run: CopyRun,
  signal: AbortSignal,
): Promise<number | undefined> {
  const deadlineMs = deps.clock.now() + RUN_AGE_MS_MAX;
  for (let waitMs = POLL_FIRST_MS; ; waitMs = Math.min(waitMs * 2, POLL_MAX_MS)) {
    const state = await deps.jobs.poll(source, run.runId, signal);
    if (state.kind === 'succeeded') return state.rowsCopied;
    if (state.kind === 'failed') {
      throw new TerminalError(
        'failed',
        `Data Factory run ${run.runId} of ${source.pipeline}: ${state.reason}`,
      );
    }
    if (deps.clock.now() >= deadlineMs) {
      await deps.jobs.cancel(source, run.runId, signal);
      throw new TerminalError(
        'failed',
        `Data Factory run ${run.runId} of ${source.pipeline} did not end in 2 h`,
      );
    }
    await deps.clock.sleep(waitMs, signal);
  }
}

function checkArrival(source: BatchSource, landed: BatchLanded, rowsCopied: number | undefined): void {
  if (landed.rows === 0 && !source.allowEmpty) {
    throw new TerminalError(
      'zero-rows',
      `${source.name} brought 0 rows. If that is right for this source, set allowEmpty: true in the pipeline file.`,
    );
  }
  if (rowsCopied !== undefined && landed.rows < rowsCopied) {
    throw new TerminalError(
      'unbalanced',
      `${source.name}: Data Factory copied ${rowsCopied} rows but only ${landed.rows} arrived`,
    );
  }
}

async function commitWindow(
  deps: WindowDeps,
  { dataset, source, window, epoch }: WindowRequest,
  attempt: number,
  landed: BatchLanded,
  signal: AbortSignal,
): Promise<{ kind: 'landed'; rows: number } | { kind: 'fenced' } | { kind: 'conflict' }> {
  const root = rootOf(dataset.name);
  const run = deps.random.uuid();
  await mapLimit(landed.files, STORE_CONCURRENCY, (file) =>
    deps.files.store(file.localPath, `${root}/${file.name}`, signal),
  );
  const files = landed.files.map((file): NewFile => {
    const tags = encodeLandedTags({ run, digest: file.digest, touches: file.touches });
    return { path: file.name, slice: file.slice, bytes: file.bytes, stats: file.stats, tags };
  });
  const outcome = await deps.tables.commit(
    {
      root,
      table: { name: dataset.name, columns: dataset.columns },
      base: await deps.tables.refresh(root, signal),
      change: { kind: 'append', files },
      txns: [{ appId: windowAppId(source, window), from: undefined, to: BigInt(attempt) }],
      fences: [{ scope: `batch/${source.name}`, epoch }],
      operation: 'WRITE',
      commitId: deps.random.uuid(),
      run,
    },
    signal,
  );
  switch (outcome.kind) {
    case 'committed': {
      const { version } = outcome.snapshot;
      deps.emit({ type: 'WindowLanded', source: source.name, window, rows: landed.rows, version });
      return { kind: 'landed', rows: landed.rows };
    }
    case 'fenced':
      return { kind: 'fenced' };
    case 'conflict':
      return { kind: 'conflict' };
  }
}
