import type { Commit } from '../log/actions.ts';
import { isAppendOnly, whyNotWritable } from '../log/protocol.ts';
import type { LogState } from '../log/replay.ts';
import { parseSchema, sameColumns } from '../log/schema.ts';
import { sliceOf } from '../log/slices.ts';
import type { CommitOutcome, ConflictReason } from './intent.ts';
import { fenceAppId, type PreparedCommit, removesRows } from './prepare.ts';

export type Refusal = Exclude<CommitOutcome, { kind: 'committed' }>;
export type Conflict = Extract<CommitOutcome, { kind: 'conflict' }>;

/** True for the entry that this very commit wrote in an attempt whose answer was lost (I6). */
export function isOurs(prepared: PreparedCommit, winner: Commit): boolean {
  return winner.info?.txnId === prepared.intent.commitId;
}

/**
 * What one winner alone makes wrong, judged before it is applied to `state`. Rows that it changed in our slices were not
 * in what we read; rows that it only moved (`dataChange=false`: compaction, tags) were.
 */
export function judgeWinner(prepared: PreparedCommit, state: LogState, winner: Commit): Conflict | undefined {
  const { change, txns } = prepared.intent;
  const conflict = (reason: ConflictReason): Conflict => ({
    kind: 'conflict',
    version: winner.version,
    reason,
  });
  const ours = new Set(txns.map(({ appId }) => appId));
  if (winner.txns.some(({ appId }) => ours.has(appId))) return conflict('txn-moved');
  if (change.kind === 'overwrite' && changesSlices(prepared.slices, state, winner))
    return conflict('slice-changed');
  if (change.kind === 'replace' && touches(change.remove, winner)) return conflict('file-gone');
  return undefined;
}

/** Whether the commit may follow `state`. A fence goes before every conflict: who is fenced must stop, not read again. */
export function judgeState(
  prepared: PreparedCommit,
  state: LogState,
  found: Conflict | undefined,
): Refusal | undefined {
  return fenced(prepared, state) ?? tableChanged(prepared, state) ?? found ?? moved(prepared, state);
}

/** Removed by the winner, or added again with other tags: not the file that was compared any more. */
function touches(paths: readonly string[], winner: Commit): boolean {
  const ours = new Set(paths);
  return winner.removes.some(({ path }) => ours.has(path)) || winner.adds.some(({ path }) => ours.has(path));
}

function changesSlices(slices: ReadonlySet<string>, state: LogState, winner: Commit): boolean {
  if (winner.adds.some((file) => file.dataChange && slices.has(sliceOf(file)))) return true;
  return winner.removes.some((file) => {
    // A remove need not say its partition; the file it names does. One of a file that is not live changes no row.
    const live = state.files.get(file.path);
    return file.dataChange && live !== undefined && slices.has(sliceOf(live));
  });
}

function fenced(prepared: PreparedCommit, state: LogState): Refusal | undefined {
  const scopes = prepared.intent.fences.flatMap(({ scope, epoch }) => {
    const held = state.txns.get(fenceAppId(scope));
    return held !== undefined && held > epoch ? [{ scope, held }] : [];
  });
  return scopes.length === 0 ? undefined : { kind: 'fenced', scopes, version: state.version };
}

function tableChanged(prepared: PreparedCommit, state: LogState): Conflict | undefined {
  const { protocol, metadata, version } = state;
  if (protocol === undefined || metadata === undefined) return undefined;
  if (whyNotWritable({ protocol, metadata }) !== undefined) {
    return { kind: 'conflict', version, reason: 'protocol-changed' };
  }
  if (isAppendOnly(metadata) && removesRows(prepared.intent.change)) {
    return { kind: 'conflict', version, reason: 'protocol-changed' };
  }
  const partitions = prepared.creation.metadata.partitionColumns;
  const same =
    metadata.partitionColumns.length === partitions.length &&
    metadata.partitionColumns.every((column, i) => column === partitions[i]) &&
    sameColumns(parseSchema(metadata.schemaString), prepared.columns);
  return same ? undefined : { kind: 'conflict', version, reason: 'schema-changed' };
}

function moved(prepared: PreparedCommit, state: LogState): Conflict | undefined {
  const { change, txns } = prepared.intent;
  const { version } = state;
  if (txns.some(({ appId, from }) => state.txns.get(appId) !== from)) {
    return { kind: 'conflict', version, reason: 'txn-moved' };
  }
  const needed =
    change.kind === 'retag' ? change.tags.keys() : change.kind === 'replace' ? change.remove : [];
  if ([...needed].some((path) => !state.files.has(path)))
    return { kind: 'conflict', version, reason: 'file-gone' };
  return undefined;
}
