import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isBalanced, type RunSummary } from '@lakewarden/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, runOnce } from '../support/cli.ts';
import { checkLanded, type LoggedTable, readLog } from '../support/delta-log.ts';
import { queryFiles } from '../support/duck.ts';
import { hasRetailData, RETAIL_DATA, ROOT } from '../support/paths.ts';
import { hasPython, runPython } from '../support/python.ts';
import { TABLE_ROWS, TOTALS } from '../support/retail-truth.ts';

/** The main job on the real data, judged by readers that share no code with the product. */
describe.runIf(hasRetailData())('the retail data, from its files to gold', () => {
  const lake = mkdtempSync(join(tmpdir(), 'lakewarden-retail-'));
  let summary: RunSummary;
  let tables: Record<string, LoggedTable>;

  beforeAll(async () => {
    summary = await runOnce(lake, ['--data', RETAIL_DATA]);
    tables = Object.fromEntries(summary.tables.map((table) => [table.name, readLog(table.path)]));
  });
  afterAll(() => rmSync(lake, { recursive: true, force: true }));

  it('ends with every slice fresh and every row accounted for', () => {
    expect(Object.keys(summary.slices)).toEqual(['fresh']);
    expect(summary.failures).toEqual([]);
    for (const rows of Object.values(summary.accounting)) expect(isBalanced(rows)).toBe(true);
    expect(summary.accounting['silver.orders']).toEqual({
      in: 541_909,
      out: 535_185,
      quarantined: 1_456,
      duplicates: 5_268,
    });
  });

  it('holds each event once, up to the checkpoint (I1, I2, I3)', () => {
    expect(checkLanded(tables['bronze.orders'] as LoggedTable)).toEqual({ rows: 541_909, partitions: 4 });
    expect(checkLanded(tables['bronze.clicks'] as LoggedTable)).toEqual({ rows: 165_474, partitions: 4 });
  });

  it('holds each (partition, sequence) once in the files themselves', async () => {
    const [row] = await queryFiles(
      tables,
      'select count(*)::varchar n, count(distinct (generation, "partition", "sequence"))::varchar d from "bronze.orders"',
    );
    expect(row).toEqual({ n: '541909', d: '541909' });
  });

  it.each(Object.entries(TABLE_ROWS))('%s has %d rows', async (name, rows) => {
    expect(summary.tables.find((table) => table.name === name)?.rows).toBe(rows);
    const [counted] = await queryFiles(tables, `select count(*)::varchar n from "${name}"`);
    expect(counted).toEqual({ n: String(rows) });
  });

  it.each(TOTALS)('%s', async (sql, expected) => {
    expect(await queryFiles(tables, sql)).toEqual([expected]);
  });

  it('is read by `lakewarden query` with no agent up, as DuckDB reads the files', async () => {
    const sql = (quote: string) =>
      `select country, sum(revenue) as revenue from ${quote}gold.daily_sales${quote} group by country order by revenue desc, country limit 5`;
    const answer = await runCli(['query', sql(''), '--lake', lake, '--json']);
    const { rows } = JSON.parse(answer.stdout) as { rows: unknown[][] };
    const expected = await queryFiles(tables, sql('"'));
    expect(rows).toEqual(expected.map((row) => [row.country, row.revenue]));
  });

  it.runIf(hasPython())('is read by delta-rs, table by table, with the same rows', async () => {
    const folders = summary.tables.map((table) => table.path);
    const read = (await runPython(join(ROOT, 'test/interop/read_tables.py'), folders)) as Record<
      string,
      { version: number; rows: number; filled: Record<string, number> }
    >;
    for (const table of summary.tables) {
      expect(read[table.path], table.name).toMatchObject({ version: table.version, rows: table.rows });
    }
    const silver = summary.tables.find((table) => table.name === 'silver.orders');
    expect(read[silver?.path ?? '']?.filled.unit_price).toBe(535_185);
  });

  it('commits nothing when it runs again, also on another day', async () => {
    const preload = join(ROOT, 'test/support/tomorrow.ts');
    const again = await runOnce(lake, ['--data', RETAIL_DATA], { NODE_OPTIONS: `--import=${preload}` });
    const versions = (of: RunSummary) => of.tables.map(({ name, version, rows }) => [name, version, rows]);
    expect(versions(again)).toEqual(versions(summary));
    expect(again.accounting).toEqual(summary.accounting);
  });
});
