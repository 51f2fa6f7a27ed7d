import { mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { TerminalError } from '@lakewarden/contracts';
import type { LakeFiles } from '@lakewarden/core';
import type { LakeStorage, StoredObject } from '@lakewarden/delta';
import { absentAs, checkedPath } from './spool.ts';

/**
 * A lake that is a plain local folder, to be read only: for the verbs that work with no agent up. The local Azure keeps
 * every file under its own name, so its folder of a file system is such a lake. Writes throw
 * `TerminalError('unsupported')`.
 */
export interface FolderLake {
  readonly storage: LakeStorage;
  readonly files: LakeFiles;
}

export function openFolderLake(root: string): FolderLake {
  const local = (path: string) => join(root, checkedPath(path));
  const storage: LakeStorage = {
    read: (path, { range } = {}) =>
      range === undefined
        ? readFile(local(path)).catch(absentAs(undefined))
        : readRange(local(path), range.offset, range.length),
    async *list(prefix, { startAfter } = {}) {
      for (const object of await listFolder(root, prefix)) {
        if (startAfter === undefined || object.path > startAfter) yield object;
      }
    },
    putIfAbsent: refuse,
    put: refuse,
    delete: refuse,
  };
  const files: LakeFiles = {
    async fetch(path, bytes) {
      const found = await stat(local(path)).catch(absentAs(undefined));
      if (found === undefined) throw new TerminalError('not-found', `no such file in the lake: ${path}`);
      if (found.size !== bytes) {
        throw new TerminalError(
          'corrupt',
          `${path} has ${found.size} bytes in the lake, ${bytes} are expected`,
        );
      }
      return local(path);
    },
    store: refuse,
    list: (folder) => listFolder(root, folder),
    async scratch() {
      const dir = await mkdtemp(join(tmpdir(), 'lakewarden-'));
      return { dir, release: () => rm(dir, { recursive: true, force: true }) };
    },
  };
  return { storage, files };
}

async function refuse(): Promise<never> {
  throw new TerminalError(
    'unsupported',
    'this lake is opened for reading only; start the agent to change it',
  );
}

async function readRange(path: string, offset: number, length: number): Promise<Uint8Array | undefined> {
  const file = await open(path).catch(absentAs(undefined));
  if (file === undefined) return undefined;
  try {
    const { bytesRead, buffer } = await file.read(new Uint8Array(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** In byte order of the paths, which are ASCII. An absent folder is empty. */
async function listFolder(root: string, folder: string): Promise<StoredObject[]> {
  const top = join(root, checkedPath(folder.replace(/\/+$/, '')));
  const items = await readdir(top, { recursive: true, withFileTypes: true }).catch(absentAs([]));
  const objects: StoredObject[] = [];
  for (const item of items) {
    if (!item.isFile()) continue;
    const file = join(item.parentPath, item.name);
    const { size, mtimeMs } = await stat(file);
    objects.push({
      path: file.slice(root.length + 1).replaceAll(sep, '/'),
      bytes: size,
      modifiedMs: mtimeMs,
    });
  }
  return objects.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
