import type { Column } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import { columnScope } from './column-scope.ts';
import { parseExpression } from './parser.ts';
import type { Refusal } from './syntax.ts';
import type { Expression } from './tree.ts';
import { Typer } from './typer.ts';

const COLUMNS: readonly Column[] = [
  { name: 'quantity', type: 'long' },
  { name: 'page', type: 'integer' },
  { name: 'unit_price', type: 'decimal(18,3)' },
  { name: 'wide', type: 'decimal(38,10)' },
  { name: 'whole', type: 'decimal(10,0)' },
  { name: 'name', type: 'string' },
  { name: 'flag', type: 'boolean' },
  { name: 'day', type: 'date' },
  { name: 'at', type: 'timestamp' },
  { name: 'ratio', type: 'double' },
  { name: 'body', type: 'binary' },
];

function type(text: string): {
  readonly expression: Expression | undefined;
  readonly refusals: readonly Refusal[];
} {
  const parsed = parseExpression(text);
  if (parsed.kind === 'refused') throw new Error(parsed.message);
  const refusals: Refusal[] = [];
  const typer = new Typer(columnScope(COLUMNS), (refusal) => refusals.push(refusal), undefined);
  return { expression: typer.type(parsed.value), refusals };
}

describe('types', () => {
  it.each([
    ['quantity + 1', 'long'],
    ['page + page', 'long'],
    ['-page', 'long'],
    ['quantity * unit_price', 'decimal(37,3)'],
    ['page * unit_price', 'decimal(28,3)'],
    ['2 * unit_price', 'decimal(19,3)'],
    ['unit_price * unit_price', 'decimal(36,6)'],
    ['unit_price + unit_price', 'decimal(19,3)'],
    ['unit_price + 0.5', 'decimal(19,3)'],
    ['unit_price - 0.1234', 'decimal(20,4)'],
    ['quantity + unit_price', 'decimal(23,3)'],
    ['wide + wide', 'decimal(38,10)'],
    ['wide * unit_price', 'decimal(38,13)'],
    ['ratio / 2', 'double'],
    ['ratio * page', 'double'],
    ['-unit_price', 'decimal(18,3)'],
    ['-9223372036854775808', 'long'],
    ['9223372036854775808', 'decimal(19,0)'],
    ['0.50', 'decimal(2,2)'],
    ['000.5', 'decimal(1,1)'],
    ['12.5', 'decimal(3,1)'],
    ["name || 'x'", 'string'],
    ['case when flag then quantity else 0 end', 'long'],
    ['case when flag then page else 0 end', 'integer'],
    ['case when flag then page else 3000000000 end', 'long'],
    ['case when flag then unit_price else 0 end', 'decimal(18,3)'],
    ['case when flag then quantity end', 'long'],
    ["case name when 'a' then null else unit_price end", 'decimal(18,3)'],
    ['coalesce(null, unit_price, page)', 'decimal(18,3)'],
    ['coalesce(quantity, unit_price)', 'decimal(22,3)'],
    ['coalesce(ratio, 0)', 'double'],
    ["nullif(name, '')", 'string'],
    ["greatest(day, date '2011-12-10')", 'date'],
    ['round(unit_price, 2)', 'decimal(18,2)'],
    ['round(unit_price, 0)', 'decimal(16,0)'],
    ['round(wide, 9)', 'decimal(38,9)'],
    ['abs(unit_price)', 'decimal(18,3)'],
    ['length(name)', 'long'],
    ['substr(name, 1, 5)', 'string'],
    ['to_date(at)', 'date'],
    ['to_month(day)', 'string'],
    ['cast(name as decimal(10,2))', 'decimal(10,2)'],
    ['cast(unit_price as decimal(20,5))', 'decimal(20,5)'],
    ['cast(whole as long)', 'long'],
    ['cast(null as date)', 'date'],
    ['cast(5 as integer)', 'integer'],
    ['cast(1.5 as decimal(10,3))', 'decimal(10,3)'],
    ['cast(at as date)', 'date'],
    ['try_cast(name as timestamp)', 'timestamp'],
    ['count(*)', 'long'],
    ['count(distinct name)', 'long'],
    ['sum(page)', 'long'],
    ['sum(quantity * unit_price)', 'decimal(38,3)'],
    ['max(at)', 'timestamp'],
    ['latest(name, at, quantity)', 'string'],
    ['coalesce(sum(unit_price), 0) + 1', 'decimal(38,3)'],
    ['flag and (null or quantity > page)', 'boolean'],
    ['unit_price > 0', 'boolean'],
    ['unit_price between 0 and 9.9999', 'boolean'],
    ["name in ('a', 'b')", 'boolean'],
    ["name not like '%x%'", 'boolean'],
    ['body is null', 'boolean'],
  ])('%s is %s', (text, expected) => {
    const { expression, refusals } = type(text);
    expect(refusals).toEqual([]);
    expect(expression?.type).toBe(expected);
  });

  it('makes every coercion explicit', () => {
    expect(type('unit_price > 0').expression).toMatchObject({
      left: { kind: 'column', type: 'decimal(18,3)' },
      right: { kind: 'literal', type: 'decimal(18,3)', value: '0.000' },
    });
    expect(type('unit_price > quantity').expression).toMatchObject({
      left: { kind: 'cast', type: 'decimal(22,3)' },
      right: { kind: 'cast', type: 'decimal(22,3)' },
    });
  });

  it.each([
    ["name like 'C%'", 'starts_with', 'C'],
    ["name like '%C'", 'ends_with', 'C'],
    ["name like '%C%'", 'contains', 'C'],
    ["name like '%'", 'ends_with', ''],
    ["name like '%%'", 'contains', ''],
  ])('%s is %s', (text, name, value) => {
    expect(type(text).expression).toMatchObject({ function: name, args: [{}, { value }] });
  });
});

