import assert from 'node:assert/strict';
import type { Snapshot } from '../log/snapshot.ts';
import type { LakeStorage } from '../storage/lake-storage.ts';
import { commit } from './commit.ts';
import type { CommitIntent, NewFile } from './intent.ts';

/** Worlds for tests: one table, intents with every field set, files that differ only where a test says so. */
export const ROOT = 'silver/orders';
export const NOW = 1_700_000_000_000;

let ids = 0;

export function nextId(): string {
  ids += 1;
  return `00000000-0000-4000-8000-${String(ids).padStart(12, '0')}`;
}

export function newFile(slice: string, overrides: Partial<NewFile> = {}): NewFile {
  return {
    path: `_slice=${slice}/${nextId()}.parquet`,
    slice,
    bytes: 1000,
    stats: '{"numRecords":10}',
    tags: { 'lw.run': 'run-1' },
    ...overrides,
  };
}

export function makeIntent(overrides: Partial<CommitIntent> = {}): CommitIntent {
  return {
    root: ROOT,
    table: {
      name: 'silver.orders',
      columns: [
        { name: 'invoice', type: 'string' },
        { name: 'price', type: 'decimal(18,3)' },
      ],
    },
    base: undefined,
    change: { kind: 'append', files: [newFile('2026-11-22')] },
    txns: [],
    fences: [],
    operation: 'WRITE',
    commitId: nextId(),
    run: 'run-1',
    ...overrides,
  };
}

/** Commits and insists on success. */
export async function committed(
  storage: LakeStorage,
  overrides: Partial<CommitIntent> = {},
  now = NOW,
): Promise<Snapshot> {
  const outcome = await commit(storage, makeIntent(overrides), { now });
  assert.equal(outcome.kind, 'committed', JSON.stringify(outcome));
  return outcome.snapshot;
}

/** What two snapshots must agree on, in a form that can be compared. */
export function contentOf(snapshot: Snapshot | undefined): unknown {
  if (snapshot === undefined) return undefined;
  const { root, version, protocol, metadata, columns, txns, files } = snapshot;
  const live = [...files.values()]
    // A checkpoint says `dataChange: false` of every file: state changes nothing.
    .map(({ dataChange: _, ...file }) => file)
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  return { root, version, protocol, metadata, columns, txns: [...txns].sort(), live };
}
