/** ISO 8601 durations and intervals, as the query and metrics APIs take them. Pure. */

/** Both ends belong to it. Milliseconds since 1970. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

const DURATION = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/** Milliseconds; undefined for what is none, and for months and years, which have no fixed length. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null || text === 'P' || text.endsWith('T')) return undefined;
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  const ms = ((((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
  return Number.isSafeInteger(Math.ceil(ms)) ? ms : undefined;
}

const INSTANT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,7})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

export function parseInstant(text: string): number | undefined {
  if (!INSTANT.test(text)) return undefined;
  // A time without a zone is UTC to the service, but local to `Date.parse`.
  const isBare = text.includes('T') && !/(?:Z|[+-]\d{2}:\d{2})$/.test(text);
  const timeMs = Date.parse(isBare ? `${text}Z` : text);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

/** `PT1H` (until now), `start/end`, `start/duration`, `duration/end`. */
export function parseTimeSpan(text: string, nowMs: number): TimeSpan | undefined {
  const [first = '', second, ...more] = text.split('/');
  if (more.length > 0) return undefined;
  if (second === undefined) {
    const durationMs = parseDuration(first);
    return durationMs === undefined ? undefined : { fromMs: nowMs - durationMs, toMs: nowMs };
  }
  const [fromMs, toMs] = [parseInstant(first), parseInstant(second)];
  if (fromMs !== undefined && toMs !== undefined) return fromMs <= toMs ? { fromMs, toMs } : undefined;
  const durationMs = parseDuration(fromMs === undefined ? first : second);
  if (durationMs === undefined) return undefined;
  if (fromMs !== undefined) return { fromMs, toMs: fromMs + durationMs };
  return toMs === undefined ? undefined : { fromMs: toMs - durationMs, toMs };
}
