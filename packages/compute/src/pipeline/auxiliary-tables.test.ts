import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { auxiliaryTables, findDataset } from './auxiliary-tables.ts';
import { compilePipeline } from './compile-pipeline.ts';

function tables(name: string): readonly string[] {
  const read = (path: string) => readFileSync(new URL(`./example/${path}`, import.meta.url), 'utf8');
  const compilation = compilePipeline(read, 'pipeline.yaml');
  const dataset = compilation.kind === 'compiled' ? findDataset(compilation.pipeline, name) : undefined;
  if (dataset === undefined) throw new Error(`no ${name}`);
  return auxiliaryTables(dataset).map(
    (table) => `${table.name}: ${table.columns.map((c) => `${c.name} ${c.type}`).join(', ')}`,
  );
}

it('a stream dataset is quarantined and deduplicated by its place in the stream', () => {
  expect(tables('silver.orders')).toEqual([
    'quarantine.orders: generation string, partition integer, sequence long, reason string, rule_version string, event_time timestamp, body binary',
    'duplicates.orders: generation string, partition integer, sequence long, winner_generation string, winner_partition integer, winner_sequence long, rule string',
  ]);
});

it('a batch dataset by its place in the file', () => {
  expect(tables('silver.stores')).toEqual([
    'quarantine.stores: source_file string, row long, reason string, rule_version string, event_time timestamp, body binary',
    'duplicates.stores: source_file string, row long, winner_source_file string, winner_row long, rule string',
  ]);
});

it('gold has duplicates alone, and bronze nothing', () => {
  expect(tables('gold.daily_sales')).toEqual(['duplicates.daily_sales: key string, rule string, row string']);
  expect(tables('bronze.orders')).toEqual([]);
});
