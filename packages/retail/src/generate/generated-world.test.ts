import { describe, expect, test } from 'vitest';
import { DEFAULT_WORLD, GeneratedWorld, HUB_NAMES, type WorldParameters } from './generated-world.ts';
import { expectationOf, type PlantedEvent } from './planted-event.ts';

const SMALL: WorldParameters = { ...DEFAULT_WORLD, days: 6, orderRows: 6_000 };

function allEvents(world: GeneratedWorld, hub: (typeof HUB_NAMES)[number]): PlantedEvent[] {
  return world.days.flatMap((_, index) => world.eventsOf(hub, index));
}

const textOf = (event: PlantedEvent) => event.body.toString('latin1');

describe('GeneratedWorld', () => {
  test('makes the same bytes from the same seed, and others from another', () => {
    const bytes = (seed: number) => {
      const world = new GeneratedWorld({ ...SMALL, seed });
      return [...HUB_NAMES.map((hub) => allEvents(world, hub).map(textOf)), world.batchFiles()];
    };
    expect(bytes(3)).toEqual(bytes(3));
    expect(bytes(3)).not.toEqual(bytes(4));
  });

  test.each(HUB_NAMES)('%s: plants every kind of trouble, and accounts for each row', (hub) => {
    const world = new GeneratedWorld({ ...SMALL, orderRows: 30_000 });
    const expected = expectationOf(allEvents(world, hub));
    const quarantined = Object.values(expected.quarantined).reduce((sum, rows) => sum + rows, 0);
    expect(expected.rows).toBe(expected.kept + expected.duplicates + quarantined);
    const { rule, ...others } = expected.quarantined;
    expect(rule > 0).toBe(hub === 'orders');
    for (const count of [expected.duplicates, expected.late, ...Object.values(others)])
      expect(count).toBeGreaterThan(0);
  });

  test('repeats an event exactly where a duplicate is planted, and nowhere else', () => {
    for (const hub of HUB_NAMES) {
      const seen = new Set<string>();
      for (const event of allEvents(new GeneratedWorld(SMALL), hub)) {
        if (event.fate === 'unparseable') continue;
        expect(seen.has(textOf(event)), textOf(event)).toBe(event.fate === 'duplicate');
        seen.add(textOf(event));
      }
    }
  });

  test('pays each sale once, with the sum of its lines', () => {
    const world = new GeneratedWorld(SMALL);
    const amounts = new Map<string, number>();
    const add = (reference: string, mills: number) =>
      amounts.set(reference, (amounts.get(reference) ?? 0) + mills);
    for (const hub of ['orders', 'pos'] as const) {
      for (const event of allEvents(world, hub).filter((each) => each.fate === 'kept')) {
        const { InvoiceNo, ReceiptNo, Quantity, UnitPrice } = JSON.parse(textOf(event));
        add(InvoiceNo ?? ReceiptNo, Number(Quantity) * Math.round(1_000 * Number(UnitPrice)));
      }
    }
    const payments = allEvents(world, 'payments').filter((each) => each.fate === 'kept');
    const paid = payments.map((event) => JSON.parse(textOf(event)));
    const exact = paid.filter(
      ({ Reference, Amount }) => amounts.get(Reference) === Math.round(1_000 * Number(Amount)),
    );
    // Sales with a line in quarantine differ; those are few.
    expect(exact.length / paid.length).toBeGreaterThan(0.9);
    expect(new Set(paid.map((each) => each.PaymentId)).size).toBe(paid.length);
  });

  test('knows what becomes of every dataset', () => {
    const expected = new GeneratedWorld(SMALL).expected();
    expect(Object.keys(expected)).toEqual([
      ...['orders', 'clicks', 'pos_sales', 'payments', 'stores', 'zipcodes', 'categories'],
      ...['vendors', 'purchase_orders', 'purchase_order_lines'],
    ]);
    expect(expected.vendors).toMatchObject({
      rows: 43,
      kept: 40,
      duplicates: 1,
      quarantined: { missing: 1, unparseable: 1 },
    });
  });
});
