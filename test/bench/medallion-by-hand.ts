import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { readLog } from '../support/delta-log.ts';

/**
 * The peer of `bench medallion`: what a good engineer would write by hand in DuckDB for the retail data, knowing the
 * data and trusting it. It writes the same silver, quarantine, duplicates and gold files (one a slice, empty ones too),
 * but no digests, no totals, no accounting, no commits, and to a local folder.
 */
const [lake = '', out = ''] = process.argv.slice(2);
const instance = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '4GB' });
const db = await instance.connect();
await db.run("set timezone = 'UTC'; set preserve_insertion_order = false");

const COPY =
  "format parquet, compression snappy, partition_by (_slice), write_partition_columns false, filename_pattern '{uuid}', overwrite_or_ignore true";

function bronze(name: string): string {
  const files = [...readLog(join(lake, 'bronze', name)).files.values()].map((file) => `'${file.localPath}'`);
  return `read_parquet([${files.join(', ')}], hive_partitioning = false)`;
}

async function write(table: string, select: string): Promise<void> {
  mkdirSync(join(out, table), { recursive: true });
  await db.run(`copy (${select}) to '${join(out, table)}' (${COPY})`);
}

/** A file of 0 rows for every slice that has none, so that readers find each slice in each table. */
async function fillEmpty(table: string, slices: readonly string[], columns: string): Promise<void> {
  const folder = join(out, table);
  mkdirSync(folder, { recursive: true });
  const present = new Set(readdirSync(folder));
  const empty = join(out, `${table.replace('/', '-')}-empty.parquet`);
  await db.run(`copy (select ${columns} where false) to '${empty}' (format parquet, compression snappy)`);
  for (const slice of slices) {
    if (present.has(`_slice=${slice}`)) continue;
    mkdirSync(join(folder, `_slice=${slice}`));
    copyFileSync(empty, join(folder, `_slice=${slice}`, `${crypto.randomUUID()}.parquet`));
  }
}

interface Silver {
  readonly name: string;
  readonly kind: 'stream' | 'batch';
  /** Column → [field of the body, SQL type]. */
  readonly columns: Readonly<Record<string, readonly [string, string]>>;
  readonly required: readonly string[];
  readonly check?: string;
  readonly key: readonly string[];
  readonly derived?: string;
  readonly day: string;
}

const COORDINATES = { stream: 'generation, "partition", "sequence"', batch: 'source_file, "row"' } as const;

async function clean(step: Silver): Promise<void> {
  const names = Object.keys(step.columns);
  const fields = names.map((name) => `'$."${step.columns[name]?.[0]}"'`).join(', ');
  const typed = names.map((name, i) => {
    const value = `nullif(f[${i + 1}], '')`;
    const type = step.columns[name]?.[1] ?? 'varchar';
    return type === 'varchar' ? `${value} as ${name}` : `try_cast(${value} as ${type}) as ${name}`;
  });
  const missing = step.required.map((name) => `when ${name} is null then 'missing:${name}'`).join(' ');
  const rule = step.check === undefined ? '' : `when not (${step.check}) then 'rule'`;
  const coordinates = COORDINATES[step.kind];
  await db.run(`create or replace temp table typed as
    select *, case ${missing} ${rule} end as reason from (
      select ${typed.join(', ')}, ${coordinates}, event_time, body, ${step.day} as _slice
      from (select *, json_extract_string(decode(body), [${fields}]) as f from ${bronze(step.name)}))`);
  await db.run(`create or replace temp table ranked as
    select * exclude (reason, body),
      row_number() over (partition by _slice, ${step.key.join(', ')} order by ${coordinates}) as n,
      ${coordinates
        .split(', ')
        .map((c) => `first_value(${c}) over w as winner_${c.replaceAll('"', '')}`)
        .join(', ')}
    from typed where reason is null window w as (partition by _slice, ${step.key.join(', ')} order by ${coordinates})`);
  const slices = (await db.runAndReadAll('select distinct _slice from typed order by 1'))
    .getRows()
    .map(([s]) => String(s));
  await write(
    `silver/${step.name}`,
    `select ${names.join(', ')}${step.derived ?? ''}, _slice from ranked where n = 1`,
  );
  await write(
    `quarantine/${step.name}`,
    `select ${coordinates}, reason, 'v1' as rule_version, event_time, body, _slice from typed where reason is not null`,
  );
  const winners = coordinates
    .split(', ')
    .map((c) => `winner_${c.replaceAll('"', '')}`)
    .join(', ');
  await write(
    `duplicates/${step.name}`,
    `select ${coordinates}, ${winners}, 'key' as rule, _slice from ranked where n > 1`,
  );
  const types = `1 as a, 'x' as reason, 'v1' as rule_version, now() as event_time, 'x'::blob as body`;
  for (const layer of ['silver', 'quarantine', 'duplicates'])
    await fillEmpty(`${layer}/${step.name}`, slices, types);
}

