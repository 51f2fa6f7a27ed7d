import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openFolderLake } from './folder-lake.ts';

describe('a lake in a local folder', () => {
  const signal = new AbortController().signal;
  let root = '';
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'folder-lake-'));
    await mkdir(join(root, 't/a'), { recursive: true });
    await writeFile(join(root, 't/a/x'), '0123456789');
    await writeFile(join(root, 't/a-b'), '1');
    await writeFile(join(root, 't/z'), '2');
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  test('reads whole objects and ranges, and knows what is not there', async () => {
    const { storage } = openFolderLake(root);
    const text = async (bytes: Promise<Uint8Array | undefined>) =>
      Buffer.from((await bytes) ?? []).toString();
    expect(await text(storage.read('t/a/x'))).toBe('0123456789');
    expect(await text(storage.read('t/a/x', { range: { offset: 2, length: 3 } }))).toBe('234');
    expect(await storage.read('t/none')).toBeUndefined();
    expect(await storage.read('t/none', { range: { offset: 0, length: 1 } })).toBeUndefined();
  });

  test('lists in byte order, after the asked path, and nothing below a folder that is not there', async () => {
    const { storage } = openFolderLake(root);
    const paths = async (prefix: string, startAfter?: string) =>
      (await Array.fromAsync(storage.list(prefix, startAfter === undefined ? {} : { startAfter }))).map(
        (o) => o.path,
      );
    expect(await paths('t')).toEqual(['t/a-b', 't/a/x', 't/z']);
    expect(await paths('t', 't/a-b')).toEqual(['t/a/x', 't/z']);
    expect(await paths('none')).toEqual([]);
  });

  test('hands out the files themselves when they have the size that the log says', async () => {
    const { files } = openFolderLake(root);
    expect(await files.fetch('t/a/x', 10, signal)).toBe(join(root, 't/a/x'));
    await expect(files.fetch('t/a/x', 11, signal)).rejects.toMatchObject({ code: 'corrupt' });
    await expect(files.fetch('t/none', 1, signal)).rejects.toMatchObject({ code: 'not-found' });
  });

  test('refuses every change', async () => {
    const { storage, files } = openFolderLake(root);
    const refused = { name: 'TerminalError', code: 'unsupported' };
    await expect(storage.putIfAbsent('t/n', new Uint8Array(1))).rejects.toMatchObject(refused);
    await expect(storage.put('t/n', new Uint8Array(1))).rejects.toMatchObject(refused);
    await expect(storage.delete('t/z')).rejects.toMatchObject(refused);
    await expect(files.store(join(root, 't/z'), 't/y', signal)).rejects.toMatchObject(refused);
  });
});
