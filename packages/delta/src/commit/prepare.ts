import assert from 'node:assert/strict';
import { type Column, SLICE_COLUMN } from '@lakewarden/contracts';
import { ENGINE_INFO } from '../engine-info.ts';
import type { JsonObject } from '../json.ts';
import type { MetadataAction, ProtocolAction, TxnAction } from '../log/actions.ts';
import { addAction, encodeLines, metadataAction, protocolAction, txnAction } from '../log/encode-actions.ts';
import { READER_VERSION, WRITER_VERSION } from '../log/protocol.ts';
import { formatSchema } from '../log/schema.ts';
import type { AddFile } from '../log/snapshot.ts';
import type { CommitChange, CommitIntent, NewFile } from './intent.ts';

const FENCE_PREFIX = 'lw/fence/';

/** The part of a commit that no rebase changes: made, checked and encoded once. */
export interface PreparedCommit {
  readonly intent: CommitIntent;
  readonly now: number;
  /** Of the whole table, partition column included. */
  readonly columns: readonly Column[];
  /** What version 0 starts with; used only when the table does not exist. */
  readonly creation: { readonly protocol: ProtocolAction; readonly metadata: MetadataAction };
  readonly creationLines: string;
  readonly info: JsonObject;
  readonly txns: readonly TxnAction[];
  /** New files of append and overwrite. */
  readonly adds: readonly AddFile[];
  /** commitInfo, which comes first. */
  readonly infoLine: string;
  /** txns and adds. */
  readonly lines: string;
  /** Slices that an overwrite replaces. */
  readonly slices: ReadonlySet<string>;
}

/** appId of the `txn` that holds a scope's epoch (DESIGN §3, Fences). */
export function fenceAppId(scope: string): string {
  return `${FENCE_PREFIX}${scope}`;
}

/** Checks the intent (a wrong one is a bug of the caller) and encodes all that stays the same over every attempt. */
export function prepareCommit(intent: CommitIntent, now: number): PreparedCommit {
  requireSound(intent);
  const columns: readonly Column[] = [...intent.table.columns, { name: SLICE_COLUMN, type: 'string' }];
  const protocol: ProtocolAction = { minReaderVersion: READER_VERSION, minWriterVersion: WRITER_VERSION };
  const metadata = newMetadata(intent, columns, now);
  const info = commitInfo(intent, now);
  const txns = [
    ...intent.fences.map(({ scope, epoch }) => ({
      appId: fenceAppId(scope),
      version: epoch,
      lastUpdated: now,
    })),
    ...intent.txns.map(({ appId, to }) => ({ appId, version: to, lastUpdated: now })),
  ];
  const adds = filesOf(intent.change).map((file) => newAdd(file, now));
  return {
    intent,
    now,
    columns,
    creation: { protocol, metadata },
    creationLines: encodeLines([protocolAction(protocol), metadataAction(metadata)]),
    info,
    txns,
    adds,
    infoLine: encodeLines([{ commitInfo: info }]),
    lines: encodeLines([...txns.map(txnAction), ...adds.map(addAction)]),
    slices: new Set(intent.change.kind === 'overwrite' ? intent.change.slices : []),
  };
}

function requireSound(intent: CommitIntent): void {
  const { change, txns, fences } = intent;
  const appIds = [...txns.map(({ appId }) => appId), ...fences.map(({ scope }) => fenceAppId(scope))];
  assert.equal(new Set(appIds).size, appIds.length, 'a commit names each appId once');
  for (const { appId, from, to } of txns) {
    assert.ok(!appId.startsWith(FENCE_PREFIX), 'fences are given as fences');
    assert.ok(from === undefined || to > from, `I3: the txn of ${appId} moves on`);
  }
  assert.ok(!isEmpty(change) || appIds.length > 0, 'an empty commit says nothing: do not commit');
  const files = filesOf(change);
  assert.equal(new Set(files.map(({ path }) => path)).size, files.length, 'each new file is added once');
  for (const { path } of files) {
    assert.match(path, /^[A-Za-z0-9._=-]+(\/[A-Za-z0-9._=-]+)*$/, 'paths need no escaping (DESIGN §3)');
  }
  if (change.kind === 'replace') {
    assert.equal(new Set(change.remove).size, change.remove.length, 'each old file is removed once');
    assert.ok(intent.base !== undefined, 'files are replaced in a table that was read');
    for (const path of change.remove)
      assert.ok(intent.base.files.has(path), `${path} was live when it was read`);
  }
  if (change.kind !== 'overwrite') return;
  const slices = new Set(change.slices);
  for (const { path, slice } of files) {
    assert.ok(slices.has(slice), `${path} is of slice ${slice}, which the overwrite does not name`);
  }
}

function filesOf(change: CommitChange): readonly NewFile[] {
  return change.kind === 'retag' ? [] : change.files;
}

/** What an append-only table does not take. */
export function removesRows(change: CommitChange): boolean {
  return change.kind === 'overwrite' || change.kind === 'replace';
}

function isEmpty(change: CommitChange): boolean {
  switch (change.kind) {
    case 'append':
      return change.files.length === 0;
    case 'overwrite':
      return change.slices.length === 0;
    case 'replace':
      return change.remove.length === 0;
    case 'retag':
      return change.tags.size === 0;
  }
}

function newAdd(file: NewFile, now: number): AddFile {
  return {
    path: file.path,
    partitionValues: { [SLICE_COLUMN]: file.slice },
    size: file.bytes,
    modificationTime: now,
    dataChange: true,
    stats: file.stats,
    tags: file.tags,
  };
}

function newMetadata(intent: CommitIntent, columns: readonly Column[], now: number): MetadataAction {
  return {
    // The id of a table is the id of the commit that made it: unique without asking for randomness here.
    id: intent.commitId,
    name: intent.table.name,
    format: { provider: 'parquet', options: {} },
    schemaString: formatSchema(columns),
    partitionColumns: [SLICE_COLUMN],
    configuration: {},
    createdTime: now,
  };
}

/** PROTOCOL.md, Commit Provenance Information; names and string values as Spark's history knows them. */
function commitInfo(intent: CommitIntent, now: number): JsonObject {
  const { change } = intent;
  const append = change.kind === 'append';
  return {
    timestamp: now,
    operation: intent.operation,
    operationParameters: {
      mode: append ? 'Append' : 'Overwrite',
      partitionBy: JSON.stringify([SLICE_COLUMN]),
      ...(change.kind === 'overwrite' && { slices: String(change.slices.length) }),
      ...(change.kind === 'replace' && { files: String(change.remove.length) }),
    },
    ...(intent.base !== undefined && { readVersion: intent.base.version }),
    isolationLevel: 'Serializable',
    isBlindAppend: append,
    engineInfo: ENGINE_INFO,
    txnId: intent.commitId,
    run: intent.run,
  };
}
