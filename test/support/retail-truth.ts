/** The published truth of the retail files (GROUND_TRUTH.md beside the data, and the rules of packages/retail/pipeline). */
export const TABLE_ROWS = {
  'bronze.orders': 541_909,
  'bronze.clicks': 165_474,
  'bronze.stores': 1_565,
  'bronze.zipcodes': 42_366,
  'bronze.categories': 4_584,
  'bronze.vendors': 104,
  'bronze.purchase_orders': 4_012,
  'bronze.purchase_order_lines': 8_845,
  'silver.orders': 535_185,
  'silver.clicks': 165_474,
  'silver.stores': 1_565,
  'silver.zipcodes': 42_366,
  'silver.categories': 4_584,
  'silver.vendors': 104,
  'silver.purchase_orders': 4_012,
  'silver.purchase_order_lines': 8_845,
  'quarantine.orders': 1_456,
  'duplicates.orders': 5_268,
  'gold.daily_sales': 1_716,
  'gold.product_sales': 34_069,
  'gold.customer_value': 4_338,
  'gold.store_coverage': 52,
} as const;

/** SQL → the one row that it must give; exact decimals as text. */
export const TOTALS: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  [
    `select sum(units)::varchar units, sum(revenue)::varchar revenue, sum(cancelled_units)::varchar cancelled_units,
       sum(cancelled_revenue)::varchar cancelled, sum(revenue + cancelled_revenue)::varchar total from "gold.daily_sales"`,
    {
      units: '5572420',
      revenue: '10642110.804',
      cancelled_units: '-275560',
      cancelled: '-893979.730',
      total: '9748131.074',
    },
  ],
  [
    `select sum(quantity * unit_price)::varchar total, count(distinct customer_id)::varchar customers from "silver.orders"`,
    { total: '9748131.074', customers: '4372' },
  ],
  [
    `select sum(orders)::varchar orders, sum(units)::varchar units, sum(revenue)::varchar revenue from "gold.customer_value"`,
    { orders: '18532', units: '5152002', revenue: '8887208.894' },
  ],
  [
    `select sum(revenue)::varchar revenue, sum(units)::varchar units from "gold.product_sales"`,
    { revenue: '10642110.804', units: '5572420' },
  ],
  [
    `select sum(stores)::varchar stores, sum(zipcodes)::varchar zipcodes from "gold.store_coverage"`,
    { stores: '1565', zipcodes: '1540' },
  ],
  [
    `select count(distinct session_id)::varchar sessions, sum(price)::bigint::varchar price from "silver.clicks"`,
    { sessions: '24026', price: '7248176' },
  ],
  [
    `select sum(sub_total)::varchar sub_total, sum(total_due)::varchar total_due from "silver.purchase_orders"`,
    { sub_total: '63791994.8380', total_due: '70479332.6383' },
  ],
  [`select sum(line_total)::varchar total from "silver.purchase_order_lines"`, { total: '63791994.8380' }],
  [
    `select sum(spend)::varchar spend, sum(orders)::varchar orders, sum(lines)::varchar lines from "gold.vendor_spend"`,
    { spend: '63791994.8380', orders: '4012', lines: '8845' },
  ],
];
