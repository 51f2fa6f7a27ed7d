/**
 * Brings runs from Queued to their end, each step on disk before it is visible.
 *
 * After a restart a run goes on where it stood: activities that had ended stay as they are, an attempt that was in
 * progress is done again under its own id and with its own `utcnow()`. Copy writes whole files by rename, Wait ends at
 * the same time, SetVariable sets the same value: doing them twice is doing them once (I6).
 * A cancel that was asked for before the restart is completed by it.
 */
import type { FaultTarget } from '../../server/service.ts';
import type { ActivityDefinition } from '../pipeline-definition.ts';
import { attemptOnce, internalMessage, newAttempt, type RunInFlight } from './activity-attempt.ts';
import { activityStates, failedActivities, readyActivities } from './activity-graph.ts';
import { type ActivityDeps, pause } from './activity-runner.ts';
import { isEnded, type RunPlan, type RunRecord } from './run-record.ts';
import { createRunSlots, type RunSlots } from './run-slots.ts';
import type { RunStore } from './run-store.ts';

export interface EngineTiming {
  /** How long a run stays Queued at least. */
  readonly queueDelayMs: number;
  /** How long a run stays Canceling at least. */
  readonly cancelDelayMs: number;
  /** Multiplies retryIntervalInSeconds; below 1 only where waiting real half minutes has no point. */
  readonly retryIntervalScale: number;
}

export interface RunEngine {
  /** On disk, and on its way, when this resolves. */
  start(run: RunRecord, plan: RunPlan): Promise<void>;
  /** Takes up what the last process left. */
  resume(): void;
  /** False when the run has ended (or is not this engine's). Canceling is on disk when it resolves. */
  cancel(runId: string): Promise<boolean>;
  /** Stops working without ending any run. */
  close(): Promise<void>;
}

/** Why a run's work is stopped from outside. */
const cancelled = Symbol('cancelled');
const closing = Symbol('closing');

interface Live extends RunInFlight {
  readonly stop: AbortController;
  ended: Promise<void>;
}

export function createRunEngine(
  store: RunStore,
  deps: ActivityDeps,
  timing: EngineTiming,
  slots: RunSlots = createRunSlots(),
): RunEngine {
  const live = new Map<string, Live>();

  async function runActivity(entry: Live, activity: ActivityDefinition): Promise<void> {
    let last = entry.run.attempts.filter(({ name }) => name === activity.name).at(-1);
    for (;;) {
      const isTakenUp = last?.status === 'InProgress';
      if (last !== undefined && !isTakenUp) {
        await pause(activity.retryIntervalMs * timing.retryIntervalScale, entry.stop.signal);
      }
      const attempt =
        isTakenUp && last !== undefined ? last : newAttempt(activity, (last?.attempt ?? -1) + 1, deps.now());
      if (await attemptOnce(entry, activity, attempt, deps)) return;
      last = entry.run.attempts.find(({ activityRunId }) => activityRunId === attempt.activityRunId);
    }
  }

  async function runActivities(entry: Live): Promise<void> {
    const { pipeline } = entry.plan;
    const running = new Map<string, Promise<void>>();
    try {
      for (;;) {
        entry.stop.signal.throwIfAborted();
        const states = activityStates(pipeline, entry.run);
        const interrupted = pipeline.activities.filter(({ name }) => states.get(name) === 'running');
        for (const activity of [...interrupted, ...readyActivities(pipeline, states)]) {
          if (running.has(activity.name)) continue;
          const task = runActivity(entry, activity).finally(() => running.delete(activity.name));
          // Awaited by the race below or by the cleanup; until then its rejection must not count as unhandled.
          task.catch(() => {});
          running.set(activity.name, task);
        }
        if (running.size === 0) return;
        await Promise.race(running.values());
      }
    } finally {
      await Promise.allSettled(running.values());
    }
  }

  async function drive(entry: Live): Promise<void> {
    const { signal } = entry.stop;
    const { factory, pipelineName } = entry.run;
    const group = { name: `${factory}/${pipelineName}`, max: entry.plan.pipeline.concurrencyMax };
    if (entry.run.status === 'Queued') await pause(timing.queueDelayMs, signal);
    const release = await slots.acquire(group, signal);
    try {
      if (entry.run.status === 'Queued') await entry.commit({ status: 'InProgress' });
      await deps.faults.stall(runTarget(entry.run), 'stuck-run', signal);
      await runActivities(entry);
      signal.throwIfAborted();
      await entry.commit(outcomeOf(entry, deps.now()));
    } finally {
      release();
    }
  }

  async function finishCancel(entry: Live): Promise<void> {
    await pause(timing.cancelDelayMs, new AbortController().signal);
    const endMs = deps.now();
    const attempts = entry.run.attempts.map((attempt) =>
      attempt.status === 'InProgress'
        ? { ...attempt, status: 'Cancelled' as const, final: true, endMs }
        : attempt,
    );
    await entry.commit({ status: 'Cancelled', attempts, endMs, message: 'Cancelled by user.' });
  }

  async function settle(entry: Live): Promise<void> {
    const { signal } = entry.stop;
    try {
      await drive(entry);
    } catch (error) {
      if (signal.reason === closing) return;
      if (signal.reason === cancelled) await finishCancel(entry);
      else await entry.commit({ status: 'Failed', endMs: deps.now(), message: internalMessage(error) });
    }
  }

  function launch(run: RunRecord, plan: RunPlan): void {
    const stop = new AbortController();
    const entry: Live = {
      run,
      plan,
      stop,
      signal: stop.signal,
      ended: Promise.resolve(),
      commit: async (change) => {
        entry.run = { ...entry.run, ...change, lastUpdatedMs: deps.now() };
        await store.update(entry.run);
      },
    };
    live.set(run.runId, entry);
    // The journal cannot be written (disk full): the run stays as it is on disk and is taken up at the next start.
    entry.ended = settle(entry)
      .catch(() => {})
      .finally(() => live.delete(run.runId));
    if (run.status === 'Canceling') entry.stop.abort(cancelled);
  }

  return {
    async start(run, plan) {
      await store.create(run, plan);
      launch(run, plan);
    },
    resume() {
      for (const run of store.unfinished()) {
        const plan = store.planOf(run.runId);
        if (plan !== undefined) launch(run, plan);
      }
    },
    async cancel(runId) {
      const entry = live.get(runId);
      if (entry === undefined || isEnded(entry.run.status)) return false;
      if (entry.run.status !== 'Canceling') {
        const saved = entry.commit({ status: 'Canceling' });
        // At once, so that the run cannot reach another end while Canceling is being written.
        entry.stop.abort(cancelled);
        await saved;
      }
      return true;
    },
    async close() {
      for (const entry of live.values()) entry.stop.abort(closing);
      await Promise.all([...live.values()].map((entry) => entry.ended));
    },
  };
}

function runTarget({ factory, pipelineName }: RunRecord): FaultTarget {
  const path = `/factories/${factory}/pipelines/${pipelineName}`;
  return { service: 'data-factory', method: 'RUN', path, operation: 'run' };
}

function outcomeOf(entry: Live, endMs: number): Partial<RunRecord> {
  const failed = failedActivities(entry.plan.pipeline, activityStates(entry.plan.pipeline, entry.run));
  if (failed.length === 0) return { status: 'Succeeded', endMs, message: '' };
  const lastError = (name: string) =>
    entry.run.attempts.filter((attempt) => attempt.name === name).at(-1)?.error;
  const message = failed
    .map((name) => `Operation on target ${name} failed: ${lastError(name)?.message ?? ''}`)
    .join('\n');
  return { status: 'Failed', endMs, message };
}
