import {
  copyFile,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { TerminalError } from '@lakewarden/contracts';
import type { Random, Scratch } from '@lakewarden/core';

/**
 * Lake objects on the local disk, under their own paths, at most `bytesMax` of them: the least recently used go first.
 *
 * - **Whole**: a file appears under its lake path by a rename or a link after its size was checked; nothing else ever writes there.
 * - **In use**: jobs hold a scratch folder while they work. What was handed out while a scratch was open is kept until
 *   that scratch is released, even above the bound (a job needs its inputs; how much it may need is bounded above us).
 * - **Restart**: a process that dies keeps its files. After a crash of the machine they may hold anything, because they
 *   are not synced, so a spool of another boot is emptied.
 */
export interface Spool {
  /** The local file when it is here with that size; it counts as used now. */
  find(path: string, bytes: number): string | undefined;
  /** Where to write what will be given to `admit`; in the same file system as the spool. */
  draft(): string;
  /** Moves a finished draft in. Returns its local path. */
  admit(draft: string, path: string, bytes: number): Promise<string>;
  /** Takes a finished file of someone else in as a second name for the same bytes; its first name may go. */
  adopt(file: string, path: string, bytes: number): Promise<void>;
  scratch(): Promise<Scratch>;
}

export interface SpoolOptions {
  readonly dir: string;
  readonly bytesMax: number;
  readonly random: Random;
}

interface Entry {
  readonly bytes: number;
  usedAt: number;
}

export async function openSpool({ dir, bytesMax, random }: SpoolOptions): Promise<Spool> {
  const lake = join(dir, 'lake');
  const drafts = join(dir, 'drafts');
  const scratches = join(dir, 'scratch');
  await prepare(dir, [drafts, scratches], lake);
  const entries = await scan(lake);
  let bytesHeld = [...entries.values()].reduce((sum, entry) => sum + entry.bytes, 0);
  // Orders uses and scratches against each other; not a time.
  let step = entries.size;
  const openScratches = new Set<number>();
  const inTurn = createTurns();

  async function evict(): Promise<void> {
    const oldestJob = Math.min(...openScratches, Number.POSITIVE_INFINITY);
    for (const [path, entry] of entries) {
      if (bytesHeld <= bytesMax || entry.usedAt >= oldestJob || entry.usedAt === step) return;
      entries.delete(path);
      bytesHeld -= entry.bytes;
      await unlinkIfThere(join(lake, path));
      await rmdir(dirname(join(lake, path))).catch(() => undefined);
    }
  }

  /** The map stays in order of use: a used entry goes to its end. */
  function use(path: string, entry: Entry): void {
    entry.usedAt = ++step;
    entries.delete(path);
    entries.set(path, entry);
  }

  async function count(path: string, bytes: number): Promise<void> {
    bytesHeld += bytes - (entries.get(path)?.bytes ?? 0);
    use(path, { bytes, usedAt: 0 });
    await evict();
  }

  return {
    find(path, bytes) {
      const entry = entries.get(path);
      if (entry?.bytes !== bytes) return undefined;
      use(path, entry);
      return join(lake, path);
    },
    draft: () => join(drafts, random.uuid()),
    async admit(draft, path, bytes) {
      const local = join(lake, checkedPath(path));
      await inTurn(async () => {
        await inFolder(local, () => rename(draft, local));
        await count(path, bytes);
      });
      return local;
    },
    async adopt(file, path, bytes) {
      const local = join(lake, checkedPath(path));
      await inTurn(async () => {
        await inFolder(local, () => linkOrCopy(file, local, join(drafts, random.uuid())));
        await count(path, bytes);
      });
    },
    async scratch() {
      const opened = ++step;
      const folder = join(scratches, random.uuid());
      await mkdir(folder);
      openScratches.add(opened);
      return {
        dir: folder,
        async release() {
          openScratches.delete(opened);
          await rm(folder, { recursive: true, force: true });
          await inTurn(evict);
        },
      };
    },
  };
}

/** Most folders are there already, so they are made only when one turns out to be missing. */
async function inFolder(path: string, place: () => Promise<void>): Promise<void> {
  try {
    await place();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true });
    await place();
  }
}

async function linkOrCopy(file: string, path: string, draft: string): Promise<void> {
  try {
    await link(file, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Lake names are unique, so what has the name has the bytes.
    if (code === 'EEXIST') return;
    if (code !== 'EXDEV' && code !== 'EPERM') throw error;
    await copyFile(file, draft);
    await rename(draft, path);
  }
}

/** One at a time, so that no eviction removes the file that an admission has just put under the same name. */
function createTurns(): (work: () => Promise<void>) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}

async function prepare(dir: string, transient: readonly string[], kept: string): Promise<void> {
  const bootFile = join(dir, 'boot');
  const boot = await bootId();
  const before = await readFile(bootFile, 'utf8').catch(absentAs(undefined));
  await Promise.all(transient.map((folder) => rm(folder, { recursive: true, force: true })));
  if (boot === undefined || boot !== before) await rm(kept, { recursive: true, force: true });
  await Promise.all([...transient, kept].map((folder) => mkdir(folder, { recursive: true })));
  await writeFile(bootFile, boot ?? '');
}

/** One value from boot to boot on Linux; elsewhere undefined, and the spool starts empty. */
async function bootId(): Promise<string | undefined> {
  return readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(absentAs(undefined));
}

async function scan(lake: string): Promise<Map<string, Entry>> {
  const found: { path: string; bytes: number; readMs: number }[] = [];
  for (const item of await readdir(lake, { recursive: true, withFileTypes: true })) {
    if (!item.isFile()) continue;
    const local = join(item.parentPath, item.name);
    const { size, atimeMs } = await stat(local);
    found.push({ path: local.slice(lake.length + 1).replaceAll(sep, '/'), bytes: size, readMs: atimeMs });
  }
  found.sort((a, b) => a.readMs - b.readMs);
  return new Map(found.map(({ path, bytes }, index) => [path, { bytes, usedAt: index }]));
}

/** A lake path as a relative local one. Names come from services too, so they may not lead out of the folder. */
export function checkedPath(path: string): string {
  const segments = path.split('/');
  if (
    segments.some(
      (segment) => segment === '' || segment === '.' || segment === '..' || segment.includes('\0'),
    )
  ) {
    throw new TerminalError('invalid', `not a path in the lake: ${path}`);
  }
  return path;
}

async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch(absentAs(undefined));
}

/** For a rejected file call: `value` when there is no such file, else the error again. */
export function absentAs<T>(value: T): (error: unknown) => T {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return value;
    throw error;
  };
}
