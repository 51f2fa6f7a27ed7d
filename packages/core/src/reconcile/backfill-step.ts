import { parseSliceId } from '@lakewarden/contracts';
import { type ParkedWork, parkedBy } from '../lake/parked.ts';
import type { Backfill } from '../policy/control-state.ts';
import { batchesOf } from './batches.ts';
import { build, type Findings, type ReconcileRequest, type Work } from './build.ts';
import type { RunDeps } from './commit-run.ts';
import {
  type DatasetView,
  type GoldView,
  lookAtOne,
  readerOf,
  type SilverView,
  type SliceView,
} from './world.ts';

/** Runs of one slice that may fail before the backfill counts it as failed. */
export const BACKFILL_ATTEMPTS_MAX = 4;

export interface BackfillProgress {
  /** Slices with nothing left to do: made with the backfill's salt, pinned since, or taken over by another plan. */
  readonly built: number;
  readonly pending: number;
  /** Failed `BACKFILL_ATTEMPTS_MAX` times; `retry` wants them again. */
  readonly failed: number;
}

export interface BackfillStep extends BackfillProgress {
  readonly parked?: ParkedWork;
  /** False: nothing could be built now, so asking again at once is in vain. */
  readonly didWork: boolean;
  /** When a slice whose run failed is due again, if nothing else is left to do until then. */
  readonly nextAttemptMs?: number;
}

/**
 * The backfill lane: builds the next few pending slices of one running backfill, in slice order, and says how far it is.
 * Between two runs it stops when the backfill is paused or its dataset is stopped: a slice is built or it is not.
 * What went stale meanwhile is live work and is left to the live lane.
 *
 * @throws what a look at the lake throws, but for `parked`
 */
export async function backfillStep(
  deps: RunDeps,
  request: ReconcileRequest,
  backfill: Backfill,
  options: { readonly slicesMax: number },
  signal: AbortSignal,
): Promise<BackfillStep> {
  const findings: Findings = { failures: [], parked: [] };
  let view: SilverView | GoldView | undefined;
  let didWork = false;
  try {
    view = await lookAtBackfill(deps, request, backfill, signal);
    const due = pendingSlices(request, backfill, view).filter(({ wanted }) =>
      request.failures.isDue(backfill.dataset, wanted.slice, deps.clock.now()),
    );
    const work = workOf(deps, request, backfill, view, findings, signal);
    for (const batch of batchesOf(due.slice(0, options.slicesMax).map(({ wanted }) => wanted))) {
      if (!mayGoOn(request, backfill)) break;
      const slices = batch.map(({ slice }) => slice);
      if ((await build(deps, request, { ...work, slices }, signal)) === 'parked') break;
      didWork = true;
    }
    if (due.length > 0) view = await lookAtBackfill(deps, request, backfill, signal);
  } catch (error) {
    const dependency = parkedBy(error);
    if (dependency === undefined) throw error;
    findings.parked.push({ dataset: backfill.dataset, dependency });
  }
  const [parked] = findings.parked;
  return { ...stepOf(deps, request, backfill, view), didWork, ...(parked && { parked }) };
}

/** How far a backfill is, from a view that is there already. */
export function backfillProgress(
  request: Pick<ReconcileRequest, 'policy' | 'failures'>,
  backfill: Backfill,
  view: DatasetView | undefined,
): BackfillProgress {
  const slices = new Map(view?.slices.map((slice) => [slice.wanted.slice, slice]));
  const counts = { built: 0, pending: 0, failed: 0 };
  for (const id of backfill.slices) {
    const key = parseSliceId(id)?.key ?? '';
    const slice = slices.get(key);
    if (slice !== undefined && isDone(request, backfill, slice)) counts.built += 1;
    else if (attemptsOf(request, backfill, key) >= BACKFILL_ATTEMPTS_MAX) counts.failed += 1;
    else counts.pending += 1;
  }
  return counts;
}

function isDone(
  { policy }: Pick<ReconcileRequest, 'policy'>,
  { id, dataset }: Backfill,
  { wanted, recorded, status }: SliceView,
): boolean {
  if (status === 'held' || recorded?.fingerprint === wanted.fingerprint) return true;
  return policy().saltOf(dataset, wanted.slice)?.backfill !== id;
}

function attemptsOf(
  { failures }: Pick<ReconcileRequest, 'failures'>,
  { dataset }: Backfill,
  slice: string,
): number {
  return failures.of(dataset, slice)?.attempts ?? 0;
}

async function lookAtBackfill(
  deps: RunDeps,
  request: ReconcileRequest,
  { dataset }: Backfill,
  signal: AbortSignal,
): Promise<SilverView | GoldView> {
  const read = readerOf(deps.tables);
  const views = await lookAtOne(read, request.pipeline, dataset, signal, request.policy());
  return views.get(dataset) as SilverView | GoldView;
}

/** Slice keys sort in time order, and so do the slices of a view. */
function pendingSlices(
  request: ReconcileRequest,
  backfill: Backfill,
  view: DatasetView,
): readonly SliceView[] {
  const ids = new Set(backfill.slices);
  return view.slices.filter(
    (slice) =>
      ids.has(`${backfill.dataset}@${slice.wanted.slice}`) &&
      isPending(request, backfill, slice) &&
      attemptsOf(request, backfill, slice.wanted.slice) < BACKFILL_ATTEMPTS_MAX,
  );
}

function isPending({ policy }: ReconcileRequest, { id, dataset }: Backfill, slice: SliceView): boolean {
  return slice.status === 'backfill' && policy().saltOf(dataset, slice.wanted.slice)?.backfill === id;
}

function mayGoOn({ policy }: ReconcileRequest, { id, dataset }: Backfill): boolean {
  const now = policy();
  return now.isBackfillRunning(id) && now.stopOf(dataset) === undefined;
}

function workOf(
  deps: RunDeps,
  request: ReconcileRequest,
  backfill: Backfill,
  view: SilverView | GoldView,
  findings: Findings,
  signal: AbortSignal,
): Omit<Work, 'slices'> {
  return {
    step: view.step,
    look: () => lookAtBackfill(deps, request, backfill, signal),
    wants: (slice) => mayGoOn(request, backfill) && isPending(request, backfill, slice),
    backfill: backfill.id,
    findings,
  };
}

function stepOf(
  deps: RunDeps,
  request: ReconcileRequest,
  backfill: Backfill,
  view: SilverView | GoldView | undefined,
): BackfillProgress & Pick<BackfillStep, 'nextAttemptMs'> {
  const progress = backfillProgress(request, backfill, view);
  const pending = view === undefined ? [] : pendingSlices(request, backfill, view);
  const nextMs = pending.map(
    ({ wanted }) => request.failures.of(backfill.dataset, wanted.slice)?.nextAttemptMs ?? 0,
  );
  const next = Math.min(...nextMs);
  const isWaiting = nextMs.length > 0 && next > deps.clock.now();
  return { ...progress, ...(isWaiting && { nextAttemptMs: next }) };
}
