/** Queries from text to rows: what is executed, and that everything else is refused. */
import { afterAll, describe, expect, test } from 'vitest';
import { TooExpensive } from './budget.ts';
import { evaluate } from './evaluate.ts';
import type { Row, ScalarType, TableSchema } from './plan.ts';
import { Incomputable } from './scalars.ts';
import { createTranslator } from './translator.ts';
import { cellOf } from './values.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 10, 22, 12);

const schema: TableSchema = {
  name: 'Runs',
  columns: (
    [
      ['TimeGenerated', 'datetime'],
      ['Name', 'string'],
      ['Rows', 'long'],
      ['Took', 'timespan'],
      ['Rate', 'real'],
      ['Good', 'bool'],
    ] as const satisfies readonly (readonly [string, ScalarType])[]
  ).map(([name, type]) => ({ name, type })),
};
const at = (hour: number, minute = 0) => Date.UTC(2026, 10, 22, hour, minute);
const rows: readonly Row[] = [
  [at(9), 'land-orders', 10, HOUR_MS, 0.5, true],
  [at(9, 30), 'land-orders', 30, 2 * HOUR_MS, 1.5, false],
  [at(10), 'Land-Shops', 5, null, null, true],
  [at(11, 45), 'build gold.sales', null, 90_000, -2, null],
  [at(11, 50), '', 30, -1500, 4, true],
];

const translator = createTranslator([schema]);
afterAll(() => translator.close());

async function run(query: string) {
  const translation = await translator.translate(query);
  if (!translation.ok) throw new Error(translation.refusal.message);
  const { plan } = translation;
  return {
    columns: plan.columns.map(({ name, type }) => `${name}:${type}`),
    rows: evaluate(plan, rows, NOW_MS).map((row) =>
      plan.columns.map(({ type }, index) => cellOf(row[index] ?? null, type)),
    ),
  };
}

/** The value of one expression over the first row. */
async function value(expression: string) {
  return (await run(`Runs | take 1 | project x = ${expression}`)).rows[0]?.[0];
}

/** How many rows pass. */
async function passing(condition: string) {
  return (await run(`Runs | where ${condition} | count`)).rows[0]?.[0];
}

async function refusal(query: string) {
  const translation = await translator.translate(query);
  return translation.ok ? 'accepted' : `${translation.refusal.code} ${translation.refusal.detail}`;
}

