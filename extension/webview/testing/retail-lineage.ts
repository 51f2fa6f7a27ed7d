import type { HealthState, Lineage, LineageEdge, LineageNode } from '@lakewarden/contracts';
import { NODE_KINDS } from '../../shared/states.ts';
import { randomLineage } from '../layout/random-lineage.ts';

const MINUTE_MS = 60_000;

const node = (
  id: string,
  state: HealthState,
  rows?: number,
  behindMinutes?: number,
  why = '',
): LineageNode => {
  const kind = id.slice(0, id.search(/[.:]/)) as LineageNode['kind'];
  return {
    id,
    kind,
    label: id.slice(kind.length + 1),
    state,
    why,
    ...(rows !== undefined && { rows }),
    ...(behindMinutes !== undefined && { behindMs: behindMinutes * MINUTE_MS }),
  };
};

const edge = (
  from: string,
  to: string,
  rows?: readonly [in_: number, out: number, quarantined: number, duplicates: number],
): LineageEdge => ({
  from,
  to,
  ...(rows && { accounting: { in: rows[0], out: rows[1], quarantined: rows[2], duplicates: rows[3] } }),
});

/** A shop's lake on a day when one slice of silver.orders failed. */
export function retailLineage(): Lineage {
  return {
    level: 'table',
    nodes: [
      node('source:orders', 'fresh'),
      node('source:clicks', 'fresh'),
      node('source:catalog', 'fresh'),
      node('source:vendors', 'late', undefined, undefined, 'window 2011-12-10 is due since 3 h'),
      node('source:geo', 'fresh'),
      node('bronze.orders', 'fresh', 541_909, 3),
      node('bronze.clicks', 'fresh', 2_204_118, 3),
      node('bronze.catalog', 'fresh', 4_070, 640),
      node('bronze.vendors', 'late', 388, 1_620, '27 h behind, objective 26 h'),
      node('bronze.geo', 'empty', 0),
      node('silver.orders', 'failed', 535_185, 3, '1 of 305 slices failed: decimal overflow in UnitPrice'),
      node('silver.clicks', 'building', 2_198_004, 3),
      node('silver.catalog', 'fresh', 3_958, 640),
      node('silver.vendors', 'fresh', 388, 1_620),
      node('silver.geo', 'empty', 0),
      node('gold.daily_sales', 'stale', 1_716, 3, 'waits for silver.orders'),
      node('gold.product_sales', 'stale', 39_214, 3, 'waits for silver.orders'),
      node('gold.customer_value', 'stale', 4_338, 3, 'waits for silver.orders'),
      node('gold.conversion', 'fresh', 305, 3),
      node('gold.vendor_margin', 'held', 96, 1_620, 'held by ana until Monday: price list is being checked'),
      node('gold.weekly_report', 'stale', 53, 3, 'waits for gold.daily_sales'),
      node('consumer:sales', 'stale'),
      node('consumer:finance', 'stale'),
      node('consumer:web_team', 'fresh'),
    ],
    edges: [
      edge('source:orders', 'bronze.orders'),
      edge('source:clicks', 'bronze.clicks'),
      edge('source:catalog', 'bronze.catalog'),
      edge('source:vendors', 'bronze.vendors'),
      edge('source:geo', 'bronze.geo'),
      edge('bronze.orders', 'silver.orders', [541_909, 535_185, 1_456, 5_268]),
      edge('bronze.clicks', 'silver.clicks', [2_204_118, 2_198_004, 214, 5_900]),
      edge('bronze.catalog', 'silver.catalog', [4_070, 3_958, 0, 112]),
      edge('bronze.vendors', 'silver.vendors', [388, 388, 0, 0]),
      edge('bronze.geo', 'silver.geo', [0, 0, 0, 0]),
      edge('silver.orders', 'gold.daily_sales', [535_185, 1_716, 0, 0]),
      edge('silver.orders', 'gold.product_sales'),
      edge('silver.catalog', 'gold.product_sales'),
      edge('silver.orders', 'gold.customer_value', [535_185, 4_338, 0, 0]),
      edge('silver.clicks', 'gold.conversion'),
      edge('silver.orders', 'gold.conversion'),
      edge('silver.vendors', 'gold.vendor_margin'),
      edge('silver.catalog', 'gold.vendor_margin'),
      edge('gold.product_sales', 'gold.weekly_report'),
      edge('gold.daily_sales', 'gold.weekly_report'),
      edge('gold.daily_sales', 'consumer:sales'),
      edge('gold.weekly_report', 'consumer:finance'),
      edge('gold.conversion', 'consumer:web_team'),
      edge('gold.vendor_margin', 'consumer:finance'),
    ],
    truncated: false,
  };
}

/** Thousands of nodes, a few of them ill. */
export function largeLineage(nodes: number, seed = 7): Lineage {
  const { kinds, from, to } = randomLineage({ nodes, seed });
  const idOf = (index: number) => {
    const kind = NODE_KINDS[kinds[index] as number] as LineageNode['kind'];
    return `${kind}${kind === 'source' || kind === 'consumer' ? ':' : '.'}table_${String(index).padStart(4, '0')}`;
  };
  const incoming = new Int32Array(nodes);
  for (const target of to) (incoming[target] as number)++;
  return {
    level: 'table',
    nodes: Array.from(kinds, (_, index) => {
      const state = index % 701 === 500 ? 'failed' : index % 97 === 3 ? 'stale' : 'fresh';
      const why = state === 'failed' ? 'decimal overflow in UnitPrice' : '';
      return node(idOf(index), state, (index * 7_919) % 1_000_000, (index % 50) + 1, why);
    }),
    edges: Array.from(from, (tail, at) => {
      const target = to[at] as number;
      const rows = (tail * 7_919) % 1_000_000;
      const isOnly = incoming[target] === 1 && kinds[target] === 2;
      return edge(idOf(tail), idOf(target), isOnly ? [rows, rows - (rows % 90), rows % 90, 0] : undefined);
    }),
    truncated: false,
  };
}