const eventDay = "strftime(event_time, '%Y-%m-%d')";
const window = "strftime(event_time, '%Y-%m-%d')";
const strings = (...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, [name, 'varchar'] as const]));

const SILVER: readonly Silver[] = [
  {
    name: 'orders',
    kind: 'stream',
    columns: {
      invoice_no: ['InvoiceNo', 'varchar'],
      stock_code: ['StockCode', 'varchar'],
      description: ['Description', 'varchar'],
      quantity: ['Quantity', 'bigint'],
      invoice_date: ['InvoiceDate', 'timestamptz'],
      unit_price: ['UnitPrice', 'decimal(18,3)'],
      customer_id: ['CustomerID', 'decimal(18,1)'],
      country: ['Country', 'varchar'],
    },
    required: [
      'invoice_no',
      'stock_code',
      'description',
      'quantity',
      'invoice_date',
      'unit_price',
      'country',
    ],
    check: 'unit_price >= 0',
    key: [
      'invoice_no',
      'stock_code',
      'description',
      'quantity',
      'invoice_date',
      'unit_price',
      'customer_id',
      'country',
    ],
    derived: `, customer_id is null as is_guest, starts_with(invoice_no, 'C') as is_cancellation,
      quantity > 0 and unit_price > 0 and not starts_with(invoice_no, 'C') as is_sale`,
    day: eventDay,
  },
  {
    name: 'clicks',
    kind: 'stream',
    columns: {
      click_date: ['date', 'date'],
      session_id: ['session ID', 'bigint'],
      click_no: ['order', 'integer'],
      country: ['country', 'integer'],
      main_category: ['page 1 (main category)', 'integer'],
      clothing_model: ['page 2 (clothing model)', 'varchar'],
      colour: ['colour', 'integer'],
      location: ['location', 'integer'],
      model_photography: ['model photography', 'integer'],
      price: ['price', 'bigint'],
      price_2: ['price 2', 'integer'],
      page: ['page', 'integer'],
    },
    required: [
      'click_date',
      'session_id',
      'click_no',
      'country',
      'main_category',
      'clothing_model',
      'colour',
      'location',
      'model_photography',
      'price',
      'price_2',
      'page',
    ],
    key: ['click_date', 'session_id', 'click_no'],
    day: eventDay,
  },
  {
    name: 'stores',
    kind: 'batch',
    columns: {
      id: ['id', 'bigint'],
      ...strings(
        'type',
        'name',
        'address',
        'address2',
        'city',
        'state',
        'zip',
        'location',
        'hours',
        'services',
      ),
    },
    required: ['id', 'name', 'state'],
    key: ['id'],
    day: window,
  },
  {
    name: 'zipcodes',
    kind: 'batch',
    columns: strings('code', 'city', 'state', 'county', 'area_code', 'lat', 'lon'),
    required: ['code'],
    key: ['code'],
    day: window,
  },
  {
    name: 'categories',
    kind: 'batch',
    columns: strings('id', 'name', 'path', 'subCategories'),
    required: ['id'],
    key: ['id'],
    day: window,
  },
  {
    name: 'vendors',
    kind: 'batch',
    columns: {
      vendor_id: ['BusinessEntityID', 'bigint'],
      name: ['Name', 'varchar'],
      account: ['AccountNumber', 'varchar'],
      rating: ['CreditRating', 'integer'],
      preferred: ['PreferredVendorStatus', 'integer'],
      active: ['ActiveFlag', 'integer'],
      url: ['PurchasingWebServiceURL', 'varchar'],
      modified: ['ModifiedDate', 'timestamptz'],
    },
    required: ['vendor_id', 'name'],
    key: ['vendor_id'],
    day: window,
  },
  {
    name: 'purchase_orders',
    kind: 'batch',
    columns: {
      purchase_order_id: ['PurchaseOrderID', 'bigint'],
      vendor_id: ['VendorID', 'bigint'],
      revision: ['RevisionNumber', 'integer'],
      status: ['Status', 'integer'],
      employee: ['EmployeeID', 'bigint'],
      method: ['ShipMethodID', 'integer'],
      ordered: ['OrderDate', 'timestamptz'],
      shipped: ['ShipDate', 'timestamptz'],
      sub_total: ['SubTotal', 'decimal(19,4)'],
      tax: ['TaxAmt', 'decimal(19,4)'],
      freight: ['Freight', 'decimal(19,4)'],
      total_due: ['TotalDue', 'decimal(19,4)'],
      modified: ['ModifiedDate', 'timestamptz'],
    },
    required: ['purchase_order_id', 'vendor_id'],
    key: ['purchase_order_id'],
    day: window,
  },
  {
    name: 'purchase_order_lines',
    kind: 'batch',
    columns: {
      purchase_order_id: ['PurchaseOrderID', 'bigint'],
      line_id: ['PurchaseOrderDetailID', 'bigint'],
      due: ['DueDate', 'timestamptz'],
      quantity: ['OrderQty', 'bigint'],
      product: ['ProductID', 'bigint'],
      price: ['UnitPrice', 'decimal(19,4)'],
      line_total: ['LineTotal', 'decimal(19,4)'],
      received: ['ReceivedQty', 'decimal(12,2)'],
      rejected: ['RejectedQty', 'decimal(12,2)'],
      stocked: ['StockedQty', 'decimal(12,2)'],
      modified: ['ModifiedDate', 'timestamptz'],
    },
    required: ['purchase_order_id', 'line_id', 'line_total'],
    key: ['purchase_order_id', 'line_id'],
    day: window,
  },
];

