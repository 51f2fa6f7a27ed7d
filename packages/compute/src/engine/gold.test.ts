import { formatDigest } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import type { AggregateManifest, InputFile, SliceFiles } from './engine.ts';
import {
  compile,
  engineWorld,
  goldOf,
  landAndClean,
  NEVER,
  readParquet,
  rowsOf,
  silverOf,
} from './testing/engine-world.ts';

const world = engineWorld();
const pipeline = compile({
  'pipeline.yaml': `
pipeline: test
sources: { orders: { kind: event-hub, namespace: n, hub: orders, eventTime: at } }
bronze: { orders: { source: orders } }
silver:
  orders:
    from: bronze.orders
    slice: day
    columns:
      day: { field: at, type: date, required: true }
      country: { field: country, type: string }
      amount: { field: amount, type: "decimal(18,3)", required: true }
gold:
  daily:
    query: daily.sql
    slice: day
    key: [day, country]
    totals: { amount: { from: silver.orders, input: amount, output: amount } }
  lossy:
    query: lossy.sql
    slice: day
    key: [day, country]
    totals: { amount: { from: silver.orders, input: amount, output: amount } }
  monthly:
    query: monthly.sql
    slice: month
    key: [country]
    totals: { amount: { from: silver.orders, input: amount, output: amount } }
  rows:
    query: rows.sql
    slice: day
    key: { columns: [country], order: [{ column: note, descending: true }] }
`,
  'daily.sql':
    'select day, country, count(*) as orders, sum(amount) as amount from silver.orders group by day, country',
  'lossy.sql':
    'select day, country, sum(amount) as amount from silver.orders where amount > 0 group by day, country',
  'monthly.sql': 'select country, sum(amount) as amount from silver.orders group by country',
  'rows.sql': "select country, amount, concat(country, '!') as note from silver.orders",
});

const order = (at: string, country: string | null, amount: string) => ({
  body: JSON.stringify({ at, country, amount }),
});

async function cleaned(events: readonly { body: string }[]): Promise<readonly SliceFiles[]> {
  return (await landAndClean(world, silverOf(pipeline, 'orders'), events)).silver;
}

async function build(name: string, slices: readonly string[], input: readonly SliceFiles[]) {
  const step = goldOf(pipeline, name);
  const files: readonly InputFile[] = input.flatMap((entry) => entry.files);
  const inputs = { 'silver.orders': files };
  const outDir = world.scratch();
  const aggregated = await world.engine.aggregate({ step, slices, inputs, outDir }, NEVER);
  const deduped = await world.engine.dedup({ step, slices, input: aggregated, outDir }, NEVER);
  return { aggregated, deduped };
}

const digests = (manifest: AggregateManifest) => manifest.files.map((entry) => formatDigest(entry.digest));

