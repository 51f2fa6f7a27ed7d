import type { LandedTags } from '@lakewarden/contracts';
import type { Snapshot } from '@lakewarden/delta';
import { type LandedFileView, landedFiles } from './wanted.ts';

/** A bronze file of a hub with its place in the stream. */
export interface StreamFile extends LandedFileView {
  readonly stream: NonNullable<LandedTags['stream']>;
}

/** The live files of a bronze table that a hub fills. */
export function streamFiles(bronze: Snapshot | undefined): readonly StreamFile[] {
  return landedFiles(bronze).flatMap((file) =>
    file.tags.stream === undefined ? [] : [{ ...file, stream: file.tags.stream }],
  );
}

export function landedRows(files: readonly LandedFileView[]): number {
  return files.reduce((sum, { tags }) => sum + tags.digest.rows, 0);
}
