import type { GoldDataset, Pipeline, SilverDataset } from '@lakewarden/compute';
import { type DatasetName, TerminalError, unreachable } from '@lakewarden/contracts';
import { reasonOf } from '../facts.ts';
import type { WantedSlice } from '../graph/wanted.ts';
import type { RunDeps, RunOutcome } from './commit-run.ts';
import { createGate } from './gate.ts';
import { runClean, runGold } from './run.ts';
import {
  type DatasetView,
  type GoldView,
  lookAtGold,
  lookAtSilver,
  type ReadTable,
  readerOf,
  type SilverView,
} from './world.ts';

/**
 * Brings every wanted slice to fresh. The world is read again before each dataset; a run returns an outcome, and the one
 * `switch` below owns what happens next. A dataset starts when its inputs are done, so one pass is enough unless somebody
 * else commits meanwhile.
 *
 * - C1 (I8) An operation is tried at most `ATTEMPTS_MAX` times; a failed run splits its set and each half is a new one.
 * - C2 (I9) Every wanted slice ends fresh or with a reason.
 */
const ATTEMPTS_MAX = 4;
const RETRY_FIRST_MS = 200;
/** Input rows of one run: bounds the engine's memory, whatever the history (I15). */
export const RUN_ROWS_MAX = 2_000_000;

export interface ReconcileRequest {
  readonly pipeline: Pipeline;
  readonly epoch: bigint;
}

export interface SliceFailure {
  readonly dataset: DatasetName;
  readonly slice: string;
  readonly reason: string;
}

export interface ReconcileResult {
  readonly views: ReadonlyMap<DatasetName, DatasetView>;
  readonly failures: readonly SliceFailure[];
}

/**
 * Datasets in progress at a time: while one is stored and committed, others compute. The engine bounds its own jobs; this
 * bounds files in scratch and requests in flight (I15).
 */
const DATASETS_ACTIVE_MAX = 3;

export async function reconcileAll(
  deps: RunDeps,
  request: ReconcileRequest,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const views = new Map<DatasetName, DatasetView>();
  const failures: SliceFailure[] = [];
  const gate = createGate(DATASETS_ACTIVE_MAX);
  const started = new Map<DatasetName, Promise<void>>();
  const start = (
    step: SilverDataset | GoldDataset,
    after: readonly (Promise<void> | undefined)[],
    look: Look,
  ) => {
    const work = async () => {
      await Promise.all(after);
      const build = () => reconcileDataset(deps, step, request.epoch, look, failures, signal);
      views.set(step.name, await gate(build));
    };
    started.set(step.name, work());
  };
  const read = readerOf(deps.tables);
  for (const { step, look } of await largestFirst(read, request.pipeline, signal)) start(step, [], look);
  for (const step of request.pipeline.datasets) {
    if (step.layer !== 'gold') continue;
    const inputs = step.inputs.map(({ dataset }) => started.get(dataset.name));
    start(step, inputs, () => lookAtGold(read, step, views, signal));
  }
  for (const ended of await Promise.allSettled(started.values())) {
    if (ended.status === 'rejected') throw ended.reason;
  }
  const steps = request.pipeline.datasets.filter((step) => step.layer !== 'bronze');
  return { views: new Map(steps.map((step) => [step.name, views.get(step.name) as DatasetView])), failures };
}

type Look = () => Promise<SilverView | GoldView>;

/**
 * Silver datasets, those with most to do first: they are what the longest way to gold waits for. The look that this took
 * serves as the first one of the dataset, too.
 */
async function largestFirst(
  read: ReadTable,
  pipeline: Pipeline,
  signal: AbortSignal,
): Promise<readonly { readonly step: SilverDataset; readonly look: Look }[]> {
  const steps = pipeline.datasets.filter((step) => step.layer === 'silver');
  const seen = await Promise.all(steps.map((step) => lookAtSilver(read, step, signal)));
  const works = seen.map((view) => {
    let first: SilverView | undefined = view;
    const look = async () => {
      const now = first ?? (await lookAtSilver(read, view.step, signal));
      first = undefined;
      return now;
    };
    const stale = view.slices.filter((slice) => !slice.fresh);
    return { step: view.step, look, rows: inputRows(stale.map((slice) => slice.wanted)) };
  });
  return works.sort((a, b) => b.rows - a.rows);
}

function inputRows(slices: readonly WantedSlice[]): number {
  return slices.reduce(
    (sum, wanted) => sum + wanted.inputs.reduce((n, input) => n + input.digest.rows, 0),
    0,
  );
}

async function reconcileDataset(
  deps: RunDeps,
  step: SilverDataset | GoldDataset,
  epoch: bigint,
  look: Look,
  failures: SliceFailure[],
  signal: AbortSignal,
): Promise<DatasetView> {
  const view = await look();
  const stale = view.slices
    .filter((slice) => !slice.fresh && slice.wanted.ready)
    .map((slice) => slice.wanted);
  if (stale.length === 0) return view;
  for (const slices of batchesOf(stale))
    await build(deps, { step, slices, epoch, look, failures }, signal, view);
  return look();
}

