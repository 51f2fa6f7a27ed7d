/** What a person may write behind an option. Undefined stays undefined; a wrong text throws `OptionError` with the remedy. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

/** `YYYY-MM-DD` of a day that exists. */
export function dateOf(option: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const epochMs = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // Date.parse takes 2011-02-30 for the first of March.
  if (Number.isNaN(epochMs) || new Date(epochMs).toISOString().slice(0, 10) !== text)
    throw new OptionError(`--${option} ${text} is no day · write YYYY-MM-DD`);
  return text;
}

/** A whole number from 1. */
export function countOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = /^\d{1,12}$/.test(text) ? Number(text) : 0;
  if (count === 0) throw new OptionError(`--${option} ${text} is no count · write a whole number from 1`);
  return count;
}

export function wholeNumberOf(option: string, text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new OptionError(`--${option} ${text} is no number · write a whole number`);
}

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `30s`, `5m`, `1h` or `30d`, in milliseconds. */
export function durationOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const durationMs = parseDuration(text);
  if (durationMs !== undefined) return durationMs;
  throw new OptionError(`--${option} ${text} is no duration · write such as 30s, 5m, 1h or 30d`);
}

/** ISO 8601 in UTC, of a time (`2026-11-22T14:00:00Z`) or of a duration from now (`2h`). */
export function timeOf(option: string, text: string, nowMs: number): string {
  const durationMs = parseDuration(text);
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?Z$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (durationMs === undefined && Number.isNaN(time)) {
    throw new OptionError(
      `--${option} ${text} is no time · write such as 2h, 30m, 7d or 2026-11-22T14:00:00Z`,
    );
  }
  return new Date(durationMs === undefined ? time : nowMs + durationMs).toISOString();
}

function parseDuration(text: string): number | undefined {
  const match = /^([0-9]{1,6})([smhd])$/.exec(text);
  const count = Number(match?.[1] ?? 0);
  if (match === null || count === 0) return undefined;
  return count * UNIT_MS[match[2] as keyof typeof UNIT_MS];
}