describe('operators', () => {
  test('a table alone gives all rows, with times and spans as text', async () => {
    const { columns, rows: all } = await run('Runs');
    expect(columns).toEqual([
      'TimeGenerated:datetime',
      'Name:string',
      'Rows:long',
      'Took:timespan',
      'Rate:real',
      'Good:bool',
    ]);
    expect(all[0]).toEqual(['2026-11-22T09:00:00Z', 'land-orders', 10, '01:00:00', 0.5, true]);
    expect(all[4]?.[3]).toBe('-00:00:01.5000000');
  });

  test('where keeps what is true, not what is unknown', async () => {
    expect(await passing('Good')).toBe(3);
    expect(await passing('not(Good)')).toBe(1);
    expect(await passing('Rows > 5 and Rows <= 30')).toBe(3);
  });

  test('project names, computes and orders columns', async () => {
    const result = await run('Runs | take 2 | project Twice = Rows * 2, Name, Rate / 2');
    expect(result.columns).toEqual(['Twice:long', 'Name:string', 'Column1:real']);
    expect(result.rows).toEqual([
      [20, 'land-orders', 0.25],
      [60, 'land-orders', 0.75],
    ]);
  });

  test('project-away leaves columns out, by wildcard too', async () => {
    const { columns } = await run('Runs | project-away R*, Took');
    expect(columns).toEqual(['TimeGenerated:datetime', 'Name:string', 'Good:bool']);
  });

  test('extend adds columns and replaces them, each from the row before', async () => {
    const result = await run('Runs | take 1 | extend Rows = Rows + 1, Before = Rows | project Rows, Before');
    expect(result.rows).toEqual([[11, 10]]);
  });

  test('summarize groups by columns and bins, and names what has no name', async () => {
    const result = await run(
      'Runs | summarize count(), sum(Rows), Share = todouble(countif(Good)) / count() by bin(TimeGenerated, 1h)',
    );
    expect(result.columns).toEqual(['TimeGenerated:datetime', 'count_:long', 'sum_Rows:long', 'Share:real']);
    expect(result.rows).toEqual([
      ['2026-11-22T09:00:00Z', 2, 40, 0.5],
      ['2026-11-22T10:00:00Z', 1, 5, 1],
      ['2026-11-22T11:00:00Z', 2, 30, 0.5],
    ]);
  });

  test('aggregates pass over nulls', async () => {
    const result = await run(
      'Runs | summarize sum(Rows), avg(Rows), min(Rows), max(Rows), dcount(Rows), percentile(Rows, 50), count()',
    );
    expect(result.rows).toEqual([[75, 18.75, 5, 30, 3, 10, 5]]);
    const spans = await run(
      'Runs | summarize sum(Took), avg(Took), min(TimeGenerated), max(Name), percentile(Took, 100)',
    );
    expect(spans.rows).toEqual([
      ['03:01:28.5000000', '00:45:22.1250000', '2026-11-22T09:00:00Z', 'land-orders', '02:00:00'],
    ]);
  });

  test('aggregates of no rows are zero or null; groups of no rows are none', async () => {
    const none =
      'Runs | where false | summarize count(), sum(Rows), avg(Rows), max(TimeGenerated), dcount(Name)';
    expect((await run(none)).rows).toEqual([[0, 0, null, null, 0]]);
    expect((await run(`${none} by Good`)).rows).toEqual([]);
  });

  test('nulls make a group of their own', async () => {
    const result = await run('Runs | summarize count() by Good | sort by count_, Good');
    expect(result.rows).toEqual([
      [true, 3],
      [false, 1],
      [null, 1],
    ]);
  });

  test('sort is descending unless told, with nulls last; ascending with nulls first', async () => {
    const column = async (query: string) => (await run(`${query} | project Rows`)).rows.flat();
    expect(await column('Runs | sort by Rows')).toEqual([30, 30, 10, 5, null]);
    expect(await column('Runs | order by Rows asc')).toEqual([null, 5, 10, 30, 30]);
    expect(await column('Runs | sort by Rows asc nulls last')).toEqual([5, 10, 30, 30, null]);
    expect(await column('Runs | sort by Rows desc nulls first')).toEqual([null, 30, 30, 10, 5]);
  });

  test('sort by several keys, top and limit', async () => {
    const sorted = await run('Runs | sort by Rows desc, TimeGenerated desc | project Name | limit 2');
    expect(sorted.rows).toEqual([[''], ['land-orders']]);
    expect((await run('Runs | top 1 by Rate asc nulls last | project Rate')).rows).toEqual([[-2]]);
    expect((await run('Runs | take 0')).rows).toEqual([]);
  });

  test('distinct and count', async () => {
    const distinct = await run('Runs | distinct Rows');
    expect(distinct.rows.flat()).toEqual([10, 30, 5, null]);
    expect((await run('Runs | distinct * | count')).rows).toEqual([[5]]);
    expect((await run('Runs | count')).columns).toEqual(['Count:long']);
  });
});

