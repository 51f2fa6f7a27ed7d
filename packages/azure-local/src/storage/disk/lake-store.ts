/**
 * One storage account as a folder: `<root>/<file system>/<path>` are plain files under their own names, everything else
 * is in `<root>/.meta`. A content never changes in place: it is written and synced aside, then one rename(2) or link(2)
 * makes it visible, and the folder is synced before anyone is told. So a reader sees old or new, a crash leaves old or
 * new, and what was acknowledged is on disk.
 */
import { randomUUID } from 'node:crypto';
import { link, lstat, mkdir, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Conditions, NO_CONDITIONS, requireWrite } from '../conditions.ts';
import { StorageRefusal } from '../storage-refusal.ts';
import { DirectorySync } from './directory-sync.ts';
import { type Content, type IncomingFile, receiveFile } from './incoming-file.ts';
import { PathLocks } from './path-locks.ts';
import { lstatOrNothing, type PathState, stateOf } from './path-state.ts';
import { NO_PROPERTIES, type PathProperties, PropertiesStore } from './properties-store.ts';

export type PutOptions = {
  readonly conditions?: Conditions;
  /** Of the new content; those of a replaced one are not kept. `version` and `changedMs` are set here. */
  readonly properties?: Omit<PathProperties, 'version' | 'changedMs'>;
  readonly md5?: boolean;
  /** Called under the path's lock, before anything is visible; throws to refuse (leases, checksums). */
  readonly admit?: (incoming: IncomingFile, before: PathState | undefined) => void | Promise<void>;
};

/** "Scalability targets": a Put Blob of today's versions carries up to 5,000 MiB. */
const PUT_BYTES_MAX = 5000 * 1024 * 1024;
const FILE_SYSTEM_NAME = /^(?:\$[a-z]+|[a-z0-9][a-z0-9-]{2,62})$/;

export class LakeStore {
  readonly root: string;
  readonly locks = new PathLocks();
  readonly directories = new DirectorySync();
  readonly properties: PropertiesStore;
  readonly #now: () => number;
  #lastStampUs = 0;

  private constructor(root: string, properties: PropertiesStore, now: () => number) {
    this.root = root;
    this.properties = properties;
    this.#now = now;
  }

  /** Opens the account's folder, making it if need be; what a crash left half-done under private names is removed. */
  static async open(root: string, now: () => number): Promise<LakeStore> {
    const meta = join(root, '.meta');
    await rm(join(meta, 'incoming'), { recursive: true, force: true });
    for (const name of ['incoming', 'trash', 'properties', 'blocks', 'appends']) {
      await mkdir(join(meta, name), { recursive: true });
    }
    const store = new LakeStore(root, await PropertiesStore.open(join(meta, 'properties')), now);
    for (const name of await readdir(store.meta('trash')))
      await store.#empty(join(store.meta('trash'), name));
    return store;
  }

  /** A private folder: `incoming`, `trash`, `blocks` or `appends`. */
  meta(name: string): string {
    return join(this.root, '.meta', name);
  }

  onDisk(fileSystem: string, path = ''): string {
    return path === '' ? join(this.root, fileSystem) : join(this.root, fileSystem, path);
  }

  /** Strictly growing, whole microseconds: two contents never share inode, size and time. */
  stampMs(): number {
    // The kernel truncates the double that utimes takes; steps of 4 us survive that.
    this.#lastStampUs = Math.max(Math.round(this.#now() * 1000), this.#lastStampUs + 4);
    return this.#lastStampUs / 1000;
  }

  async fileSystems(): Promise<readonly string[]> {
    const entries = await readdir(this.root, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && FILE_SYSTEM_NAME.test(entry.name))
      .map(({ name }) => name)
      .sort();
  }

  /** Undefined when nothing is there (a link or device put there by hand counts as nothing). */
  async stat(fileSystem: string, path = ''): Promise<PathState | undefined> {
    const stats = await lstatOrNothing(this.onDisk(fileSystem, path));
    if (stats === undefined || !(stats.isFile() || stats.isDirectory())) return undefined;
    return stateOf(stats, await this.properties.read(stats));
  }

