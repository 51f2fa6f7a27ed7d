import { TerminalError, TransientError } from '@lakewarden/contracts';
import { throwIfCancelled } from '../cancel.ts';
import { commitPath } from '../log/log-paths.ts';
import { isAppendOnly, whyNotWritable } from '../log/protocol.ts';
import { readCommits } from '../log/read-commits.ts';
import { applyCommit, emptyState, type LogState, snapshotOf, stateOf } from '../log/replay.ts';
import { listLog, requireContiguous } from '../log/segment.ts';
import type { LakeStorage, PutOutcome } from '../storage/lake-storage.ts';
import type { CommitIntent, CommitOutcome } from './intent.ts';
import { type Conflict, isOurs, judgeState, judgeWinner, type Refusal } from './judge.ts';
import { type PreparedCommit, prepareCommit, removesRows } from './prepare.ts';
import { stageCommit } from './stage.ts';

/** Uploads for one commit. A lost race is somebody else's progress, so this is about contention, not about faults. */
const ATTEMPTS_MAX = 20;
/** Uploads without an answer in one call (I8): each has waited for its time limit already. */
const UNANSWERED_MAX = 3;

export interface CommitOptions {
  /** Milliseconds since the epoch: timestamps of the entry and of removed files. */
  readonly now: number;
  readonly attemptsMax?: number;
  readonly signal?: AbortSignal;
}

/**
 * Makes the change the next version of the table, or says why it must not be (I3, I4, I6, I7).
 *
 * The entry is one `putIfAbsent`. When the version is taken, or no answer came, the winners are read: one with our
 * `commitId` is our own success; others are judged by the rules of `CommitChange`, and the commit is staged anew after them.
 * Idempotent by `commitId`: after a crash or an error call it again with the same intent *and the same `base`* (winners
 * are looked for after `base` only).
 *
 * A base must be younger than what log cleanup keeps (runs last a day, logs a month): below the cut a version would be free again.
 *
 * @returns `committed` with the table at our version, computed in memory
 * @throws TransientError when the store failed, or `limit` when others were faster `attemptsMax` times: whether we
 *   committed may then be unknown, call again; TerminalError `unsupported` for a table that we may not write,
 *   `corrupt` for a broken log, `invalid` for a missing base of a table that is old
 */
export async function commit(
  storage: LakeStorage,
  intent: CommitIntent,
  options: CommitOptions,
): Promise<CommitOutcome> {
  const prepared = prepareCommit(intent, options.now);
  // The one copy of the table's maps that a commit costs; winners and our own entry are applied to it.
  const state = intent.base === undefined ? emptyState({ history: false }) : stateOf(intent.base);
  requireWritable(intent, state);
  if (intent.base === undefined) await requireWholeLog(storage, intent.root, options.signal);
  let refusal = judgeState(prepared, state, undefined);
  let unanswered = 0;
  for (let attempt = 0; attempt < (options.attemptsMax ?? ATTEMPTS_MAX); attempt += 1) {
    if (refusal !== undefined) return refusal;
    throwIfCancelled(options.signal);
    const staged = stageCommit(prepared, state);
    const put = await putEntry(storage, intent.root, state.version + 1, staged.body, options.signal);
    if (put.kind === 'created') {
      applyCommit(state, staged.commit);
      return { kind: 'committed', snapshot: snapshotOf(intent.root, state) };
    }
    if (put.kind === 'unknown') unanswered += 1;
    const standing = await rebase(storage, prepared, state, put, options.signal);
    if (standing === 'ours') return { kind: 'committed', snapshot: snapshotOf(intent.root, state) };
    refusal = standing;
    if (refusal === undefined && put.kind === 'unknown' && unanswered >= UNANSWERED_MAX) {
      throw new TransientError('timeout', `${intent.root}  no answer to ${unanswered} uploads of a commit`, {
        cause: put.cause,
      });
    }
  }
  if (refusal !== undefined) return refusal;
  throw new TransientError('limit', `${intent.root}  other writers were faster in every attempt`);
}

async function putEntry(
  storage: LakeStorage,
  root: string,
  version: number,
  body: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<PutOutcome> {
  return storage.putIfAbsent(commitPath(root, version), body, { ...(signal && { signal }) });
}

/**
 * Applies the winners to `state`. `ours`: one of them is this commit, and `state` stands at it. Undefined: the commit may
 * be staged again, after all winners, or at the same version when there was none (an upload without answer that did
 * not land: should it land later, it takes the version of its twin, and whichever is second reads back the first).
 */
async function rebase(
  storage: LakeStorage,
  prepared: PreparedCommit,
  state: LogState,
  put: Exclude<PutOutcome, { kind: 'created' }>,
  signal: AbortSignal | undefined,
): Promise<'ours' | Refusal | undefined> {
  const { root } = prepared.intent;
  const versions = await winnersAfter(storage, root, state.version, put, signal);
  let conflict: Conflict | undefined;
  for await (const winner of readCommits(storage, root, versions, signal)) {
    conflict ??= judgeWinner(prepared, state, winner);
    applyCommit(state, winner);
    if (isOurs(prepared, winner)) return 'ours';
  }
  return judgeState(prepared, state, conflict);
}

async function winnersAfter(
  storage: LakeStorage,
  root: string,
  version: number,
  put: Exclude<PutOutcome, { kind: 'created' }>,
  signal: AbortSignal | undefined,
): Promise<readonly number[]> {
  const names = await listLog(storage, root, {
    ...(version >= 0 && { startAfter: commitPath(root, version) }),
    ...(signal && { signal }),
  });
  const versions = names.filter(({ kind }) => kind === 'commit').map((name) => name.version);
  requireContiguous(root, version + 1, versions);
  if (versions.length === 0 && put.kind === 'exists') {
    throw new TransientError('unavailable', `${root}  version ${version + 1} exists but is not listed yet`);
  }
  return versions;
}

/**
 * Creating a table is taking version 0. In a log whose head was cleaned up version 0 is free again, and an entry put there
 * would be seen by nobody: one list tells, once in the life of a table.
 */
async function requireWholeLog(
  storage: LakeStorage,
  root: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const names = await listLog(storage, root, { ...(signal && { signal }) });
  if (names.length === 0 || names.some(({ kind, version }) => kind === 'commit' && version === 0)) return;
  throw new TerminalError('invalid', `${root}  there is a table, but the commit was prepared without a base`);
}

/** @throws TerminalError `unsupported` */
function requireWritable({ root, change }: CommitIntent, { protocol, metadata }: LogState): void {
  if (protocol === undefined || metadata === undefined) return;
  const refusal =
    whyNotWritable({ protocol, metadata }) ??
    (isAppendOnly(metadata) && removesRows(change) ? 'is append-only' : undefined);
  if (refusal !== undefined) throw new TerminalError('unsupported', `${root}  ${refusal}`);
}
