/** Which files of a store a source means: a file, a folder, or wildcards. Shared by all file stores. Pure. */
import type { JsonObject } from '../json.ts';
import { isObject, textOf } from '../json.ts';
import { pathSegments } from './path-segments.ts';
import type { ResolvedDataset } from './resolve-copy.ts';
import { hasWildcard, matchesFolder, matchesWildcard } from './wildcard.ts';

export type FileSelection =
  | { readonly kind: 'file'; readonly path: readonly string[] }
  | {
      readonly kind: 'folder';
      /** Where the search begins; paths below it are kept at the sink. */
      readonly base: readonly string[];
      readonly recursive: boolean;
      /** Judges the segments of a file below `base`. */
      readonly accepts: (relative: readonly string[]) => boolean;
    };

export function selectFiles(source: ResolvedDataset, settings: JsonObject): FileSelection {
  const location = isObject(source.location) ? source.location : {};
  const folder = pathSegments(textOf(location.folderPath), 'Source');
  const fileName = pathSegments(textOf(location.fileName), 'Source');
  const wildcardFolder = pathSegments(textOf(settings.wildcardFolderPath), 'Source');
  const wildcardName = textOf(settings.wildcardFileName);
  // Default true: MS Learn "Copy data to or from a file system", recursive.
  const recursive = textOf(settings.recursive).toLowerCase() !== 'false';
  const isWild = wildcardFolder.length > 0 || wildcardName !== '';
  if (!isWild && fileName.length > 0) return { kind: 'file', path: [...folder, ...fileName] };

  const pattern = wildcardFolder.length > 0 ? wildcardFolder : folder;
  const firstWild = wildcardFolder.length > 0 ? pattern.findIndex(hasWildcard) : -1;
  const base = firstWild < 0 ? pattern : pattern.slice(0, firstWild);
  const below = firstWild < 0 ? [] : pattern.slice(firstWild);
  return {
    kind: 'folder',
    base,
    recursive: recursive || below.length > 0,
    accepts: (relative) => {
      const name = relative.at(-1) ?? '';
      const folders = relative.slice(0, -1);
      const isDeepEnough = recursive ? folders.length >= below.length : folders.length === below.length;
      const inFolder = matchesFolder(below, folders.slice(0, below.length));
      return isDeepEnough && inFolder && (wildcardName === '' || matchesWildcard(wildcardName, name));
    },
  };
}
