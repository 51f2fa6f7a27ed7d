import { TransientError } from '@lakewarden/contracts';

/** Runs `work` once for all who ask for `key` at the same time. */
export type SharedWork<T> = (
  key: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
) => Promise<T>;

interface Flight<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/**
 * One flight a key. Each asker leaves by its own signal with `TransientError('cancelled')`; the work itself is
 * cancelled only when the last of them has left.
 */
export function createSharedWork<T>(): SharedWork<T> {
  const flights = new Map<string, Flight<T>>();

  function start(key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const result = work(controller.signal).finally(() => {
      if (flights.get(key) === flight) flights.delete(key);
    });
    const flight: Flight<T> = { result, controller, waiting: 0 };
    // Everybody may have left before it fails.
    result.catch(() => undefined);
    flights.set(key, flight);
    return flight;
  }

  return async (key, signal, work) => {
    const joined = flights.get(key);
    const flight = joined === undefined || joined.controller.signal.aborted ? start(key, work) : joined;
    flight.waiting++;
    const { promise: left, reject } = Promise.withResolvers<never>();
    const leave = () => reject(new TransientError('cancelled', 'a transfer was cancelled'));
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    try {
      return await Promise.race([flight.result, left]);
    } finally {
      signal.removeEventListener('abort', leave);
      if (--flight.waiting === 0) flight.controller.abort();
    }
  };
}
