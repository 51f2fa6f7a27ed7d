import type { BatchSource, BronzeDataset } from '@lakewarden/compute';
import { type Clock, type ControlState, type Policy, type WindowResult, windowAppId } from '@lakewarden/core';
import type { Snapshot } from '@lakewarden/delta';
import type { Board } from './board.ts';
import { Waker } from './waker.ts';

export interface WindowLandingOptions {
  readonly dataset: BronzeDataset;
  readonly source: BatchSource;
  readonly board: Board;
  readonly clock: Clock;
  readonly policy: () => Policy;
  readonly control: () => ControlState;
  /** Slice key of the window that should have landed by now. */
  readonly windowOf: () => string;
  /** Copies the window with this attempt, or adopts the run that does; `present` when the lake has it already. */
  readonly land: (window: string, attempt: number, signal: AbortSignal) => Promise<WindowResult>;
  readonly readBronze: (signal: AbortSignal) => Promise<Snapshot | undefined>;
  readonly onLanded: () => void;
  /** A landed window is copied again after this; undefined: never. */
  readonly windowEveryMs: number | undefined;
}

interface Due {
  readonly window: string;
  readonly attempt: number;
}

const FIRST_REST_MS = 30_000;
const REST_MS_MAX = 30 * 60_000;
/** A new window begins at a moment of its own; looking this often finds it soon and costs one log listing. */
const LOOK_EVERY_MS = 60_000;
/** What is due but paused or parked stays due: without a rest the loop would go round as fast as it can. */
const REST_MS_MIN = 1_000;

/** Keeps one batch source landed: the window that is due, and those that people want again. */
export class WindowLanding {
  readonly waker: Waker;
  readonly #options: WindowLandingOptions;
  #failures = 0;
  #notBeforeMs = 0;
  /** When the window was last found landed, by our own doing or not. */
  #copiedMs = 0;
  #window = '';

  constructor(options: WindowLandingOptions) {
    this.#options = options;
    this.waker = new Waker(options.clock);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { board, clock, source } = this.#options;
    while (!signal.aborted) {
      await this.#pass(signal);
      if (signal.aborted) return;
      const nextMs = this.#nextMs();
      board.putNextLanding(source.name, nextMs);
      if (await this.waker.restUntil(Math.min(nextMs, clock.now() + LOOK_EVERY_MS), signal)) this.retry();
    }
  }

  /** Forgets how long to wait after a failure. */
  retry(): void {
    this.#notBeforeMs = 0;
  }

  async #pass(signal: AbortSignal): Promise<void> {
    const { board, clock, dataset, policy, readBronze, source } = this.#options;
    if (policy().pauseOf(source.name) !== undefined || clock.now() < this.#notBeforeMs) return;
    try {
      const bronze = await readBronze(signal);
      board.putBronze(dataset.name, bronze);
      board.putParked(`source:${source.name}`, undefined);
      for (const due of this.#due(bronze)) await this.#land(due, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#failed(this.#options.windowOf(), {
        kind: 'failed',
        reason: 'the lake does not answer',
        code: 'unavailable',
      });
      const dependency = (error as { dependency?: unknown }).dependency;
      if (typeof dependency === 'string') board.putParked(`source:${source.name}`, dependency);
    }
  }

  /** The window of now, then the older ones that people asked for. */
  #due(bronze: Snapshot | undefined): readonly Due[] {
    const { board, clock, control, source, windowEveryMs, windowOf } = this.#options;
    const window = windowOf();
    if (window !== this.#window) {
      this.#window = window;
      this.#failures = 0;
    }
    const attemptOf = (key: string) => Number(bronze?.txns.get(windowAppId(source, key)) ?? 0n);
    const wantedOf = (key: string) => control().reruns.get(`${source.name}/${key}`) ?? 1;
    const landed = attemptOf(window);
    const isOld = landed > 0 && windowEveryMs !== undefined && clock.now() - this.#copiedMs >= windowEveryMs;
    const wanted = Math.max(wantedOf(window), isOld && this.#copiedMs > 0 ? landed + 1 : 1);
    if (landed >= wanted) {
      if (this.#copiedMs === 0) this.#copiedMs = clock.now();
      if (board.window(source.name)?.window !== window || board.window(source.name)?.state !== 'landed') {
        this.#put(window, 'landed', { attempts: landed });
      }
    }
    const due: Due[] = landed >= wanted ? [] : [{ window, attempt: wanted }];
    for (const [key, attempt] of control().reruns) {
      if (!key.startsWith(`${source.name}/`)) continue;
      const other = key.slice(source.name.length + 1);
      if (other !== window && attemptOf(other) < attempt) due.push({ window: other, attempt });
    }
    return due;
  }

  async #land({ window, attempt }: Due, signal: AbortSignal): Promise<void> {
    const { clock, dataset, land, onLanded, readBronze } = this.#options;
    this.#put(window, 'due', { attempts: this.#failures });
    const outcome = await land(window, attempt, signal);
    switch (outcome.kind) {
      case 'landed':
      case 'present':
        this.#options.board.putBronze(dataset.name, await readBronze(signal));
        this.#failures = 0;
        this.#copiedMs = clock.now();
        this.#put(window, 'landed', {
          attempts: attempt,
          ...(outcome.kind === 'landed' && { rows: outcome.rows }),
        });
        onLanded();
        return;
      case 'parked':
        this.#options.board.putParked(`source:${this.#options.source.name}`, outcome.dependency);
        return;
      case 'fenced':
        return this.#failed(window, {
          kind: 'failed',
          reason: 'a newer agent lands this source',
          code: 'failed',
        });
      case 'failed':
        return this.#failed(window, outcome);
    }
  }

  #failed(window: string, outcome: WindowResult & { kind: 'failed' }): void {
    const { clock } = this.#options;
    this.#failures++;
    this.#notBeforeMs = clock.now() + Math.min(REST_MS_MAX, FIRST_REST_MS * 2 ** (this.#failures - 1));
    this.#put(window, 'failed', {
      attempts: this.#failures,
      reason: outcome.reason,
      isZeroRows: outcome.code === 'zero-rows',
    });
  }

  #put(
    window: string,
    state: 'due' | 'landed' | 'failed',
    more: { attempts: number; rows?: number; reason?: string; isZeroRows?: boolean },
  ): void {
    const { board, clock, dataset, source } = this.#options;
    const before = board.window(source.name);
    const isSame = before?.window === window && before.state === state;
    const sinceMs = isSame ? before.sinceMs : clock.now();
    board.putWindow({ source: source.name, dataset: dataset.name, window, state, sinceMs, ...more });
  }

  #nextMs(): number {
    const { clock, source, windowEveryMs } = this.#options;
    const now = clock.now();
    if (this.#notBeforeMs > now) return this.#notBeforeMs;
    const nextWindow = (Math.floor(now / source.everyMs) + 1) * source.everyMs;
    const again =
      windowEveryMs === undefined || this.#copiedMs === 0 ? nextWindow : this.#copiedMs + windowEveryMs;
    return Math.max(now + REST_MS_MIN, Math.min(nextWindow, again));
  }
}
