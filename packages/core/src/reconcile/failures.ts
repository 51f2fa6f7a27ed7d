import type { DatasetName, Target } from '@lakewarden/contracts';
import type { FailedSlice } from '../observe/observation.ts';

const FIRST_WAIT_MS = 30_000;
const WAIT_MS_MAX = 30 * 60_000;

export interface BackoffOptions {
  /** Before the second attempt; doubles with each failure. */
  readonly firstWaitMs?: number;
  readonly waitMsMax?: number;
}

/**
 * Slices whose last run failed, and when each is tried again (I8, I9): never given up, ever less often. In memory only:
 * after a restart everything is tried at once, which costs one run a slice. Knows no clock.
 */
export class FailureMemory {
  readonly #firstWaitMs: number;
  readonly #waitMsMax: number;
  readonly #slices = new Map<string, FailedSlice>();

  constructor(options: BackoffOptions = {}) {
    this.#firstWaitMs = options.firstWaitMs ?? FIRST_WAIT_MS;
    this.#waitMsMax = options.waitMsMax ?? WAIT_MS_MAX;
  }

  failed(failure: Pick<FailedSlice, 'dataset' | 'slice' | 'reason'>, nowMs: number): void {
    const { dataset, slice, reason } = failure;
    const before = this.of(dataset, slice);
    const attempts = (before?.attempts ?? 0) + 1;
    const waitMs = Math.min(this.#firstWaitMs * 2 ** (attempts - 1), this.#waitMsMax);
    this.#slices.set(keyOf(dataset, slice), {
      dataset,
      slice,
      reason,
      attempts,
      sinceMs: before?.sinceMs ?? nowMs,
      nextAttemptMs: nowMs + waitMs,
    });
  }

  succeeded(dataset: DatasetName, slices: Iterable<string>): void {
    for (const slice of slices) this.#slices.delete(keyOf(dataset, slice));
  }

  /** Forgets what is built, pinned or wanted no more, whoever brought that about. */
  keepOnly(dataset: DatasetName, slices: ReadonlySet<string>): void {
    for (const failure of this.#slices.values()) {
      if (failure.dataset === dataset && !slices.has(failure.slice))
        this.#slices.delete(keyOf(dataset, failure.slice));
    }
  }

  /** `retry`: what is forgotten is tried at once. Returns how many slices were. */
  clear(target: Target): number {
    const found = [...this.#slices.values()].filter((failure) => isMeant(target, failure));
    for (const { dataset, slice } of found) this.#slices.delete(keyOf(dataset, slice));
    return found.length;
  }

  of(dataset: DatasetName, slice: string): FailedSlice | undefined {
    return this.#slices.get(keyOf(dataset, slice));
  }

  isDue(dataset: DatasetName, slice: string, nowMs: number): boolean {
    return (this.of(dataset, slice)?.nextAttemptMs ?? nowMs) <= nowMs;
  }

  /** When the next failed slice is due; undefined when none failed. */
  nextAttemptMs(): number | undefined {
    let next: number | undefined;
    for (const { nextAttemptMs } of this.#slices.values()) {
      if (next === undefined || nextAttemptMs < next) next = nextAttemptMs;
    }
    return next;
  }

  list(): readonly FailedSlice[] {
    return [...this.#slices.values()];
  }
}

function keyOf(dataset: DatasetName, slice: string): string {
  return `${dataset}@${slice}`;
}

function isMeant(target: Target, { dataset, slice }: FailedSlice): boolean {
  switch (target.kind) {
    case 'all':
      return true;
    case 'layer':
      return dataset.startsWith(`${target.layer}.`);
    case 'dataset':
      return dataset === target.dataset;
    case 'slice':
      return dataset === target.dataset && slice === target.slice;
    case 'source':
    case 'backfill':
      return false;
  }
}
