import { afterAll, describe, expect, it } from 'vitest';
import type { LakeQuery } from './lake-query.ts';
import { createQueryEngine } from './query-engine.ts';
import { compile, engineWorld, landAndClean, NEVER, silverOf } from './testing/engine-world.ts';

const world = engineWorld();
const queries = createQueryEngine({ tempDir: world.dir });
afterAll(() => queries.close());

const pipeline = compile({
  'pipeline.yaml': `
pipeline: test
sources: { orders: { kind: event-hub, namespace: n, hub: orders, eventTime: at } }
bronze: { orders: { source: orders } }
silver:
  orders:
    from: bronze.orders
    slice: day
    columns:
      id: { field: id, type: long, required: true }
      price: { field: price, type: "decimal(18,3)", required: true }
`,
});

async function ask(sql: string, rowsMax?: number) {
  const step = silverOf(pipeline, 'orders');
  const events = [
    { body: '{"at":"2011-12-08","id":9007199254740993,"price":1.5}' },
    { body: '{"at":"2011-12-09","id":2,"price":2.125}' },
  ];
  const { silver } = await landAndClean(world, step, events);
  const question: LakeQuery = {
    sql,
    relations: [
      { name: step.name, columns: step.columns, files: silver.flatMap((entry) => entry.files) },
      { name: 'gold.none', columns: [{ name: 'day', type: 'date' }], files: [] },
    ],
    ...(rowsMax !== undefined && { rowsMax }),
  };
  return queries.query(question, NEVER);
}

describe('a question to the lake', () => {
  it('sees tables by name with the slice of each row, and loses no digit', async () => {
    expect(await ask('select id, price, _slice from silver.orders order by _slice')).toEqual({
      columns: [
        { name: 'id', type: 'BIGINT' },
        { name: 'price', type: 'DECIMAL(18,3)' },
        { name: '_slice', type: 'VARCHAR' },
      ],
      rows: [
        ['9007199254740993', '1.500', '2011-12-08'],
        ['2', '2.125', '2011-12-09'],
      ],
      truncated: false,
    });
  });

  it('sees a table without files as empty', async () => {
    expect((await ask('select * from gold.none')).rows).toEqual([]);
  });

  it('gives no more rows than asked for and says so', async () => {
    const { rows, truncated } = await ask('select * from range(5000)', 3);
    expect([rows.length, truncated]).toEqual([3, true]);
  });

  it('may explain and describe', async () => {
    expect((await ask('describe silver.orders')).rows).toHaveLength(3);
    expect((await ask('explain select 1')).rows.length).toBeGreaterThan(0);
  });

  it.each([
    ['selec 1', /^Parser Error: syntax error at or near "selec"/],
    ['select * from silver.order_', /^unknown table "silver.order_" · did you mean "silver.orders"\?$/],
    ['select * from orders', /^unknown table "orders" · did you mean "silver.orders"\?$/],
    [
      'select * from elsewhere.things',
      /^unknown table "elsewhere.things" · there are: silver.orders, gold.none$/,
    ],
    ['select prise from silver.orders', /^Binder Error: .*"prise" not found/],
  ])('says what is wrong with a question, and what was meant: %s', async (sql, message) => {
    await expect(ask(sql)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(message),
    });
  });

  it.each([
    "select * from read_text('/etc/passwd')",
    "select * from '/etc/passwd'",
    "select * from glob('/etc/*')",
  ])('opens nothing but the files of the tables: %s', async (sql) => {
    await expect(ask(sql)).rejects.toMatchObject({
      name: 'TerminalError',
      code: expect.stringMatching(/^(unauthorized|invalid)$/),
    });
  });

  it.each([
    "copy (select 1) to '/tmp/lakewarden-leak.csv'",
    'create table t as select 1',
    "attach '/tmp/x.db'",
    'set enable_external_access = true',
    'drop view silver.orders',
    'select 1; select 2',
  ])('does nothing but read: %s', async (sql) => {
    await expect(ask(sql)).rejects.toMatchObject({ name: 'TerminalError' });
  });

  it('tells what is wrong with the SQL', async () => {
    await expect(ask('select nope from silver.orders')).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('nope'),
    });
  });
});
