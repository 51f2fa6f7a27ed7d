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

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** `30s`, `5m` or `1h`, in milliseconds. */
export function durationOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d{1,6})(s|m|h)$/.exec(text);
  const count = Number(match?.[1] ?? 0);
  if (match === null || count === 0)
    throw new OptionError(`--${option} ${text} is no duration · write such as 30s, 5m or 1h`);
  return count * UNIT_MS[match[2] as keyof typeof UNIT_MS];
}
