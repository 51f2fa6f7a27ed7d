/**
 * Data of DFS append, waiting for flush: `.meta/appends/<inode of the file>/<position>`. Appends may come in any order
 * and side by side (the SDK uploads chunks so); flush asks for contiguous data up to its position.
 */
import { createReadStream } from 'node:fs';
import { lstat, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Conditions, requireWrite } from '../conditions.ts';
import { StorageRefusal } from '../storage-refusal.ts';
import { type Content, type IncomingFile, receiveFile } from './incoming-file.ts';
import type { LakeStore, PutOptions } from './lake-store.ts';
import type { PathState } from './path-state.ts';
import type { PathProperties } from './properties-store.ts';

/** "Path - Update": an append carries at most 4,000 MiB. */
const APPEND_BYTES_MAX = 4000 * 1024 * 1024;

type Chunk = { readonly file: string; readonly position: number; readonly bytes: number };

export type FlushOptions = {
  readonly position: number;
  readonly conditions: Conditions;
  /** Headers stated by the flush; added to those that the file has. */
  readonly http: PathProperties['http'];
  readonly admit?: PutOptions['admit'];
};

export class StagedAppends {
  readonly #store: LakeStore;

  constructor(store: LakeStore) {
    this.#store = store;
  }

  /** Bytes that were staged. */
  async append(
    fileSystem: string,
    path: string,
    position: number,
    content: Content,
    md5: string | undefined,
  ): Promise<number> {
    const file = await this.#requireFile(fileSystem, path);
    if (position < file.bytes) {
      throw new StorageRefusal('invalid-flush-position', 'The data lies before the end of the file.');
    }
    const incoming = await receiveFile(content, {
      folder: this.#store.meta('incoming'),
      stampMs: this.#store.stampMs(),
      bytesMax: APPEND_BYTES_MAX,
      md5: md5 !== undefined,
    });
    if (md5 !== undefined && incoming.md5 !== md5) {
      await rm(incoming.path, { force: true });
      throw new StorageRefusal('md5-mismatch');
    }
    const target = join(this.#folder(file), String(position));
    await this.#store.directories.ensure(dirname(target));
    await rename(incoming.path, target);
    await this.#store.directories.sync(dirname(target));
    return Number(incoming.stats.size);
  }

  /** The file becomes what it was plus the appended data up to `position`; data beyond it is discarded. */
  async flush(fileSystem: string, path: string, options: FlushOptions): Promise<PathState> {
    return this.#store.locks.withPath(fileSystem, path, async () => {
      const file = await this.#requireFile(fileSystem, path);
      requireWrite(options.conditions, file);
      const chunks = contiguous(await this.#chunks(file), file.bytes, options.position);
      if (chunks.length === 0 && options.http === undefined) return file;
      const incoming = await this.#assemble(fileSystem, path, file, chunks);
      const { version: _version, changedMs: _changedMs, blocks: _blocks, ...kept } = file.properties;
      const http = { ...kept.http, ...options.http };
      const isPlain = Object.keys(kept).length === 0 && options.http === undefined;
      const state = await this.#store.publish(fileSystem, path, incoming, {
        ...(isPlain ? {} : { properties: { ...kept, http } }),
        ...(options.admit === undefined ? {} : { admit: options.admit }),
      });
      await rm(this.#folder(file), { recursive: true, force: true });
      return state;
    });
  }

  async #assemble(
    fileSystem: string,
    path: string,
    file: PathState,
    chunks: readonly Chunk[],
  ): Promise<IncomingFile> {
    const [only] = chunks;
    // The usual upload: create, one append, flush. The chunk, already on disk, becomes the file.
    if (file.bytes === 0 && chunks.length === 1 && only !== undefined) {
      return { path: only.file, stats: await lstat(only.file, { bigint: true }) };
    }
    return receiveFile(this.#content(fileSystem, path, file, chunks), {
      folder: this.#store.meta('incoming'),
      stampMs: this.#store.stampMs(),
      bytesMax: Number.MAX_SAFE_INTEGER,
    });
  }

  async *#content(
    fileSystem: string,
    path: string,
    file: PathState,
    chunks: readonly Chunk[],
  ): AsyncGenerator<Uint8Array> {
    const highWaterMark = 1024 * 1024;
    if (file.bytes > 0) yield* createReadStream(this.#store.onDisk(fileSystem, path), { highWaterMark });
    for (const chunk of chunks) {
      if (chunk.bytes > 0) yield* createReadStream(chunk.file, { highWaterMark });
    }
  }

  async #chunks(file: PathState): Promise<Chunk[]> {
    const folder = this.#folder(file);
    const names = await readdir(folder).catch(() => []);
    return Promise.all(
      names.map(async (name) => {
        const chunk = join(folder, name);
        return { file: chunk, position: Number(name), bytes: (await stat(chunk)).size };
      }),
    );
  }

  async #requireFile(fileSystem: string, path: string): Promise<PathState> {
    const state = await this.#store.requirePath(fileSystem, path);
    if (state.isDirectory) throw new StorageRefusal('type-conflict');
    return state;
  }

  // By inode: a rename of the file, or of a folder above it, takes its pending data along.
  #folder(file: PathState): string {
    return join(this.#store.meta('appends'), `${file.stats.ino}-${file.stats.mtimeNs}`);
  }
}

function contiguous(chunks: readonly Chunk[], start: number, position: number): readonly Chunk[] {
  let end = start;
  const used: Chunk[] = [];
  for (const chunk of [...chunks].sort((left, right) => left.position - right.position)) {
    if (end >= position || chunk.position !== end) break;
    used.push(chunk);
    end += chunk.bytes;
  }
  if (end !== position) throw new StorageRefusal('invalid-flush-position');
  return used;
}
