import { SLICE_COLUMN } from '@lakewarden/contracts';
import type { AddFile, Snapshot } from './snapshot.ts';

/** Slice of a file; `''` when a foreign writer left it null. */
export function sliceOf(file: { readonly partitionValues?: AddFile['partitionValues'] }): string {
  return file.partitionValues?.[SLICE_COLUMN] ?? '';
}

/** Live files of one slice, in the order of the log. The index of a snapshot is made once, at the first question. */
export function filesOfSlice(snapshot: Snapshot, slice: string): readonly AddFile[] {
  return indexOf(snapshot).get(slice) ?? [];
}

/** Keys of the slices that have a live file, sorted (slice keys sort in time order). */
export function slicesOf(snapshot: Snapshot): readonly string[] {
  return [...indexOf(snapshot).keys()].sort();
}

const indexes = new WeakMap<Snapshot['files'], ReadonlyMap<string, readonly AddFile[]>>();

function indexOf(snapshot: Snapshot): ReadonlyMap<string, readonly AddFile[]> {
  const known = indexes.get(snapshot.files);
  if (known !== undefined) return known;
  const index = Map.groupBy(snapshot.files.values(), sliceOf);
  indexes.set(snapshot.files, index);
  return index;
}
