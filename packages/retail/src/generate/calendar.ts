const DAY_MS = 86_400_000;
export const HOUR_MS = 3_600_000;
/** A future-stamped event is this far ahead: beyond the clock of anyone who runs this, whatever the as-of date. */
const FUTURE_YEARS = 20;

/** `2026-01-15` → the `count` days before it, oldest first. */
export function daysBefore(asOf: string, count: number): string[] {
  const endMs = Date.parse(`${asOf}T00:00:00Z`);
  return Array.from({ length: count }, (_, index) => isoDay(endMs - (count - index) * DAY_MS));
}

export function isoDay(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10);
}

/** `2011-12-09 12:50:00`, as the shop writes times. */
export function shopTime(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ');
}

export interface Happening {
  readonly epochMs: number;
  readonly late: boolean;
  readonly future: boolean;
}

/**
 * When something that arrives on `day` happened: during that day mostly, but a share comes hours or days late, and now
 * and then a clock is years ahead. `draw(from, to)` gives whole numbers, `oneIn` chances.
 */
export function happeningOn(
  day: string,
  random: { int(from: number, to: number): number; oneIn(times: number): boolean },
): Happening {
  const startMs = Date.parse(`${day}T00:00:00Z`);
  const epochMs = startMs + 1_000 * random.int(7 * 3_600, 21 * 3_600);
  if (random.oneIn(400)) {
    const ahead = new Date(epochMs);
    ahead.setUTCFullYear(ahead.getUTCFullYear() + FUTURE_YEARS);
    return { epochMs: ahead.getTime(), late: false, future: true };
  }
  if (random.oneIn(40)) return { epochMs: epochMs - random.int(6, 20) * HOUR_MS, late: true, future: false };
  if (random.oneIn(80)) return { epochMs: epochMs - random.int(1, 5) * DAY_MS, late: true, future: false };
  return { epochMs, late: false, future: false };
}
