import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { Column } from '@lakewarden/contracts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { columnScope } from './column-scope.ts';
import { quoteName, sessionSettings, sqlType } from './dialect.ts';
import { emitExpression } from './emit-expression.ts';
import { parseExpression } from './parser.ts';
import type { Expression } from './tree.ts';
import { Typer } from './typer.ts';

/** What the emitted SQL does in a real DuckDB: types to the letter, and each function with its nulls. */
const COLUMNS: readonly Column[] = [
  { name: 'l', type: 'long' },
  { name: 'i', type: 'integer' },
  { name: 'd', type: 'decimal(18,3)' },
  { name: 'e', type: 'decimal(38,10)' },
  { name: 's', type: 'string' },
  { name: 'b', type: 'boolean' },
  { name: 'y', type: 'date' },
  { name: 't', type: 'timestamp' },
  { name: 'x', type: 'double' },
  { name: 'nl', type: 'long' },
  { name: 'ns', type: 'string' },
  { name: 'nd', type: 'decimal(18,3)' },
  { name: 'nb', type: 'boolean' },
];
const ROW = `SELECT 7::BIGINT AS l, -3::INTEGER AS i, 2.550::DECIMAL(18,3) AS d, 1.5::DECIMAL(38,10) AS e, 'Grün' AS s,
  true AS b, DATE '2011-12-09' AS y, TIMESTAMPTZ '2011-12-09 23:30:00+00' AS t, 0.5::DOUBLE AS x,
  NULL::BIGINT AS nl, NULL::VARCHAR AS ns, NULL::DECIMAL(18,3) AS nd, NULL::BOOLEAN AS nb`;

let connection: DuckDBConnection;
let instance: DuckDBInstance;

beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  connection = await instance.connect();
  for (const setting of sessionSettings('duckdb')) await connection.run(setting);
  await connection.run(`CREATE TABLE one AS ${ROW}`);
});

afterAll(() => {
  connection.disconnectSync();
  instance.closeSync();
});

function typed(text: string): Expression | undefined {
  const parsed = parseExpression(text);
  if (parsed.kind === 'refused') throw new Error(`${parsed.message}: ${text}`);
  return new Typer(columnScope(COLUMNS), () => {}, undefined).type(parsed.value);
}

function emit(text: string): string {
  const expression = typed(text);
  if (expression === undefined) throw new Error(`refused: ${text}`);
  return emitExpression(expression, 'duckdb', (_, name) => quoteName(name, 'duckdb'));
}

async function rows(sql: string): Promise<readonly (readonly unknown[])[]> {
  return (await connection.runAndReadAll(sql)).getRowsJson();
}

/** The value as text, null or `error`. */
async function value(text: string, from = 'one'): Promise<unknown> {
  const sql = `SELECT CAST(${emit(text)} AS VARCHAR) FROM ${from}`;
  try {
    const [row] = await rows(sql);
    return row?.[0];
  } catch {
    return 'error';
  }
}