describe('expressions', () => {
  test.each([
    ['1 + 2 * 3 - 4', 3],
    ['7 / 2', 3],
    ['-7 / 2', -3],
    ['7 / 2.0', 3.5],
    ['1 / 0', null],
    ['1.0 / 0', 'Infinity'],
    ['-(Rows)', -10],
    ['0x1F', 31],
    ['long(null) + 1', null],
    ['bin(17, 5)', 15],
    ['bin(-1, 5)', -5],
    ['bin(2.7, 0.5)', 2.5],
    ['bin(90m, 1h)', '01:00:00'],
    ['bin(datetime(2026-11-25 13:14), 7d)', '2026-11-23T00:00:00Z'],
    ['iff(Rows > 5, "many", "few")', 'many'],
    ['iif(bool(null), 1, 2.5)', 2.5],
    ['tostring(Rate)', '0.5'],
    ['tostring(2.0)', '2.0'],
    ['tostring(true)', 'true'],
    ['tostring(1d + 1s)', '1.00:00:01'],
    ['tostring(TimeGenerated)', '2026-11-22T09:00:00.0000000Z'],
    ['tostring(int(null))', ''],
    ['tolong("42")', 42],
    ['tolong("4x")', null],
    ['tolong(4.9)', 4],
    ['toint("3000000000")', null],
    ['todouble("1.5e3")', 1500],
    ['todouble(true)', 1],
    ['isnull(Rows)', false],
    ['isnull(real(null))', true],
    ['isnull("")', false],
    ['isnotnull(Rows)', true],
    ['isempty("")', true],
    ['isnotempty(Name)', true],
    ['strcat("a", 1, "b", 2h)', 'a1b02:00:00'],
    ['tolower("ÄB")', 'äb'],
    ['now()', '2026-11-22T12:00:00Z'],
    ['now(-1d)', '2026-11-21T12:00:00Z'],
    ['ago(90m)', '2026-11-22T10:30:00Z'],
    ['now() - TimeGenerated', '03:00:00'],
    ['TimeGenerated + 1.5h', '2026-11-22T10:30:00Z'],
    ['datetime(2026-01-01) + 12h', '2026-01-01T12:00:00Z'],
    ['datetime(2026-01-01T10:00:00.5+02:00)', '2026-01-01T08:00:00.5Z'],
    ['1h / 30m', 2],
    ['3 * 20m', '01:00:00'],
    ['1h / 4', '00:15:00'],
    ['time(1.02:03:04)', '1.02:03:04'],
    ["@'a\\b'", 'a\\b'],
    ['Rows in (1, 10.0)', true],
    ['Rows !in (1, 10)', false],
    ['"A" in~ ("a", "b")', true],
    ['Name == "LAND-ORDERS"', false],
    ['Name =~ "LAND-ORDERS"', true],
    ['Name !~ "LAND-ORDERS"', false],
    ['Name != "x"', true],
    ['Name contains "DORD"', false],
    ['Name contains "ORD"', true],
    ['Name contains_cs "ORD"', false],
    ['Name !contains "xyz"', true],
    ['Name startswith "LAND"', true],
    ['Name startswith_cs "LAND"', false],
    ['Name endswith "ers"', true],
    ['Name !endswith "ers"', false],
    ['Name has "orders"', true],
    ['Name has "order"', false],
    ['Name has_cs "Orders"', false],
    ['Name !has "order"', true],
    ['"error 503: busy" has "503"', true],
    ['"x1503" has "503"', false],
    ['Took >= 1h and Rate < 1', true],
    ['false and bool(null)', false],
    ['true or bool(null)', true],
    ['true and bool(null)', null],
    ['long(null) == 3', false],
    ['long(null) != 3', true],
    ['long(null) == long(null)', null],
    ['long(null) < 3', null],
  ])('%s is %j', async (expression, expected) => {
    expect(await value(expression)).toEqual(expected);
  });
});

