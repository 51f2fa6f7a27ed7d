/**
 * What a path has besides its content: metadata, HTTP headers, access control, committed blocks. It lies in
 * `.meta/properties/<inode>.json`, keyed by inode: a rename of a file or a whole tree moves nothing here and can not
 * tear, and a new content (always a new inode) gets its properties before it becomes visible.
 *
 * An inode number comes back after a delete, so each record carries a guard; one that does not fit is not there.
 */
import type { BigIntStats } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileDurably } from '../../server/durable-file.ts';

export type PathProperties = {
  /** Grows with every change of properties; part of the etag. */
  readonly version: number;
  /** Of the last change of properties; content changes show in the file's own time. */
  readonly changedMs?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly http?: HttpProperties;
  readonly access?: AccessControl;
  /** Of a file made by Put Block List: [id, bytes] in order, so that a later list can name committed blocks. */
  readonly blocks?: readonly (readonly [string, number])[];
};

export type HttpProperties = {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly contentLanguage?: string;
  readonly contentDisposition?: string;
  readonly cacheControl?: string;
  /** Base64, as the client stated it. */
  readonly contentMd5?: string;
};

export type AccessControl = {
  readonly owner?: string;
  readonly group?: string;
  readonly permissions?: string;
  readonly acl?: string;
};

export const NO_PROPERTIES: PathProperties = { version: 0 };

type Stored = { readonly guard: string; readonly properties: PathProperties };

export class PropertiesStore {
  readonly #folder: string;
  /** Inodes that have a record: most paths have none, and then nothing is read. */
  readonly #known: Set<string>;

  private constructor(folder: string, known: Set<string>) {
    this.#folder = folder;
    this.#known = known;
  }

  /** `folder` must exist. */
  static async open(folder: string): Promise<PropertiesStore> {
    const names = await readdir(folder);
    const inodes = names.flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -'.json'.length)] : []));
    return new PropertiesStore(folder, new Set(inodes));
  }

  /** False while no path has properties, the usual case. */
  get isUsed(): boolean {
    return this.#known.size > 0;
  }

  async read(stats: BigIntStats): Promise<PathProperties> {
    const inode = String(stats.ino);
    if (!this.#known.has(inode)) return NO_PROPERTIES;
    try {
      const stored = JSON.parse(await readFile(this.#file(inode), 'utf8')) as Stored;
      return stored.guard === guardOf(stats) ? stored.properties : NO_PROPERTIES;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NO_PROPERTIES;
      throw error;
    }
  }

  /** On disk when it returns. `stats` are those of the content as it is, or will be, visible. */
  async write(stats: BigIntStats, properties: PathProperties): Promise<void> {
    const inode = String(stats.ino);
    if (properties === NO_PROPERTIES) return this.drop(inode);
    const stored: Stored = { guard: guardOf(stats), properties };
    await writeFileDurably(this.#file(inode), JSON.stringify(stored));
    this.#known.add(inode);
  }

  /** After the path is gone, or before its inode number serves another. A crash before it is caught by the guard. */
  async drop(inode: string): Promise<void> {
    if (!this.#known.delete(inode)) return;
    await rm(this.#file(inode), { force: true });
  }

  #file(inode: string): string {
    return join(this.#folder, `${inode}.json`);
  }
}

// A folder's mtime moves with its children and its size is the disk's business: only its birth is its own.
function guardOf(stats: BigIntStats): string {
  return stats.isDirectory() ? `d${stats.birthtimeNs}` : `f${stats.mtimeNs}-${stats.size}`;
}
