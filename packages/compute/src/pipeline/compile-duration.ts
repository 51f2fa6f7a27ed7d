import type { ProblemLog } from './problem-log.ts';
import type { Path } from './yaml-document.ts';

const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 24 * 3_600_000],
]);

/** `90s`, `5m`, `24h`, `7d` in milliseconds. */
export function compileDuration(text: string, path: Path, problems: ProblemLog): number | undefined {
  const match = /^(\d{1,6})([a-z]+)$/.exec(text.trim());
  const unit = UNITS_MS.get(match?.[2] ?? '');
  if (match === null || unit === undefined) {
    return problems.at(path, `"${text}" is no duration`, 'write a number and a unit: 90s, 5m, 24h, 7d');
  }
  return Number(match[1]) * unit;
}

/** The same within bounds, both inclusive and written as people write them. */
export function compileDurationWithin(
  text: string,
  [min, max]: readonly [string, string],
  path: Path,
  problems: ProblemLog,
): number | undefined {
  const ms = compileDuration(text, path, problems);
  if (ms === undefined || (ms >= msOf(min) && ms <= msOf(max))) return ms;
  return problems.at(path, `${text} is not between ${min} and ${max}`);
}

function msOf(text: string): number {
  return Number.parseInt(text, 10) * (UNITS_MS.get(text.at(-1) ?? '') ?? 0);
}