  async requireFileSystem(fileSystem: string): Promise<PathState> {
    const state = await this.stat(fileSystem);
    if (state === undefined || !state.isDirectory) throw new StorageRefusal('file-system-not-found');
    return state;
  }

  /** The path's state, or the refusal that fits (no such file system, or no such path). */
  async requirePath(fileSystem: string, path: string): Promise<PathState> {
    const state = await this.stat(fileSystem, path);
    if (state !== undefined) return state;
    await this.requireFileSystem(fileSystem);
    throw new StorageRefusal('path-not-found');
  }

  /** Receives `content` aside, then publishes it as the file. Refusals: storage-refusal.ts. */
  async put(
    fileSystem: string,
    path: string,
    content: Content,
    options: PutOptions = {},
  ): Promise<PathState> {
    const incoming = await receiveFile(content, {
      folder: this.meta('incoming'),
      stampMs: this.stampMs(),
      bytesMax: PUT_BYTES_MAX,
      ...(options.md5 === undefined ? {} : { md5: options.md5 }),
    });
    try {
      return await this.locks.withPath(fileSystem, path, () =>
        this.publish(fileSystem, path, incoming, options),
      );
    } catch (error) {
      await rm(incoming.path, { force: true });
      throw error;
    }
  }

  /** Makes `incoming` the file, under the path's lock held by the caller. Consumes `incoming`. */
  async publish(
    fileSystem: string,
    path: string,
    incoming: IncomingFile,
    options: PutOptions = {},
  ): Promise<PathState> {
    const { conditions = NO_CONDITIONS } = options;
    const before = await this.stat(fileSystem, path);
    if (before?.isDirectory === true) {
      throw new StorageRefusal(conditions.ifNoneMatch === undefined ? 'type-conflict' : 'path-exists');
    }
    requireWrite(conditions, before);
    await options.admit?.(incoming, before);
    const properties =
      options.properties === undefined ? NO_PROPERTIES : { version: 1, ...options.properties };
    await this.properties.write(incoming.stats, properties);
    const target = this.onDisk(fileSystem, path);
    const place = conditions.ifNoneMatch?.includes('*') === true ? placeIfAbsent : rename;
    await this.#place(fileSystem, target, () => place(incoming.path, target));
    await this.directories.sync(dirname(target));
    if (before !== undefined) await this.properties.drop(String(before.stats.ino));
    return stateOf(incoming.stats, properties);
  }

  /** Makes a folder with its parents. An existing one is kept as it is. */
  async makeDirectory(
    fileSystem: string,
    path: string,
    options: Pick<PutOptions, 'conditions' | 'properties'> = {},
  ): Promise<PathState> {
    return this.locks.withPath(fileSystem, path, async () => {
      const before = await this.stat(fileSystem, path);
      if (before !== undefined && !before.isDirectory) throw new StorageRefusal('type-conflict');
      requireWrite(options.conditions ?? NO_CONDITIONS, before);
      const target = this.onDisk(fileSystem, path);
      if (before === undefined || options.properties !== undefined)
        await this.#newDirectory(fileSystem, target, before, options);
      return this.requirePath(fileSystem, path);
    });
  }