describe('functions and operators in DuckDB', () => {
  it.each([
    ['l + 1', '8'],
    ['l + nl', null],
    ['9223372036854775807 + l', 'error'],
    ['l * d', '17.850'],
    ['d * d', '6.502500'],
    ['d * 99999999999999', '254999999999997.450'],
    ['d - 0.5501', '1.9999'],
    ['-d', '-2.550'],
    ['- -9223372036854775808', 'error'],
    ['e * e * e', '3.375000000000000000000000000000'],
    ['x / 2', '0.25'],
    ['x / 0', null],
    ['d > 2.5499', 'true'],
    ['d = 2.55', 'true'],
    ['l > d', 'true'],
    ['nl = 1', null],
    ['nl is null', 'true'],
    ['l is not null', 'true'],
    ['nb and false', 'false'],
    ['nb and true', null],
    ['nb or true', 'true'],
    ['nb or false', null],
    ['not nb', null],
    ['l in (1, 7)', 'true'],
    ['l not in (1, 2)', 'true'],
    ['nl in (1, 2)', null],
    ['l in (1, nl)', null],
    ['l between 7 and 8', 'true'],
    ['l not between 1 and 6', 'true'],
    ['l between 8 and nl', 'false'],
    ['d between 2 and 2.55', 'true'],
    ["case when nb then 'a' else 'b' end", 'b'],
    ["case when l > 5 then 'a' when l > 6 then 'b' end", 'a'],
    ["case when false then 'a' end", null],
    ["case l when 7 then 'seven' else 'other' end", 'seven'],
    ["case nl when 7 then 'seven' else 'other' end", 'other'],
    ['coalesce(nl, l)', '7'],
    ['coalesce(nd, 0)', '0.000'],
    ['coalesce(nl, nl)', null],
    ['nullif(l, 7)', null],
    ['nullif(l, 8)', '7'],
    ['nullif(nl, 7)', null],
    ['least(nl, 3, l)', '3'],
    ['greatest(nl, 3, l)', '7'],
    ['greatest(nl, nl)', null],
    ['abs(i)', '3'],
    ['abs(d - 5)', '2.450'],
    ['abs(-9223372036854775808)', 'error'],
    ['round(d, 1)', '2.6'],
    ['round(-d, 1)', '-2.6'],
    ['round(d, 0)', '3'],
    ['round(cast(9.995 as decimal(4,3)), 2)', '10.00'],
    ['upper(s)', 'GRüN'],
    ["lower('ÄBC')", 'Äbc'],
    ['upper(ns)', null],
    ["trim(' \t\n a b\r ')", 'a b'],
    ["trim('\u00a0a\u00a0')", '\u00a0a\u00a0'],
    ['trim(ns)', null],
    ['substr(s, 3)', 'ün'],
    ['substr(s, 2, 2)', 'rü'],
    ['substr(s, 9)', ''],
    ['substr(s, 1, 0)', ''],
    ["substr('a🦆b', 2, 1)", '🦆'],
    ['length(s)', '4'],
    ["length('a🦆b')", '3'],
    ['length(ns)', null],
    ["starts_with(s, 'Gr')", 'true'],
    ["starts_with(s, '')", 'true'],
    ["starts_with(ns, 'a')", null],
    ["ends_with(s, 'ün')", 'true'],
    ["contains(s, 'r')", 'true'],
    ["contains('a%b', '%')", 'true'],
    ["s like 'G%'", 'true'],
    ["s not like '%x%'", 'true'],
    ["s like 'Grün'", 'true'],
    ["ns like 'G%'", null],
    ["s || '!' || cast(l as string)", 'Grün!7'],
    ["concat(s, ns, 'a')", null],
    ["'a' < 'B'", 'false'],
    ["'Z' < 'a'", 'true'],
    ['to_date(t)', '2011-12-09'],
    ["to_date(timestamp '1969-12-31 23:59:59')", '1969-12-31'],
    ['cast(t as date)', '2011-12-09'],
    ['to_month(t)', '2011-12'],
    ['to_month(y)', '2011-12'],
    ["to_month(date '0999-01-01')", '0999-01'],
    ['cast(y as timestamp) < t', 'true'],
    ["t = timestamp '2011-12-09 23:30'", 'true'],
    ['cast(d as string)', '2.550'],
    ['cast(b as string)', 'true'],
    ['cast(y as string)', '2011-12-09'],
    ['cast(l as integer)', '7'],
    ['cast(l + 3000000000 as integer)', 'error'],
    ['try_cast(l + 3000000000 as integer)', null],
    ['cast(d as decimal(20,6))', '2.550000'],
    ['cast(l as decimal(1,0))', '7'],
    ['cast(l * 10 as decimal(1,0))', 'error'],
  ])('%s is %s', async (text, expected) => {
    expect(await value(text)).toBe(expected);
  });

  it.each([
    [
      'long',
      ['7', '7'],
      ['-07', '-7'],
      ['+7', '7'],
      ['7.00', '7'],
      ['7.', '7'],
      ['1_000', null],
      ['1e3', null],
      [' 7', null],
    ],
    [
      'long',
      ['9223372036854775808', null],
      ['7.5', null],
      ['', null],
      ['0x10', null],
      ['7\n', null],
      ['７', null],
    ],
    ['integer', ['2147483647', '2147483647'], ['2147483648', null]],
    [
      'decimal(5,2)',
      ['1.5', '1.50'],
      ['.5', '0.50'],
      ['-1.500', '-1.50'],
      ['1.555', null],
      ['1000', null],
      ['1e1', null],
    ],
    ['decimal(5,0)', ['100', '100'], ['100.00', '100'], ['100.5', null]],
    ['double', ['1e-3', '0.001'], ['.5', '0.5'], ['nan', null], ['inf', null], ['1,5', null]],
    ['boolean', ['TRUE', 'true'], ['0', 'false'], ['yes', null], ['t', null]],
    ['date', ['2011-12-09', '2011-12-09'], ['2011-12-09 00:00:00', '2011-12-09'], ['2011-12-09 01:00', null]],
    ['date', ['2011-02-30', null], ['9.12.2011', null], ['2011-1-1', null], ['infinity', null]],
    ['timestamp', ['2011-12-09', '2011-12-09 00:00:00+00'], ['2011-12-09T08:26', '2011-12-09 08:26:00+00']],
    [
      'timestamp',
      ['2011-12-09 08:26:00.1234567Z', '2011-12-09 08:26:00.123456+00'],
      ['2011-12-09 24:00:00', null],
    ],
    [
      'timestamp',
      ['2011-12-09T08:26:00+02:30', '2011-12-09 05:56:00+00'],
      ['2011-12-09 08:26:61', null],
      ['now', null],
    ],
  ] as const)('reads texts as %s in one way', async (type, ...cases) => {
    for (const [text, expected] of cases) {
      expect([text, await value(`try_cast('${text}' as ${type})`)]).toEqual([text, expected]);
      expect([text, await value(`cast('${text}' as ${type})`)]).toEqual([text, expected ?? 'error']);
    }
    expect(await value(`cast(ns as ${type})`)).toBe(null);
  });
});

