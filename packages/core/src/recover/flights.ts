import type { StepOutcome } from './run-step.ts';

/**
 * Steps on their way. The loop that watches never waits for one: a dependency that hangs must not stop the eyes. Not
 * durable on purpose: after a restart the journal says which step runs, and it is begun again with the same key.
 */
export class Flights {
  readonly #flights = new Map<string, Flight>();

  /** Begins it unless it is on its way or has landed already. */
  begin(key: string, nowMs: number, work: (signal: AbortSignal) => Promise<StepOutcome>): void {
    const known = this.#flights.get(key);
    if (known !== undefined && (known.isOn || nowMs < known.nextMs)) return;
    const abort = new AbortController();
    const flight: Flight = {
      firstMs: known?.firstMs ?? nowMs,
      nextMs: Number.POSITIVE_INFINITY,
      attempts: (known?.attempts ?? 0) + 1,
      isOn: true,
      outcome: undefined,
      abort,
      landed: Promise.resolve(),
    };
    this.#flights.set(key, flight);
    flight.landed = work(abort.signal).then((outcome) => {
      flight.isOn = false;
      flight.outcome = outcome;
    });
  }

  /** What became of the last attempt, once. */
  take(key: string): { readonly outcome: StepOutcome; readonly attempts: number } | undefined {
    const flight = this.#flights.get(key);
    if (flight?.outcome === undefined) return undefined;
    const { outcome, attempts } = flight;
    flight.outcome = undefined;
    return { outcome, attempts };
  }

  retryAt(key: string, atMs: number): void {
    const flight = this.#flights.get(key);
    if (flight !== undefined) flight.nextMs = atMs;
  }

  /** When it was first begun in this process. */
  firstMs(key: string): number | undefined {
    return this.#flights.get(key)?.firstMs;
  }

  /** Forgets it; what is on its way is told to stop, and its answer no longer counts. */
  drop(prefix: string): void {
    for (const [key, flight] of this.#flights) {
      if (!key.startsWith(prefix)) continue;
      if (flight.isOn) flight.abort.abort();
      this.#flights.delete(key);
    }
  }

  /** When all that is on its way now has landed. */
  async settled(): Promise<void> {
    await Promise.all([...this.#flights.values()].map(({ landed }) => landed));
  }
}

interface Flight {
  readonly firstMs: number;
  nextMs: number;
  readonly attempts: number;
  isOn: boolean;
  outcome: StepOutcome | undefined;
  readonly abort: AbortController;
  landed: Promise<void>;
}