/** Sets of slices whose input rows together stay below the bound of one run; a single slice may exceed it. */
export function batchesOf(stale: readonly WantedSlice[]): readonly (readonly WantedSlice[])[] {
  const batches: WantedSlice[][] = [];
  let rows = Number.POSITIVE_INFINITY;
  for (const wanted of stale) {
    const own = inputRows([wanted]);
    if (rows + own > RUN_ROWS_MAX) {
      batches.push([]);
      rows = 0;
    }
    batches.at(-1)?.push(wanted);
    rows += own;
  }
  return batches;
}

interface Build {
  readonly step: SilverDataset | GoldDataset;
  readonly slices: readonly WantedSlice[];
  readonly epoch: bigint;
  readonly look: Look;
  readonly failures: SliceFailure[];
}

/** `seen`: a look so fresh that the first attempt need not look again; a commit checks what it is based on anyway. */
async function build(
  deps: RunDeps,
  work: Build,
  signal: AbortSignal,
  seen?: SilverView | GoldView,
): Promise<void> {
  let reason = '';
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const { step, epoch } = work;
    const view = attempt === 1 && seen !== undefined ? seen : await work.look();
    const names = new Set(work.slices.map((wanted) => wanted.slice));
    const slices = view.slices
      .filter((s) => names.has(s.wanted.slice) && !s.fresh && s.wanted.ready)
      .map((s) => s.wanted);
    if (slices.length === 0) return;
    const run = deps.random.uuid();
    const rows = inputRows(slices);
    const keys = slices.map((wanted) => wanted.slice);
    deps.emit({ type: 'RunStarted', run, dataset: step.name, slices: slices.length, keys, rows });
    const outcome = await attempted(() => execute(deps, view, { run, slices, epoch }, signal), signal);
    switch (outcome.kind) {
      case 'committed':
        return;
      case 'conflict':
        reason = outcome.reason;
        deps.emit({ type: 'RunConflicted', run, dataset: step.name, reason });
        break;
      case 'fenced':
        giveUp(deps, work, run, 'a newer agent holds this dataset; this one stops writing it');
        return;
      case 'failed': {
        reason = outcome.reason;
        const retry = outcome.transient && attempt < ATTEMPTS_MAX;
        const next = retry ? 'retry' : slices.length > 1 ? 'split' : 'give-up';
        deps.emit({ type: 'RunFailed', run, dataset: step.name, slices: slices.length, reason, next });
        if (next === 'split') return split(deps, { ...work, slices }, signal);
        if (next === 'give-up') return fail(work, reason);
        await deps.clock.sleep(outcome.retryAfterMs ?? RETRY_FIRST_MS * 2 ** attempt, signal);
        break;
      }
      default:
        unreachable(outcome);
    }
  }
  fail(work, reason);
}

type Attempted =
  | RunOutcome
  | { kind: 'failed'; reason: string; transient: boolean; retryAfterMs: number | undefined };

async function attempted(run: () => Promise<RunOutcome>, signal: AbortSignal): Promise<Attempted> {
  try {
    return await run();
  } catch (error) {
    signal.throwIfAborted();
    const retryAfterMs = (error as { retryAfterMs?: number }).retryAfterMs;
    return {
      kind: 'failed',
      reason: reasonOf(error),
      transient: !(error instanceof TerminalError),
      retryAfterMs,
    };
  }
}

function execute(
  deps: RunDeps,
  view: SilverView | GoldView,
  run: { run: string; slices: readonly WantedSlice[]; epoch: bigint },
  signal: AbortSignal,
): Promise<RunOutcome> {
  if (!('bronze' in view))
    return runGold(deps, { ...run, step: view.step, tables: view.tables, sources: view.sources }, signal);
  if (view.bronze === undefined) throw new Error(`${view.step.name} is wanted but its bronze table is gone`);
  const { step, tables, bronze, landed } = view;
  return runClean(deps, { ...run, step, tables, bronze, landed }, signal);
}

async function split(deps: RunDeps, work: Build, signal: AbortSignal): Promise<void> {
  const middle = Math.ceil(work.slices.length / 2);
  await build(deps, { ...work, slices: work.slices.slice(0, middle) }, signal);
  await build(deps, { ...work, slices: work.slices.slice(middle) }, signal);
}

function fail(work: Build, reason: string): void {
  for (const { slice } of work.slices) work.failures.push({ dataset: work.step.name, slice, reason });
}

function giveUp(deps: RunDeps, work: Build, run: string, reason: string): void {
  deps.emit({
    type: 'RunFailed',
    run,
    dataset: work.step.name,
    slices: work.slices.length,
    reason,
    next: 'give-up',
  });
  fail(work, reason);
}
