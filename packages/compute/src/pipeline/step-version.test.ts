import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compilePipeline } from './compile-pipeline.ts';

type Edit = readonly [file: string, from: string | RegExp, to: string];

const FILES = [
  'pipeline.yaml',
  'sql/daily_sales.sql',
  'sql/monthly_products.sql',
  'sql/sales_near_stores.sql',
];
const TEXTS = new Map(
  FILES.map((file) => [file, readFileSync(new URL(`./example/${file}`, import.meta.url), 'utf8')]),
);

/** Versions by dataset, after edits of the example. */
function versions(...edits: readonly Edit[]): Readonly<Record<string, string>> {
  const texts = new Map(TEXTS);
  for (const [file, from, to] of edits) {
    const before = texts.get(file) ?? '';
    const after = before.replace(from, to);
    if (after === before) throw new Error(`nothing to edit: ${String(from)}`);
    texts.set(file, after);
  }
  const compilation = compilePipeline((path) => texts.get(path), 'pipeline.yaml');
  if (compilation.kind === 'problems') throw new Error(JSON.stringify(compilation.problems));
  const { datasets } = compilation.pipeline;
  return Object.fromEntries(datasets.flatMap((d) => (d.layer === 'bronze' ? [] : [[d.name, d.stepVersion]])));
}

function changed(...edits: readonly Edit[]): readonly string[] {
  const after = versions(...edits);
  return Object.entries(versions()).flatMap(([name, version]) => (after[name] === version ? [] : [name]));
}

const YAML = 'pipeline.yaml';
const DAILY = 'sql/daily_sales.sql';
const MONTHLY = 'sql/monthly_products.sql';

const SPELLING: readonly (readonly [name: string, ...Edit[]])[] = [
  ['comments and blanks in SQL', [DAILY, /FROM silver/, '/* here */\n\n  from    silver']],
  ['the case of SQL words', [DAILY, /SELECT/, 'select']],
  ['parentheses that change nothing', [DAILY, 'quantity * unit_price', '((quantity) * (unit_price))']],
  ['an alias of a table', [MONTHLY, /\bo\b/g, 'sales']],
  ['an alias that becomes its expression', [MONTHLY, 'GROUP BY month', 'GROUP BY to_month(o.invoice_date)']],
  ['comments in YAML', [YAML, 'silver:', '# a comment\nsilver:']],
  [
    'the order of keys in YAML',
    [YAML, 'field: Quantity, type: long, required: true', 'required: true, type: long, field: Quantity'],
  ],
  ['blanks in an expression', [YAML, 'unit_price >= 0', '(unit_price   >=   0)']],
  [
    'a default that is written out',
    [YAML, 'type: "decimal(18,3)", required: true', 'type: "decimal( 18 , 3 )", required: true, trim: false'],
  ],
  ['a control total', [YAML, 'amount: quantity * unit_price', 'amount: quantity']],
  ['an objective', [YAML, 'freshness: 15m', 'freshness: 5m']],
  ['a rule of Log Analytics', [YAML, 'above: 0', 'above: 3']],
  ['the name of the pipeline', [YAML, 'pipeline: example', 'pipeline: other']],
  ['another dataset', [YAML, '  stores: { source: stores }', '  stores: { source: stores }\n  # none']],
];

const MEANING: readonly (readonly [name: string, datasets: readonly string[], ...Edit[]])[] = [
  [
    'a literal in SQL',
    ['gold.daily_sales'],
    [DAILY, 'THEN quantity ELSE 0 END) AS units', 'THEN quantity ELSE 1 END) AS units'],
  ],
  [
    'an operator',
    ['gold.monthly_products'],
    [MONTHLY, 'o.quantity * o.unit_price', 'o.quantity + o.unit_price'],
  ],
  ['a condition', ['gold.monthly_products'], [MONTHLY, 'WHERE o.is_sale', 'WHERE NOT o.is_sale']],
  [
    'a key of gold',
    ['gold.monthly_products'],
    [YAML, 'key: [month, stock_code]', 'key: [stock_code, month]'],
  ],
  ['the grain of gold', ['gold.monthly_products'], [YAML, 'slice: month', 'slice: all']],
  ['a literal in a rule', ['silver.orders'], [YAML, 'unit_price >= 0', 'unit_price >= 1']],
  [
    'the name of a rule, which is the reason in quarantine',
    ['silver.orders'],
    [YAML, 'unit_price_not_negative', 'no_debt'],
  ],
  ['a field', ['silver.orders'], [YAML, 'field: StockCode', 'field: Stock']],
  [
    'required',
    ['silver.orders'],
    [YAML, 'field: Description, type: string, required: true', 'field: Description, type: string'],
  ],
  ['trim', ['silver.orders'], [YAML, 'required: true, trim: true', 'required: true']],
  ['the order of a key', ['silver.orders'], [YAML, 'descending: true', 'descending: false']],
  ['the grain of silver', ['silver.clicks'], [YAML, /slice: hour\n/, 'slice: day\n']],
  [
    'how an input is read',
    ['gold.sales_near_stores'],
    [YAML, 'silver.stores: latest', 'silver.stores: window'],
  ],
];

describe('the version of a step', () => {
  it('is hexadecimal and differs between steps', () => {
    const all = Object.values(versions());
    expect(new Set(all).size).toBe(all.length);
    for (const version of all) expect(version).toMatch(/^[0-9a-f]{32}$/);
  });

  for (const [name, ...edits] of SPELLING) {
    it(`is not changed by ${name}`, () => {
      expect(changed(...edits)).toEqual([]);
    });
  }

  for (const [name, datasets, ...edits] of MEANING) {
    it(`is changed by ${name}`, () => {
      expect(changed(...edits)).toEqual(datasets);
    });
  }

  it('of a reader is changed by the type of what it reads', () => {
    const edit: Edit = [YAML, '"decimal(18,3)"', '"decimal(20,3)"'];
    expect(changed(edit)).toEqual(['silver.orders', 'gold.daily_sales', 'gold.monthly_products']);
  });
});
