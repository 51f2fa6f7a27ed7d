/**
 * What the lake must hold, computed straight from the events by the judge's own reading of the shop's rules: nothing of
 * the product or of the simulated engine is in it.
 */
export interface ModelRow {
  /** Where it came from, as text. */
  readonly at: string;
  readonly body: string;
  readonly slice: string;
}

export interface ModelSlice {
  /** Rows as sorted JSON texts. */
  readonly silver: readonly string[];
  /** Coordinates, sorted. */
  readonly quarantine: readonly string[];
  readonly duplicates: readonly string[];
}

export type SilverName = 'silver.orders' | 'silver.clicks' | 'silver.stores';

const FUTURE_MS = 600_000;
const HUGE_CENTS = 5_000;
const KEYS_LENGTH = { 'silver.orders': '2026-01-15T00'.length, 'silver.clicks': '2026-01-15'.length };

export function sliceOfEvent(
  silver: 'silver.orders' | 'silver.clicks',
  body: string,
  enqueuedMs: number,
): string {
  let instant = enqueuedMs;
  if (silver === 'silver.orders') {
    const stamped = Date.parse(asText(asObject(body)?.ordered_at) ?? '');
    if (!Number.isNaN(stamped) && stamped <= enqueuedMs + FUTURE_MS) instant = stamped;
  }
  return new Date(instant).toISOString().slice(0, KEYS_LENGTH[silver]);
}

/** One slice from the bronze rows that belong to it. */
export function modelSlice(silver: SilverName, rows: readonly ModelRow[], strict: boolean): ModelSlice {
  const quarantine: string[] = [];
  const passed: { readonly at: string; readonly row: Readonly<Record<string, unknown>> }[] = [];
  for (const { at, body } of rows) {
    const row = READERS[silver](asObject(body) ?? {}, strict);
    if (row === undefined) quarantine.push(at);
    else passed.push({ at, row });
  }
  const key = { 'silver.orders': 'id', 'silver.stores': 'store', 'silver.clicks': undefined }[silver];
  const winners = new Map<
    unknown,
    { readonly at: string; readonly text: string; readonly version: number }
  >();
  const duplicates: string[] = [];
  passed.forEach(({ at, row }, index) => {
    const candidate = { at, text: JSON.stringify(row), version: Number(row.version ?? 0) };
    const id = key === undefined ? index : row[key];
    const holder = winners.get(id);
    const wins = holder === undefined || beats(candidate, holder);
    if (wins) winners.set(id, candidate);
    if (holder !== undefined) duplicates.push(wins ? holder.at : candidate.at);
  });
  const silverRows = [...winners.values()].map(({ text }) => text);
  return { silver: silverRows.sort(), quarantine: quarantine.sort(), duplicates: duplicates.sort() };
}

interface Rival {
  readonly at: string;
  readonly text: string;
  readonly version: number;
}

function beats(a: Rival, b: Rival): boolean {
  if (a.version !== b.version) return a.version > b.version;
  return a.text === b.text ? a.at < b.at : a.text < b.text;
}

type Reader = (
  body: Readonly<Record<string, unknown>>,
  strict: boolean,
) => Record<string, unknown> | undefined;

const READERS: Readonly<Record<SilverName, Reader>> = {
  'silver.orders': ({ id, store, version, cents, ordered_at }, strict) => {
    const instant = asText(ordered_at);
    if (!asText(id) || !asText(store) || instant === undefined || Number.isNaN(Date.parse(instant)))
      return undefined;
    if (!Number.isInteger(version) || !Number.isInteger(cents)) return undefined;
    if (Number(cents) < 0 || (strict && Number(cents) >= HUGE_CENTS)) return undefined;
    return { id, store, version, cents, ordered_at };
  },
  'silver.clicks': ({ page }) => (Number.isInteger(page) ? { page } : undefined),
  'silver.stores': ({ store, region }) => (asText(store) && asText(region) ? { store, region } : undefined),
};

/** Rows of a gold slice as sorted JSON texts, from the rows of what it reads. */
export function modelSales(day: string, orders: readonly string[]): readonly string[] {
  const byStore = new Map<string, { orders: number; cents: number }>();
  for (const { store, cents } of orders.map(asRow)) {
    const sum = byStore.get(String(store)) ?? { orders: 0, cents: 0 };
    byStore.set(String(store), { orders: sum.orders + 1, cents: sum.cents + Number(cents) });
  }
  return [...byStore].map(([store, sum]) => JSON.stringify({ day, store, ...sum })).sort();
}

export function modelPages(clicks: readonly string[]): readonly string[] {
  const views = new Map<unknown, number>();
  for (const { page } of clicks.map(asRow)) views.set(page, (views.get(page) ?? 0) + 1);
  return [...views].map(([page, count]) => JSON.stringify({ page, views: count })).sort();
}

export function modelRegions(sales: readonly string[], stores: readonly string[]): readonly string[] {
  const regionOf = new Map(stores.map(asRow).map(({ store, region }) => [store, region]));
  const cents = new Map<unknown, number>();
  for (const row of sales.map(asRow)) {
    const region = regionOf.get(row.store) ?? '';
    cents.set(region, (cents.get(region) ?? 0) + Number(row.cents));
  }
  return [...cents].map(([region, sum]) => JSON.stringify({ region, cents: sum })).sort();
}

function asRow(text: string): Readonly<Record<string, unknown>> {
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}

function asObject(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return value instanceof Object ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
