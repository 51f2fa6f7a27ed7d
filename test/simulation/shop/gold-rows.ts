import type { Row, Rows } from '../ports/data-files.ts';
import { hash32 } from '../world/chance.ts';
import { canonical } from './silver-rows.ts';

/** Rows of one slice of an input. */
export interface SliceRows {
  readonly slice: string;
  readonly rows: Rows;
}

/** Reads an input of a query, slice by slice. */
export type ReadInput = (dataset: string) => readonly SliceRows[];

const DAY_LENGTH = '2026-01-15'.length;

/**
 * What the shop's queries give, with the slice of each row. Some rows come twice, as a join on a key that is not unique
 * makes them: the last dedup pass is there to take them out.
 */
export function aggregateRows(dataset: string, read: ReadInput): readonly SliceRows[] {
  const groups = new Map<string, { readonly slice: string; readonly row: Record<string, string | number> }>();
  const add = (slice: string, key: Record<string, string | number>, amounts: Record<string, number>) => {
    const name = `${slice} ${canonical(key)}`;
    const group = groups.get(name) ?? { slice, row: { ...key } };
    groups.set(name, group);
    for (const [column, amount] of Object.entries(amounts)) {
      group.row[column] = Number(group.row[column] ?? 0) + amount;
    }
  };
  switch (dataset) {
    case 'gold.sales':
      for (const { slice, rows } of read('silver.orders')) {
        const day = slice.slice(0, DAY_LENGTH);
        for (const row of rows)
          add(day, { day, store: text(row.store) }, { orders: 1, cents: Number(row.cents) });
      }
      break;
    case 'gold.pages':
      for (const { slice, rows } of read('silver.clicks')) {
        for (const row of rows) add(slice, { page: Number(row.page) }, { views: 1 });
      }
      break;
    case 'gold.regions': {
      const stores = read('silver.stores').flatMap(({ rows }) => rows);
      const regions = new Map(stores.map((row) => [text(row.store), text(row.region)]));
      for (const row of read('gold.sales').flatMap(({ rows }) => rows)) {
        add('all', { region: regions.get(text(row.store)) ?? '' }, { cents: Number(row.cents) });
      }
      break;
    }
    default:
      throw new Error(`the shop has no ${dataset}`);
  }
  return [...groups.values()].map(({ slice, row }) => ({
    slice,
    rows: comesTwice(row) ? [row, row] : [row],
  }));
}

function text(value: unknown): string {
  return String(value);
}

function comesTwice(row: Row): boolean {
  return hash32(canonical(row)) % 4 === 0;
}

export function dedupRows(rows: Rows): { readonly kept: Rows; readonly dropped: Rows } {
  const kept = new Map<string, Row>();
  const dropped: Row[] = [];
  for (const row of rows) {
    const content = canonical(row);
    if (kept.has(content)) dropped.push(row);
    else kept.set(content, row);
  }
  return { kept: [...kept.values()], dropped };
}
