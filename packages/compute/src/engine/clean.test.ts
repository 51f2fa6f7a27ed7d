import { formatDigest } from '@lakewarden/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CleanManifest } from './engine.ts';
import {
  compile,
  engineWorld,
  land,
  landAndClean,
  NEVER,
  rowsOf,
  silverOf,
  type TestEvent,
} from './testing/engine-world.ts';

const world = engineWorld();
const pipeline = compile({
  'pipeline.yaml': `
pipeline: test
sources:
  orders: { kind: event-hub, namespace: n, hub: orders, eventTime: at }
  types: { kind: event-hub, namespace: n, hub: types }
bronze:
  orders: { source: orders }
  types: { source: types }
silver:
  orders:
    from: bronze.orders
    slice: day
    columns:
      id: { field: id, type: string, required: true, trim: true }
      quantity: { field: quantity, type: long, required: true }
      price: { field: price, type: "decimal(18,3)", required: true }
      customer: { field: who.id, type: long }
      country: { field: who.country, type: string }
      who: { field: who, type: string }
      doubled: { expression: quantity + quantity, type: long }
    rules:
      price_not_negative: price >= 0
      quantity_not_zero: quantity <> 0
    key: { columns: [id], order: [{ column: price, descending: true }] }
    totals: { amount: quantity * price }
  hours:
    from: bronze.orders
    slice: hour
    columns: { id: { field: id, type: string } }
  types:
    from: bronze.types
    slice: day
    columns:
      l: { field: l, type: long }
      i: { field: i, type: integer }
      d: { field: d, type: "decimal(10,2)" }
      f: { field: f, type: double }
      b: { field: b, type: boolean }
      t: { field: t, type: timestamp }
      y: { field: y, type: date }
      s: { field: s, type: string }
`,
});
const orders = silverOf(pipeline, 'orders');
const DAY = '2011-12-09';

const order = (fields: Record<string, unknown>) =>
  JSON.stringify({ at: `${DAY} 10:00`, id: 'A', quantity: '2', price: '1.5', ...fields });

async function reasonsOf(bodies: readonly (string | Uint8Array)[]): Promise<readonly unknown[]> {
  const manifest = await landAndClean(
    world,
    orders,
    bodies.map((body) => ({ body })),
  );
  const rows = await rowsOf(manifest.quarantine);
  return [...rows].sort((a, b) => Number(a.sequence) - Number(b.sequence)).map((row) => row.reason);
}

const digestsOf = (manifest: CleanManifest) => manifest.silver.map((entry) => formatDigest(entry.digest));

