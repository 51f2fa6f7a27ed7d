import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, sep } from 'node:path';
import { textOf } from '../json.ts';
import { copyFailure } from './copy-error.ts';
import { type FileSelection, selectFiles } from './file-selection.ts';
import type { ResolvedCopy } from './resolve-copy.ts';
import { type SourceFile, sourceFileCountMax } from './source-file.ts';

/**
 * A FileServer linked service: `host` is a folder of this machine (the service means a share or a drive of the
 * self-hosted integration runtime). Nothing outside it is read, not through symbolic links either.
 */
export async function listFileServer(copy: ResolvedCopy): Promise<readonly SourceFile[]> {
  const host = textOf(copy.source.linkedService.host);
  if (!isAbsolute(host)) {
    throw copyFailure('UserErrorInvalidPath', 'Source', 'The host must be an absolute path of this machine.');
  }
  const root = await guarded(host, () => realpath(host));
  const selection = selectFiles(copy.source, copy.sourceSettings);
  if (selection.kind === 'file') {
    const path = await insideRoot(root, selection.path);
    const isFile = await guarded(path, async () => (await stat(path)).isFile());
    if (!isFile) throw notFound(selection.path.join('/'));
    return [{ relative: selection.path.slice(-1), open: opener(path) }];
  }
  return listFolder(root, selection);
}

async function listFolder(
  root: string,
  selection: Extract<FileSelection, { kind: 'folder' }>,
): Promise<readonly SourceFile[]> {
  const base = await insideRoot(root, selection.base);
  const found: SourceFile[] = [];
  const pending: (readonly string[])[] = [[]];
  for (let folder = pending.shift(); folder !== undefined; folder = pending.shift()) {
    const path = join(base, ...folder);
    const entries = await guarded(path, () => readdir(path, { withFileTypes: true }));
    for (const entry of entries) {
      const relative = [...folder, entry.name];
      if (entry.isDirectory()) {
        if (selection.recursive) pending.push(relative);
      } else if (selection.accepts(relative)) {
        const file = await insideRoot(root, [...selection.base, ...relative]);
        found.push({ relative, open: opener(file) });
      }
      if (found.length + pending.length > sourceFileCountMax) {
        throw copyFailure('UserErrorTooManyFiles', 'Source', `More than ${sourceFileCountMax} files.`);
      }
    }
  }
  return found.sort((a, b) => (a.relative.join('/') < b.relative.join('/') ? -1 : 1));
}

/** The real path of something below the root; throws when a link leads out of it. */
async function insideRoot(root: string, segments: readonly string[]): Promise<string> {
  const asked = join(root, ...segments);
  const real = await guarded(segments.join('/'), () => realpath(asked));
  if (real !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep)) {
    throw copyFailure(
      'UserErrorInvalidPath',
      'Source',
      `'${segments.join('/')}' leads out of the linked service.`,
    );
  }
  return real;
}

function opener(path: string): SourceFile['open'] {
  return async (signal) => createReadStream(path, { signal, highWaterMark: 256 * 1024 });
}

/** Classes what the file system threw, by code. */
async function guarded<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw fileFailure(error, what);
  }
}

export function fileFailure(error: unknown, what: string): Error {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return notFound(what);
  if (code === undefined) return error as Error;
  return copyFailure('UserErrorFailedFileOperation', 'Source', `Reading '${what}' failed: ${code}.`);
}

function notFound(what: string): Error {
  return copyFailure('UserErrorFileNotFound', 'Source', `Cannot find '${what}' in the file server.`);
}
