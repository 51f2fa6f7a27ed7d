import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { zstdDecompressSync } from 'node:zlib';
import { type MemoryStorage, memoryStorage } from '../storage/memory-storage.ts';

/** delta-rs' test tables, which lie beside the repository, and what an index of them expects. */
const FOLDER = fileURLToPath(new URL('../../../../../shared/delta/', import.meta.url));
const TAR_BLOCK_BYTES = 512;

export interface GoldenTable {
  readonly name: string;
  readonly version: number;
  readonly activeFiles: number;
  /** A reader of version 1 must refuse it. */
  readonly refused: boolean;
}

/** Without the data outside CI these tests have nothing to read; in CI that is a failure. */
export const goldenTablesThere =
  existsSync(`${FOLDER}delta-rs-tables.tar.zst`) || process.env.CI !== undefined;

/** Rows of the index: | table | reader/writer | partitions | checkpoints | versions | active files | rows | v1 reader | */
export function goldenIndex(): GoldenTable[] {
  return readFileSync(`${FOLDER}INDEX.md`, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| delta-rs/'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, name = '', , , , versions = '', active = '', , verdict = '']) => ({
      name,
      version: Number(versions.split('..')[1]),
      activeFiles: Number(active),
      refused: verdict.startsWith('REJECT'),
    }));
}

/** All files of all tables, each table under its name in the index. */
export function goldenStorage(): MemoryStorage {
  const storage = memoryStorage();
  const archive = zstdDecompressSync(readFileSync(`${FOLDER}delta-rs-tables.tar.zst`));
  for (const { path, body } of readTar(archive)) storage.seed(path, body);
  return storage;
}

/** Plain files of a tar archive: ustar, and the long names of GNU (`L`) and pax (`x`, `path=`). */
function* readTar(archive: Uint8Array): Generator<{ path: string; body: Uint8Array }> {
  const text = (from: number, length: number): string =>
    Buffer.from(archive.subarray(from, from + length))
      .toString('utf8')
      .split('\0')[0] ?? '';
  let longName: string | undefined;
  let at = 0;
  while (at + TAR_BLOCK_BYTES <= archive.length && archive[at] !== 0) {
    const size = Number.parseInt(text(at + 124, 12).trim() || '0', 8);
    const kind = text(at + 156, 1);
    const prefix = text(at + 257, 5) === 'ustar' ? text(at + 345, 155) : '';
    const body = archive.subarray(at + TAR_BLOCK_BYTES, at + TAR_BLOCK_BYTES + size);
    const name = [prefix, text(at, 100)].filter((part) => part !== '').join('/');
    if (kind === 'L') longName = Buffer.from(body).toString('utf8').split('\0')[0];
    else if (kind === 'x') longName = /^\d+ path=(.*)$/m.exec(Buffer.from(body).toString('utf8'))?.[1];
    else {
      if (kind === '0' || kind === '') yield { path: longName ?? name, body };
      longName = undefined;
    }
    at += TAR_BLOCK_BYTES * (1 + Math.ceil(size / TAR_BLOCK_BYTES));
  }
}
