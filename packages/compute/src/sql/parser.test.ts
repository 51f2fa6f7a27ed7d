import { describe, expect, it } from 'vitest';
import { parseExpression, parseQuery } from './parser.ts';
import { printExpression, printQuery } from './print.ts';

function print(text: string): string {
  const parsed = parseExpression(text);
  return parsed.kind === 'parsed' ? printExpression(parsed.value) : `${parsed.at}: ${parsed.message}`;
}

describe('the parser of expressions', () => {
  it.each([
    ['a + b * c - d', '(a + (b * c)) - d'],
    ['a - b - c', '(a - b) - c'],
    ['- a * b', '(-a) * b'],
    ['- - a', '-(-a)'],
    ['a or b and not c', 'a or (b and (not c))'],
    ['a and b and c', 'a and b and c'],
    ['(a and b) and c', '(a and b) and c'],
    ['not a = b', 'not (a = b)'],
    ['not a and b', '(not a) and b'],
    ['a + 1 > b * 2', '(a + 1) > (b * 2)'],
    ["a || 'x' = b", "(a || 'x') = b"],
    ['a != b', 'a <> b'],
    ['a between 1 + 1 and 3 and b', '(a between (1 + 1) and 3) and b'],
    ['a not between 1 and 2', 'a not between 1 and 2'],
    ['a not in (1, 2)', 'a not in (1, 2)'],
    ["a not like '%x'", "a not like '%x'"],
    ['a is not null and b is null', '(a is not null) and (b is null)'],
    ['(a = b) = c', '(a = b) = c'],
    ['CASE WHEN A THEN 1 ELSE 2 END', 'case when a then 1 else 2 end'],
    ["case a when 'when' then 1 when 'end' then 2 end", "case a when 'when' then 1 when 'end' then 2 end"],
    ['cast(a as Decimal(18, 3))', 'cast(a as decimal(18,3))'],
    ['try_cast(a as long)', 'try_cast(a as long)'],
    ['count(*) + count(distinct t.a)', 'count(*) + count(distinct t.a)'],
    ["date '2011-12-10' > timestamp", "date '2011-12-10' > timestamp"],
    ["'it''s'", "'it''s'"],
    ['a -- comment\n /* and\n another */ + b', 'a + b'],
    ['.5 + 1. + 007', '(.5 + 1.) + 007'],
  ])('reads %s', (text, printed) => {
    expect(print(text)).toBe(printed);
  });

  it.each([
    ['', 0, 'the text ends where a value is expected', undefined],
    ['a +', 3, 'the text ends where a value is expected', undefined],
    ['(a', 0, 'this parenthesis is not closed', undefined],
    ['a b', 2, 'unexpected "b"', undefined],
    ["'abc", 0, 'this text has no end', /''/],
    ['a /* b', 2, 'this comment has no end', /\*\//],
    ['a < b < c', 6, 'comparisons cannot be chained', /AND/],
    ['a = b is null', 6, 'comparisons cannot be chained', /parentheses/],
    ['a::int', 1, '"::" is not in the portable subset', /cast\(x as type\)/],
    ['"A"', 0, 'quoted names are not in the portable subset', /lower case/],
    ['a[1]', 1, 'lists are not in the portable subset', /positions/],
    ['a % 2', 2, '"%" is not in the portable subset', /remainder/],
    ['1e5', 0, 'numbers with an exponent are floating point', /digits/],
    ['2x', 0, '"2x…" is neither a number nor a name', /letter/],
    ['a @ b', 2, 'unexpected character "@"', undefined],
    ['sum(a) over (partition by b)', 7, 'OVER is not in the portable subset', /latest/],
    ['count(a) filter (where b)', 9, 'FILTER is not in the portable subset', /CASE/],
    ['exists (select 1)', 0, 'EXISTS is not in the portable subset', /join/],
    ['(select 1)', 0, 'subqueries are not in the portable subset', /join/],
    ['a in (select b)', 6, 'subqueries are not in the portable subset', /join/],
    ['a is distinct from b', 5, 'only IS NULL and IS NOT NULL are in the portable subset', /coalesce/],
    ["a ilike 'x'", 2, 'ILIKE is not in the portable subset', /lower/],
    ["interval '1' day", 0, '"interval" cannot stand before a text', /months/],
    ['case end', 5, 'unexpected "end"', undefined],
    ['case a end', 7, 'CASE needs at least one WHEN', undefined],
    ['case when a then b', 18, 'END is expected here', undefined],
    ['from', 0, 'unexpected "from"', undefined],
  ])('refuses %s at %i', (text, at, message, remedy) => {
    const parsed = parseExpression(text);
    if (parsed.kind === 'parsed') throw new Error('was parsed');
    expect(parsed).toMatchObject({ at, message: expect.stringContaining(message) });
    if (remedy !== undefined) expect(parsed.remedy).toMatch(remedy);
  });

  it('bounds depth, whatever nests', () => {
    const deep = [
      `${'('.repeat(5000)}1${')'.repeat(5000)}`,
      Array(5000).fill('a').join(' + '),
      `${'not '.repeat(5000)}a`,
      `${'- '.repeat(5000)}a`,
      `${'case when a then '.repeat(500)}1`,
      `${'abs('.repeat(5000)}1`,
    ];
    for (const text of deep) expect(print(text)).toMatch(/^\d+: deeper than 100 levels/);
  });

  it('takes a long flat list of conditions', () => {
    const text = Array.from({ length: 1500 }, (_, i) => `a = ${i}`).join(' or ');
    expect(parseExpression(text).kind).toBe('parsed');
  });

  it('bounds the length of the text and the number of words', () => {
    expect(print(' '.repeat(300_000))).toMatch(/longer than 262144 characters/);
    expect(print('a,'.repeat(15_000))).toMatch(/more than 20000 words/);
  });
});

describe('the parser of queries', () => {
  it('reads every clause', () => {
    const text = `select a, b.c as d, count(*) n from silver.x b left outer join gold.y as z on b.k = z.k
      inner join silver.w on w.k = b.k where a > 1 group by a, d;`;
    const parsed = parseQuery(text);
    if (parsed.kind === 'refused') throw new Error(parsed.message);
    expect(printQuery(parsed.value)).toBe(
      [
        'select a, b.c as d, count(*) as n',
        'from silver.x as b',
        'left join gold.y as z on b.k = z.k',
        'inner join silver.w as w on w.k = b.k',
        'where a > 1',
        'group by a, d',
      ].join('\n'),
    );
  });

  it.each([
    ['with x as (select 1) select a from silver.x', 0, /WITH/, /gold dataset/],
    ['select * from silver.x', 7, /SELECT \*/, /name the columns/],
    ['select x.* from silver.x', 7, /SELECT \*/, /name the columns/],
    ['select distinct a from silver.x', 7, /DISTINCT/, /GROUP BY/],
    ['select a from x', 14, /names no layer/, /silver\.x/],
    ['select a from (select 1)', 14, /subqueries/, /dataset of its own/],
    ["select a from read.csv('x')", 14, /table functions/, /pipeline/],
    ['select a from silver.x, silver.y', 22, /comma/, /JOIN/],
    ['select a from silver.x cross join silver.y', 23, /CROSS/, /equalities/],
    ['select a from silver.x right join silver.y on a = b', 23, /RIGHT/, /LEFT JOIN/],
    ['select a from silver.x join silver.y using (a)', 37, /USING/, /ON/],
    ['select a from silver.x join silver.y', 36, /ON is expected/, /a\.x = b\.x/],
    ['select a from silver.x group by all', 32, /GROUP BY ALL/, /keys/],
    ['select a from silver.x group by a having a > 1', 34, /HAVING/, /WHERE/],
    ['select a from silver.x order by a', 23, /ORDER/, /no order/],
    ['select a from silver.x limit 1', 23, /LIMIT/, /order/],
    ['select a from silver.x qualify a', 23, /QUALIFY/, /key/],
    ['select a from silver.x union select a from silver.y', 23, /UNION/, /join/],
    ['select a from silver.x; select b from silver.y', 24, /unexpected "select"/, undefined],
    ['select a from silver.left', 21, /word of SQL/, undefined],
    ['update silver.x set a = 1', 0, /SELECT is expected/, /begins with SELECT/],
  ])('refuses %s', (text, at, message, remedy) => {
    const parsed = parseQuery(text);
    if (parsed.kind === 'parsed') throw new Error('was parsed');
    expect(parsed.message).toMatch(message);
    expect(parsed.at).toBe(at);
    if (remedy !== undefined) expect(parsed.remedy).toMatch(remedy);
  });
});
