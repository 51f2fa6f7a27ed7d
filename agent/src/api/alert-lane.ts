import { createBulkhead } from '../adapters/guard/bulkhead.ts';

/**
 * A place of its own for alerts, so that a storm of them costs alerts their time and operators nothing. Bounded before
 * the body is read: by count and by the bytes that the bodies may have.
 */
export interface AlertLane {
  /** Undefined: full. What it returns gives the place back and must be called once. */
  reserve(bytes: number): (() => void) | undefined;
  /** At most a few at once, the others in order. Throws `TransientError('cancelled')` when the signal fires first. */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

const ALERTS_MAX = 2_048;
const BYTES_MAX = 32 * 1024 * 1024;
const CONCURRENCY_MAX = 16;

export function createAlertLane(): AlertLane {
  const bulkhead = createBulkhead({
    name: 'alerts',
    concurrencyMax: CONCURRENCY_MAX,
    waitingMax: ALERTS_MAX,
  });
  let alerts = 0;
  let bytesReserved = 0;

  return {
    reserve(bytes) {
      if (alerts >= ALERTS_MAX || bytesReserved + bytes > BYTES_MAX) return undefined;
      alerts++;
      bytesReserved += bytes;
      return () => {
        alerts--;
        bytesReserved -= bytes;
      };
    },
    async run(work, signal) {
      const leave = await bulkhead.enter('alert', signal);
      return work().finally(leave);
    },
  };
}
