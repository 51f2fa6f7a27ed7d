import { readFileSync } from 'node:fs';
import { formatProblem } from '@lakewarden/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePipeline } from './compile-pipeline.ts';

const DAILY = 'sql/daily_sales.sql';
const MONTHLY = 'sql/monthly_products.sql';
const NEAR = 'sql/sales_near_stores.sql';
const FILES = ['pipeline.yaml', DAILY, MONTHLY, NEAR];
const TEXTS = new Map(
  FILES.map((file) => [
    `retail/${file}`,
    readFileSync(new URL(`./example/${file}`, import.meta.url), 'utf8'),
  ]),
);

type Edit = readonly [from: string | RegExp, to: string, file?: string];
type Case = readonly [name: string, expected: string | RegExp, ...Edit[]];

/** Problems of the example after edits, each with `^` under the place it names. */
function problems(...edits: readonly Edit[]): readonly string[] {
  const texts = new Map(TEXTS);
  for (const [from, to, file = 'pipeline.yaml'] of edits) {
    const before = texts.get(`retail/${file}`) ?? '';
    const after = before.replace(from, to);
    if (after === before) throw new Error(`nothing to edit: ${String(from)}`);
    texts.set(`retail/${file}`, after);
  }
  const compilation = compilePipeline((path) => texts.get(path), 'retail/pipeline.yaml');
  if (compilation.kind === 'compiled') return [];
  return compilation.problems.map((problem) => {
    const line = texts.get(problem.file)?.split('\n')[problem.line - 1] ?? '';
    return `${line.slice(problem.column - 1).trim()} ▸ ${problem.message}${problem.remedy ? ` · ${problem.remedy}` : ''}`;
  });
}

