import type { GoldDataset, Pipeline, SilverDataset } from '@lakewarden/compute';
import { type DatasetName, TerminalError, unreachable } from '@lakewarden/contracts';
import { reasonOf } from '../facts.ts';
import type { WantedSlice } from '../graph/wanted.ts';
import { type ParkedWork, parkedBy } from '../lake/parked.ts';
import type { Policy } from '../policy/policy.ts';
import type { ActiveRuns } from './active-runs.ts';
import { inputRows } from './batches.ts';
import type { RunDeps, RunOutcome } from './commit-run.ts';
import type { FailureMemory } from './failures.ts';
import { runClean, runGold } from './run.ts';
import type { GoldView, SilverView, SliceView } from './world.ts';

/**
 * Builds a set of slices of one dataset, in either lane. A run returns an outcome, and the one `switch` below owns what
 * happens next.
 *
 * - C1 (I8) An operation is tried at most `ATTEMPTS_MAX` times; a failed run splits its set and each half is a new one.
 * - C2 (I9) Every slice ends built, parked, stopped by somebody, or failed with a reason and a next attempt.
 * - C3 Its slices are claimed first: no slice is built by two runs at a time.
 */
const ATTEMPTS_MAX = 4;
const RETRY_FIRST_MS = 200;

/** What a pass works with. The functions are asked again on every look: their answers may change meanwhile. */
export interface ReconcileRequest {
  readonly pipeline: Pipeline;
  /** Fencing epoch of our commits; it may rise while a run is under way (a freeze or a pin fences what runs). */
  readonly epoch: () => bigint;
  readonly policy: () => Policy;
  readonly failures: FailureMemory;
  /** One for all lanes of the agent. */
  readonly active: ActiveRuns;
}

export interface SliceFailure {
  readonly dataset: DatasetName;
  readonly slice: string;
  readonly reason: string;
}

/** What a pass collects on its way. */
export interface Findings {
  readonly failures: SliceFailure[];
  readonly parked: ParkedWork[];
}

export type Look = () => Promise<SilverView | GoldView>;

export interface Work {
  readonly step: SilverDataset | GoldDataset;
  readonly slices: readonly string[];
  readonly look: Look;
  /** Which of the slices are to be built, as they are found now. */
  readonly wants: (slice: SliceView) => boolean;
  /** Whose lane it is; absent: live. */
  readonly backfill?: string;
  readonly findings: Findings;
}

/** `seen`: a look so fresh that the first attempt need not look again; a commit checks what it is based on anyway. */
export async function build(
  deps: RunDeps,
  request: ReconcileRequest,
  work: Work,
  signal: AbortSignal,
  seen?: SilverView | GoldView,
): Promise<'done' | 'parked'> {
  let last: { readonly slices: Keys; readonly reason: string } | undefined;
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const ended = await attemptOnce(deps, request, work, attempt, signal, attempt === 1 ? seen : undefined);
    switch (ended.next) {
      case 'done':
      case 'parked':
        return ended.next;
      case 'look-again':
        last = ended;
        break;
      case 'wait':
        last = ended;
        await deps.clock.sleep(ended.waitMs, signal);
        break;
      case 'split':
        return split(deps, request, { ...work, slices: ended.slices }, signal);
      case 'fail':
        fail(deps, request, work, ended.slices, ended.reason);
        return 'done';
      default:
        unreachable(ended);
    }
  }
  if (last !== undefined) fail(deps, request, work, last.slices, last.reason);
  return 'done';
}

type Ended =
  | { readonly next: 'done' | 'parked' }
  | { readonly next: 'look-again' | 'split' | 'fail'; readonly slices: Keys; readonly reason: string }
  | { readonly next: 'wait'; readonly slices: Keys; readonly reason: string; readonly waitMs: number };
type Keys = readonly string[];

async function attemptOnce(
  deps: RunDeps,
  request: ReconcileRequest,
  work: Work,
  attempt: number,
  signal: AbortSignal,
  seen: SilverView | GoldView | undefined,
): Promise<Ended> {
  const claim = await request.active.claim(work.step.name, work.slices, signal);
  try {
    const view = seen !== undefined && !claim.hasWaited ? seen : await work.look();
    const names = new Set(work.slices);
    const slices = view.slices
      .filter((slice) => names.has(slice.wanted.slice) && work.wants(slice))
      .map((slice) => slice.wanted);
    if (slices.length === 0) return { next: 'done' };
    const run = deps.random.uuid();
    const job = { run, slices, epoch: request.epoch(), stopped: () => whyStopped(request, work, slices) };
    announce(deps, work, job);
    const runSignal = AbortSignal.any([signal, claim.begin(run)]);
    const outcome = await attempted(() => execute(deps, view, job, runSignal), signal, runSignal);
    return next(deps, request, work, { ...job, attempt }, outcome);
  } catch (error) {
    const dependency = parkedBy(error);
    if (dependency === undefined) throw error;
    work.findings.parked.push({ dataset: work.step.name, dependency });
    return { next: 'parked' };
  } finally {
    claim.release();
  }
}

interface Job {
  readonly run: string;
  readonly slices: readonly WantedSlice[];
  readonly epoch: bigint;
  readonly stopped: () => string | undefined;
}

