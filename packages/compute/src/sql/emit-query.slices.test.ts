import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { Grain } from '@lakewarden/contracts';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sessionSettings } from './dialect.ts';
import { emitQuery } from './emit-query.ts';
import { parseQuery } from './parser.ts';
import type { Query } from './tree.ts';
import { type InputDataset, typeQuery } from './type-query.ts';

/** A run covers any set of slices with one scan (DESIGN §3, Runs); each must come out as if it were built alone (I5). */
const COLUMNS = [
  { name: 'k', type: 'string' },
  { name: 'v', type: 'long' },
] as const;
const INPUTS: Readonly<Record<string, InputDataset>> = {
  days: { name: 'silver.days', grain: 'day', asof: 'window', columns: COLUMNS },
  hours: { name: 'silver.hours', grain: 'hour', asof: 'window', columns: COLUMNS },
  newest: { name: 'silver.newest', grain: 'day', asof: 'latest', columns: COLUMNS },
};
const QUERIES = [
  'select k, v from silver.days where v > 1',
  'select k, sum(v) as s, count(distinct v) as n, latest(k, v) as l from silver.hours group by k',
  'select count(*) as n, max(v) as m from silver.hours',
  'select d.k, h.v from silver.days d join silver.hours h on d.k = h.k',
  'select d.k, count(h.v) as n, sum(h.v) as s from silver.days d left join silver.hours h on d.k = h.k group by d.k',
  'select h.k, sum(n.v) as s from silver.hours h left join silver.newest n on n.k = h.k group by h.k',
];
const DAYS = ['2011-11-30', '2011-12-01', '2011-12-02'];

let instance: DuckDBInstance;
let connection: DuckDBConnection;

beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  connection = await instance.connect();
  for (const setting of sessionSettings('duckdb')) await connection.run(setting);
});

afterAll(() => {
  connection.disconnectSync();
  instance.closeSync();
});

function compile(text: string, grain: Grain): Query {
  const parsed = parseQuery(text);
  if (parsed.kind === 'refused') throw new Error(parsed.message);
  const report = () => {
    throw new Error(`refused: ${text}`);
  };
  const typed = typeQuery(parsed.value, { grain, input: ({ name }) => INPUTS[name], report });
  if (typed === undefined) throw new Error(`refused: ${text}`);
  return typed.query;
}

/** Rows as sorted JSON; with `prefix`, the window inputs hold only slices that begin with it. */
async function build(query: Query, prefix?: string): Promise<readonly string[]> {
  const sql = emitQuery(query, {
    dialect: 'duckdb',
    relation: (dataset) => {
      const table = dataset.slice('silver.'.length);
      return prefix === undefined || table === 'newest'
        ? table
        : `(SELECT * FROM ${table} WHERE starts_with(_slice, '${prefix}'))`;
    },
  });
  const rows = (await connection.runAndReadAll(sql)).getRowsJson();
  return rows.map((row) => JSON.stringify(row)).sort();
}

type Row = readonly [day: string, hour: number, k: string | null, v: number | null];

async function fill(table: string, rows: readonly Row[]): Promise<void> {
  const text = (value: string | null) => (value === null ? 'NULL' : `'${value}'`);
  const values = rows.map(([day, hour, k, v]) => {
    const slice = table === 'hours' ? `${day}T${String(hour).padStart(2, '0')}` : day;
    return `(${text(k)}, ${v ?? 'NULL'}, '${slice}')`;
  });
  await connection.run(`CREATE OR REPLACE TABLE ${table} (k VARCHAR, v BIGINT, _slice VARCHAR)`);
  if (values.length > 0) await connection.run(`INSERT INTO ${table} VALUES ${values.join(', ')}`);
}

const row: fc.Arbitrary<Row> = fc.tuple(
  fc.constantFrom(...DAYS),
  fc.integer({ min: 0, max: 2 }),
  fc.constantFrom('a', 'b', null),
  fc.constantFrom(1, 2, 3, null),
);
const table = fc.array(row, { maxLength: 8 });

it('slices built together are the slices built one by one', async () => {
  await fc.assert(
    fc.asyncProperty(
      table,
      table,
      table,
      fc.constantFrom(...QUERIES),
      fc.constantFrom('day', 'month'),
      async (days, hours, newest, text, grain) => {
        await fill('days', days);
        await fill('hours', hours);
        await fill('newest', newest);
        const query = compile(text, grain as Grain);
        const slices = grain === 'day' ? DAYS : ['2011-11', '2011-12'];
        const alone: string[] = [];
        for (const slice of slices) alone.push(...(await build(query, slice)));
        expect(await build(query)).toEqual(alone.sort());
      },
    ),
    { numRuns: 80 },
  );
});

it('a dataset without slices reads everything', async () => {
  await fill('days', [
    ['2011-11-30', 0, 'a', 1],
    ['2011-12-01', 0, 'a', 2],
  ]);
  await fill('hours', [['2011-12-02', 0, 'a', 5]]);
  expect(await build(compile('select k, sum(v) as s from silver.days group by k', 'all'))).toEqual([
    '["a","3","all"]',
  ]);
  const joined = compile('select d.v from silver.days d join silver.hours h on d.k = h.k', 'all');
  expect(await build(joined)).toEqual(['["1","all"]', '["2","all"]']);
});

it('no rows give no row, even without keys', async () => {
  await fill('hours', []);
  for (const grain of ['day', 'all'] as const) {
    expect(await build(compile('select count(*) as n from silver.hours', grain))).toEqual([]);
  }
});
