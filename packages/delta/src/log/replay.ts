import assert from 'node:assert/strict';
import { type Column, TerminalError } from '@lakewarden/contracts';
import type { Commit, MetadataAction, ProtocolAction, RemoveFile } from './actions.ts';
import { parseSchema } from './schema.ts';
import type { AddFile, Snapshot, TableMetadata } from './snapshot.ts';

/**
 * What replay has seen so far (PROTOCOL.md, Action Reconciliation): the newest protocol, metaData and txn of each appId,
 * and the newest action of each path. Mutable, so that reading n commits costs their actions and not n copies of the table;
 * it never leaves this package: a `Snapshot` is made of it at the end.
 */
export interface LogState {
  /** -1: before the first commit. */
  version: number;
  protocol: ProtocolAction | undefined;
  metadata: MetadataAction | undefined;
  readonly txns: Map<string, bigint>;
  readonly files: Map<string, AddFile>;
  /** Kept only for a checkpoint; readers have no use for it and it may be far larger than the table. */
  readonly history: LogHistory | undefined;
}

export interface LogHistory {
  readonly removed: Map<string, RemoveFile>;
  readonly txnUpdated: Map<string, number>;
}

export function emptyState(options: { history: boolean }): LogState {
  return {
    version: -1,
    protocol: undefined,
    metadata: undefined,
    txns: new Map(),
    files: new Map(),
    history: options.history ? { removed: new Map(), txnUpdated: new Map() } : undefined,
  };
}

/** Costs one copy of the table's maps. */
export function stateOf(snapshot: Snapshot): LogState {
  return {
    version: snapshot.version,
    protocol: snapshot.protocol,
    metadata: metadataActionOf(snapshot.metadata),
    txns: new Map(snapshot.txns),
    files: new Map(snapshot.files),
    history: undefined,
  };
}

/** Applies the next version. */
export function applyCommit(state: LogState, commit: Commit): void {
  assert.equal(commit.version, state.version + 1, 'I4: versions of a log are contiguous');
  state.version = commit.version;
  state.protocol = commit.protocol ?? state.protocol;
  state.metadata = commit.metadata ?? state.metadata;
  for (const txn of commit.txns) {
    state.txns.set(txn.appId, txn.version);
    if (txn.lastUpdated !== undefined) state.history?.txnUpdated.set(txn.appId, txn.lastUpdated);
  }
  for (const file of commit.removes) {
    state.files.delete(file.path);
    state.history?.removed.set(file.path, file);
  }
  for (const file of commit.adds) {
    state.files.set(file.path, file);
    state.history?.removed.delete(file.path);
  }
}

/** The state must not be changed afterwards: the snapshot takes its maps. */
export function snapshotOf(root: string, state: LogState): Snapshot {
  const { version, protocol, metadata, txns, files } = state;
  if (protocol === undefined || metadata === undefined) {
    throw new TerminalError(
      'corrupt',
      `${root}  the log up to version ${version} has no protocol or no metaData`,
    );
  }
  return {
    root,
    version,
    protocol,
    metadata,
    txns,
    files,
    // Lazy: a foreign table whose columns have types beyond ours can still be followed, listed and shared; only who
    // asks for the columns is told that they are unsupported.
    get columns(): readonly Column[] {
      return columnsOf(metadata);
    },
  };
}

const columnsByMetadata = new WeakMap<TableMetadata, readonly Column[]>();

function columnsOf(metadata: TableMetadata): readonly Column[] {
  const known = columnsByMetadata.get(metadata);
  if (known !== undefined) return known;
  const columns = parseSchema(metadata.schemaString);
  columnsByMetadata.set(metadata, columns);
  return columns;
}

function metadataActionOf(metadata: TableMetadata): MetadataAction {
  return 'format' in metadata
    ? (metadata as MetadataAction)
    : { ...metadata, format: { provider: 'parquet', options: {} } };
}