const CASES: readonly Case[] = [
  // The shape
  [
    'unknown key',
    /^slcie: day .*▸ unknown key "slcie" · did you mean "slice"\?/,
    ['slice: day', 'slcie: day'],
  ],
  ['missing key', /^orders: ▸ "slice" is missing|▸ "slice" is missing/, [/ {4}slice: day.*\n/, '']],
  ['unknown section', /▸ unknown key "golden" · did you mean "gold"\?/, [/^gold:/m, 'golden:']],
  ['wrong value', 'month', ['slice: month', 'slice: week']],
  [
    'number for a text',
    /^5 ▸ 5 where a text is expected · write it in quotes/,
    ['amount: quantity * unit_price', 'amount: 5'],
  ],
  [
    'yes for true',
    /▸ "yes" where true or false is expected · YAML 1.2/,
    ['required: true, trim: true', 'required: yes, trim: true'],
  ],
  ['list for an object', /▸ a list where an object is expected/, [/^bronze:/m, 'bronze: []\nsilver_old:']],
  [
    'unknown kind',
    /^event-hubs, .*▸ "event-hubs" is none of: event-hub, data-factory · did you mean "event-hub"\?/,
    ['event-hub,', 'event-hubs,'],
  ],
  ['no kind', /▸ "kind" is missing · there are: event-hub, data-factory/, ['kind: event-hub, ', '']],
  ['bad key', /▸ a key is a list of columns · write \[a, b\]/, ['key: [country]', 'key: country']],
  // Sources
  [
    'bad duration',
    /^1 day +#.*▸ "1 day" is no duration · write a number and a unit/,
    ['every: 24h', 'every: 1 day'],
  ],
  ['short window', /▸ a window is 1h to 31d in whole hours, not 30m/, ['every: 24h', 'every: 30m']],
  ['odd window', /▸ 7h neither divides a day nor is made of days/, ['every: 24h', 'every: 7h']],
  ['long delimiter', /▸ a delimiter is one ASCII character/, ['delimiter: "\\t"', 'delimiter: "ab"']],
  [
    'csv column twice',
    /^name\].*▸ "name" stands here twice/,
    ['[vendor_id, name, active]', '[vendor_id, name, name]'],
  ],
  [
    'domain in a namespace',
    /▸ "retail-events\/x" is no name of a resource/,
    ['namespace: retail-events', 'namespace: retail-events/x'],
  ],
  ['one hub twice', /▸ "orders" reads this hub already/, ['hub: clicks', 'hub: orders']],
  // Bronze
  [
    'unknown source',
    /^order \}.*▸ unknown source "order" · did you mean "orders"\?/,
    ['source: orders', 'source: order'],
  ],
  ['source landed twice', /▸ bronze.orders lands this source already/, ['source: clicks', 'source: orders']],
  // Silver
  [
    'unknown bronze',
    /^bronze.order ▸ unknown dataset "bronze.order" · did you mean "bronze.orders"\?/,
    ['from: bronze.orders', 'from: bronze.order'],
  ],
  [
    'bronze without layer',
    /^orders ▸ unknown dataset "orders" · did you mean "bronze.orders"\?/,
    ['from: bronze.orders', 'from: orders'],
  ],
  ['snapshot of a hub', /▸ events of a hub are no snapshot/, ['refresh: event', 'refresh: snapshot']],
  ['hourly snapshots by day', /▸ snapshots come more often than a day/, ['every: 24h', 'every: 1h']],
  [
    'unknown type',
    /^text, .*▸ unknown type "text" · did you mean "string"\?/,
    ['type: string, required: true, trim', 'type: text, required: true, trim'],
  ],
  [
    'too many digits',
    /▸ unknown type "decimal\(40,3\)" · decimal\(p,s\) has 1 to 38 digits/,
    ['decimal(18,3)', 'decimal(40,3)'],
  ],
  [
    'binary field',
    /▸ a field of a JSON body is never binary/,
    ['field: Country, type: string', 'field: Country, type: binary'],
  ],
  [
    'field and expression',
    /^is_guest: .*▸ a column has either a "field" or an "expression"/,
    ['expression: customer_id is null', 'field: x, expression: customer_id is null'],
  ],
  [
    'trim of a number',
    /▸ only text fields are trimmed/,
    ['field: Quantity, type: long', 'field: Quantity, trim: true, type: long'],
  ],
  ['empty path', /^Customer..Id.*▸ "Customer..Id" is no path of names/, ['Customer.Id', 'Customer..Id']],
  [
    'bad column name',
    /^Country: .*▸ "Country" cannot name a column: .* · write "country"/,
    ['      country: { field', '      Country: { field'],
  ],
  [
    'reserved column name',
    /▸ "order" is a word of SQL and cannot name a column/,
    ['      stock_code:', '      order:'],
  ],
  [
    'expression of a later column',
    /^is_sale and.*▸ "is_sale" comes later/,
    ['customer_id is null', 'is_sale and customer_id is null'],
  ],
  [
    'expression of another type',
    /▸ "is_guest" is boolean, this is string/,
    ['expression: customer_id is null', 'expression: customer_id'],
  ],
  [
    'rule that is no condition',
    /▸ a rule is boolean, this is decimal\(19,3\)/,
    ['unit_price >= 0', 'unit_price + 0'],
  ],
  [
    'aggregate in a rule',
    /^count\(\*\) > 1 ▸ one row is looked at here/,
    ['unit_price >= 0', 'count(*) > 1'],
  ],
  [
    'syntax of a rule',
    /^:: .*▸ "::" is not in the portable subset/,
    ['unit_price >= 0', '"unit_price :: int >= 0"'],
  ],
  ['unknown key column', /^stok\].*▸ unknown column "stok"/, ['columns: [store_id]', 'columns: [stok]']],
  [
    'key column twice',
    /▸ "store_id" stands here twice/,
    ['columns: [store_id]', 'columns: [store_id, store_id]'],
  ],
  [
    'unknown order column',
    /▸ unknown column "invoice_dat" · did you mean "invoice_date"\?/,
    ['column: invoice_date', 'column: invoice_dat'],
  ],
  [
    'double as key',
    /▸ "store_id" is double, which is not compared exactly/,
    ['field: id, type: long', 'field: id, type: double'],
  ],
  [
    'total that is no number',
    /▸ a total is an exact number, this is string/,
    ['      amount: quantity * unit_price', '      amount: country'],
  ],
  // Gold
  [
    'no query file',
    /▸ retail\/sql\/none.sql: this file does not exist/,
    ['sql/daily_sales.sql', 'sql/none.sql'],
  ],
  [
    'query outside of the folder',
    /▸ "..\/daily_sales.sql" is no query file/,
    ['sql/daily_sales.sql', '../daily_sales.sql'],
  ],
  ['absolute query', /▸ "\/etc\/passwd" is no query file/, ['sql/daily_sales.sql', '/etc/passwd']],
  [
    'unknown input',
    /▸ unknown dataset "silver.oders" · did you mean "silver.orders"\?/,
    ['FROM silver.orders', 'FROM silver.oders', DAILY],
  ],
  [
    'gold that reads bronze',
    /^bronze.orders o ▸ gold does not read bronze/,
    ['silver.orders', 'bronze.orders', MONTHLY],
  ],
  [
    'unknown column in SQL',
    /^unit_prise ELSE 0.*▸ unknown column "unit_prise"/,
    ['unit_price ELSE 0', 'unit_prise ELSE 0', DAILY],
  ],
  [
    'syntax of SQL',
    /^ORDER BY country ▸ ORDER is not in the portable subset/,
    [/$/, '\nORDER BY country', DAILY],
  ],
  [
    'input coarser than the output',
    /^gold.daily_sales.*▸ gold.daily_sales is sliced by month, coarser than day/,
    ['slice: day # hour | day | month | all', 'slice: month'],
    ['slice: all\n', 'slice: day\n'],
  ],
  [
    'latest first',
    /^silver.orders o ▸ the first table decides the slices/,
    ['slice: month\n', 'slice: month\n    inputs: { silver.orders: latest }\n'],
  ],
  [
    'inputs that are not read',
    /^silver.store: .*▸ the query does not read "silver.store" · did you mean "silver.stores"\?/,
    ['silver.stores: latest', 'silver.store: latest'],
  ],
  ['unknown key of gold', /▸ unknown column "day_"/, ['key: [day, country]', 'key: [day_, country]']],
  [
    'total over something else',
    /▸ the query does not read "silver.clicks"/,
    ['from: silver.orders, input', 'from: silver.clicks, input'],
  ],
  [
    'total of unknown columns',
    /^revenu \+.*▸ unknown column "revenu" · did you mean "revenue"\?/,
    ['output: revenue +', 'output: revenu +'],
  ],
  [
    'gold named as silver',
    /^orders:.*▸ silver.orders has this name: both would write duplicates.orders/,
    ['  daily_sales:\n', '  orders:\n'],
    ['gold.daily_sales', 'gold.orders', NEAR],
  ],
  // Objectives and rules
  [
    'objective of nothing',
    /^silver.oders: .*▸ unknown dataset or source "silver.oders" · did you mean "silver.orders"\?/,
    ['  silver.orders: { freshness', '  silver.oders: { freshness'],
  ],
  [
    'objective that says nothing',
    /▸ an objective says what is expected/,
    [/silver.orders: \{ fresh.*/, 'silver.orders: {}'],
  ],
  [
    'unknown objective',
    /▸ unknown key "freshnes" · did you mean "freshness"\?/,
    ['freshness: 15m', 'freshnes: 15m'],
  ],
  ['endless freshness', /▸ 400d is not between 1s and 366d/, ['freshness: 15m', 'freshness: 400d']],
  ['empty freshness', /▸ "" is no duration/, ['freshness: 15m', 'freshness: ""']],
  [
    'lag of a dataset',
    /▸ "silver.orders" has no partitions · write it at its source/,
    ['freshness: 15m,', 'lag: { events: 1 },'],
  ],
  ['lag of a batch', /▸ a batch source has no partitions/, ['freshness: 50h', 'lag: { events: 1 }']],
  [
    'lag of nothing',
    /▸ a lag is counted in events or in seconds/,
    ['{ events: 100000, seconds: 900 }', '{}'],
  ],
  [
    'part of an event',
    /▸ .*expected int|▸ 0.5 where a whole number is expected/,
    ['events: 100000', 'events: 0.5'],
  ],
  [
    'run time of a hub',
    /▸ a hub is drained, not copied by a run/,
    ['{ lag: { events: 100000, seconds: 900 } }', '{ runTime: 5m }'],
  ],
  [
    'quarantine of a source',
    /▸ only clean \(silver\) puts rows into quarantine/,
    ['runTime: 30m', 'quarantineRate: 0.1'],
  ],
  ['quarantine beyond all rows', /^2 \}.*▸ .*<=1/, ['quarantineRate: 0.2', 'quarantineRate: 2']],
  ['rule that asks nothing', /▸ a rule asks something/, [/query: ADF.*/, 'query: " "']],
  [
    'rule with holes',
    /^1m .*▸ it looks 1m back every 5m: what happens between is never seen · write "window: 5m"/,
    ['window: 15m', 'window: 1m'],
  ],
  [
    'rule about nothing',
    /▸ unknown dataset or source "source:store" · did you mean "source:stores"\?/,
    ['[source:stores, source:vendors]', '[source:store]'],
  ],
  ['rule without targets', /▸ .*>=1 items/, ['[source:stores, source:vendors]', '[]']],
  [
    'unknown severity',
    /▸ "bad" is none of: critical, error, warning, info/,
    ['severity: warning', 'severity: bad'],
  ],
  ['text for a number', /^"0" .*▸ "0" where a number is expected/, ['above: 0', 'above: "0"']],
  [
    'bad workspace',
    /▸ "a\/b" is no id of a workspace/,
    ['    every: 5m', '    workspace: a/b\n    every: 5m'],
  ],
  ['bad name of a rule', /▸ "Failures" cannot name a rule/, ['data_factory_failures:', 'Failures:']],
];