describe('refused', () => {
  test.each([
    'Runs | join (Runs) on Name',
    'Runs | union Runs',
    'union Runs, Runs',
    'Runs | facet by Name',
    'Runs | fork (take 1) (take 2)',
    'Runs | lookup (Runs) on Name',
    'Runs | parse Name with "a" x',
    'Runs | sample 3',
    'Runs | serialize',
    'Runs | render timechart',
    'Runs | make-series count() on TimeGenerated step 1h',
    'Runs | project-rename N = Name',
    'Runs | project-keep Name',
    'Runs | project-reorder Name',
    'Runs | top-nested 3 of Name by count()',
    'Runs | getschema',
    'Runs | search "x"',
    'Runs | as T',
    'Runs | evaluate bag_unpack(Name)',
    'Runs | count as n',
    'Runs | extend tostring(Rows)',
    'Runs | take 1 + 1',
    'Runs | summarize arg_max(TimeGenerated, *) by Name',
    'Runs | summarize make_list(Name)',
    'Runs | summarize percentiles(Rows, 50, 95)',
    'Runs | summarize percentile(Rows, Rows)',
    'Runs | summarize dcount(Name, 2)',
    'Runs | summarize sum(TimeGenerated)',
    'Runs | summarize hint.strategy=shuffle count() by Name',
    'let x = 1; Runs | where Rows > x',
    'Runs; Runs',
    'print 1',
    'datatable(x:long) [1]',
    'range x from 1 to 3 step 1',
    'Runs | where Rows between (1 .. 5)',
    'Runs | where Rows % 2 == 0',
    'Runs | where Name matches regex "a.*"',
    'Runs | where Name hasprefix "a"',
    'Runs | where Name has_any ("a", "b")',
    'Runs | where Name in (Runs)',
    'Runs | where Name == 3',
    'Runs | where Rows in ("a")',
    'Runs | where toscalar(Runs | count) > 1',
    'Runs | project x = dynamic({"a":1})',
    'Runs | project x = decimal(1)',
    'Runs | project x = guid(74be27de-1e4e-49d9-b579-fe0b331d3642)',
    'Runs | project x = 9007199254740993',
    'Runs | project x = 1tick',
    'Runs | project x = datetime(2026-02-31)',
    'Runs | project x = datetime(2026-01-01T00:00:00.0000001Z)',
    'Runs | project x = real(nan)',
    'Runs | project x = format_datetime(TimeGenerated, "yyyy")',
    'Runs | project x = case(Good, 1, 2)',
    'Runs | project x = tolong(TimeGenerated)',
    'Runs | project x = iff(Good, 1, "a")',
    'Runs | project x = "a" "b"',
    'database("workspace").Runs',
    '.show tables',
    '',
  ])('%s', async (query) => {
    expect(await refusal(query)).toBe('SemanticError NotEmulated');
  });

  test.each([
    ['Runs | wher Good', 'SyntaxError'],
    ['Runs | where Good ==', 'SyntaxError'],
    ['Runs | where Nothing', 'SemanticError'],
    ['Nothing', 'SemanticError'],
    ['Runs | where Rows', 'SemanticError'],
    ['Runs | where Name < "a"', 'SemanticError'],
    ['Runs | where TimeGenerated > "2026-01-01"', 'SemanticError'],
    ['Runs | project x = nosuch(1)', 'SemanticError'],
    ['Runs | summarize Rows', 'SemanticError'],
  ])('%s, which the binder itself refuses', async (query, code) => {
    expect(await refusal(query)).toMatch(new RegExp(`^${code} KS\\d+$`));
  });

  test('nesting beyond measure, in the parser or in us', async () => {
    const nested = (depth: number) => `Runs | where ${'('.repeat(depth)}Good${')'.repeat(depth)}`;
    expect(await refusal(nested(150))).toBe('accepted');
    expect(await refusal(nested(250))).not.toBe('accepted');
    expect(await refusal(nested(5000))).not.toBe('accepted');
    expect(await refusal(`Runs${' | take 1'.repeat(101)}`)).toBe('SemanticError NotEmulated');
    expect(await refusal(`Runs // ${'x'.repeat(40_000)}`)).toBe('SyntaxError QueryTooLong');
  });
});

describe('a query that cannot be answered exactly fails', () => {
  test.each([
    'Runs | project x = 9007199254740991 + Rows',
    'Runs | project x = Rows * 9007199254740991 * 9007199254740991',
    'Runs | project x = TimeGenerated + 10000000d',
    'Runs | summarize sum(Rows * 900719925474099)',
  ])('%s', async (query) => {
    await expect(run(query)).rejects.toThrow(Incomputable);
  });

  test('and so does one that would cost too much', async () => {
    const doubling = ' | extend Name = strcat(Name, Name)'.repeat(60);
    await expect(run(`Runs${doubling}`)).rejects.toThrow(TooExpensive);
  });
});
