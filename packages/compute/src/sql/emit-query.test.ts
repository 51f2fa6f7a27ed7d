import type { Grain } from '@lakewarden/contracts';
import { expect, it } from 'vitest';
import type { Dialect } from './dialect.ts';
import { emitQuery } from './emit-query.ts';
import { parseQuery } from './parser.ts';
import { type InputDataset, typeQuery } from './type-query.ts';

const ORDERS: InputDataset = {
  name: 'silver.orders',
  grain: 'day',
  asof: 'window',
  columns: [
    { name: 'name', type: 'string' },
    { name: 'quantity', type: 'long' },
    { name: 'price', type: 'decimal(18,3)' },
    { name: 'at', type: 'timestamp' },
    { name: 'ratio', type: 'double' },
  ],
};
const CLICKS: InputDataset = { ...ORDERS, name: 'silver.clicks', grain: 'hour' };
const STORES: InputDataset = { ...ORDERS, name: 'silver.stores', asof: 'latest' };

function emit(text: string, grain: Grain, dialect: Dialect = 'duckdb'): string {
  const parsed = parseQuery(text);
  if (parsed.kind === 'refused') throw new Error(parsed.message);
  const typed = typeQuery(parsed.value, {
    grain,
    input: ({ name }) => ({ orders: ORDERS, clicks: CLICKS, stores: STORES })[name],
    report: (refusal) => {
      throw new Error(refusal.message);
    },
  });
  if (typed === undefined) throw new Error('not typed');
  return emitQuery(typed.query, { dialect, relation: (dataset) => dataset.replace('.', '_') });
}

it('groups by the keys and the output slice', () => {
  const text = `select to_month(at) as month, sum(quantity) as units, sum(quantity * price) as revenue
    from silver.orders where price > 0 group by month`;
  expect(emit(text, 'month')).toBe(`SELECT
  strftime(make_timestamp(epoch_us("orders"."at")), '%Y-%m') AS "month",
  CAST(sum("orders"."quantity") AS BIGINT) AS "units",
  sum(CAST((CAST("orders"."quantity" AS DECIMAL(19,0)) * "orders"."price") AS DECIMAL(37,3))) AS "revenue",
  substr("orders"."_slice", 1, 7) AS "_slice"
FROM silver_orders AS "orders"
WHERE ("orders"."price" > CAST('0.000' AS DECIMAL(18,3)))
GROUP BY strftime(make_timestamp(epoch_us("orders"."at")), '%Y-%m'), substr("orders"."_slice", 1, 7)`);
  expect(emit(text, 'month', 'spark')).toBe(`SELECT
  date_format(\`orders\`.\`at\`, 'yyyy-MM') AS \`month\`,
  sum(\`orders\`.\`quantity\`) AS \`units\`,
  sum(CAST(CAST((CAST(\`orders\`.\`quantity\` AS DECIMAL(19,0)) * \`orders\`.\`price\`) AS DECIMAL(37,3)) AS DECIMAL(38,3))) AS \`revenue\`,
  substr(\`orders\`.\`_slice\`, 1, 7) AS \`_slice\`
FROM silver_orders AS \`orders\`
WHERE (\`orders\`.\`price\` > CAST('0.000' AS DECIMAL(18,3)))
GROUP BY date_format(\`orders\`.\`at\`, 'yyyy-MM'), substr(\`orders\`.\`_slice\`, 1, 7)`);
});

it('keeps windows of two inputs apart and joins the latest slice with all', () => {
  const text = `select o.name, c.quantity, s.price from silver.orders o
    join silver.clicks c on o.name = c.name left join silver.stores s on s.name = c.name`;
  expect(emit(text, 'day')).toBe(`SELECT
  "o"."name" AS "name",
  "c"."quantity" AS "quantity",
  "s"."price" AS "price",
  "o"."_slice" AS "_slice"
FROM silver_orders AS "o"
INNER JOIN silver_clicks AS "c" ON "o"."name" = "c"."name" AND "o"."_slice" = substr("c"."_slice", 1, 10)
LEFT JOIN silver_stores AS "s" ON "c"."name" = "s"."name"`);
  expect(emit(text, 'all')).not.toContain('substr');
});

