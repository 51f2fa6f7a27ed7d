/** Lists a tree in the order of full path names, one page at a time, without ever holding more than its folders. */
import { type BigIntStats, type Dirent, lstatSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { type PathState, stateOf } from './lake-store.ts';
import type { PropertiesStore } from './properties-store.ts';

export type WalkOptions = {
  /** Folder of the file system on disk. */
  readonly root: string;
  /** Start folder, relative, without trailing slash; empty = root. It is not listed itself. */
  readonly directory: string;
  /** Only paths that begin with it (full path from `root`); may end inside a name. */
  readonly prefix: string;
  readonly recursive: boolean;
  /** Only paths after this one, in list order. */
  readonly after: string | undefined;
  readonly entriesMax: number;
  readonly properties: PropertiesStore;
};

export type WalkPage = {
  readonly entries: readonly { readonly path: string; readonly state: PathState }[];
  /** Present when there is more: pass it as `after`. */
  readonly next: string | undefined;
};

/** lstat is a few microseconds of cached metadata; so many are done before others get the thread. */
const STATS_A_TURN = 128;

/**
 * Order: full path names by code unit, a folder right before what it holds would sort (`a`, `a-b`, `a/x`), which is
 * the order of List Blobs. The page ends with the entry whose path is `next`.
 */
export async function walk(options: WalkOptions): Promise<WalkPage> {
  const entries: { path: string; state: PathState }[] = [];
  let stats = 0;
  let more = false;
  for await (const path of candidates(options, options.directory)) {
    if (entries.length === options.entriesMax) {
      more = true;
      break;
    }
    if (++stats % STATS_A_TURN === 0) await yieldToOthers();
    const found = statOrNothing(join(options.root, path));
    if (found === undefined) continue;
    entries.push({ path, state: stateOf(found, await options.properties.read(found)) });
  }
  return { entries, next: more ? entries.at(-1)?.path : undefined };
}

// Each folder contributes its own name at `name` and its content at `name/`: between the two, siblings may sort.
async function* candidates(options: WalkOptions, directory: string): AsyncGenerator<string> {
  const base = directory === '' ? '' : `${directory}/`;
  const steps: { key: string; path: string; descend: boolean }[] = [];
  for (const entry of await readOrNothing(join(options.root, directory))) {
    const path = `${base}${entry.name}`;
    if (!(entry.isFile() || entry.isDirectory())) continue;
    if (mayShow(options, path)) steps.push({ key: path, path, descend: false });
    if (entry.isDirectory() && options.recursive && mayHold(options, `${path}/`)) {
      steps.push({ key: `${path}/`, path, descend: true });
    }
  }
  steps.sort((left, right) => (left.key < right.key ? -1 : 1));
  for (const { path, descend } of steps) {
    if (descend) yield* candidates(options, path);
    else yield path;
  }
}

function mayShow({ prefix, after }: WalkOptions, path: string): boolean {
  return path.startsWith(prefix) && (after === undefined || path > after);
}

/** Can anything below `folder` (with trailing slash) still be shown? */
function mayHold({ prefix, after }: WalkOptions, folder: string): boolean {
  if (!(folder.startsWith(prefix) || prefix.startsWith(folder))) return false;
  return after === undefined || folder > after || after.startsWith(folder);
}

async function readOrNothing(directory: string): Promise<Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // Removed while the list was on its way; a list is not a snapshot.
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

function statOrNothing(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}
