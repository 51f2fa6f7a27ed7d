import type { DatasetName } from '@lakewarden/contracts';
import {
  type Backfill,
  type BackfillStep,
  type Clock,
  type ControlState,
  type DatasetView,
  type Policy,
  type ReconcileResult,
  reasonOf,
} from '@lakewarden/core';
import type { Board } from './board.ts';
import { Waker } from './waker.ts';

export interface BuildLoopOptions {
  readonly board: Board;
  readonly clock: Clock;
  readonly control: () => ControlState;
  readonly policy: () => Policy;
  /** One pass over everything that is wanted at live priority. */
  readonly reconcile: (signal: AbortSignal) => Promise<ReconcileResult>;
  /** The next few slices of one backfill. */
  readonly fill: (backfill: Backfill, signal: AbortSignal) => Promise<BackfillStep>;
  /** All of its slices are built, or the rest will not be. */
  readonly endBackfill: (backfill: string, as: 'done' | 'failed') => void;
  /** When the next failed slice is tried again. */
  readonly nextAttemptMs: () => number | undefined;
  readonly onFailed: (reason: string) => void;
}

/** Everything is compared with the lake this often although nobody asked: a lost wake costs time, never work (I9). */
const LOOK_EVERY_MS = 60_000;
const FAILED_REST_MS = 5_000;

/**
 * Builds what is wanted: live work first, then a few slices of a backfill, then live work again, so that a backfill never
 * stands in the way of it. Woken by landings, acts, and breakers that close.
 */
export class BuildLoop {
  readonly waker: Waker;
  readonly #options: BuildLoopOptions;

  constructor(options: BuildLoopOptions) {
    this.#options = options;
    this.waker = new Waker(options.clock);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const restMs = await this.#pass(signal);
      if (signal.aborted || restMs === 0) continue;
      await this.waker.restUntil(this.#options.clock.now() + restMs, signal);
    }
  }

  /** Returns how long there is nothing to do. */
  async #pass(signal: AbortSignal): Promise<number> {
    const { board, clock, nextAttemptMs, onFailed, reconcile } = this.#options;
    try {
      const { views, parked } = await reconcile(signal);
      board.putViews(views);
      this.#park(views, parked);
      const filled = await this.#fillNext(signal);
      if (filled.didWork) return 0;
      const next = Math.min(nextAttemptMs() ?? Infinity, filled.nextAttemptMs ?? Infinity);
      return Math.max(1, Math.min(LOOK_EVERY_MS, next - clock.now()));
    } catch (error) {
      if (!signal.aborted) onFailed(reasonOf(error));
      return FAILED_REST_MS;
    }
  }

  #park(views: ReadonlyMap<DatasetName, DatasetView>, parked: ReconcileResult['parked']): void {
    const { board } = this.#options;
    const waiting = new Map(parked.map(({ dataset, dependency }) => [dataset, dependency]));
    for (const dataset of views.keys()) if (!waiting.has(dataset)) board.putParked(dataset, undefined);
    for (const [dataset, dependency] of waiting) board.putParked(dataset, dependency);
  }

  /** The oldest backfill that may run and has something to do. */
  async #fillNext(
    signal: AbortSignal,
  ): Promise<{ readonly didWork: boolean; readonly nextAttemptMs?: number }> {
    const { board, control, endBackfill, fill, policy } = this.#options;
    const running = [...control().backfills.values()]
      .filter(({ id }) => policy().isBackfillRunning(id))
      .sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
    let nextAttemptMs: number | undefined;
    for (const backfill of running) {
      const step = await fill(backfill, signal);
      // What could not be looked at has not moved.
      if (step.parked === undefined)
        board.putBackfill(backfill.id, { built: step.built, failed: step.failed });
      if (step.pending === 0 && step.parked === undefined)
        endBackfill(backfill.id, step.failed === 0 ? 'done' : 'failed');
      if (step.didWork) return { didWork: true };
      nextAttemptMs = Math.min(nextAttemptMs ?? Infinity, step.nextAttemptMs ?? Infinity);
    }
    return { didWork: false, ...(nextAttemptMs !== undefined && { nextAttemptMs }) };
  }
}
