import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSpool, type Spool } from './spool.ts';
import { systemRandom } from './system-random.ts';

describe('a spool', () => {
  let dir = '';
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'spool-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const open = (bytesMax = 100) => openSpool({ dir, bytesMax, random: systemRandom });

  async function put(spool: Spool, path: string, bytes: number): Promise<string> {
    const draft = spool.draft();
    await writeFile(draft, 'x'.repeat(bytes));
    return spool.admit(draft, path, bytes);
  }

  test('gives a file back under its lake path, and only with the size that is asked for', async () => {
    const spool = await open();
    const local = await put(spool, 't/_slice=2026/a.parquet', 10);
    expect(spool.find('t/_slice=2026/a.parquet', 10)).toBe(local);
    expect(spool.find('t/_slice=2026/a.parquet', 11)).toBeUndefined();
    expect(await readFile(local, 'utf8')).toHaveLength(10);
  });

  test('forgets what was used least recently when it is full', async () => {
    const spool = await open(100);
    const a = await put(spool, 't/a', 40);
    await put(spool, 't/b', 40);
    spool.find('t/a', 40);
    await put(spool, 't/c', 40);
    expect(spool.find('t/b', 40)).toBeUndefined();
    expect(existsSync(join(dir, 'lake/t/b'))).toBe(false);
    expect(spool.find('t/a', 40)).toBe(a);
  });

  test('keeps what was handed out to a job until the job is done, above its bound too', async () => {
    const spool = await open(100);
    await put(spool, 't/old', 60);
    const job = await spool.scratch();
    spool.find('t/old', 60);
    await put(spool, 't/new', 60);
    expect(spool.find('t/old', 60)).toBeDefined();
    await job.release();
    expect(spool.find('t/new', 60)).toBeUndefined();
    expect(spool.find('t/old', 60)).toBeDefined();
  });

  test('never evicts the file that it hands out just now', async () => {
    const spool = await open(10);
    expect(existsSync(await put(spool, 't/large', 50))).toBe(true);
  });

  test('adopts a file of a job, which may be removed then, and does so again without harm', async () => {
    const spool = await open();
    const scratch = await spool.scratch();
    const file = join(scratch.dir, 'out');
    await writeFile(file, '0123456789');
    await spool.adopt(file, 't/_slice=1/a', 10);
    await spool.adopt(file, 't/_slice=1/a', 10);
    await scratch.release();
    expect(await readFile(spool.find('t/_slice=1/a', 10) ?? '', 'utf8')).toBe('0123456789');
  });

  test('keeps its files over a restart of the process, without drafts and scratch folders', async () => {
    const before = await open();
    await put(before, 't/a', 10);
    await writeFile(before.draft(), 'half');
    const { dir: scratchDir } = await before.scratch();
    const after = await open();
    expect(existsSync(scratchDir)).toBe(false);
    expect(after.find('t/a', 10) !== undefined).toBe(existsSync('/proc/sys/kernel/random/boot_id'));
  });

  test('is emptied when the machine was started anew, as nothing in it was synced', async () => {
    await put(await open(), 't/a', 10);
    await writeFile(join(dir, 'boot'), 'another boot');
    expect((await open()).find('t/a', 10)).toBeUndefined();
  });

  test('a scratch folder is fresh and goes with its release', async () => {
    const spool = await open();
    const scratch = await spool.scratch();
    await writeFile(join(scratch.dir, 'out'), 'x');
    await scratch.release();
    expect(existsSync(scratch.dir)).toBe(false);
  });

  test('a path that leads out of the lake is refused', async () => {
    const spool = await open();
    await expect(spool.admit(spool.draft(), '../out', 1)).rejects.toMatchObject({ code: 'invalid' });
  });
});
