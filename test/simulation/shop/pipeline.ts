import { compilePipeline, type Pipeline } from '@lakewarden/compute';

/**
 * The pipeline of a simulated run: small, with every kind of step: two hubs, a batch, slices by hour, day and `all`, a
 * key with an order, a gold that reads gold, and an input that is read as its latest slice.
 */
const YAML = `
pipeline: shop
sources:
  orders: { kind: event-hub, namespace: sim, hub: orders, eventTime: ordered_at }
  clicks: { kind: event-hub, namespace: sim, hub: clicks }
  stores: { kind: data-factory, factory: sim, pipeline: copy-stores, every: 24h, format: { kind: json-lines } }
bronze:
  orders: { source: orders }
  clicks: { source: clicks }
  stores: { source: stores }
silver:
  orders:
    from: bronze.orders
    slice: hour
    columns:
      id: { field: id, type: string, required: true }
      store: { field: store, type: string, required: true }
      version: { field: version, type: long, required: true }
      cents: { field: cents, type: long, required: true }
      ordered_at: { field: ordered_at, type: timestamp, required: true }
    rules:
      cents_not_negative: cents >= 0
      # strict: cents_not_huge: cents < 5000
    key: { columns: [id], order: [{ column: version, descending: true }] }
  clicks:
    from: bronze.clicks
    slice: day
    columns:
      page: { field: page, type: long, required: true }
  stores:
    from: bronze.stores
    slice: day
    columns:
      store: { field: store, type: string, required: true }
      region: { field: region, type: string, required: true }
    key: { columns: [store] }
gold:
  sales: { query: sales.sql, slice: day, key: [day, store] }
  pages: { query: pages.sql, slice: day, key: [page] }
  regions: { query: regions.sql, slice: all, inputs: { silver.stores: latest }, key: [region] }
`;

const QUERIES: Readonly<Record<string, string>> = {
  'sales.sql': `SELECT to_date(ordered_at) AS day, store, count(*) AS orders, sum(cents) AS cents
    FROM silver.orders GROUP BY to_date(ordered_at), store`,
  'pages.sql': 'SELECT page, count(*) AS views FROM silver.clicks GROUP BY page',
  'regions.sql': `SELECT s.region, sum(d.cents) AS cents
    FROM gold.sales AS d LEFT JOIN silver.stores AS s ON d.store = s.store GROUP BY s.region`,
};

/** Orders from here on are huge: the strict pipeline puts them in quarantine. */
export const HUGE_CENTS_MIN = 5_000;
export const STRICT_RULE = 'cents_not_huge';

/** `strict`: the pipeline with one more rule, as a deployment in the middle of a run brings it. */
export function shopPipeline(strict: boolean): Pipeline {
  const yaml = strict ? YAML.replace('# strict: ', '') : YAML;
  const compiled = compilePipeline((path) => (path === 'shop.yaml' ? yaml : QUERIES[path]), 'shop.yaml');
  if (compiled.kind === 'compiled') return compiled.pipeline;
  throw new Error(
    compiled.problems.map(({ file, line, message }) => `${file}:${line} ${message}`).join('\n'),
  );
}
