import { GRAINS, isSliceKey } from '@lakewarden/contracts';

/** Both ends inclusive; an absent end is open. A coarser key means all that it holds: `to: 2011-11` ends with November. */
export interface SliceRange {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export function isInRange(key: string, { from, to }: SliceRange): boolean {
  return (from === undefined || compare(key, from) >= 0) && (to === undefined || compare(key, to) <= 0);
}

/** What is wrong with the range by itself; undefined when nothing is. */
export function whyNoRange({ from, to }: SliceRange): string | undefined {
  for (const key of [from, to]) {
    if (key !== undefined && !GRAINS.some((grain) => isSliceKey(key, grain))) return `${key} is no date`;
  }
  if (from !== undefined && to !== undefined && compare(from, to) > 0)
    return `the range is empty: ${from} is after ${to}`;
  return undefined;
}

/** `2011-11-11`, `2011-11-01 … 30`, `2011-11-01 … 2011-12-09`, `all slices`. */
export function formatRange({ from, to }: SliceRange): string {
  if (from === undefined && to === undefined) return 'all slices';
  if (from === undefined) return `… ${to}`;
  if (to === undefined) return `${from} …`;
  if (from === to) return from;
  const parent = from.slice(0, from.lastIndexOf('-') + 1);
  const isNear = from.length === to.length && from.length === '2011-11-01'.length && to.startsWith(parent);
  return `${from} … ${isNear ? to.slice(parent.length) : to}`;
}

/** By what the two keys have in common: a month and a day in it are equal, and so are `all` and everything. */
function compare(a: string, b: string): number {
  if (a === 'all' || b === 'all') return 0;
  const length = Math.min(a.length, b.length);
  const [x, y] = [a.slice(0, length), b.slice(0, length)];
  return x < y ? -1 : x > y ? 1 : 0;
}
