import type { Pipeline } from '@lakewarden/compute';
import { formatTarget, type Target } from '@lakewarden/contracts';
import type {
  ActionHost,
  ActiveRuns,
  FailureMemory,
  JobRunner,
  Observation,
  PlanHost,
  Random,
  RunbookHost,
  Tables,
} from '@lakewarden/core';
import type { Guards } from '../adapters/guard/guards.ts';
import { fenceDatasets } from './fence.ts';
import type { WindowLanding } from './window-landing.ts';

export interface ActionHostOptions {
  readonly pipeline: Pipeline;
  readonly tables: Tables;
  readonly jobs: JobRunner;
  readonly random: Random;
  readonly guards: Guards;
  readonly active: ActiveRuns;
  readonly failures: FailureMemory;
  readonly windows: ReadonlyMap<string, WindowLanding>;
  readonly observe: () => Observation;
  readonly now: () => number;
  readonly wake: () => void;
  /** A new epoch, which everything begins with from now on. */
  readonly raiseEpoch: (signal: AbortSignal) => Promise<bigint>;
  readonly plans: PlanHost;
  readonly runbooks: RunbookHost;
  /** What is known has changed. */
  readonly changed: () => void;
}

/** The running agent, as the actions of the catalogue see it. */
export function createActionHost(options: ActionHostOptions): ActionHost {
  const { active, changed, failures, guards, pipeline, plans, runbooks, windows } = options;
  return {
    observe: options.observe,
    now: options.now,
    wake: options.wake,
    plans,
    runbooks,
    async fence(datasets, signal) {
      const epoch = await options.raiseEpoch(signal);
      await fenceDatasets(options, datasets, epoch, signal);
    },
    resetBreaker(dependency) {
      const guard = guards.find(dependency);
      guard?.reset();
      return guard !== undefined;
    },
    async cancelRun(run, signal) {
      if (active.cancel(run)) return 'cancelled';
      const window = options.observe().windows.find(({ runId }) => runId === run);
      const source = pipeline.sources.find(({ name }) => name === window?.source);
      if (source?.kind !== 'data-factory' || window?.state !== 'running') return 'not-running';
      await options.jobs.cancel(source, run, signal);
      return 'cancelled';
    },
    clearFailures(target) {
      const cleared = failures.clear(target) + retryWindows(windows, target);
      changed();
      return cleared;
    },
  };
}

function retryWindows(windows: ReadonlyMap<string, WindowLanding>, target: Target): number {
  const meant = [...windows].filter(
    ([source]) => formatTarget(target) === `source:${source}` || target.kind === 'all',
  );
  for (const [, landing] of meant) landing.retry();
  return meant.length;
}
