import type { Grain } from '@lakewarden/contracts';

/** DESIGN §3, Time: later than this after its enqueued time, a row is future-stamped. */
const FUTURE_STAMP_US_MIN = 10 * 60 * 1_000_000;

/**
 * Which silver slice a bronze row belongs to. Landing (`touches`) and clean must agree to the row, or a slice would be
 * fresh without its rows, so both take this one fragment. A property of the row alone: no clock (I5).
 */
export function isFutureStamped(eventTime: string, enqueuedAt: string): string {
  return `epoch_us(${eventTime}) > epoch_us(${enqueuedAt}) + ${FUTURE_STAMP_US_MIN}`;
}

/** SQL of the slice key. `enqueuedAt` is undefined for batches, whose event time is their window. */
export function silverSlice(eventTime: string, enqueuedAt: string | undefined, grain: Grain): string {
  if (enqueuedAt === undefined) return sliceKey(eventTime, grain);
  const instant = `CASE WHEN ${isFutureStamped(eventTime, enqueuedAt)} THEN ${enqueuedAt} ELSE ${eventTime} END`;
  return sliceKey(`(${instant})`, grain);
}

/** SQL of the slice key (text) that holds a TIMESTAMPTZ between the years 1 and 9999. */
export function sliceKey(instant: string, grain: Grain): string {
  const utc = `make_timestamp(epoch_us(${instant}))`;
  switch (grain) {
    case 'hour':
      return `strftime(${utc}, '%Y-%m-%dT%H')`;
    case 'day':
      // Three times as fast as strftime.
      return `CAST(CAST(${utc} AS DATE) AS VARCHAR)`;
    case 'month':
      return `strftime(${utc}, '%Y-%m')`;
    case 'all':
      return `'all'`;
  }
}

/** SQL of the coarser slice that contains a slice key (contracts: `coarsen`). */
export function coarserSlice(key: string, grain: Grain): string {
  switch (grain) {
    case 'hour':
      return `left(${key}, 13)`;
    case 'day':
      return `left(${key}, 10)`;
    case 'month':
      return `left(${key}, 7)`;
    case 'all':
      return `'all'`;
  }
}
