import { ordersFile, writeTinyData } from '../../support/tiny-data.ts';

/** Days of orders, all of one month, so that a backfill of all of them is thirty slices. */
export const DAYS = Array.from({ length: 30 }, (_, day) => `2011-11-${String(day + 1).padStart(2, '0')}`);
export const FIRST_DAY = '2011-11-01';
export const LAST_DAY = '2011-11-30';
/** The day of which this file's tests tell: it has rows in quarantine, duplicates and hostile text. */
export const BAD_DAY = '2011-11-11';
export const AS_OF = '2011-12-10';

const ROWS_A_DAY = 6;
/** Text that a page would run, that turns a line round, and that fills a screen. */
export const HOSTILE_TEXTS = [
  '<img src=x onerror="document.title=1">',
  '<script>document.title=1</script>',
  '[click](command:workbench.action.quit) **bold** $(trash)',
  'left \u202Egninrut\u202C right \u2066isolated\u2069',
  'x'.repeat(5_000),
] as const;

/** A shop of thirty days: few rows, of which one day has some that do not pass. */
export function writeShopData(folder: string): void {
  const days = DAYS.flatMap((day, at) =>
    Array.from({ length: ROWS_A_DAY }, (_, row) => goodRow(day, at, row)),
  );
  const hostile = HOSTILE_TEXTS.map((text, row) => orderRow({ invoice: 700_000 + row, description: text }));
  const bad = [
    orderRow({ invoice: 800_000, price: '-1.50' }),
    orderRow({ invoice: 800_001, quantity: 'twelve' }),
    orderRow({ invoice: 800_002, quantity: '<b>9</b>' }),
    orderRow({ invoice: 800_003, description: '' }),
    orderRow({ invoice: 800_004 }),
    orderRow({ invoice: 800_004 }),
  ];
  const [header] = ordersFile().split('\n');
  const orders = [header, ...days, ...hostile, ...bad, ''].join('\n');
  writeTinyData(folder, { 'transactions/orders.csv': orders });
}

interface OrderRow {
  readonly invoice: number;
  readonly description?: string;
  readonly quantity?: string;
  readonly price?: string;
  readonly day?: string;
}

function goodRow(day: string, at: number, row: number): string {
  const invoice = 600_000 + at * ROWS_A_DAY + row;
  return orderRow({ day, invoice, quantity: `${row + 1}`, price: `${at + 1}.25` });
}

function orderRow({
  invoice,
  description = 'HOLDER',
  quantity = '3',
  price = '2.55',
  day = BAD_DAY,
}: OrderRow) {
  const quoted = `"${description.replaceAll('"', '""')}"`;
  return `${invoice},85123A,${quoted},${quantity},${day} 08:26:00,${price},17850,United Kingdom`;
}
