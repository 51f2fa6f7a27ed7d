/** Lists a tree in the order of full path names, one page at a time, without ever holding more than its folders. */
import { type BigIntStats, type Dirent, lstatSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { type PathState, stateOf } from './path-state.ts';
import type { PropertiesStore } from './properties-store.ts';

export type WalkOptions = {
  /** Folder of the file system on disk. */
  readonly root: string;
  /** Start folder, relative, without trailing slash; empty = root. It is not listed itself. */
  readonly directory: string;
  /** Only paths that begin with it (full path from `root`); may end inside a name. */
  readonly prefix: string;
  readonly recursive: boolean;
  readonly order: WalkOrder;
  /** Only paths after this one, in list order. */
  readonly after: string | undefined;
  /** Only this path and those behind it, in list order (`beginFrom` of Path - List). */
  readonly from?: string;
  readonly entriesMax: number;
  readonly properties: PropertiesStore;
};

export type WalkPage = {
  readonly entries: readonly { readonly path: string; readonly state: PathState }[];
  /** Present when there is more: pass it as `after`. */
  readonly next: string | undefined;
};

/**
 * `name`: full path names by code unit (`a`, `a-b`, `a/x`), the order of List Blobs. `folder`: a folder and what is in
 * it before its next sibling (`a`, `a/x`, `a-b`), the order of Path - List.
 */
export type WalkOrder = 'name' | 'folder';

/** lstat is a few microseconds of cached metadata; so many are done before others get the thread. */
const STATS_A_TURN = 128;

/** One page; it ends with the entry whose path is `next`. */
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
    if (mayShow(options, path)) steps.push({ key: sortKey(options, path), path, descend: false });
    if (entry.isDirectory() && options.recursive && mayHold(options, `${path}/`)) {
      steps.push({ key: sortKey(options, `${path}/`), path, descend: true });
    }
  }
  steps.sort((left, right) => (left.key < right.key ? -1 : 1));
  for (const { path, descend } of steps) {
    if (descend) yield* candidates(options, path);
    else yield path;
  }
}

// Names hold no control characters over the wire, so NUL sorts a slash before all of them.
function sortKey({ order }: WalkOptions, path: string): string {
  return order === 'folder' ? path.replaceAll('/', '\u0000') : path;
}

function mayShow(options: WalkOptions, path: string): boolean {
  const { prefix, after, from } = options;
  if (!path.startsWith(prefix)) return false;
  const key = sortKey(options, path);
  if (after !== undefined && key <= sortKey(options, after)) return false;
  return from === undefined || key >= sortKey(options, from);
}

/** Can anything below `folder` (with trailing slash) still be shown? */
function mayHold(options: WalkOptions, folder: string): boolean {
  const { prefix, after, from } = options;
  if (!(folder.startsWith(prefix) || prefix.startsWith(folder))) return false;
  const key = sortKey(options, folder);
  const isBehind = (position: string) => key < sortKey(options, position) && !position.startsWith(folder);
  return !(after !== undefined && isBehind(after)) && !(from !== undefined && isBehind(from));
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