describe('refusals', () => {
  it.each([
    ['unit_prise > 0', 0, 'unknown column "unit_prise"', 'did you mean "unit_price"?'],
    ['x.quantity', 0, '"x.quantity" names no column', /alone/],
    ['quantity / 2', 9, 'a quotient of exact numbers is not exact', /divide where it is shown/],
    ['unit_price * ratio', 11, 'decimal(18,3) and double do not go together', /money stays decimal/],
    ['quantity * ratio', 9, 'long and double do not go together', /cast/],
    ['wide * wide * wide * wide', 19, 'the product has 40 fraction digits, more than 38', /round/],
    ["name + 'x'", 5, '"+" needs numbers, not string', /\|\|/],
    ['day + 1', 4, '"+" needs numbers, not date', /days/],
    ["quantity = '5'", 9, 'long and string do not go together', /cast/],
    ["day >= '2011-01-01'", 4, 'date and string do not go together', /cast/],
    ['at > day', 3, 'timestamp and date do not go together', /cast/],
    ['name = null', 5, 'nothing is equal to NULL, or smaller or greater', /IS NULL/],
    ["name in ('a', null)", 5, 'NULL in a list makes NOT IN true for no row', /IS NULL/],
    ['null', 0, 'the type of NULL is not known here', /cast\(null as type\)/],
    ['coalesce(null, null)', 0, 'the type of NULL is not known here', /cast\(null/],
    ['not quantity', 4, 'the operand of NOT is boolean, this is long', /compare/],
    ['flag and name', 9, 'each side of AND is boolean, this is string', /compare/],
    ["name like 'a_b'", 5, "the pattern 'a_b' is not in the portable subset", /starts_with/],
    ["name like 'a%b'", 5, "the pattern 'a%b' is not in the portable subset", /starts_with/],
    ["date '2011-02-30'", 0, "'2011-02-30' names no date", /2011-12-10/],
    ["timestamp '2011-02-28 25:00'", 0, "'2011-02-28 25:00' names no timestamp", /UTC/],
    ['cast(unit_price as long)', 0, 'decimal(18,3) cannot be cast to long', /round\(x, 0\)/],
    [
      'cast(unit_price as decimal(10,2))',
      0,
      'decimal(18,3) cannot be cast to decimal(10,2)',
      /round\(x, 2\)/,
    ],
    ['cast(at as string)', 0, 'timestamp cannot be cast to string', /to_date/],
    ['cast(ratio as decimal(10,2))', 0, 'double cannot be cast to decimal(10,2)', /decimal where it enters/],
    ['cast(wide as double)', 0, 'decimal(38,10) cannot be cast to double', /15 digits/],
    ['cast(name as varchar)', 0, 'unknown type "varchar"', 'did you mean "string"?'],
    ['cast(name as strng)', 0, 'unknown type "strng"', 'did you mean "string"?'],
    ['cast(name as decimal(40,2))', 0, 'unknown type "decimal(40,2)"', /1 to 38/],
    ['now()', 0, 'the function "now" is not in the portable subset', /any day/],
    ['avg(quantity)', 0, 'the function "avg" is not in the portable subset', /sum\(x\)/],
    ['max_by(name, at)', 0, 'the function "max_by" is not in the portable subset', /latest/],
    [
      'coalese(name, name)',
      0,
      'the function "coalese" is not in the portable subset',
      'did you mean "coalesce"?',
    ],
    ['upper(quantity)', 6, 'each argument of upper is string, this is long', 'write cast(x as string)'],
    ['upper(name, name)', 0, 'upper takes 1 argument, not 2', undefined],
    ['substr(name)', 0, 'substr takes 2 or 3 arguments, not 1', undefined],
    ['substr(name, 0)', 13, 'argument 2 of substr is a written whole number of at least 1', undefined],
    ['substr(name, quantity)', 13, 'argument 2 of substr is a written whole number of at least 1', undefined],
    ['round(quantity, 2)', 6, 'round needs a decimal, this is long', undefined],
    ['round(unit_price, 3)', 0, 'decimal(18,3) has no more than 3 fraction digits', /away/],
    ['to_date(name)', 8, 'to_date needs timestamp, this is string', /cast\(x as timestamp\)/],
    ['sum(ratio)', 4, 'sum needs long or decimal, this is double', /order of rows/],
    ['sum(name)', 4, 'sum needs long or decimal, this is string', undefined],
    ['sum(count(*))', 4, 'an aggregate cannot stand inside another aggregate', undefined],
    ['sum(distinct quantity)', 0, 'DISTINCT inside sum is not in the portable subset', /count\(distinct x\)/],
    ['count()', 0, 'count needs an argument', /count\(\*\)/],
    ['count(distinct name, day)', 0, 'count(distinct) takes one value', /\|\|/],
    ['latest(name)', 0, 'latest needs a value and what it is ordered by', /latest\(description/],
    ['least(body, body)', 0, 'least does not compare binary values', undefined],
    ['123456789012345678901234567890123456789', 0, 'a number has at most 38 digits', undefined],
    [
      'coalesce(wide, cast(null as decimal(38,0)))',
      0,
      'decimal(38,10) and decimal(38,0) need more than 38 digits together',
      /cast/,
    ],
  ])('refuses %s', (text, at, message, remedy) => {
    const { expression, refusals } = type(text);
    expect(expression).toBeUndefined();
    const [refusal] = refusals;
    expect(refusal).toMatchObject({ at, message });
    if (typeof remedy === 'string') expect(refusal?.remedy).toBe(remedy);
    else if (remedy !== undefined) expect(refusal?.remedy).toMatch(remedy);
  });

  it('reports all faults of one expression', () => {
    expect(type('quantty > 0 and nme = 1 and upper(page) = name').refusals.map(({ at }) => at)).toEqual([
      0, 16, 34,
    ]);
  });
});