  // Properties need the inode, so the folder is made aside and moved into place when it has some.
  async #newDirectory(
    fileSystem: string,
    target: string,
    before: PathState | undefined,
    { properties }: Pick<PutOptions, 'properties'>,
  ): Promise<void> {
    if (before !== undefined) {
      await this.properties.write(before.stats, this.#changed(before.properties, properties ?? {}));
      return;
    }
    const aside = join(this.meta('incoming'), randomUUID());
    await mkdir(aside);
    if (properties !== undefined) {
      await this.properties.write(await lstat(aside, { bigint: true }), { version: 1, ...properties });
    }
    await this.#place(fileSystem, target, () => rename(aside, target));
    await this.directories.sync(dirname(target));
  }

  /** Changes metadata, headers or access control of what is there; a new etag, the same content. */
  async changeProperties(
    fileSystem: string,
    path: string,
    change: (before: PathState) => Omit<PathProperties, 'version' | 'changedMs'>,
    conditions: Conditions = NO_CONDITIONS,
  ): Promise<PathState> {
    return this.locks.withPath(fileSystem, path, async () => {
      const before =
        path === '' ? await this.requireFileSystem(fileSystem) : await this.requirePath(fileSystem, path);
      requireWrite(conditions, before);
      const properties = this.#changed(before.properties, change(before));
      await this.properties.write(before.stats, properties);
      return stateOf(before.stats, properties);
    });
  }

  #changed(before: PathProperties, change: Omit<PathProperties, 'version' | 'changedMs'>): PathProperties {
    return { ...before, ...change, version: before.version + 1, changedMs: this.stampMs() };
  }

  async createFileSystem(fileSystem: string, properties: PutOptions['properties']): Promise<PathState> {
    return this.locks.withTree(fileSystem, async () => {
      if ((await this.stat(fileSystem)) !== undefined) throw new StorageRefusal('file-system-exists');
      await this.#newDirectory(
        fileSystem,
        this.onDisk(fileSystem),
        undefined,
        properties === undefined ? {} : { properties },
      );
      return this.requireFileSystem(fileSystem);
    });
  }

  async deleteFileSystem(fileSystem: string, conditions: Conditions): Promise<void> {
    await this.locks.withTree(fileSystem, async () => {
      const before = await this.requireFileSystem(fileSystem);
      requireWrite(conditions, before);
      await this.#toTrash(this.onDisk(fileSystem));
      await this.properties.drop(String(before.stats.ino));
    });
  }

  /** Removes a file, or an empty folder. */
  async deletePath(
    fileSystem: string,
    path: string,
    options: Pick<PutOptions, 'conditions' | 'admit'>,
  ): Promise<void> {
    await this.locks.withPath(fileSystem, path, async () => {
      const before = await this.requirePath(fileSystem, path);
      requireWrite(options.conditions ?? NO_CONDITIONS, before);
      const target = this.onDisk(fileSystem, path);
      if (before.isDirectory) await removeEmptyDirectory(target);
      else await unlink(target);
      await this.directories.sync(dirname(target));
      await this.properties.drop(String(before.stats.ino));
    });
  }

  /** Removes a folder with all that is below it, in one step as seen by readers and by a crash. */
  async deleteTree(fileSystem: string, path: string, conditions: Conditions): Promise<void> {
    await this.locks.withTree(fileSystem, async () => {
      requireWrite(conditions, await this.requirePath(fileSystem, path));
      await this.#toTrash(this.onDisk(fileSystem, path));
    });
  }

  /**
   * Removes up to `entriesMax` entries of a folder; true when the folder itself is gone. A tree that fits goes in one
   * step. Larger ones go page by page, as the service does it, and readers see them shrink.
   */
  async deleteTreePage(fileSystem: string, path: string, entriesMax: number): Promise<boolean> {
    return this.locks.withTree(fileSystem, async () => {
      await this.requirePath(fileSystem, path);
      const target = this.onDisk(fileSystem, path);
      const entries = await readdir(target, { recursive: true });
      if (entries.length < entriesMax) {
        await this.#toTrash(target);
        return true;
      }
      // Longest paths first: what a folder holds goes before the folder.
      const depth = (entry: string) => entry.split('/').length;
      const page = entries.sort((left, right) => depth(right) - depth(left)).slice(0, entriesMax);
      for (const entry of page) await rm(join(target, entry), { recursive: true, force: true });
      await this.directories.sync(target);
      return false;
    });
  }

  // The name is gone durably before the answer; the bytes follow, at the latest at the next start.
  async #toTrash(target: string): Promise<void> {
    const aside = join(this.meta('trash'), randomUUID());
    await rename(target, aside);
    await this.directories.sync(dirname(target));
    void this.#empty(aside).catch(() => {});
  }

  async #empty(aside: string): Promise<void> {
    if (this.properties.isUsed) {
      for (const name of await readdir(aside, { recursive: true })) {
        const stats = await lstatOrNothing(join(aside, name));
        if (stats !== undefined) await this.properties.drop(String(stats.ino));
      }
    }
    await rm(aside, { recursive: true, force: true });
  }

  /** rename(2) of a file or folder over nothing, a file, or an empty folder. Both conditions are judged under one lock. */
  async renamePath(
    fileSystem: string,
    from: { readonly fileSystem: string; readonly path: string; readonly conditions: Conditions },
    to: { readonly path: string; readonly conditions: Conditions },
  ): Promise<PathState> {
    const work = async () => {
      const source = await this.stat(from.fileSystem, from.path);
      if (source === undefined) {
        await this.requireFileSystem(from.fileSystem);
        throw new StorageRefusal('source-not-found');
      }
      requireSource(from.conditions, source);
      const before = await this.stat(fileSystem, to.path);
      requireWrite(to.conditions, before);
      const isSame = fileSystem === from.fileSystem && to.path === from.path;
      if (isSame) return source;
      if (fileSystem === from.fileSystem && to.path.startsWith(`${from.path}/`)) {
        throw new StorageRefusal('destination-in-source');
      }
      if (before !== undefined && before.isDirectory !== source.isDirectory)
        throw new StorageRefusal('type-conflict');
      await this.#moveOver(this.onDisk(from.fileSystem, from.path), fileSystem, to.path);
      if (before !== undefined) await this.properties.drop(String(before.stats.ino));
      return this.requirePath(fileSystem, to.path);
    };
    return this.#withTrees(fileSystem, from.fileSystem, work);
  }

  async #moveOver(source: string, fileSystem: string, path: string): Promise<void> {
    const target = this.onDisk(fileSystem, path);
    try {
      await rename(source, target);
    } catch (error) {
      throw await this.#renameRefusal(error, fileSystem);
    }
    // Target first: after a crash between the two the path has both names at worst, never none.
    await this.directories.sync(dirname(target));
    if (dirname(source) !== dirname(target)) await this.directories.sync(dirname(source));
  }

  async #renameRefusal(error: unknown, fileSystem: string): Promise<unknown> {
    switch ((error as NodeJS.ErrnoException).code) {
      case 'ENOENT':
        await this.requireFileSystem(fileSystem);
        return new StorageRefusal('destination-parent-not-found');
      case 'ENOTEMPTY':
      case 'EEXIST':
        return new StorageRefusal('path-exists', 'The destination directory is not empty.');
      case 'ENOTDIR':
        return new StorageRefusal('type-conflict');
      default:
        return error;
    }
  }

  // Always in one order, so that two renames across file systems can not wait for each other.
  #withTrees<T>(one: string, other: string, work: () => Promise<T>): Promise<T> {
    if (one === other) return this.locks.withTree(one, work);
    const [first, second] = one < other ? [one, other] : [other, one];
    return this.locks.withTree(first, () => this.locks.withTree(second, work));
  }

  /** Runs `act`, which names something new; a missing parent folder is made first, then it runs again. */
  async #place(fileSystem: string, target: string, act: () => Promise<void>): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await act();
        return;
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code === 'EEXIST') throw new StorageRefusal('path-exists');
        if (code === 'ENOTDIR' || code === 'EISDIR') throw new StorageRefusal('type-conflict');
        if (code !== 'ENOENT' || attempt > 0) throw error;
        const isFileSystem = dirname(target) === this.root;
        if (!isFileSystem) await this.requireFileSystem(fileSystem);
        await this.#makeParents(dirname(target));
      }
    }
  }

  async #makeParents(directory: string): Promise<void> {
    try {
      await this.directories.ensure(directory);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'ENOTDIR' || code === 'EEXIST') throw new StorageRefusal('type-conflict');
      throw error;
    }
  }
}

// link(2) refuses an existing name, whoever made it and whenever: the put-if-absent that log commits stand on.
async function placeIfAbsent(incoming: string, target: string): Promise<void> {
  await link(incoming, target);
  // The second name is private; if it stays behind, the next start removes it.
  await unlink(incoming);
}

async function removeEmptyDirectory(target: string): Promise<void> {
  try {
    await rmdir(target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTEMPTY')
      throw new StorageRefusal('directory-not-empty');
    throw error;
  }
}

function requireSource(conditions: Conditions, source: PathState): void {
  try {
    requireWrite(conditions, source);
  } catch (error) {
    throw error instanceof StorageRefusal ? new StorageRefusal('source-condition-not-met') : error;
  }
}
