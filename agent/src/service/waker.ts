import type { Clock } from '@lakewarden/core';

/** Lets a loop rest until a moment, or until somebody has work for it. A wake while it works is remembered, once. */
export class Waker {
  readonly #clock: Clock;
  #isWanted = false;
  #wakeUp: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wake(): void {
    this.#isWanted = true;
    this.#wakeUp?.();
  }

  /** Returns at `atMs`, at a wake, or when the signal aborts. True: somebody woke us. */
  async restUntil(atMs: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#isWanted && !signal.aborted) {
      const early = new AbortController();
      const end = () => early.abort();
      this.#wakeUp = end;
      signal.addEventListener('abort', end, { once: true });
      const restMs = Math.max(0, Math.min(atMs - this.#clock.now(), REST_MS_MAX));
      await this.#clock.sleep(restMs, early.signal).catch(() => undefined);
      signal.removeEventListener('abort', end);
      this.#wakeUp = undefined;
    }
    const wasWanted = this.#isWanted;
    this.#isWanted = false;
    return wasWanted;
  }
}

/** The longest that one timer of Node can wait is 24.8 days; nobody rests longer than a day. */
const REST_MS_MAX = 24 * 60 * 60 * 1000;