function announce(deps: RunDeps, { step, backfill }: Work, { run, slices }: Job): void {
  deps.emit({
    type: 'RunStarted',
    run,
    dataset: step.name,
    slices: slices.length,
    keys: slices.map((wanted) => wanted.slice),
    rows: inputRows(slices),
    ...(backfill !== undefined && { backfill }),
  });
}

/** Frozen: no run may commit. Paused: what runs may end. Pinned: the slice stays what it is. */
function whyStopped(
  request: ReconcileRequest,
  { step }: Work,
  slices: readonly WantedSlice[],
): string | undefined {
  const policy = request.policy();
  const stop = policy.stopOf(step.name);
  if (stop?.kind === 'frozen') return `${stop.stop.target} was frozen: ${stop.stop.reason}`;
  const pinned = slices.find(({ slice }) => policy.pinOf(step.name, slice) !== undefined);
  return pinned && `${step.name}@${pinned.slice} was pinned`;
}

/** Emits what happened and says what follows from it. */
function next(
  deps: RunDeps,
  request: ReconcileRequest,
  { step, findings }: Work,
  { run, slices: wanted, epoch, attempt }: Job & { readonly attempt: number },
  outcome: Attempted,
): Ended {
  const dataset = step.name;
  const slices = wanted.map(({ slice }) => slice);
  const failed = (reason: string, then: 'retry' | 'split' | 'give-up') =>
    deps.emit({ type: 'RunFailed', run, dataset, slices: slices.length, reason, next: then });
  switch (outcome.kind) {
    case 'committed':
      request.failures.succeeded(dataset, slices);
      return { next: 'done' };
    case 'conflict':
      deps.emit({ type: 'RunConflicted', run, dataset, reason: outcome.reason });
      return { next: 'look-again', slices, reason: outcome.reason };
    case 'fenced': {
      if (request.epoch() > epoch) {
        const reason = 'a fence of our own was raised while it ran';
        deps.emit({ type: 'RunConflicted', run, dataset, reason });
        return { next: 'look-again', slices, reason };
      }
      const reason = 'a newer agent holds this dataset; this one stops writing it';
      failed(reason, 'give-up');
      return { next: 'fail', slices, reason };
    }
    case 'stopped':
      deps.emit({ type: 'RunCancelled', run, dataset, slices: slices.length, reason: outcome.reason });
      return { next: 'look-again', slices, reason: outcome.reason };
    case 'cancelled':
      deps.emit({ type: 'RunCancelled', run, dataset, slices: slices.length, reason: 'by an operator' });
      return { next: 'fail', slices, reason: 'cancelled by an operator' };
    case 'parked':
      deps.emit({ type: 'RunParked', run, dataset, dependency: outcome.dependency });
      findings.parked.push({ dataset, dependency: outcome.dependency });
      return { next: 'parked' };
    case 'failed': {
      const { reason, transient, retryAfterMs } = outcome;
      const isRetried = transient && attempt < ATTEMPTS_MAX;
      const isSplit = !isRetried && slices.length > 1;
      failed(reason, isRetried ? 'retry' : isSplit ? 'split' : 'give-up');
      if (isRetried)
        return { next: 'wait', slices, reason, waitMs: retryAfterMs ?? RETRY_FIRST_MS * 2 ** attempt };
      return { next: isSplit ? 'split' : 'fail', slices, reason };
    }
    default:
      return unreachable(outcome);
  }
}

type Attempted =
  | RunOutcome
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'parked'; readonly dependency: string }
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly transient: boolean;
      readonly retryAfterMs: number | undefined;
    };

async function attempted(
  run: () => Promise<RunOutcome>,
  signal: AbortSignal,
  runSignal: AbortSignal,
): Promise<Attempted> {
  try {
    return await run();
  } catch (error) {
    signal.throwIfAborted();
    if (runSignal.aborted) return { kind: 'cancelled' };
    const dependency = parkedBy(error);
    if (dependency !== undefined) return { kind: 'parked', dependency };
    const retryAfterMs = (error as { retryAfterMs?: number }).retryAfterMs;
    const transient = !(error instanceof TerminalError);
    return { kind: 'failed', reason: reasonOf(error), transient, retryAfterMs };
  }
}

function execute(
  deps: RunDeps,
  view: SilverView | GoldView,
  job: Job,
  signal: AbortSignal,
): Promise<RunOutcome> {
  if (!('bronze' in view))
    return runGold(deps, { ...job, step: view.step, tables: view.tables, sources: view.sources }, signal);
  if (view.bronze === undefined) throw new Error(`${view.step.name} is wanted but its bronze table is gone`);
  const { step, tables, bronze, landed } = view;
  return runClean(deps, { ...job, step, tables, bronze, landed }, signal);
}

async function split(
  deps: RunDeps,
  request: ReconcileRequest,
  work: Work,
  signal: AbortSignal,
): Promise<'done' | 'parked'> {
  const middle = Math.ceil(work.slices.length / 2);
  for (const slices of [work.slices.slice(0, middle), work.slices.slice(middle)]) {
    if ((await build(deps, request, { ...work, slices }, signal)) === 'parked') return 'parked';
  }
  return 'done';
}

function fail(deps: RunDeps, request: ReconcileRequest, work: Work, slices: Keys, reason: string): void {
  for (const slice of slices) {
    const failure = { dataset: work.step.name, slice, reason };
    work.findings.failures.push(failure);
    request.failures.failed(failure, deps.clock.now());
  }
}
