/**
 * Blocks of Put Block, waiting for Put Block List: `.meta/blocks/<hash of file system and path>/<block id as hex>`.
 * Acknowledged blocks survive a restart, as the service's do (it keeps them for a week; here until the commit).
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StorageRefusal } from '../storage-refusal.ts';
import { type Content, receiveFile } from './incoming-file.ts';
import type { LakeStore, PutOptions } from './lake-store.ts';
import type { PathState } from './path-state.ts';

export type BlockReference = { readonly source: 'Latest' | 'Committed' | 'Uncommitted'; readonly id: string };

/** "Put Block": at most 4,000 MiB a block and 64 bytes an id, all ids of a blob of one length; 50,000 a blob. */
const BLOCK_BYTES_MAX = 4000 * 1024 * 1024;
const BLOCK_ID_BYTES_MAX = 64;
const BLOCKS_MAX = 50_000;

type Slice = { readonly file: string; readonly start: number; readonly bytes: number };

export class StagedBlocks {
  readonly #store: LakeStore;

  constructor(store: LakeStore) {
    this.#store = store;
  }

  async stage(
    fileSystem: string,
    path: string,
    id: string,
    content: Content,
    md5: string | undefined,
  ): Promise<void> {
    const name = blockFileName(id);
    await this.#store.requireFileSystem(fileSystem);
    const incoming = await receiveFile(content, {
      folder: this.#store.meta('incoming'),
      stampMs: this.#store.stampMs(),
      bytesMax: BLOCK_BYTES_MAX,
      md5: md5 !== undefined,
    });
    if (md5 !== undefined && incoming.md5 !== md5) {
      await rm(incoming.path, { force: true });
      throw new StorageRefusal('md5-mismatch');
    }
    const target = join(this.#folder(fileSystem, path), name);
    await this.#store.directories.ensure(dirname(target));
    await rename(incoming.path, target);
    await this.#store.directories.sync(dirname(target));
  }

  /** Staged blocks as [id, bytes], by id. */
  async staged(fileSystem: string, path: string): Promise<readonly (readonly [string, number])[]> {
    const folder = this.#folder(fileSystem, path);
    const names = await readdir(folder).catch(() => []);
    return Promise.all(
      names.sort().map(async (name) => [idOf(name), (await stat(join(folder, name))).size] as const),
    );
  }

  /** Makes the blob out of the named blocks; all staged ones are discarded with it. */
  async commit(
    fileSystem: string,
    path: string,
    list: readonly BlockReference[],
    options: PutOptions,
  ): Promise<PathState> {
    if (list.length > BLOCKS_MAX) throw new StorageRefusal('invalid-block-list');
    const staged = new Map(await this.staged(fileSystem, path));
    const before = await this.#store.stat(fileSystem, path);
    const slices = list.map(({ source, id }) => this.#locate(fileSystem, path, source, id, staged, before));
    const blocks = list.map(({ id }, index) => [id, slices[index]?.bytes ?? 0] as const);
    const state = await this.#store.put(fileSystem, path, readSlices(slices), {
      ...options,
      properties: { ...options.properties, blocks },
    });
    await rm(this.#folder(fileSystem, path), { recursive: true, force: true });
    return state;
  }

  #locate(
    fileSystem: string,
    path: string,
    source: BlockReference['source'],
    id: string,
    staged: ReadonlyMap<string, number>,
    before: PathState | undefined,
  ): Slice {
    const bytes = staged.get(id);
    if (source !== 'Committed' && bytes !== undefined) {
      return { file: join(this.#folder(fileSystem, path), blockFileName(id)), start: 0, bytes };
    }
    let start = 0;
    for (const [committed, length] of source === 'Uncommitted' ? [] : (before?.properties.blocks ?? [])) {
      if (committed === id) return { file: this.#store.onDisk(fileSystem, path), start, bytes: length };
      start += length;
    }
    throw new StorageRefusal('invalid-block-list');
  }

  #folder(fileSystem: string, path: string): string {
    const name = createHash('sha256').update(`${fileSystem}/${path}`).digest('hex');
    return join(this.#store.meta('blocks'), name);
  }
}

async function* readSlices(slices: readonly Slice[]): AsyncGenerator<Uint8Array> {
  for (const { file, start, bytes } of slices) {
    if (bytes > 0)
      yield* createReadStream(file, { start, end: start + bytes - 1, highWaterMark: 1024 * 1024 });
  }
}

function blockFileName(id: string): string {
  const bytes = Buffer.from(id, 'base64');
  const isBase64 = id !== '' && bytes.toString('base64').replace(/=+$/, '') === id.replace(/=+$/, '');
  if (!isBase64 || bytes.length > BLOCK_ID_BYTES_MAX) throw new StorageRefusal('invalid-block-id');
  return bytes.toString('hex');
}

function idOf(fileName: string): string {
  return Buffer.from(fileName, 'hex').toString('base64');
}
