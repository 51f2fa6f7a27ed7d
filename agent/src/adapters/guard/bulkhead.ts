import { TransientError } from '@lakewarden/contracts';

export interface BulkheadOptions {
  readonly name: string;
  /** Calls in flight. */
  readonly concurrencyMax: number;
  /** Calls that wait for their turn; more are refused (I15). */
  readonly waitingMax: number;
}

/** Bounds what is in flight to one dependency, and what waits for it, so that a slow one costs time and not memory. */
export interface Bulkhead {
  /**
   * Resolves when it is the caller's turn; what it returns gives the place back and must be called once. Throws
   * `TransientError('limit')` when too many wait, `('cancelled')` when the signal fires first.
   */
  enter(what: string, signal: AbortSignal | undefined): Promise<() => void>;
  /** Turns away all that wait, each with an error of its own. */
  evict(error: (what: string) => Error): void;
  readonly waiting: number;
}

interface Waiter {
  readonly what: string;
  readonly admit: () => void;
  readonly refuse: (error: Error) => void;
}

export function createBulkhead(options: BulkheadOptions): Bulkhead {
  const { name, concurrencyMax, waitingMax } = options;
  const waiters = new Set<Waiter>();
  let inFlight = 0;

  function leave(): void {
    const [next] = waiters;
    if (next === undefined) inFlight--;
    else next.admit();
  }

  function wait(what: string, signal: AbortSignal | undefined): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const onAbort = () =>
        waiter.refuse(new TransientError('cancelled', `${what}: cancelled while it waited`));
      const end = () => {
        waiters.delete(waiter);
        signal?.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter = {
        what,
        admit: () => {
          end();
          resolve(leave);
        },
        refuse: (error) => {
          end();
          reject(error);
        },
      };
      waiters.add(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  return {
    async enter(what, signal) {
      if (signal?.aborted) throw new TransientError('cancelled', `${what}: cancelled before it was sent`);
      if (inFlight < concurrencyMax) {
        inFlight++;
        return leave;
      }
      if (waiters.size >= waitingMax)
        throw new TransientError('limit', `${what}: ${waitingMax} calls wait for ${name} already`);
      return wait(what, signal);
    },
    evict(error) {
      for (const waiter of [...waiters]) waiter.refuse(error(waiter.what));
    },
    get waiting() {
      return waiters.size;
    },
  };
}