it('gives one row a slice, and none to a slice without rows, when there are no keys', () => {
  expect(emit('select count(*) as n from silver.orders', 'all')).toBe(`SELECT
  count(*) AS "n",
  'all' AS "_slice"
FROM silver_orders AS "orders"
GROUP BY 'all'`);
});

it('writes latest with nulls pinned', () => {
  const text = 'select latest(name, at, quantity) as name from silver.orders';
  const order =
    '(orders.at IS NOT NULL), orders.at, (orders.quantity IS NOT NULL), orders.quantity, orders.name';
  expect(emit(text, 'day').replaceAll('"', '')).toContain(
    `arg_max(orders.name, row(${order})) FILTER (WHERE orders.name IS NOT NULL)`,
  );
  expect(emit(text, 'day', 'spark').replaceAll('`', '')).toContain(
    `max_by(orders.name, struct(${order})) FILTER (WHERE orders.name IS NOT NULL)`,
  );
});

it('writes functions in the words of each engine', () => {
  const text = `select name from silver.orders where starts_with(name, 'a''\\') and ends_with(name, 'b')
    and length(trim(name)) > 1 and substr(name, 2, 3) = 'x' and ratio / 2 > 1 and to_date(at) = date '2011-12-10'
    and at < timestamp '2011-12-10 08:00' and round(price, 1) > 0 and cast(name as long) = 1`;
  const line = (dialect: Dialect) =>
    emit(text, 'day', dialect)
      .split('\n')
      .at(-1)
      ?.replaceAll(/["`]orders["`]\./g, '');
  expect(line('duckdb')?.split(' AND ')).toEqual([
    `WHERE (starts_with("name", 'a''\\')`,
    `suffix("name", 'b')`,
    `(length(trim("name", chr(32) || chr(9) || chr(10) || chr(11) || chr(12) || chr(13))) > CAST(1 AS BIGINT))`,
    `(substr("name", 2, 3) = 'x')`,
    `(("ratio" / nullif(CAST('2' AS DOUBLE), CAST('0' AS DOUBLE))) > CAST('1' AS DOUBLE))`,
    `(CAST(make_timestamp(epoch_us("at")) AS DATE) = DATE '2011-12-10')`,
    `("at" < TIMESTAMPTZ '2011-12-10T08:00:00.000000Z')`,
    `(CAST("price" AS DECIMAL(17,1)) > CAST('0.0' AS DECIMAL(17,1)))`,
    `(CAST(regexp_extract("name", '^([+-]?[0-9]+)(?:\\.0*)?\\z', 1) AS BIGINT) = CAST(1 AS BIGINT)))`,
  ]);
  expect(line('spark')?.split(' AND ')).toEqual([
    `WHERE (startswith(\`name\`, 'a\\'\\\\')`,
    `endswith(\`name\`, 'b')`,
    `(CAST(length(trim(BOTH (chr(32) || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)) FROM \`name\`)) AS BIGINT) > CAST(1 AS BIGINT))`,
    `(substring(\`name\`, 2, 3) = 'x')`,
    `((\`ratio\` / nullif(CAST('2' AS DOUBLE), CAST('0' AS DOUBLE))) > CAST('1' AS DOUBLE))`,
    `(CAST(\`at\` AS DATE) = DATE '2011-12-10')`,
    `(\`at\` < TIMESTAMP '2011-12-10T08:00:00.000000Z')`,
    `(CAST(\`price\` AS DECIMAL(17,1)) > CAST('0.0' AS DECIMAL(17,1)))`,
    `(CAST(regexp_extract(\`name\`, '^([+-]?[0-9]+)(?:\\\\.0*)?\\\\z', 1) AS BIGINT) = CAST(1 AS BIGINT)))`,
  ]);
});
