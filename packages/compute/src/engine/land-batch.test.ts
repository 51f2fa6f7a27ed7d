import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatDigest } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import type { BatchLanded } from './engine.ts';
import {
  bronzeOf,
  compile,
  engineWorld,
  NEVER,
  readParquet,
  rowsOf,
  silverOf,
} from './testing/engine-world.ts';

const world = engineWorld();
const pipeline = compile({
  'pipeline.yaml': `
pipeline: test
sources:
  stores: { kind: data-factory, factory: f, pipeline: p, every: 24h, format: { kind: json-array } }
  zips: { kind: data-factory, factory: f, pipeline: p, every: 24h, format: { kind: csv, delimiter: "," } }
bronze:
  stores: { source: stores }
  zips: { source: zips }
silver:
  stores:
    from: bronze.stores
    slice: day
    columns: { id: { field: id, type: long, required: true }, price: { field: price, type: "decimal(38,20)" } }
  zips:
    from: bronze.zips
    slice: day
    columns: { code: { field: code, type: string, required: true }, name: { field: name, type: string } }
    key: { columns: [code] }
`,
});
const WINDOW = '2011-12-10';

async function landFiles(
  name: 'stores' | 'zips',
  files: Readonly<Record<string, string>>,
): Promise<BatchLanded> {
  const dir = world.scratch();
  const inputs = Object.entries(files).map(([path, content], index) => {
    const localPath = join(dir, `in-${index}`);
    writeFileSync(localPath, content);
    return { localPath, name: path };
  });
  const dataset = bronzeOf(pipeline, name);
  return world.engine.writeBatch({ dataset, window: WINDOW, files: inputs, outDir: dir }, NEVER);
}

describe('landing a batch', () => {
  it('writes one file of the window with file, record number and body of each record', async () => {
    const landed = await landFiles('stores', { 'landing/a.json': '[{"id":1,"price":1.50},{"id":2}]' });
    expect(landed.rows).toBe(2);
    const [file] = landed.files;
    expect(file).toMatchObject({ slice: WINDOW, rows: 2 });
    expect(Object.keys(file?.touches ?? {})).toEqual([WINDOW]);
    const rows = await readParquet([file?.localPath ?? ''], '* EXCLUDE (body), decode(body) AS body');
    const common = { source_file: 'landing/a.json', event_time: '2011-12-10 00:00:00+00' };
    expect(rows).toEqual([
      { ...common, row: '1', body: '{"id":1,"price":1.50}' },
      { ...common, row: '2', body: '{"id":2}' },
    ]);
  });

  it('gives the same digest for the same records, whichever attempt brought them', async () => {
    const [first, second, other] = await Promise.all([
      landFiles('stores', { 'landing/1-a/s.json': '[{"id":1},{"id":2}]' }),
      landFiles('stores', { 'landing/2-b/s.json': '[{"id":1},{"id":2}]' }),
      landFiles('stores', { 'landing/2-b/s.json': '[{"id":1},{"id":3}]' }),
    ]);
    const digest = (landed: BatchLanded) => landed.files.map((file) => formatDigest(file.digest)).join();
    expect(digest(first)).toBe(digest(second));
    expect(digest(first)).not.toBe(digest(other));
  });

  it('lands broken lines too, and clean tells file, line and reason', async () => {
    const { files } = await landFiles('zips', {
      'landing/z.csv': 'code,name\n00501,Holtsville\n"x"y,1\n00502\n{"code":"9"},b\n00501,Holtsville\n',
    });
    const step = silverOf(pipeline, 'zips');
    const manifest = await world.engine.clean(
      { step, slices: [WINDOW], files, outDir: world.scratch() },
      NEVER,
    );
    expect(manifest.accounting).toEqual({ [WINDOW]: { in: 5, out: 2, quarantined: 2, duplicates: 1 } });
    const bad = await rowsOf(manifest.quarantine);
    expect(bad.map(({ source_file, row, reason }) => [source_file, row, reason])).toEqual([
      ['landing/z.csv', '3', 'unparseable'],
      ['landing/z.csv', '4', 'unparseable'],
    ]);
    expect((await rowsOf(manifest.duplicates)).map(({ row, winner_row }) => [row, winner_row])).toEqual([
      ['6', '2'],
    ]);
  });

  it('keeps the digits of a long number, or refuses it, but never rounds it', async () => {
    const { files } = await landFiles('stores', {
      'a.json': `[{"id":1,"price":"0.12345678901234567890"},{"id":2,"price":0.12345678901234567890},
        {"id":3,"price":0.1234567890123456},{"id":4,"price":0.123456789012345671}]`,
    });
    const step = silverOf(pipeline, 'stores');
    const manifest = await world.engine.clean(
      { step, slices: [WINDOW], files, outDir: world.scratch() },
      NEVER,
    );
    const rows = await rowsOf(manifest.silver);
    expect(rows.map((row) => [row.id, row.price]).sort()).toEqual([
      ['1', '0.12345678901234567890'],
      ['3', '0.12345678901234560000'],
    ]);
    expect((await rowsOf(manifest.quarantine)).map((row) => row.reason)).toEqual([
      'invalid:price',
      'invalid:price',
    ]);
  });

  it('ends with file, line and remedy when a header cannot name columns', async () => {
    await expect(landFiles('zips', { 'landing/z.csv': 'a,a\n1,2\n' })).rejects.toMatchObject({
      name: 'TerminalError',
      code: 'invalid',
      message: expect.stringContaining('landing/z.csv:1'),
    });
  });

  it('lands a window without a record as a file of 0 rows', async () => {
    const landed = await landFiles('stores', { 'a.json': '[]' });
    expect(landed).toMatchObject({ rows: 0, files: [{ rows: 0, slice: WINDOW }] });
  });
});