const silver = (name: string) =>
  `read_parquet('${join(out, 'silver', name)}/*/*.parquet', hive_partitioning = true, hive_types_autocast = false, union_by_name = true)`;
const GOLD: Readonly<Record<string, readonly [string, string]>> = {
  daily_sales: [
    `select invoice_date::date as day, country, count(distinct case when is_sale then invoice_no end) as invoices,
      sum(case when is_sale then quantity else 0 end)::bigint as units, sum(case when is_sale then quantity * unit_price else 0 end) as revenue,
      sum(case when is_cancellation then quantity else 0 end)::bigint as cancelled_units,
      sum(case when is_cancellation then quantity * unit_price else 0 end) as cancelled_revenue, _slice
      from ${silver('orders')} group by all`,
    'day, country',
  ],
  product_sales: [
    `select strftime(invoice_date, '%Y-%m') as month, stock_code, arg_max(description, (invoice_date, invoice_no, description)) as description,
      sum(quantity)::bigint as units, sum(quantity * unit_price) as revenue, _slice[:7] as _slice
      from ${silver('orders')} where is_sale group by month, stock_code, _slice[:7]`,
    'month, stock_code',
  ],
  customer_value: [
    `select customer_id, count(distinct invoice_no) as orders, sum(quantity)::bigint as units, sum(quantity * unit_price) as revenue,
      min(invoice_date) as first_order, max(invoice_date) as last_order, 'all' as _slice
      from ${silver('orders')} where is_sale and not is_guest group by customer_id`,
    'customer_id',
  ],
  vendor_spend: [
    `select coalesce(v.name, '?') as vendor, count(distinct l.purchase_order_id) as orders, count(*) as lines, sum(line_total) as spend, 'all' as _slice
      from ${silver('purchase_order_lines')} l left join ${silver('purchase_orders')} o using (purchase_order_id)
      left join ${silver('vendors')} v using (vendor_id) group by 1`,
    'vendor',
  ],
  store_coverage: [
    `select s.state, count(*) as stores, count(z.code) as zipcodes, 'all' as _slice from ${silver('stores')} s
      left join ${silver('zipcodes')} z on s.zip[:5] = z.code group by s.state`,
    'state',
  ],
  session_funnel: [
    `select click_date as day, count(distinct session_id) as sessions, count(*) as clicks,
      ${[2, 3, 4, 5].map((p) => `count(distinct case when page >= ${p} then session_id end) as reached_page_${p}`).join(', ')}, _slice
      from ${silver('clicks')} group by click_date, _slice`,
    'day',
  ],
};

const startedMs = performance.now();
for (const step of SILVER) await clean(step);
for (const [name, [select, key]] of Object.entries(GOLD)) {
  await db.run(`create or replace temp table gold as ${select}`);
  await db.run(
    `create or replace temp table deduplicated as select * from gold qualify row_number() over (partition by _slice, ${key}) = 1`,
  );
  await write(`gold/${name}`, 'select * from deduplicated');
  const slices = (await db.runAndReadAll('select distinct _slice from gold'))
    .getRows()
    .map(([s]) => String(s));
  await fillEmpty(`duplicates/${name}`, slices, '1 as key, 2 as rule, 3 as "row"');
}
const ms = performance.now() - startedMs;
const counts = await db.runAndReadAll(
  `select count(*)::varchar from ${silver('orders')} union all select count(*)::varchar from read_parquet('${join(out, 'gold/daily_sales')}/*/*.parquet')`,
);
console.log(JSON.stringify({ ms, rows: counts.getRows() }));