describe('aggregates in DuckDB', () => {
  const from = (values: string) => `(VALUES ${values}) AS v(l, s, t)`;
  it.each([
    ['count(*)', "(1, 'a', 1), (NULL, NULL, 2)", '2'],
    ['count(l)', "(1, 'a', 1), (NULL, NULL, 2)", '1'],
    ['count(distinct s)', "(1, 'a', 1), (1, 'a', 2), (1, NULL, 3)", '1'],
    ['sum(l)', "(1, 'a', 1), (NULL, NULL, 2), (5, 'b', 3)", '6'],
    ['sum(l)', "(NULL, 'a', 1)", null],
    ['sum(l)', "(9223372036854775807, 'a', 1), (1, 'a', 1)", 'error'],
    ['min(s)', "(1, 'b', 1), (1, 'B', 2), (1, NULL, 3)", 'B'],
    ['max(s)', "(1, 'b', 1), (1, 'B', 2), (1, 'ä', 3)", 'ä'],
    ['latest(s, i)', "(1, 'old', 1), (1, 'new', 2)", 'new'],
    ['latest(s, i)', "(1, 'tie a', 2), (1, 'tie b', 2)", 'tie b'],
    ['latest(s, i)', "(1, 'value', 1), (1, NULL, 2)", 'value'],
    ['latest(s, i)', "(1, 'has none', NULL), (1, 'has one', -5)", 'has one'],
    ['latest(s, i)', "(1, 'x', NULL), (1, 'y', NULL)", 'y'],
    ['latest(s, l, i)', "(NULL, 'x', 9), (1, 'y', 1), (1, 'z', NULL)", 'y'],
    ['latest(s, i)', '(1, NULL, 1)', null],
    ['coalesce(sum(l), 0) + count(*)', "(NULL, 'a', 1)", '1'],
  ])('%s over %s is %s', async (text, values, expected) => {
    const source = `(SELECT l::BIGINT AS l, s::VARCHAR AS s, t::INTEGER AS i FROM ${from(values)})`;
    expect(await value(text, source)).toBe(expected);
  });
});

