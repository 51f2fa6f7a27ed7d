import type { LakeFiles } from '../../server/service.ts';
import { textOf } from '../json.ts';
import { copyFailure } from './copy-error.ts';
import { selectFiles } from './file-selection.ts';
import { pathSegments } from './path-segments.ts';
import type { ResolvedCopy, ResolvedDataset } from './resolve-copy.ts';
import { type SourceFile, sourceFileCountMax } from './source-file.ts';

export interface LakePlace {
  readonly account: string;
  readonly fileSystem: string;
}

/** The account from `https://<account>.dfs.core.windows.net`, the file system from the location. */
export function lakePlaceOf(dataset: ResolvedDataset, side: 'Source' | 'Sink'): LakePlace {
  const url = textOf(dataset.linkedService.url);
  const account = /^https:\/\/([a-z0-9]{3,24})\.(?:dfs|blob)\.core\.windows\.net\/?$/.exec(url)?.[1];
  if (account === undefined) {
    throw copyFailure(
      'UserErrorInvalidPath',
      side,
      'The url must be https://<account>.dfs.core.windows.net.',
    );
  }
  const fileSystem = textOf(dataset.location.fileSystem);
  // MS Learn "Naming and referencing containers".
  if (!/^(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/.test(fileSystem)) {
    throw copyFailure('UserErrorInvalidPath', side, `'${fileSystem}' is not a file system's name.`);
  }
  return { account, fileSystem };
}

export async function listLake(copy: ResolvedCopy, lake: LakeFiles): Promise<readonly SourceFile[]> {
  const { account, fileSystem } = lakePlaceOf(copy.source, 'Source');
  const selection = selectFiles(copy.source, copy.sourceSettings);
  const fileAt = (path: readonly string[], relative: readonly string[]): SourceFile => ({
    relative,
    open: async () => {
      const stream = await lake.read(account, fileSystem, path.join('/'));
      if (stream === undefined) throw notFound(path.join('/'));
      return stream;
    },
  });
  if (selection.kind === 'file') {
    const { path } = selection;
    const listed = await lake.list(account, fileSystem, path.join('/'));
    if (!listed.some((file) => file.path === path.join('/'))) throw notFound(path.join('/'));
    return [fileAt(path, path.slice(-1))];
  }
  const base = selection.base.join('/');
  const files = await lake.list(account, fileSystem, base);
  // A folder without files and one that does not exist look alike here; the service fails the latter.
  if (files.length === 0) throw notFound(base);
  if (files.length > sourceFileCountMax) {
    throw copyFailure('UserErrorTooManyFiles', 'Source', `More than ${sourceFileCountMax} files.`);
  }
  return files
    .map(({ path }) => pathSegments(path, 'Source'))
    .map((path) => ({ path, relative: path.slice(selection.base.length) }))
    .filter(({ relative }) => relative.length > 0 && selection.accepts(relative))
    .map(({ path, relative }) => fileAt(path, relative));
}

function notFound(path: string): Error {
  return copyFailure('UserErrorFileNotFound', 'Source', `Cannot find '${path}' in the file system.`);
}