describe('clean', () => {
  it('types the fields of a row, also nested ones, and counts it', async () => {
    const body = order({ id: ' A ', quantity: '17850.0', who: { id: 7, country: 'France' } });
    const manifest = await landAndClean(world, orders, [{ body }]);
    expect(await rowsOf(manifest.silver)).toEqual([
      {
        id: 'A',
        quantity: '17850',
        price: '1.500',
        customer: '7',
        country: 'France',
        who: '{"id":7,"country":"France"}',
        doubled: '35700',
        _slice: DAY,
      },
    ]);
    expect(manifest.accounting).toEqual({ [DAY]: { in: 1, out: 1, quarantined: 0, duplicates: 0 } });
    expect(manifest.totals).toEqual({ [DAY]: { amount: '26775.000' } });
  });

  it('gives the first reason in declared order', async () => {
    expect(
      await reasonsOf([
        'no json',
        '[1]',
        order({ id: '  ' }),
        order({ id: null, quantity: 'x' }),
        order({ quantity: '1.5' }),
        order({ quantity: undefined }),
        order({ price: '1.0005' }),
        order({ price: '-1', quantity: '0' }),
        order({ quantity: '0' }),
        order({ who: { id: 'guest' } }),
        order({ quantity: '9223372036854775807' }),
      ]),
    ).toEqual([
      'unparseable',
      'unparseable',
      'missing:id',
      'missing:id',
      'invalid:quantity',
      'missing:quantity',
      'invalid:price',
      'rule:price_not_negative',
      'rule:quantity_not_zero',
      'invalid:customer',
      'invalid:doubled',
    ]);
  });

  it('keeps reason, rule version, coordinates and body of what does not pass', async () => {
    const manifest = await landAndClean(world, orders, [
      { body: 'poison', partition: 3, sequence: 9_007_199_254_740_993n },
    ]);
    expect(await rowsOf(manifest.quarantine)).toEqual([
      {
        generation: 'g1',
        partition: 3,
        sequence: '9007199254740993',
        reason: 'unparseable',
        rule_version: orders.stepVersion,
        event_time: '2026-11-22 10:00:00+00',
        body: 'poison',
        _slice: '2026-11-22',
      },
    ]);
  });

  it('quarantines a future-stamped row in the slice of its enqueued time', async () => {
    const manifest = await landAndClean(world, orders, [{ body: order({ at: '2030-01-01' }) }]);
    expect((await rowsOf(manifest.quarantine)).map((row) => [row._slice, row.reason])).toEqual([
      ['2026-11-22', 'future-stamped'],
    ]);
  });

  it('survives every body that JSON can hold and many that it cannot', async () => {
    const bodies = [
      '',
      'null',
      '{',
      '{"id":"\\ud800"}',
      `{"id":${'['.repeat(50_000)}`,
      '\u0000',
      '{"id":1}x',
    ];
    const events: TestEvent[] = [...bodies, Uint8Array.of(0x7b, 0xff), order({})].map((body) => ({ body }));
    const manifest = await landAndClean(world, orders, events);
    const sum = Object.values(manifest.accounting).reduce((rows, slice) => rows + slice.quarantined, 0);
    expect(sum).toBe(events.length - 1);
  });

  it('takes the first of two members with one name', async () => {
    const body = `{"at":"${DAY}","id":"first","id":"second","quantity":1,"price":1}`;
    const manifest = await landAndClean(world, orders, [{ body }]);
    expect((await rowsOf(manifest.silver)).map((row) => row.id)).toEqual(['first']);
  });

  it('lets the declared order choose the winner, then content, and tells loser and winner', async () => {
    const manifest = await landAndClean(world, orders, [
      { body: order({ price: '1' }), sequence: 1n },
      { body: order({ price: '3' }), sequence: 2n },
      { body: order({ price: '2' }), sequence: 3n },
      { body: order({ price: '1', at: '2011-12-10' }), sequence: 4n },
    ]);
    expect((await rowsOf(manifest.silver)).map((row) => [row._slice, row.price])).toEqual([
      [DAY, '3.000'],
      ['2011-12-10', '1.000'],
    ]);
    const losers = await rowsOf(manifest.duplicates);
    expect(losers.map((row) => [row.sequence, row.winner_sequence, row.rule])).toEqual([
      ['3', '2', 'key id order by price desc'],
      ['1', '2', 'key id order by price desc'],
    ]);
    expect(manifest.accounting[DAY]).toEqual({ in: 3, out: 1, quarantined: 0, duplicates: 2 });
    expect(manifest.totals[DAY]).toEqual({ amount: '6.000' });
  });

  it('builds slices of an hour, to the microsecond at their borders', async () => {
    const times = ['2011-12-09T23:59:59.999999Z', '2011-12-10T00:00:00Z', '2011-12-10T01:30:00+01:30'];
    const events = times.map((at, index) => ({ body: JSON.stringify({ at, id: String(index) }) }));
    const manifest = await landAndClean(world, silverOf(pipeline, 'hours'), events);
    expect((await rowsOf(manifest.silver)).map((row) => [row._slice, row.id])).toEqual([
      ['2011-12-09T23', '0'],
      ['2011-12-10T00', '1'],
      ['2011-12-10T00', '2'],
    ]);
  });

  it('passes rows of other slices over and gives an empty slice one file of 0 rows in each table', async () => {
    const files = await land(world, orders.from, [
      { body: order({}) },
      { body: order({ at: '2011-12-10' }) },
    ]);
    const slices = ['2011-12-10', '2020-01-01'];
    const manifest = await world.engine.clean(
      { step: orders, slices, files, outDir: world.scratch() },
      NEVER,
    );
    for (const table of [manifest.silver, manifest.quarantine, manifest.duplicates]) {
      expect(table.map((entry) => entry.slice)).toEqual(slices);
      expect(table.flatMap((entry) => entry.files.map((file) => file.slice))).toEqual(slices);
    }
    expect(manifest.silver.map((entry) => entry.digest.rows)).toEqual([1, 0]);
    expect(manifest.accounting['2020-01-01']).toEqual({ in: 0, out: 0, quarantined: 0, duplicates: 0 });
    expect(manifest.totals['2020-01-01']).toEqual({ amount: '0' });
    const none = await world.engine.clean(
      { step: orders, slices, files: [], outDir: world.scratch() },
      NEVER,
    );
    expect(none.silver.map((entry) => entry.files[0]?.rows)).toEqual([0, 0]);
  });

  it('writes the types of the table to the letter', async () => {
    const manifest = await landAndClean(world, orders, [{ body: order({}) }]);
    const [entry] = manifest.silver;
    const stats = JSON.parse(entry?.files[0]?.stats ?? '');
    expect(stats).toMatchObject({
      numRecords: 1,
      minValues: { price: 1.5, quantity: 2 },
      nullCount: { customer: 1 },
    });
  });

  it('accepts the texts of each type and no others', async () => {
    const accepted = {
      l: { '1': '1', '-5': '-5', '+7.00': '7', '9223372036854775807': '9223372036854775807' },
      i: { '2147483647': 2147483647, '3.0': 3 },
      d: { '1': '1.00', '-.5': '-0.50', '2.5500': '2.55', '99999999.99': '99999999.99' },
      f: { '1e-3': 0.001, '-0.0': 0, '5.': 5 },
      b: { TRUE: true, '0': false },
      t: { '2011-12-09T12:50:00.1234567Z': '2011-12-09 12:50:00.123456+00' },
      y: { '2011-12-09': '2011-12-09', '2011-12-09 00:00:00': '2011-12-09' },
      s: { ' x ': ' x ' },
    };
    const refused = {
      l: ['1.5', '1e3', '0x10', '1_000', ' 1', 'true', '9223372036854775808'],
      i: ['2147483648'],
      d: ['2.555', '1e2', '100000000.00', '1,000', '.', ''.padEnd(5)],
      f: ['nan', 'inf', '1e999', '1_0'],
      b: ['yes', 't', '2'],
      t: ['2011-02-30', '2011-12-09T24:00:00', '2011-12-09 12', '2011/12/09', 'epoch', '20111209'],
      y: ['2011-12-09 12:50', '2011-02-29', '09.12.2011', '0000-01-01'],
    };
    const good = Object.entries(accepted).flatMap(([field, texts]) =>
      Object.entries(texts).map(([text, value]) => ({ field, text, value })),
    );
    const bad = Object.entries(refused).flatMap(([field, texts]) => texts.map((text) => ({ field, text })));
    const events = [...good, ...bad].map(({ field, text }) => ({ body: JSON.stringify({ [field]: text }) }));
    const manifest = await landAndClean(world, silverOf(pipeline, 'types'), events);
    const values = (await rowsOf(manifest.silver)).flatMap((row) =>
      Object.entries(row).filter(([name, value]) => name !== '_slice' && value !== null),
    );
    expect(values.map((pair) => JSON.stringify(pair)).sort()).toEqual(
      good.map(({ field, value }) => JSON.stringify([field, value])).sort(),
    );
    const reasons = (await rowsOf(manifest.quarantine)).map((row) => [row.body, row.reason]);
    expect(reasons.sort()).toEqual(
      bad.map(({ field, text }) => [JSON.stringify({ [field]: text }), `invalid:${field}`]).sort(),
    );
  });

  it('gives the digest that was recorded when this was written', async () => {
    const manifest = await landAndClean(world, orders, [
      { body: order({ who: { country: 'Île "x"' } }) },
      { body: order({ id: 'B', quantity: -3 }) },
    ]);
    expect(digestsOf(manifest)).toEqual(['2:ac342e34949a09e2']);
  });

  it('gives the same rows and digests for any order and repetition of the events (I14)', async () => {
    const event = fc.record({
      id: fc.constantFrom('A', 'B', 'C'),
      quantity: fc.constantFrom('1', '2', 'x'),
      price: fc.constantFrom('1', '2.5', '-1'),
      at: fc.constantFrom('2011-12-09 23:59:59', '2011-12-10'),
    });
    const shuffled = fc
      .array(event, { minLength: 1, maxLength: 12 })
      .chain((events) =>
        fc.tuple(
          fc.constant(events),
          fc.shuffledSubarray([...events, ...events], { minLength: events.length * 2 }),
        ),
      );
    await fc.assert(
      fc.asyncProperty(shuffled, async ([events, repeated]) => {
        const bodies = (list: readonly object[]) => list.map((fields) => ({ body: JSON.stringify(fields) }));
        const [once, twice] = [
          await landAndClean(world, orders, bodies(events)),
          await landAndClean(world, orders, bodies(repeated)),
        ];
        expect(digestsOf(twice)).toEqual(digestsOf(once));
        expect(twice.totals).toEqual(once.totals);
      }),
      { numRuns: 15 },
    );
  });
});
