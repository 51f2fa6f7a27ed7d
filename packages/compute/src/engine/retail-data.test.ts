import { existsSync, readFileSync } from 'node:fs';
import { zstdDecompressSync } from 'node:zlib';
import { addAccounting, NO_ROWS } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import type { InputFile, LandedFile } from './engine.ts';
import { exactSum } from './exact-amount.ts';
import { createRecordSplitter } from './records/record-splitter.ts';
import {
  bronzeOf,
  chunksOf,
  compile,
  engineWorld,
  goldOf,
  NEVER,
  silverOf,
  type TestEvent,
  touchedSlices,
} from './testing/engine-world.ts';

const DATA = new URL('../../../../../shared/data/retail/transactions/online_retail.csv.zst', import.meta.url);
const available = existsSync(DATA);
const EVENTS_A_CALL = 50_000;
const PARTITIONS = 4;

const pipeline = () =>
  compile({
    'pipeline.yaml': `
pipeline: retail
sources: { orders: { kind: event-hub, namespace: retail-events, hub: orders, eventTime: InvoiceDate } }
bronze: { orders: { source: orders } }
silver:
  orders:
    from: bronze.orders
    slice: day
    columns:
      invoice_no: { field: InvoiceNo, type: string, required: true }
      stock_code: { field: StockCode, type: string, required: true }
      description: { field: Description, type: string, required: true }
      quantity: { field: Quantity, type: long, required: true }
      invoice_date: { field: InvoiceDate, type: timestamp, required: true }
      unit_price: { field: UnitPrice, type: "decimal(18,3)", required: true }
      customer_id: { field: CustomerID, type: long }
      country: { field: Country, type: string, required: true }
    rules: { unit_price_not_negative: unit_price >= 0 }
    key:
      columns: [invoice_no, stock_code, description, quantity, invoice_date, unit_price, customer_id, country]
    totals: { amount: quantity * unit_price }
gold:
  daily_amount:
    query: daily.sql
    slice: day
    key: [day, country]
    totals: { amount: { from: silver.orders, input: quantity * unit_price, output: amount } }
`,
    'daily.sql': `select to_date(invoice_date) as day, country, sum(quantity * unit_price) as amount
      from silver.orders group by to_date(invoice_date), country`,
  });

function retailEvents(): readonly TestEvent[] {
  const events: TestEvent[] = [];
  const splitter = createRecordSplitter({ kind: 'csv', delimiter: ',' }, 'online_retail.csv', ({ body }) => {
    const index = events.length;
    events.push({ body, partition: index % PARTITIONS, sequence: BigInt(Math.floor(index / PARTITIONS)) });
  });
  splitter.push(zstdDecompressSync(readFileSync(DATA)));
  splitter.end();
  return events;
}

// The owner's data is not in the repository: outside CI a clone without it does without this check.
describe.runIf(available || process.env.CI !== undefined)('the retail data', () => {
  const world = engineWorld();

  it('goes through bronze, silver and gold without losing a row or a cent', {
    timeout: 120_000,
  }, async () => {
    const lake = pipeline();
    const step = silverOf(lake, 'orders');
    const events = retailEvents();
    expect(events).toHaveLength(541_909);
    const landed: LandedFile[] = [];
    for (let start = 0; start < events.length; start += EVENTS_A_CALL) {
      const chunks = chunksOf(events.slice(start, start + EVENTS_A_CALL));
      const job = { dataset: bronzeOf(lake, 'orders'), generation: 'g1', chunks, outDir: world.scratch() };
      landed.push(...(await world.engine.writeStream(job, NEVER)));
    }
    const slices = touchedSlices(step, landed);
    expect(slices).toHaveLength(305);
    const clean = await world.engine.clean({ step, slices, files: landed, outDir: world.scratch() }, NEVER);
    expect(Object.values(clean.accounting).reduce(addAccounting, NO_ROWS)).toEqual({
      in: 541_909,
      out: 535_185,
      quarantined: 1_456,
      duplicates: 5_268,
    });
    expect(clean.silver.map((entry) => entry.files.length)).toEqual(slices.map(() => 1));
    expect(exactSum(slices.map((slice) => clean.totals[slice]?.amount ?? ''))).toBe('9748131.074');

    const gold = goldOf(lake, 'daily_amount');
    const files: readonly InputFile[] = clean.silver.flatMap((entry) => entry.files);
    const outDir = world.scratch();
    const input = await world.engine.aggregate(
      { step: gold, slices, inputs: { [step.name]: files }, outDir },
      NEVER,
    );
    const done = await world.engine.dedup({ step: gold, slices, input, outDir }, NEVER);
    expect(Object.values(done.accounting).reduce(addAccounting, NO_ROWS)).toEqual({
      in: 1_716,
      out: 1_716,
      quarantined: 0,
      duplicates: 0,
    });
  });
});
