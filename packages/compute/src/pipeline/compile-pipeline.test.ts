import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findDataset } from './auxiliary-tables.ts';
import { compilePipeline } from './compile-pipeline.ts';
import type { GoldDataset, Pipeline, SilverDataset } from './model.ts';

const EXAMPLE = new URL('./example/', import.meta.url);

function readExample(path: string): string | undefined {
  try {
    return readFileSync(new URL(path, EXAMPLE), 'utf8');
  } catch {
    return undefined;
  }
}

function compileExample(): Pipeline {
  const compilation = compilePipeline(readExample, 'pipeline.yaml');
  if (compilation.kind === 'problems') throw new Error(JSON.stringify(compilation.problems, null, 2));
  return compilation.pipeline;
}

describe('the example pipeline', () => {
  const pipeline = compileExample();
  const silver = (name: string) => findDataset(pipeline, `silver.${name}`) as SilverDataset;
  const gold = (name: string) => findDataset(pipeline, `gold.${name}`) as GoldDataset;

  it('lists its datasets with inputs before readers', () => {
    expect(pipeline.datasets.map((dataset) => dataset.name)).toEqual([
      'bronze.orders',
      'bronze.clicks',
      'bronze.stores',
      'bronze.vendors',
      'silver.orders',
      'silver.clicks',
      'silver.stores',
      'gold.daily_sales',
      'gold.monthly_products',
      'gold.sales_near_stores',
    ]);
  });

  it('knows its sources', () => {
    expect(pipeline.sources.map((source) => source.name)).toEqual(['orders', 'clicks', 'stores', 'vendors']);
    expect(pipeline.sources[0]).toMatchObject({
      kind: 'event-hub',
      hub: 'orders',
      eventTimeField: 'InvoiceDate',
    });
    expect(pipeline.sources[1]).not.toHaveProperty('eventTimeField');
    expect(pipeline.sources[3]).toEqual({
      kind: 'data-factory',
      name: 'vendors',
      factory: 'retail-factory',
      pipeline: 'copy-vendors',
      everyMs: 86_400_000,
      format: { kind: 'csv', delimiter: '\t', columns: ['vendor_id', 'name', 'active'] },
      allowEmpty: true,
    });
  });

  it('gives bronze the columns of its kind and the finest grain of its readers', () => {
    const grains = pipeline.datasets.flatMap((d) =>
      d.layer === 'bronze' ? [`${d.name} ${d.touchGrain}`] : [],
    );
    expect(grains).toEqual([
      'bronze.orders day',
      'bronze.clicks hour',
      'bronze.stores day',
      'bronze.vendors day',
    ]);
    expect(
      findDataset(pipeline, 'bronze.orders')
        ?.columns.map((c) => c.name)
        .join(),
    ).toBe('generation,partition,sequence,offset,enqueued_at,event_time,event_time_fallback,body');
    expect(
      findDataset(pipeline, 'bronze.stores')
        ?.columns.map((c) => c.name)
        .join(),
    ).toBe('source_file,row,event_time,body');
  });

  it('reads events of hubs as events and batches as snapshots', () => {
    expect([silver('orders').refresh, silver('clicks').grain, silver('stores').refresh]).toEqual([
      'event',
      'hour',
      'snapshot',
    ]);
  });

  it('types silver columns, expressions, rules, keys and totals', () => {
    const orders = silver('orders');
    expect(orders.columns.at(5)).toEqual({ name: 'unit_price', type: 'decimal(18,3)' });
    expect(orders.fields.at(0)).toMatchObject({
      source: { kind: 'field', path: ['InvoiceNo'] },
      required: true,
      trim: true,
    });
    expect(orders.fields.at(6)?.source).toEqual({ kind: 'field', path: ['Customer', 'Id'] });
    expect(orders.fields.at(8)?.source).toMatchObject({
      expression: { kind: 'is-null', operand: { name: 'customer_id' } },
    });
    expect(orders.rules).toMatchObject([
      { name: 'unit_price_not_negative', check: { kind: 'comparison', operator: '>=' } },
    ]);
    expect(orders.key?.order).toEqual([{ column: 'invoice_date', descending: true }]);
    expect(orders.totals).toMatchObject([{ name: 'amount', expression: { type: 'decimal(37,3)' } }]);
    expect(silver('clicks').key).toBeUndefined();
  });

  it('types gold: columns, inputs, key and control totals', () => {
    expect(gold('daily_sales').columns).toEqual([
      { name: 'day', type: 'date' },
      { name: 'country', type: 'string' },
      { name: 'invoices', type: 'long' },
      { name: 'units', type: 'long' },
      { name: 'revenue', type: 'decimal(38,3)' },
      { name: 'cancelled_units', type: 'long' },
      { name: 'cancelled_revenue', type: 'decimal(38,3)' },
    ]);
    expect(gold('daily_sales').key).toEqual({ columns: ['day', 'country'], order: [] });
    expect(gold('daily_sales').totals).toMatchObject([
      {
        name: 'amount',
        dataset: 'silver.orders',
        input: { type: 'decimal(37,3)' },
        output: { type: 'decimal(38,3)' },
      },
    ]);
    const inputs = gold('sales_near_stores').inputs.map(({ dataset, asof }) => `${dataset.name} ${asof}`);
    expect(inputs).toEqual(['gold.daily_sales window', 'silver.stores latest']);
  });

  it('knows what is expected of it and what is asked of Log Analytics', () => {
    expect(Object.fromEntries(pipeline.objectives)).toEqual({
      'source:orders': { lagEvents: 100_000, lagMs: 900_000 },
      'source:stores': { freshnessMs: 50 * 3_600_000, runTimeMs: 1_800_000 },
      'silver.orders': { freshnessMs: 900_000, quarantineRate: 0.2 },
    });
    expect(pipeline.logRules).toEqual([
      {
        name: 'data_factory_failures',
        query: "ADFPipelineRun | where Status == 'Failed'",
        everyMs: 300_000,
        windowMs: 900_000,
        above: 0,
        targets: ['source:stores', 'source:vendors'],
        severity: 'warning',
        title: 'Data Factory runs failed',
      },
    ]);
  });

  it('is plain data that can cross to a worker', () => {
    expect(structuredClone(pipeline)).toEqual(pipeline);
    expect(JSON.parse(JSON.stringify(gold('daily_sales').query))).toEqual({
      ...gold('daily_sales').query,
      where: undefined,
    });
  });
});
