import {
  addDigests,
  type Digest,
  decodeSliceTags,
  type RowAccounting,
  SLICE_COLUMN,
} from '@lakewarden/contracts';
import type { AddFile, Snapshot } from '@lakewarden/delta';

/** What the lake says of one slice: read from the tags of its live files, never from the ledger. */
export interface RecordedSlice {
  readonly slice: string;
  /** Undefined when a file carries no tags or the files disagree: then it is stale. */
  readonly fingerprint: string | undefined;
  readonly run: string | undefined;
  readonly digest: Digest;
  readonly accounting: RowAccounting | undefined;
  readonly totals: Readonly<Record<string, string>>;
  readonly files: readonly AddFile[];
}

export function sliceOf(file: AddFile): string {
  return file.partitionValues[SLICE_COLUMN] ?? '';
}

export function recordedSlices(snapshot: Snapshot | undefined): ReadonlyMap<string, RecordedSlice> {
  const bySlice = new Map<string, AddFile[]>();
  for (const file of snapshot?.files.values() ?? []) {
    const slice = sliceOf(file);
    const files = bySlice.get(slice);
    if (files === undefined) bySlice.set(slice, [file]);
    else files.push(file);
  }
  return new Map([...bySlice].map(([slice, files]) => [slice, recordSlice(slice, files)]));
}

function recordSlice(slice: string, files: readonly AddFile[]): RecordedSlice {
  const fingerprints = new Set<string | undefined>();
  const runs = new Set<string | undefined>();
  let digest: Digest = { rows: 0, sum: 0n };
  let accounting: RowAccounting | undefined;
  let totals: Readonly<Record<string, string>> = {};
  for (const file of files) {
    const tags = decodeSliceTags(file.tags);
    fingerprints.add(tags?.fingerprint);
    runs.add(tags?.run);
    if (tags === undefined) continue;
    digest = addDigests(digest, tags.digest);
    accounting ??= tags.accounting;
    totals = tags.totals ?? totals;
  }
  return {
    slice,
    fingerprint: fingerprints.size === 1 ? [...fingerprints][0] : undefined,
    run: runs.size === 1 ? [...runs][0] : undefined,
    digest,
    accounting,
    totals,
    files,
  };
}
