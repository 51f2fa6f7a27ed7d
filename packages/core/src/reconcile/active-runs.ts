import { type DatasetName, TransientError } from '@lakewarden/contracts';

/** The right to build some slices of a dataset, held by one build at a time. */
export interface Claim {
  /** Somebody else held one of these slices first: what was seen before may be old. */
  readonly hasWaited: boolean;
  /** Names the run that now builds the slices. The signal aborts when that run is cancelled. */
  begin(run: string): AbortSignal;
  release(): void;
}

interface Holding {
  readonly slices: readonly string[];
  readonly ended: Promise<void>;
  run: string | undefined;
  stop: AbortController;
}

/**
 * Never more than one active run a (dataset, slice), live or backfill (DESIGN §3, Runs): a second request waits for the
 * first one to end and then looks again. A claim is all or nothing and its holder waits for no other, so nobody can wait
 * in a circle.
 */
export class ActiveRuns {
  readonly #held = new Map<string, Holding>();

  async claim(dataset: DatasetName, slices: readonly string[], signal: AbortSignal): Promise<Claim> {
    const ids = slices.map((slice) => `${dataset}@${slice}`);
    let hasWaited = false;
    for (;;) {
      signal.throwIfAborted();
      const others = new Set(ids.flatMap((id) => this.#held.get(id) ?? []));
      // Nothing is awaited between this look and the claim.
      if (others.size === 0) return this.#hold(ids, hasWaited);
      hasWaited = true;
      await untilEnded(others, signal);
    }
  }

  /** False when there is no such run (any more). */
  cancel(run: string): boolean {
    const holding = [...this.#held.values()].find((candidate) => candidate.run === run);
    holding?.stop.abort(new TransientError('cancelled', `run ${run} was cancelled`));
    return holding !== undefined;
  }

  /** Slice id → run. */
  building(): ReadonlyMap<string, string> {
    const building = new Map<string, string>();
    for (const [id, { run }] of this.#held) if (run !== undefined) building.set(id, run);
    return building;
  }

  #hold(slices: readonly string[], hasWaited: boolean): Claim {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const holding: Holding = { slices, ended, run: undefined, stop: new AbortController() };
    for (const id of slices) this.#held.set(id, holding);
    return {
      hasWaited,
      begin(run) {
        holding.run = run;
        holding.stop = new AbortController();
        return holding.stop.signal;
      },
      release: () => {
        for (const id of slices) this.#held.delete(id);
        resolve();
      },
    };
  }
}

async function untilEnded(holdings: ReadonlySet<Holding>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const stop = () => resolve();
  signal.addEventListener('abort', stop, { once: true });
  await Promise.race([aborted, Promise.all([...holdings].map(({ ended }) => ended))]);
  signal.removeEventListener('abort', stop);
}
