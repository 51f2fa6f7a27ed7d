import { createReadStream } from 'node:fs';
import type { LakeFiles } from '../server/service.ts';
import type { Account } from './account-context.ts';
import { checkPath } from './address.ts';
import { walk } from './disk/walk.ts';
import { StorageRefusal } from './storage-refusal.ts';

const LIST_PAGE_ENTRIES = 5000;

/** The lake for services in this process; the same rules, checks and durability as over the wire. */
export function createLakeFiles(open: (account: string) => Promise<Account>): LakeFiles {
  return {
    list: async (accountName, fileSystem, path) => {
      const { store } = await open(accountName);
      const directory = checkPath(path);
      const start = await store.stat(fileSystem, directory);
      if (start === undefined) return [];
      if (!start.isDirectory) return [{ path: directory, bytes: start.bytes }];
      const files: { path: string; bytes: number }[] = [];
      let after: string | undefined;
      do {
        const page = await walk({
          root: store.onDisk(fileSystem),
          directory,
          prefix: '',
          recursive: true,
          order: 'name',
          after,
          entriesMax: LIST_PAGE_ENTRIES,
          properties: store.properties,
        });
        for (const entry of page.entries) {
          if (!entry.state.isDirectory) files.push({ path: entry.path, bytes: entry.state.bytes });
        }
        after = page.next;
      } while (after !== undefined);
      return files;
    },
    read: async (accountName, fileSystem, path) => {
      const { store } = await open(accountName);
      const checked = checkPath(path);
      const state = await store.stat(fileSystem, checked);
      return state === undefined || state.isDirectory
        ? undefined
        : createReadStream(store.onDisk(fileSystem, checked));
    },
    write: async (accountName, fileSystem, path, content) => {
      const { store } = await open(accountName);
      try {
        await store.createFileSystem(fileSystem, undefined);
      } catch (error) {
        if (!(error instanceof StorageRefusal && error.kind === 'file-system-exists')) throw error;
      }
      const state = await store.put(fileSystem, checkPath(path), content);
      return { bytes: state.bytes };
    },
  };
}
