import { TerminalError } from '@lakewarden/contracts';
import type { LakeFiles } from '@lakewarden/core';
import type { SimProcess } from '../world/process.ts';

/** What a data file holds, in place of Parquet: its rows. Never changed once it is made. */
export type Row = Readonly<Record<string, string | number | boolean | null>>;
export type Rows = readonly Row[];

/** Data files in the lake, by path. */
export type DataStore = Map<string, Rows>;
/** Local disk of one machine, by local path. */
export type Disk = Map<string, Rows>;

export function lakeFilesOf(process: SimProcess, lake: DataStore, disk: Disk): LakeFiles {
  let folders = 0;
  return {
    async fetch(path, _bytes, signal) {
      const localPath = `/spool/${path}`;
      if (disk.has(localPath)) return localPath;
      const call = { dependency: 'files', op: 'fetch', path, mutates: false, signal } as const;
      const rows = await process.call({ ...call, effect: () => stored(lake, path) });
      disk.set(localPath, rows);
      return localPath;
    },
    async store(localPath, path, signal, { keep = true } = {}) {
      const rows = stored(disk, localPath);
      const call = { dependency: 'files', op: 'store', path, mutates: true, signal } as const;
      await process.call<void>({ ...call, effect: () => void lake.set(path, rows) });
      if (keep) disk.set(`/spool/${path}`, rows);
    },
    list: (folder, signal) =>
      process.call({
        dependency: 'files',
        op: 'list-files',
        path: folder,
        mutates: false,
        effect: () =>
          [...lake]
            .filter(([path]) => path.startsWith(`${folder}/`))
            .map(([path, rows]) => ({ path, bytes: rows.length })),
        signal,
      }),
    async scratch() {
      const dir = `/scratch/${process.name}-${folders++}`;
      return {
        dir,
        release: async () => {
          for (const path of disk.keys()) if (path.startsWith(`${dir}/`)) disk.delete(path);
        },
      };
    },
  };
}

function stored(files: ReadonlyMap<string, Rows>, path: string): Rows {
  const rows = files.get(path);
  if (rows === undefined) throw new TerminalError('not-found', `there is no file ${path}`);
  return rows;
}
