/**
 * A *slice* is one dataset for one half-open UTC interval. Its key is text, sorts in time order and is safe in
 * a path: `2026-11-22T07` (hour), `2026-11-22` (day), `2026-11` (month), `all`.
 */
export const GRAINS = ['hour', 'day', 'month', 'all'] as const;
export type Grain = (typeof GRAINS)[number];

export type Layer = 'bronze' | 'silver' | 'gold' | 'quarantine' | 'duplicates';

/** `<layer>.<name>`, such as `silver.orders`. */
export type DatasetName = `${Layer}.${string}`;

const KEY_LENGTH: Record<Exclude<Grain, 'all'>, number> = { hour: 13, day: 10, month: 7 };

/** The slice of `grain` that holds an instant; `epochMs` are milliseconds since 1970-01-01T00:00Z. */
export function sliceAt(grain: Grain, epochMs: number): string {
  return grain === 'all' ? 'all' : new Date(epochMs).toISOString().slice(0, KEY_LENGTH[grain]);
}

/** The slice of a coarser (or the same) grain that contains `key`. Undefined when `grain` is finer than `key`. */
export function coarsen(key: string, grain: Grain): string | undefined {
  if (grain === 'all') return 'all';
  if (key === 'all' || key.length < KEY_LENGTH[grain]) return undefined;
  return key.slice(0, KEY_LENGTH[grain]);
}

/** True for a well-formed key of this grain that names a real date. */
export function isSliceKey(key: string, grain: Grain): boolean {
  if (grain === 'all') return key === 'all';
  const pattern = { hour: '-01T00:00:00Z', day: 'T00:00:00Z', month: '-01T00:00:00Z' };
  const text = grain === 'hour' ? `${key}:00:00Z` : `${key}${pattern[grain]}`;
  const epochMs = Date.parse(text);
  return Number.isFinite(epochMs) && sliceAt(grain, epochMs) === key;
}

export interface SliceId {
  readonly dataset: DatasetName;
  readonly key: string;
}

export function formatSliceId(id: SliceId): string {
  return `${id.dataset}@${id.key}`;
}

export function parseSliceId(text: string): SliceId | undefined {
  const match = /^((?:bronze|silver|gold|quarantine|duplicates)\.[a-z0-9_]+)@([0-9T-]+|all)$/.exec(text);
  if (match === null) return undefined;
  return { dataset: match[1] as DatasetName, key: match[2] as string };
}