/** Texts of expressions of all kinds; some are refused by the typer, the rest must have exactly the type that it says. */
const { any } = fc.letrec<Record<'any' | 'number' | 'text' | 'truth' | 'time', string>>((tie) => {
  const [number, text, truth, time] = [tie('number'), tie('text'), tie('truth'), tie('time')];
  const exact = fc.constantFrom('long', 'integer', 'decimal(12,4)', 'decimal(38,0)', 'decimal(30,9)');
  const join = (...parts: readonly (string | fc.Arbitrary<string>)[]) =>
    fc
      .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
      .map((texts) => texts.join(''));
  const choose = (values: fc.Arbitrary<string>, names: string) => {
    const two = fc.constantFrom(...names.split(' '));
    return fc.oneof(
      join(two, '(', values, ', ', values, ')'),
      join('case when ', truth, ' then ', values, ' else ', values, ' end'),
      join('case when ', truth, ' then ', values, ' end'),
    );
  };
  const pick = 'coalesce least greatest nullif';
  return {
    any: fc.oneof(number, text, truth, time),
    number: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('l', 'i', 'd', 'e', 'nl', 'nd', '0', '1', '2.5', '0.001', '-7', '3000000000', 'x'),
      join('(', number, fc.constantFrom(' + ', ' - ', ' * '), number, ')'),
      join('(x / ', number, ')'),
      join('(- ', number, ')'),
      join('abs(', number, ')'),
      join('round(', number, ', ', fc.constantFrom('0', '2'), ')'),
      join('length(', text, ')'),
      join(fc.constantFrom('cast(', 'try_cast('), fc.oneof(number, text), ' as ', exact, ')'),
      choose(number, pick),
    ),
    text: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('s', 'ns', "'a'", "'12'", "''"),
      join('(', text, ' || ', text, ')'),
      join(fc.constantFrom('upper(', 'lower(', 'trim('), text, ')'),
      join('substr(', text, ', 2)'),
      join('to_month(', time, ')'),
      join('cast(', fc.oneof(number, truth), ' as string)'),
      choose(text, pick),
    ),
    truth: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('b', 'nb', 'true', 'null'),
      ...[number, text, time].map((values) =>
        join('(', values, fc.constantFrom(' = ', ' <> ', ' < ', ' >= '), values, ')'),
      ),
      ...[number, text].map((values) => join('(', values, ' in (', values, ', ', values, '))')),
      join('(', number, ' between ', number, ' and ', number, ')'),
      join('(', truth, fc.constantFrom(' and ', ' or '), truth, ')'),
      join('(not ', truth, ')'),
      join('(', fc.oneof(number, text, truth, time), fc.constantFrom(' is null', ' is not null'), ')'),
      join(fc.constantFrom('starts_with(', 'ends_with(', 'contains('), text, ', ', text, ')'),
      join('(', text, " like 'a%')"),
    ),
    time: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('y', 't', "date '2011-12-10'", "timestamp '2011-12-10 01:02:03'"),
      join('to_date(', time, ')'),
      join('try_cast(', fc.oneof(text, time), ' as ', fc.constantFrom('date', 'timestamp'), ')'),
      choose(time, pick),
    ),
  };
});

it('every expression has exactly the type in DuckDB that the tree declares', async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(any, async (text) => {
      const expression = typed(text);
      if (expression === undefined) return;
      accepted += 1;
      const [described] = await rows(`DESCRIBE SELECT ${emit(text)} AS v FROM one`);
      expect([text, described?.[1]]).toEqual([text, sqlType(expression.type, 'duckdb')]);
    }),
    { numRuns: 1000 },
  );
  expect(accepted).toBeGreaterThan(300);
});

it('every aggregate has exactly the type in DuckDB that the tree declares', async () => {
  for (const { name, type } of COLUMNS) {
    for (const text of [
      `sum(${name})`,
      `min(${name})`,
      `max(${name})`,
      `count(${name})`,
      `latest(${name}, t)`,
      `count(distinct ${name})`,
    ]) {
      const expression = typed(text);
      if (expression === undefined) continue;
      const [described] = await rows(`DESCRIBE SELECT ${emit(text)} AS v FROM one`);
      expect([text, type, described?.[1]]).toEqual([text, type, sqlType(expression.type, 'duckdb')]);
    }
  }
});
