import type { BatchSource, BronzeDataset, HubSource } from '@lakewarden/compute';
import type { DatasetName } from '@lakewarden/contracts';
import { type DrainDeps, hubName } from './land/drain.ts';
import { drainSource } from './land/drain-source.ts';
import { landWindow, type WindowDeps } from './land/window.ts';
import type { ReconcileRequest, SliceFailure } from './reconcile/build.ts';
import type { RunDeps } from './reconcile/commit-run.ts';
import { type ReconcileResult, reconcileAll } from './reconcile/reconcile.ts';

/**
 * One tick: land what has arrived, then bring every wanted slice to fresh. A source that fails does not stop the
 * others, and what did land is built. A standing agent does the same in loops of its own, from `drainSource`,
 * `landWindow` and `reconcileAll`.
 */
export type TickDeps = DrainDeps & WindowDeps & RunDeps;

export interface TickRequest extends ReconcileRequest {
  /** Slice key of the window that a batch source should have landed by now. */
  readonly windowOf: (source: BatchSource) => string;
}

/** Nobody comes back to what a tick leaves, so parked work is among its failures. */
export interface TickResult extends ReconcileResult {
  readonly durationsMs: { readonly land: number; readonly build: number };
}

export async function tick(deps: TickDeps, request: TickRequest, signal: AbortSignal): Promise<TickResult> {
  const startedMs = deps.clock.now();
  const landFailures = await landAll(deps, request, signal);
  const landedMs = deps.clock.now();
  const built = await reconcileAll(deps, request, signal);
  const parked = built.parked.map(({ dataset, dependency }) =>
    failure(dataset, 'open', waitsFor(dependency)),
  );
  return {
    ...built,
    failures: [...landFailures, ...built.failures, ...parked],
    durationsMs: { land: landedMs - startedMs, build: deps.clock.now() - landedMs },
  };
}

async function landAll(
  deps: TickDeps,
  request: TickRequest,
  signal: AbortSignal,
): Promise<readonly SliceFailure[]> {
  const failures: SliceFailure[] = [];
  const policy = request.policy();
  const bronze = request.pipeline.datasets
    .filter((dataset) => dataset.layer === 'bronze')
    .filter(({ source }) => policy.pauseOf(source.name) === undefined);
  const hubs = async () => {
    // One hub after the other: a drain already uses all partitions and the whole engine.
    for (const dataset of bronze) {
      if (dataset.source.kind !== 'event-hub') continue;
      failures.push(...(await drain(deps, request, dataset, dataset.source, signal)));
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

async function drain(
  deps: TickDeps,
  request: TickRequest,
  dataset: BronzeDataset,
  source: HubSource,
  signal: AbortSignal,
): Promise<readonly SliceFailure[]> {
  const outcome = await drainSource(deps, { dataset, source, epoch: request.epoch() }, signal);
  const fail = (reason: string) => [failure(dataset.name, 'open', `hub ${hubName(source)}: ${reason}`)];
  switch (outcome.kind) {
    case 'drained':
      return [];
    case 'lost':
      return fail(`another reader took partitions ${outcome.partitions.join(', ')}`);
    case 'failed':
      return fail(outcome.reason);
    case 'parked':
      return fail(waitsFor(outcome.dependency));
  }
}

async function landLatest(
  deps: TickDeps,
  request: TickRequest,
  dataset: BronzeDataset,
  source: BatchSource,
  signal: AbortSignal,
): Promise<readonly SliceFailure[]> {
  const window = request.windowOf(source);
  const outcome = await landWindow(deps, { dataset, source, window, epoch: request.epoch() }, signal);
  const fail = (reason: string) => [failure(dataset.name, window, `source ${source.name}: ${reason}`)];
  switch (outcome.kind) {
    case 'landed':
    case 'present':
      return [];
    case 'failed':
      return fail(outcome.reason);
    case 'fenced':
      return fail('a newer agent lands this source');
    case 'parked':
      return fail(waitsFor(outcome.dependency));
  }
}

function failure(dataset: DatasetName, slice: string, reason: string): SliceFailure {
  return { dataset, slice, reason };
}

function waitsFor(dependency: string): string {
  return `waits for ${dependency}, which does not answer`;
}
