import type { GoldDataset, SilverDataset } from '@lakewarden/compute';
import { type DatasetName, TransientError } from '@lakewarden/contracts';
import type { WantedSlice } from '../graph/wanted.ts';
import { type ParkedWork, parkedBy } from '../lake/parked.ts';
import { batchesOf, inputRows } from './batches.ts';
import { build, type Findings, type Look, type ReconcileRequest, type SliceFailure } from './build.ts';
import type { RunDeps } from './commit-run.ts';
import { createGate } from './gate.ts';
import {
  type DatasetView,
  type GoldView,
  lookAtGold,
  lookAtSilver,
  type ReadTable,
  readerOf,
  type SilverView,
  type SliceView,
} from './world.ts';

/**
 * The live lane: brings every wanted slice to fresh, as far as people let it. The world is read again before each dataset.
 * A dataset starts when its inputs are done, so one pass is enough unless somebody else commits meanwhile.
 */
export interface ReconcileResult {
  /** In the order of the pipeline. A dataset that could not be looked at, because storage is parked, is absent. */
  readonly views: ReadonlyMap<DatasetName, DatasetView>;
  /** Stale slices whose last run failed, in this pass or in one before when their next attempt lies ahead. */
  readonly failures: readonly SliceFailure[];
  /** Datasets whose work waits for a dependency; it has not failed. */
  readonly parked: readonly ParkedWork[];
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
  const findings: Findings = { failures: [], parked: [] };
  const gate = createGate(DATASETS_ACTIVE_MAX);
  const started = new Map<DatasetName, Promise<void>>();
  const start = (
    step: SilverDataset | GoldDataset,
    after: readonly (Promise<void> | undefined)[],
    look: Look,
  ) => {
    const work = async () => {
      await Promise.all(after);
      const view = await gate(() => reconcileDataset(deps, request, step, look, findings, signal));
      if (view !== undefined) views.set(step.name, view);
    };
    started.set(step.name, work());
  };
  const read = readerOf(deps.tables);
  for (const { step, look } of await largestFirst(read, request, signal)) start(step, [], look);
  for (const step of request.pipeline.datasets) {
    if (step.layer !== 'gold') continue;
    const inputs = step.inputs.map(({ dataset }) => started.get(dataset.name));
    start(step, inputs, async () => {
      requireViews(step, views, findings);
      return lookAtGold(read, step, views, signal, request.policy());
    });
  }
  for (const ended of await Promise.allSettled(started.values())) {
    if (ended.status === 'rejected') throw ended.reason;
  }
  const inOrder = request.pipeline.datasets.flatMap(({ name }) => {
    const view = views.get(name);
    return view === undefined ? [] : [[name, view] as const];
  });
  return { views: new Map(inOrder), ...findings };
}

/**
 * Silver datasets, those with most to do first: they are what the longest way to gold waits for. The look that this took
 * serves as the first one of the dataset, too.
 */
async function largestFirst(
  read: ReadTable,
  request: ReconcileRequest,
  signal: AbortSignal,
): Promise<readonly { readonly step: SilverDataset; readonly look: Look }[]> {
  const steps = request.pipeline.datasets.filter((step) => step.layer === 'silver');
  const works = steps.map(async (step) => {
    const lookNow = () => lookAtSilver(read, step, signal, request.policy());
    let first: SilverView | undefined = await unlessParked(lookNow);
    const rows = inputRows((first?.slices ?? []).filter(isStale).map((slice) => slice.wanted));
    const look = async () => {
      const now = first ?? (await lookNow());
      first = undefined;
      return now;
    };
    return { step, look, rows };
  });
  return (await Promise.all(works)).sort((a, b) => b.rows - a.rows);
}

async function unlessParked<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (parkedBy(error) === undefined) throw error;
    return undefined;
  }
}

function isStale(slice: SliceView): boolean {
  return slice.status === 'stale';
}

/** @throws TransientError `parked` when an input could not be looked at: its slices must not be taken for gone. */
function requireViews(
  step: GoldDataset,
  views: ReadonlyMap<DatasetName, DatasetView>,
  { parked }: Findings,
): void {
  const missing = step.inputs.find(({ dataset }) => !views.has(dataset.name))?.dataset.name;
  if (missing === undefined) return;
  const dependency = parked.find(({ dataset }) => dataset === missing)?.dependency ?? 'unknown';
  throw new TransientError('parked', `${missing} could not be looked at`, { dependency });
}

async function reconcileDataset(
  deps: RunDeps,
  request: ReconcileRequest,
  step: SilverDataset | GoldDataset,
  look: Look,
  findings: Findings,
  signal: AbortSignal,
): Promise<DatasetView | undefined> {
  let view: DatasetView | undefined;
  try {
    let seen: SilverView | GoldView | undefined = await look();
    view = seen;
    const due = dueSlices(deps, request, seen);
    const work = { step, look, wants: isStale, findings };
    for (const batch of batchesOf(due)) {
      const slices = batch.map((wanted) => wanted.slice);
      if ((await build(deps, request, { ...work, slices }, signal, seen)) === 'parked') break;
      seen = undefined;
    }
    if (due.length > 0) view = await look();
  } catch (error) {
    const dependency = parkedBy(error);
    if (dependency === undefined) throw error;
    findings.parked.push({ dataset: step.name, dependency });
  }
  if (view !== undefined) tidyFailures(request, view, findings);
  return view;
}

/** Stale slices but those whose last run failed and whose next attempt lies ahead. */
function dueSlices(deps: RunDeps, request: ReconcileRequest, view: DatasetView): readonly WantedSlice[] {
  const nowMs = deps.clock.now();
  return view.slices
    .filter(isStale)
    .map((slice) => slice.wanted)
    .filter(({ slice }) => request.failures.isDue(view.step.name, slice, nowMs));
}

/** Forgets failures that are over and reports those that were not tried again in this pass. */
function tidyFailures({ failures }: ReconcileRequest, { step, slices }: DatasetView, found: Findings): void {
  const unbuilt = slices.filter(({ status }) => status !== 'fresh' && status !== 'held');
  failures.keepOnly(step.name, new Set(unbuilt.map((slice) => slice.wanted.slice)));
  const told = new Set(found.failures.filter((f) => f.dataset === step.name).map((f) => f.slice));
  for (const { wanted, fresh } of unbuilt) {
    const failure = fresh || told.has(wanted.slice) ? undefined : failures.of(step.name, wanted.slice);
    if (failure !== undefined)
      found.failures.push({ dataset: step.name, slice: wanted.slice, reason: failure.reason });
  }
}
