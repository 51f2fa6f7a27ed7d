import type { Grain } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import { parseQuery } from './parser.ts';
import type { Refusal, SyntaxRelation } from './syntax.ts';
import { type InputDataset, type TypedQuery, typeQuery } from './type-query.ts';

const INPUTS: readonly InputDataset[] = [
  {
    name: 'silver.orders',
    grain: 'day',
    asof: 'window',
    columns: [
      { name: 'invoice_no', type: 'string' },
      { name: 'quantity', type: 'long' },
      { name: 'price', type: 'decimal(18,3)' },
      { name: 'at', type: 'timestamp' },
      { name: 'country', type: 'string' },
    ],
  },
  {
    name: 'silver.stores',
    grain: 'day',
    asof: 'latest',
    columns: [
      { name: 'store_id', type: 'long' },
      { name: 'country', type: 'string' },
    ],
  },
];

interface Answer {
  readonly typed: TypedQuery | undefined;
  readonly refusals: readonly Refusal[];
}

function type(text: string, grain: Grain = 'day'): Answer {
  const parsed = parseQuery(text);
  if (parsed.kind === 'refused') throw new Error(parsed.message);
  const refusals: Refusal[] = [];
  const input = ({ layer, name }: SyntaxRelation) =>
    INPUTS.find((dataset) => dataset.name === `${layer}.${name}`);
  return { typed: typeQuery(parsed.value, { grain, input, report: (r) => refusals.push(r) }), refusals };
}

function columns(text: string): string | undefined {
  const { typed, refusals } = type(text);
  expect(refusals).toEqual([]);
  return typed?.columns.map((column) => `${column.name} ${column.type}`).join(', ');
}

describe('queries', () => {
  it('have the columns that they select, in order', () => {
    const text = `select to_date(at) as day, country, sum(quantity * price) revenue, count(*) as n
      from silver.orders group by to_date(at), country`;
    expect(columns(text)).toBe('day date, country string, revenue decimal(38,3), n long');
  });

  it('take an alias of SELECT as a key', () => {
    const byAlias = type(
      'select to_month(at) as month, count(*) as n from silver.orders group by month',
    ).typed;
    const bySelf = type(
      'select to_month(at) as month, count(*) as n from silver.orders group by to_month(at)',
    ).typed;
    expect(byAlias).toEqual(bySelf);
  });

  it('take a key whose alias is its own name as the column', () => {
    expect(columns('select o.country as country, count(*) as n from silver.orders o group by country')).toBe(
      'country string, n long',
    );
  });

  it('may build on keys and aggregates', () => {
    const text =
      "select upper(country) || '!' as c, sum(quantity) + count(*) as n from silver.orders group by upper(country)";
    expect(columns(text)).toBe('c string, n long');
  });

  it('turn join conditions so that the joined side is on the right', () => {
    const join = 'select o.quantity from silver.orders o join silver.stores s on';
    const turned = type(`${join} s.country = upper(o.country) and s.store_id = o.quantity`).typed;
    const straight = type(`${join} upper(o.country) = s.country and o.quantity = s.store_id`).typed;
    expect(turned).toEqual(straight);
    expect(turned?.query.joins[0]).toMatchObject({ kind: 'inner', relation: { alias: 's', asof: 'latest' } });
  });

  it('without keys and aggregates are not grouped', () => {
    expect(type('select quantity from silver.orders').typed?.query.aggregated).toBe(false);
    expect(type('select count(*) as n from silver.orders').typed?.query.aggregated).toBe(true);
    expect(type('select country from silver.orders group by country').typed?.query.aggregated).toBe(true);
  });
});

describe('refused queries', () => {
  const JOIN = 'from silver.orders o join silver.stores s on o.country = s.country';
  it.each([
    [`select country ${JOIN}`, 7, '"country" could be o.country or s.country', 'write which one'],
    ['select x.quantity from silver.orders o', 7, 'unknown table "x"', 'did you mean "o"?'],
    ['select quantiy from silver.orders', 7, 'unknown column "quantiy"', 'did you mean "quantity"?'],
    ['select _slice as s from silver.orders', 7, '"_slice" is not a column of yours', /event time/],
    ['select quantity * 2 from silver.orders', 7, 'this column has no name', 'write … AS name'],
    [
      'select quantity, price as quantity from silver.orders',
      17,
      'two columns are named "quantity"',
      /rename/,
    ],
    ['select quantity as _q from silver.orders', 7, '"_q" begins with "_", which is ours', /rename/],
    [
      'select quantity, count(*) as n from silver.orders',
      7,
      '"quantity" is neither a key nor inside an aggregate',
      /GROUP BY/,
    ],
    [
      'select 1 + quantity as q, count(*) as n from silver.orders group by country',
      11,
      '"quantity" is neither a key nor inside an aggregate',
      /latest/,
    ],
    [
      'select count(*) as n from silver.orders group by 1',
      49,
      'GROUP BY positions are not in the portable subset',
      /name/,
    ],
    [
      'select sum(quantity) as n from silver.orders group by n',
      11 - 4,
      'GROUP BY looks at single rows: no aggregate can stand here',
      undefined,
    ],
    [
      'select count(*) as n from silver.orders where count(*) > 1',
      46,
      'WHERE looks at single rows: no aggregate can stand here',
      undefined,
    ],
    ['select quantity from silver.orders where quantity', 41, 'WHERE is boolean, this is long', /compare/],
    [
      'select upper(country) as country, count(*) as n from silver.orders group by country',
      76,
      '"country" is a column and a name in SELECT',
      /orders\.country/,
    ],
    ['select null as n from silver.orders', 7, 'the type of NULL is not known here', /cast/],
    [
      'select a.quantity from silver.orders a join silver.orders a on a.at = a.at',
      44,
      '"a" names two tables',
      /AS another name/,
    ],
    [`select o.quantity ${JOIN} and o.quantity > 1`, 100, 'ON takes equalities joined by AND', /WHERE/],
    [
      `select o.quantity ${JOIN} and o.quantity = 1`,
      100,
      'one side must be of "s" alone, the other of the tables before it',
      /WHERE/,
    ],
    [
      `select o.quantity ${JOIN} and s.store_id = o.country`,
      100,
      'long and string do not go together',
      /cast/,
    ],
  ])('%s', (text, at, message, remedy) => {
    const { typed, refusals } = type(text);
    expect(typed).toBeUndefined();
    const found = refusals.find((refusal) => refusal.message === message);
    expect(refusals.map((refusal) => refusal.message)).toContain(message);
    if (at !== 100) expect(found?.at).toBe(at);
    if (typeof remedy === 'string') expect(found?.remedy).toBe(remedy);
    else if (remedy !== undefined) expect(found?.remedy).toMatch(remedy);
  });

  it('say all their faults at once', () => {
    const text = 'select nope, quantity * 2 from silver.orders where country = 1 group by nada';
    expect(
      type(text)
        .refusals.map(({ at }) => at)
        .sort((a, b) => a - b),
    ).toEqual([7, 13, 59, 72]);
  });
});
