import type { BatchSource, BronzeDataset, HubSource, Pipeline } from '@lakewarden/compute';
import { TerminalError } from '@lakewarden/contracts';
import { reasonOf } from './facts.ts';
import { type DrainDeps, drainHub, hubName } from './land/drain.ts';
import { landWindow, type WindowDeps } from './land/window.ts';
import type { RunDeps } from './reconcile/commit-run.ts';
import { type ReconcileResult, reconcileAll, type SliceFailure } from './reconcile/reconcile.ts';

/**
 * One tick: land what has arrived, then bring every wanted slice to fresh. A source that fails does not stop the
 * others, and what did land is built.
 */
export type TickDeps = DrainDeps & WindowDeps & RunDeps;

export interface TickRequest {
  readonly pipeline: Pipeline;
  readonly epoch: bigint;
  /** Slice key of the window that a batch source should have landed by now. */
  readonly windowOf: (source: BatchSource) => string;
}

export interface TickResult extends ReconcileResult {
  readonly durationsMs: { readonly land: number; readonly build: number };
}

/** I8: attempts of one drain, over transient failures and lost races together. */
const DRAIN_ATTEMPTS_MAX = 4;
const DRAIN_RETRY_FIRST_MS = 250;

export async function tick(deps: TickDeps, request: TickRequest, signal: AbortSignal): Promise<TickResult> {
  const startedMs = deps.clock.now();
  const landFailures = await landAll(deps, request, signal);
  const landedMs = deps.clock.now();
  const built = await reconcileAll(deps, request, signal);
  return {
    views: built.views,
    failures: [...landFailures, ...built.failures],
    durationsMs: { land: landedMs - startedMs, build: deps.clock.now() - landedMs },
  };
}

async function landAll(
  deps: TickDeps,
  request: TickRequest,
  signal: AbortSignal,
): Promise<readonly SliceFailure[]> {
  const failures: SliceFailure[] = [];
  const bronze = request.pipeline.datasets.filter((dataset) => dataset.layer === 'bronze');
  const hubs = async () => {
    // One hub after the other: a drain already uses all partitions and the whole engine.
    for (const dataset of bronze) {
      if (dataset.source.kind !== 'event-hub') continue;
      failures.push(...(await drainToLast(deps, dataset, dataset.source, request.epoch, signal)));
    }
  };
  const windows = async () => {
    for (const dataset of bronze) {
      if (dataset.source.kind !== 'data-factory') continue;
      failures.push(...(await landLatest(deps, request, dataset, dataset.source, signal)));
    }
  };
  const ended = await Promise.allSettled([hubs(), windows()]);
  for (const part of ended) if (part.status === 'rejected') throw part.reason;
  return failures;
}

async function drainToLast(
  deps: TickDeps,
  dataset: BronzeDataset,
  source: HubSource,
  epoch: bigint,
  signal: AbortSignal,
): Promise<readonly SliceFailure[]> {
  let reason = 'somebody else keeps draining this hub';
  for (let attempt = 1; attempt <= DRAIN_ATTEMPTS_MAX; attempt++) {
    try {
      const outcome = await drainHub(deps, { dataset, source, epoch }, signal);
      if (outcome.kind === 'drained') return [];
      if (outcome.kind === 'lost') {
        reason = `another reader took partitions ${outcome.partitions.join(', ')}`;
        break;
      }
    } catch (error) {
      signal.throwIfAborted();
      reason = reasonOf(error);
      if (error instanceof TerminalError) break;
      await deps.clock.sleep(DRAIN_RETRY_FIRST_MS * 2 ** attempt, signal);
    }
  }
  deps.emit({ type: 'HubFailed', hub: hubName(source), reason });
  return [{ dataset: dataset.name, slice: 'open', reason: `hub ${hubName(source)}: ${reason}` }];
}

async function landLatest(
  deps: TickDeps,
  request: TickRequest,
  dataset: BronzeDataset,
  source: BatchSource,
  signal: AbortSignal,
): Promise<readonly SliceFailure[]> {
  const window = request.windowOf(source);
  const outcome = await landWindow(deps, { dataset, source, window, epoch: request.epoch }, signal);
  if (outcome.kind === 'landed' || outcome.kind === 'present') return [];
  const reason = outcome.kind === 'failed' ? outcome.reason : 'a newer agent lands this source';
  return [{ dataset: dataset.name, slice: window, reason: `source ${source.name}: ${reason}` }];
}