describe('a broken pipeline file', () => {
  it('names file, line, column, what and the way out', () => {
    const texts = new Map(TEXTS);
    texts.set(
      'retail/pipeline.yaml',
      (TEXTS.get('retail/pipeline.yaml') ?? '').replace('unit_price >= 0', 'unit_prise >= 0'),
    );
    const compilation = compilePipeline((path) => texts.get(path), 'retail/pipeline.yaml');
    expect(compilation.kind === 'problems' && compilation.problems.map(formatProblem)).toEqual([
      'retail/pipeline.yaml:49:32  unknown column "unit_prise" · did you mean "unit_price"?',
    ]);
  });

  for (const [name, expected, ...edits] of CASES) {
    it(`is refused: ${name}`, () => {
      const found = problems(...edits);
      const text = found.join('\n');
      if (expected instanceof RegExp)
        expect(
          found.some((problem) => expected.test(problem)),
          text,
        ).toBe(true);
      else expect(text).toContain(expected);
      expect(found.length, text).toBeLessThanOrEqual(3);
    });
  }

  it('says only the cause, not what follows from it', () => {
    expect(problems(['from: bronze.orders', 'from: bronze.nothing'])).toHaveLength(1);
    expect(problems(['field: Quantity, type: long', 'field: Quantity, type: lng'])).toHaveLength(1);
    expect(problems(['FROM silver.orders', 'FROM', DAILY])).toHaveLength(1);
    expect(problems(['kind: event-hub, ', 'kind: hub, '])).toHaveLength(1);
  });

  it('says everything at once', () => {
    const found = problems(
      ['hub: orders', 'hub: "or/ders"'],
      ['source: stores', 'source: store'],
      ['type: string, required: true, trim', 'type: text, required: true, trim'],
      ['field: page, type: integer', 'feld: page, type: integer'],
      ['unit_price >= 0', 'unit_price >='],
      ['sql/daily_sales.sql', 'sql/none.sql'],
      ['WHERE o.is_sale', 'WHERE', MONTHLY],
    );
    expect(found.length, found.join('\n')).toBe(7);
  });

  it('says which way a cycle goes, once', () => {
    const extra =
      'gold:\n  a: { query: sql/a.sql, slice: day, key: [n] }\n  b: { query: sql/b.sql, slice: day, key: [n] }\n';
    const texts = new Map(TEXTS);
    texts.set('retail/pipeline.yaml', `${TEXTS.get('retail/pipeline.yaml')}`.replace(/^gold:\n/m, extra));
    texts.set('retail/sql/a.sql', 'select n from\n  gold.b');
    texts.set('retail/sql/b.sql', 'select n from gold.a');
    const compilation = compilePipeline((path) => texts.get(path), 'retail/pipeline.yaml');
    expect(compilation.kind === 'problems' && compilation.problems).toEqual([
      {
        file: 'retail/sql/a.sql',
        line: 2,
        column: 3,
        message: 'a dataset cannot be built from itself: gold.a → gold.b → gold.a',
        remedy: 'let one of them read silver instead',
      },
    ]);
    texts.set('retail/sql/a.sql', 'select n from gold.a');
    const alone = compilePipeline((path) => texts.get(path), 'retail/pipeline.yaml');
    expect(alone.kind === 'problems' && alone.problems.map((p) => p.message)).toEqual([
      'a dataset cannot be built from itself: gold.a → gold.a',
    ]);
  });

  it('that does not exist or cannot be read is one problem', () => {
    const missing = compilePipeline(() => undefined, 'no/pipeline.yaml');
    expect(missing).toEqual({
      kind: 'problems',
      problems: [
        {
          file: 'no/pipeline.yaml',
          line: 0,
          column: 0,
          message: 'this file does not exist',
          remedy: 'check the path',
        },
      ],
    });
    const unreadable = compilePipeline(() => {
      throw Object.assign(new Error('secret path'), { code: 'EISDIR' });
    }, 'folder');
    expect(unreadable).toMatchObject({ problems: [{ message: 'this file cannot be read (EISDIR)' }] });
  });

  it('never throws, whatever is cut out of it or put into it', () => {
    const source = TEXTS.get('retail/pipeline.yaml') ?? '';
    const junk = fc.constantFrom(
      '',
      ':',
      '- ',
      '{',
      '}',
      '[',
      "'",
      '"',
      '\n',
      '  ',
      '|',
      '&a ',
      '*a',
      '#',
      'null',
      '1',
      '!x ',
      '\u0000',
      '💥',
    );
    const cut = fc.tuple(fc.nat(source.length), fc.nat(60), junk);
    fc.assert(
      fc.property(fc.array(cut, { minLength: 1, maxLength: 4 }), (cuts) => {
        let text = source;
        for (const [at, length, put] of cuts) text = `${text.slice(0, at)}${put}${text.slice(at + length)}`;
        const read = (path: string) => (path === 'retail/pipeline.yaml' ? text : TEXTS.get(path));
        const compilation = compilePipeline(read, 'retail/pipeline.yaml');
        if (compilation.kind === 'compiled') return;
        expect(compilation.problems.length).toBeGreaterThan(0);
        for (const problem of compilation.problems) expect(problem.line).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});
