import { type BatchFile, batchFile } from './batch-file.ts';
import { daysBefore } from './calendar.ts';
import type { Random } from './random.ts';

const VENDORS = 40;
const ORDERS = 300;
const FIRST = [
  'Northwind',
  'Alpine',
  'Harbour',
  'Sterling',
  'Lakeside',
  'Granite',
  'Juniper',
  'Copper',
] as const;
const SECOND = ['Trading', 'Ceramics', 'Textiles', 'Glassworks', 'Paper Mill', 'Metalware'] as const;
/** The purchasing system knows a year of orders. */
const HISTORY_DAYS = 365;

/** The vendors' purchasing feed: three files, tab separated, without header, money with four decimals. */
export function vendorFiles(asOf: string, random: Random): readonly BatchFile[] {
  const days = daysBefore(asOf, HISTORY_DAYS);
  const vendors = Array.from({ length: VENDORS }, (_, index) =>
    vendorRow(1_500 + 2 * index, index, days, random),
  );
  const orders = Array.from({ length: ORDERS }, (_, index) => purchaseOrder(index + 1, days, random));
  const lines = orders.flatMap((order) => order.lines);
  const file = (dataset: string, name: string, rows: string[][], holedAt: number) => {
    const [first = [], second = []] = rows;
    const hole = second.map((value, at) => (at === holedAt ? '' : value));
    const planted = { repeated: [first], holed: [hole] };
    return batchFile({ dataset, path: `vendors/${name}`, delimiter: '\t', rows, planted });
  };
  return [
    file('vendors', 'Vendor.csv', vendors, 2),
    file(
      'purchase_orders',
      'PurchaseOrderHeader.csv',
      orders.map((order) => order.row),
      4,
    ),
    file('purchase_order_lines', 'PurchaseOrderDetail.csv', lines, 4),
  ];
}

function vendorRow(id: number, index: number, days: readonly string[], random: Random): string[] {
  const name = `${FIRST[index % FIRST.length]} ${SECOND[Math.floor(index / FIRST.length) % SECOND.length]}`;
  const account = `${name
    .replaceAll(/[^A-Za-z]/g, '')
    .toUpperCase()
    .slice(0, 9)}0001`;
  const rating = `${random.int(1, 5)}`;
  const preferred = random.oneIn(9) ? '0' : '1';
  const active = random.oneIn(25) ? '0' : '1';
  const url = random.oneIn(12) ? 'www.example.com/' : '';
  return [`${id}`, account, name, rating, preferred, active, url, midnight(days[0])];
}

interface PurchaseOrder {
  readonly row: string[];
  readonly lines: string[][];
}

/** Ten-thousandths, so that sums are exact: the header's total is the sum of its lines. */
function purchaseOrder(id: number, days: readonly string[], random: Random): PurchaseOrder {
  const at = random.int(0, days.length - 20);
  const lines = Array.from({ length: random.int(1, 5) }, (_, index) =>
    orderLine(id, id * 10 + index, days[at + 14], random),
  );
  const subTotal = lines.reduce((sum, line) => sum + line.total, 0);
  const [tax, freight] = [Math.round(subTotal * 0.08), Math.round(subTotal * 0.025)];
  const row = [
    ...[`${id}`, `${random.int(1, 6)}`, `${random.int(1, 4)}`, `${random.int(250, 261)}`],
    ...[
      `${1_500 + 2 * random.int(0, VENDORS - 6)}`,
      `${random.int(1, 5)}`,
      midnight(days[at]),
      midnight(days[at + 9]),
    ],
    ...[subTotal, tax, freight, subTotal + tax + freight].map(tenThousandths),
    midnight(days[at + 9]),
  ];
  return { row, lines: lines.map((line) => line.row) };
}

function orderLine(
  order: number,
  id: number,
  due: string | undefined,
  random: Random,
): { row: string[]; total: number } {
  const quantity = random.int(1, 500);
  const price = random.int(2_100, 900_000);
  const rejected = random.oneIn(10) ? random.int(1, quantity) : 0;
  const row = [
    ...[`${order}`, `${id}`, midnight(due), `${quantity}`, `${random.int(1, 999)}`],
    ...[tenThousandths(price), tenThousandths(price * quantity)],
    ...[`${quantity}.00`, `${rejected}.00`, `${quantity - rejected}.00`, midnight(due)],
  ];
  return { row, total: price * quantity };
}

/** As the purchasing system writes it: `.9269` without a leading zero. */
function tenThousandths(value: number): string {
  const whole = Math.floor(value / 10_000);
  return `${whole === 0 ? '' : whole}.${`${value % 10_000}`.padStart(4, '0')}`;
}

function midnight(day: string | undefined): string {
  return `${day} 00:00:00.000`;
}
