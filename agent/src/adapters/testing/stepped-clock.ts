import { TransientError } from '@lakewarden/contracts';
import type { Clock } from '@lakewarden/core';

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** Time passes only when the test says so, and then in the order of what was waited for. */
export class SteppedClock implements Clock {
  nowMs = 1_000_000;
  readonly #sleepers = new Set<Sleeper>();

  now = () => this.nowMs;

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#sleepers.delete(sleeper);
        reject(new TransientError('cancelled', 'a wait was cancelled'));
      };
      const wake = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const sleeper = { dueMs: this.nowMs + ms, wake };
      this.#sleepers.add(sleeper);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
  }

  /** How long the sleepers still have, the shortest first. */
  get pending(): number[] {
    return [...this.#sleepers].map(({ dueMs }) => dueMs - this.nowMs).sort((a, b) => a - b);
  }

  /** Passes time, waking one sleeper after the other and letting what it does settle. */
  async pass(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    await settle();
    for (;;) {
      const [next] = [...this.#sleepers].sort((a, b) => a.dueMs - b.dueMs);
      if (next === undefined || next.dueMs > endMs) break;
      this.nowMs = next.dueMs;
      this.#sleepers.delete(next);
      next.wake();
      await settle();
    }
    this.nowMs = endMs;
  }
}

/** Until everything that needs no time is done. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