describe('aggregate and dedup', () => {
  it('build each slice from its own rows, with equal totals on both sides', async () => {
    const silver = await cleaned([
      order('2011-12-08', 'France', '1.005'),
      order('2011-12-08', 'France', '-0.5'),
      order('2011-12-09', null, '7'),
    ]);
    const slices = ['2011-12-08', '2011-12-09', '2011-12-10'];
    const { aggregated, deduped } = await build('daily', slices, silver);
    expect(await rowsOf(deduped.gold)).toEqual([
      { day: '2011-12-08', country: 'France', orders: '2', amount: '0.505', _slice: '2011-12-08' },
      { day: '2011-12-09', country: null, orders: '1', amount: '7.000', _slice: '2011-12-09' },
    ]);
    expect(aggregated.totals).toEqual({
      '2011-12-08': { amount: '0.505' },
      '2011-12-09': { amount: '7.000' },
      '2011-12-10': { amount: '0' },
    });
    expect(deduped.gold.map((entry) => entry.files.map((file) => file.rows))).toEqual([[1], [1], [0]]);
    expect(deduped.duplicates.map((entry) => entry.digest.rows)).toEqual([0, 0, 0]);
    expect(deduped.accounting['2011-12-08']).toEqual({ in: 1, out: 1, quarantined: 0, duplicates: 0 });
  });

  it('keep the files of the aggregate where nothing is doubled', async () => {
    const silver = await cleaned([order('2011-12-08', 'France', '1')]);
    const { aggregated, deduped } = await build('daily', ['2011-12-08'], silver);
    expect(deduped.gold).toEqual(aggregated.files);
  });

  it('build a month from its days', async () => {
    const silver = await cleaned([
      order('2011-11-30', 'France', '1'),
      order('2011-12-01', 'France', '2'),
      order('2011-12-31', 'France', '3'),
    ]);
    const { deduped } = await build('monthly', ['2011-11', '2011-12'], silver);
    expect((await rowsOf(deduped.gold)).map((row) => [row._slice, row.amount])).toEqual([
      ['2011-11', '1.000'],
      ['2011-12', '5.000'],
    ]);
  });

  it('refuse a query that loses money, with both numbers', async () => {
    const silver = await cleaned([
      order('2011-12-08', 'France', '5'),
      order('2011-12-08', 'France', '-1.25'),
    ]);
    await expect(build('lossy', ['2011-12-08'], silver)).rejects.toMatchObject({
      name: 'TerminalError',
      code: 'unbalanced',
      message: expect.stringMatching(/3\.750 in silver\.orders and 5\.000 in gold\.lossy/),
    });
  });

  it('drop doubled rows whose measures are equal and tell which', async () => {
    const silver = await cleaned([
      order('2011-12-08', 'France', '5'),
      order('2011-12-08', 'France', '5'),
      order('2011-12-08', 'Spain', '5'),
      order('2011-12-09', 'France', '6'),
    ]);
    const { aggregated, deduped } = await build('rows', ['2011-12-08', '2011-12-09'], silver);
    expect((await rowsOf(deduped.gold)).map((row) => [row._slice, row.country, row.amount]).sort()).toEqual([
      ['2011-12-08', 'France', '5.000'],
      ['2011-12-08', 'Spain', '5.000'],
      ['2011-12-09', 'France', '6.000'],
    ]);
    expect(await rowsOf(deduped.duplicates)).toEqual([
      {
        key: '{"country":"France"}',
        rule: 'key country order by note desc',
        row: '{"country":"France","amount":"5.000","note":"France!"}',
        _slice: '2011-12-08',
      },
    ]);
    expect(deduped.accounting['2011-12-08']).toEqual({ in: 3, out: 2, quarantined: 0, duplicates: 1 });
    expect(deduped.gold[1]).toEqual(aggregated.files[1]);
  });

  it('refuse to drop a row whose measures differ, naming the key', async () => {
    const silver = await cleaned([order('2011-12-08', 'France', '5'), order('2011-12-08', 'France', '6')]);
    await expect(build('rows', ['2011-12-08'], silver)).rejects.toMatchObject({
      code: 'unbalanced',
      message: expect.stringContaining('{"country":"France"}'),
    });
  });

  it('give the same digests whatever files the input lies in', async () => {
    const events = [order('2011-12-08', 'France', '1'), order('2011-12-08', 'Spain', '2')];
    const [whole, first, second] = [
      await cleaned(events),
      await cleaned(events.slice(0, 1)),
      await cleaned(events.slice(1)),
    ];
    const [a, b] = [
      await build('daily', ['2011-12-08'], whole),
      await build('daily', ['2011-12-08'], [...second, ...first]),
    ];
    expect(digests(a.aggregated)).toEqual(digests(b.aggregated));
  });

  it('write decimals with the table’s precision and scale', async () => {
    const silver = await cleaned([order('2011-12-08', 'France', '1')]);
    const { deduped } = await build('daily', ['2011-12-08'], silver);
    const path = deduped.gold[0]?.files[0]?.localPath ?? '';
    const amount = goldOf(pipeline, 'daily').columns.find((column) => column.name === 'amount');
    expect(await readParquet([path], 'typeof(amount) AS type')).toEqual([
      { type: amount?.type.toUpperCase() },
    ]);
  });
});
