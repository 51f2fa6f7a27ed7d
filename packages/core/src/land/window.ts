import type { BatchLanded, BatchSource, BronzeDataset, LandingWriter } from '@lakewarden/compute';
import {
  decodeLandedTags,
  encodeLandedTags,
  type FailureCode,
  type LandedTags,
  sliceAt,
  TerminalError,
  TransientError,
} from '@lakewarden/contracts';
import { type CommitChange, filesOfSlice, type NewFile, type Snapshot } from '@lakewarden/delta';
import { type EmitFact, reasonOf } from '../facts.ts';
import { landedContent } from '../graph/landed-content.ts';
import { mapLimit } from '../lake/map-limit.ts';
import { parkedBy } from '../lake/parked.ts';
import { rootOf, type Tables } from '../lake/tables.ts';
import type { Clock, CopyRun, JobRunner, LakeFiles, Random } from '../ports.ts';

/**
 * Landing a batch window: one Data Factory run, followed to its end; what arrived is checked, then committed with its
 * `txn lw/batch/<source>/<window>` = attempt. That txn is the only memory of what has landed (I3, I20).
 */
const ATTEMPTS_MAX = 4;
const RETRY_FIRST_MS = 250;
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
  /** The attempt that is wanted at least (from 1): one that landed with an earlier one is copied again. */
  readonly attempt?: number;
}

export type WindowResult =
  /** `changed`: false when a rerun brought the rows that were there already. */
  | { readonly kind: 'landed'; readonly rows: number; readonly attempt: number; readonly changed: boolean }
  | { readonly kind: 'present' }
  /** `code`: `zero-rows` when it brought nothing although rows are expected. */
  | { readonly kind: 'failed'; readonly reason: string; readonly code: FailureCode | undefined }
  | { readonly kind: 'fenced' }
  | { readonly kind: 'parked'; readonly dependency: string };

/** The last window that has closed: windows are half-open and named by their start. */
export function lastClosedWindow(source: BatchSource, nowMs: number): string {
  const start = Math.floor(nowMs / source.everyMs) * source.everyMs - source.everyMs;
  return sliceAt('day', start);
}

export function windowAppId(source: BatchSource, window: string): string {
  return `lw/batch/${source.name}/${window}`;
}

/**
 * Lands a window that has not landed yet, or not with the attempt that is wanted. A new attempt replaces the window's
 * slice; when it brings the same rows only the `txn` moves, and nothing that reads them goes stale.
 */
export async function landWindow(
  deps: WindowDeps,
  request: WindowRequest,
  signal: AbortSignal,
): Promise<WindowResult> {
  const { source, window } = request;
  let attempt = request.attempt ?? 1;
  let failure: { reason: string; code: FailureCode | undefined } = { reason: 'never tried', code: undefined };
  for (let tries = 1; tries <= ATTEMPTS_MAX; tries++) {
    try {
      const base = await deps.tables.refresh(rootOf(request.dataset.name), signal);
      const landed = base?.txns.get(windowAppId(source, window));
      if (landed !== undefined && landed >= BigInt(request.attempt ?? 1)) return { kind: 'present' };
      const outcome = await attemptWindow(deps, request, attempt, signal);
      if (outcome.kind !== 'conflict') return outcome;
      failure = { reason: 'somebody else landed into the table at the same time', code: undefined };
    } catch (error) {
      signal.throwIfAborted();
      const dependency = parkedBy(error);
      if (dependency !== undefined) {
        deps.emit({ type: 'LandingParked', source: source.name, dependency });
        return { kind: 'parked', dependency };
      }
      failure = { reason: reasonOf(error), code: codeOf(error) };
      deps.emit({ type: 'WindowFailed', source: source.name, window, attempt, reason: failure.reason });
      if (!(error instanceof TerminalError)) {
        if (tries < ATTEMPTS_MAX) await deps.clock.sleep(RETRY_FIRST_MS * 2 ** tries, signal);
        continue;
      }
      if (error.code !== 'failed') break;
      // Its run has failed, so it needs another one; after a lost answer the same run is found again (I20).
      if (tries < ATTEMPTS_MAX) attempt += 1;
    }
  }
  return { kind: 'failed', ...failure };
}

function codeOf(error: unknown): FailureCode | undefined {
  return error instanceof TerminalError || error instanceof TransientError ? error.code : undefined;
}

async function attemptWindow(
  deps: WindowDeps,
  request: WindowRequest,
  attempt: number,
  signal: AbortSignal,
): Promise<Extract<WindowResult, { kind: 'landed' | 'fenced' }> | { kind: 'conflict' }> {
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
    return await commitWindow(deps, request, attempt, run.runId, landed, signal);
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
  /** Of Data Factory: it stands in the tags of the files, so that a row can be traced to it. */
  run: string,
  landed: BatchLanded,
  signal: AbortSignal,
): Promise<Extract<WindowResult, { kind: 'landed' | 'fenced' }> | { kind: 'conflict' }> {
  const root = rootOf(dataset.name);
  const base = await deps.tables.refresh(root, signal);
  const appId = windowAppId(source, window);
  const from = base?.txns.get(appId);
  // Somebody else landed it while ours was copied: the next look finds it there.
  if (from !== undefined && from >= BigInt(attempt)) return { kind: 'conflict' };
  const changed = from === undefined || !isSame(base, window, landed);
  if (changed) {
    await mapLimit(landed.files, STORE_CONCURRENCY, (file) =>
      deps.files.store(file.localPath, `${root}/${file.name}`, signal),
    );
  }
  const outcome = await deps.tables.commit(
    {
      root,
      table: { name: dataset.name, columns: dataset.columns },
      base,
      change: changeOf(window, from, changed ? newFiles(landed, run) : [], changed),
      txns: [{ appId, from, to: BigInt(attempt) }],
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
      return { kind: 'landed', rows: landed.rows, attempt, changed };
    }
    case 'fenced':
      return { kind: 'fenced' };
    case 'conflict':
      return { kind: 'conflict' };
  }
}

function newFiles(landed: BatchLanded, run: string): readonly NewFile[] {
  return landed.files.map((file) => {
    const tags = encodeLandedTags({ run, digest: file.digest, touches: file.touches });
    return { path: file.name, slice: file.slice, bytes: file.bytes, stats: file.stats, tags };
  });
}

/** A first attempt adds its files; a later one replaces what the earlier one brought, or moves the `txn` alone. */
function changeOf(
  window: string,
  from: bigint | undefined,
  files: readonly NewFile[],
  changed: boolean,
): CommitChange {
  if (from === undefined || !changed) return { kind: 'append', files };
  return { kind: 'overwrite', slices: [window], files };
}

/** The same rows, for whoever reads them: equal digests as a whole and by the slices that they touch. */
function isSame(base: Snapshot | undefined, window: string, landed: BatchLanded): boolean {
  const recorded =
    base === undefined ? [] : filesOfSlice(base, window).map((file) => decodeLandedTags(file.tags));
  if (recorded.includes(undefined)) return false;
  return landedContent(recorded as readonly LandedTags[]) === landedContent(landed.files);
}
