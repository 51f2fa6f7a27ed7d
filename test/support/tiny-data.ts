import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A folder as `--data` wants it, of a few rows written by hand. Tests break it where they like. */
const ORDER_COLUMNS = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';
const CLICK_COLUMNS =
  'year;month;day;order;country;session ID;page 1 (main category);page 2 (clothing model);colour;location;model photography;price;price 2;page';

export const ORDER_ROWS = 12;
export const CLICK_ROWS = 6;

/** CSV text with header; `lines` come after the good rows. */
export function ordersFile(lines: readonly string[] = [], invoice = 536_365): string {
  const rows = Array.from(
    { length: ORDER_ROWS },
    (_, row) =>
      `${invoice + row},85123A,"HOLDER, WHITE",${row + 1},2010-12-01 08:26:00,2.55,17850,United Kingdom`,
  );
  return `${[ORDER_COLUMNS, ...rows, ...lines].join('\n')}\n`;
}

export function clicksFile(lines: readonly string[] = []): string {
  const rows = Array.from({ length: CLICK_ROWS }, (_, row) => `2008;4;1;${row + 1};29;1;1;A13;1;5;1;28;2;1`);
  return `${[CLICK_COLUMNS, ...rows, ...lines].join('\n')}\n`;
}

export const STORES =
  '[{"id":1000,"type":"BigBox","name":"Mall","city":"Bloomington","state":"MN","zip":"55425","location":{"lat":44.8,"lon":-93.2}}]';

const BATCH_FILES: Readonly<Record<string, string>> = {
  'geo/stores.json': STORES,
  'geo/all_us_zipcodes.csv':
    'code,city,state,county,area_code,lat,lon\n55425,Bloomington,MN,HENNEPIN,,44.8,-93.2\n',
  'catalog/categories.json': '[{"id":"cat1","name":"Gifts","path":[],"subCategories":[]}]',
  'vendors/Vendor.csv': '1492\tAUSTRALI0001\tAustralia Bike\t1\t1\t1\t\t2022-12-22 00:00:00.000\n',
  'vendors/PurchaseOrderHeader.csv':
    '1\t5\t4\t258\t1492\t3\t2022-04-15 00:00:00.000\t2022-04-24 00:00:00.000\t201.0400\t16.0832\t5.0260\t222.1492\t2022-04-24 00:00:00.000\n',
  'vendors/PurchaseOrderDetail.csv':
    '1\t1\t2022-04-29 00:00:00.000\t4\t1\t50.2600\t201.0400\t3.00\t.00\t3.00\t2022-04-22 00:00:00.000\n',
};

/** Writes the whole folder; `changes` replace files, undefined leaves one out. */
export function writeTinyData(
  root: string,
  changes: Readonly<Record<string, string | Buffer | undefined>> = {},
): void {
  const good = {
    'transactions/orders.csv': ordersFile(),
    'clickstream/clicks.csv': clicksFile(),
    ...BATCH_FILES,
  };
  for (const [name, content] of Object.entries({ ...good, ...changes })) {
    const file = join(root, name);
    mkdirSync(dirname(file), { recursive: true });
    if (content === undefined) rmSync(file, { force: true });
    else writeFileSync(file, content);
  }
}
