import type { ModelClock } from './model-ports.ts';
import { Signal } from './signal.ts';

export type Topic =
  | 'overview'
  | 'datasets'
  | 'sources'
  | 'breakers'
  | 'runs'
  | 'backfills'
  | 'incidents'
  | 'runbooks'
  | 'executions';

/** What changed, gathered over a short while; `datasets` names those that did. */
export interface LakeChange {
  readonly topics: ReadonlySet<Topic>;
  readonly datasets: ReadonlySet<string>;
}

/** A burst is told once: after this long without another change, at the latest after `TELL_MS_MAX`. */
const TELL_MS = 25;
const TELL_MS_MAX = 400;

/** Gathers what changes and tells it in few words. */
export class LakeChanges {
  readonly #clock: ModelClock;
  readonly #told = new Signal<LakeChange>();
  readonly on = this.#told.on;
  #topics = new Set<Topic>();
  #datasets = new Set<string>();
  #sinceMs = 0;
  #takeBack: (() => void) | undefined;

  constructor(clock: ModelClock) {
    this.#clock = clock;
  }

  /** Told together with the next topic. */
  dataset(name: string): void {
    this.#datasets.add(name);
  }

  mark(...topics: readonly Topic[]): void {
    for (const topic of topics) this.#topics.add(topic);
    const nowMs = this.#clock.nowMs();
    if (this.#takeBack === undefined) this.#sinceMs = nowMs;
    this.#takeBack?.();
    const leftMs = Math.max(0, this.#sinceMs + TELL_MS_MAX - nowMs);
    this.#takeBack = this.#clock.later(Math.min(TELL_MS, leftMs), () => this.#tell());
  }

  #tell(): void {
    const change = { topics: this.#topics, datasets: this.#datasets };
    this.#topics = new Set();
    this.#datasets = new Set();
    this.#takeBack = undefined;
    this.#told.emit(change);
  }
}
