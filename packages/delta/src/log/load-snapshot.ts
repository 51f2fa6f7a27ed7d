import assert from 'node:assert/strict';
import { TerminalError } from '@lakewarden/contracts';
import { readCheckpoint } from '../checkpoint/read-checkpoint.ts';
import { isJsonObject } from '../json.ts';
import type { LakeStorage } from '../storage/lake-storage.ts';
import { commitPath, hintPath, type LogName, versionPrefix } from './log-paths.ts';
import { requireReadable } from './protocol.ts';
import { readCommits } from './read-commits.ts';
import { applyCommit, emptyState, type LogState, snapshotOf, stateOf } from './replay.ts';
import { chooseSegment, type LogSegment, listLog, requireContiguous } from './segment.ts';
import type { Snapshot } from './snapshot.ts';

export interface LoadOptions {
  /** Default: the newest. */
  readonly version?: number;
  /** An older snapshot of the same table: then one list and the newer commits are all that is read. */
  readonly previous?: Snapshot;
  readonly signal?: AbortSignal;
}

/**
 * A version of a table as the log tells it: newest complete checkpoint, then the commits after it.
 * `_last_checkpoint` only saves a longer list; stale, missing or broken it changes nothing.
 *
 * @returns undefined when there is no table; `previous` itself when nothing is newer
 * @throws TerminalError `corrupt` (naming file and line) for a log with missing versions, torn lines or actions that
 *   contradict each other; `unsupported` for a table that needs a newer reader; `not-found` for a `version` that is not there
 */
export async function loadSnapshot(
  storage: LakeStorage,
  root: string,
  options: LoadOptions = {},
): Promise<Snapshot | undefined> {
  const { previous, version: wanted, signal } = options;
  if (previous !== undefined && previous.version <= (wanted ?? previous.version)) {
    assert.equal(previous.root, root, 'previous is a snapshot of the same table');
    const snapshot = await loadAfter(storage, previous, wanted, signal);
    if (snapshot !== undefined) return snapshot;
  }
  const state = await loadState(storage, root, { wanted, history: false, signal });
  return state === undefined ? undefined : readable(root, state);
}

/** What a checkpoint is made of: like `loadSnapshot`, with removed files. */
export async function loadState(
  storage: LakeStorage,
  root: string,
  options: {
    readonly wanted: number | undefined;
    readonly history: boolean;
    readonly signal: AbortSignal | undefined;
  },
): Promise<LogState | undefined> {
  const distrusted = new Set<number>();
  for (;;) {
    const segment = await findSegment(storage, root, options.wanted, distrusted, options.signal);
    if (segment === undefined) return undefined;
    const state = emptyState(options);
    if (segment.checkpoint !== undefined) {
      try {
        await readCheckpoint(storage, root, segment.checkpoint, state, options.signal);
      } catch (error) {
        if (!(error instanceof TerminalError && error.code === 'corrupt')) throw error;
        // A checkpoint is a cache of the log. The one before it, or version 0, says the same; when the log no longer
        // reaches back that far, choosing without it ends in `corrupt`. Each turn distrusts one more, so this ends.
        distrusted.add(segment.checkpoint.version);
        continue;
      }
    }
    await replay(storage, root, state, segment.commits, options.signal);
    return state;
  }
}

/** The snapshot `previous` moved on; undefined when the log was cut so far that `previous` no longer helps. */
async function loadAfter(
  storage: LakeStorage,
  previous: Snapshot,
  wanted: number | undefined,
  signal: AbortSignal | undefined,
): Promise<Snapshot | undefined> {
  if (wanted === previous.version) return previous;
  const { root } = previous;
  const first = previous.version + 1;
  const names = await listLog(storage, root, {
    startAfter: commitPath(root, previous.version),
    ...(signal && { signal }),
  });
  const commits = names
    .filter(({ kind, version }) => kind === 'commit' && version >= first && version <= (wanted ?? version))
    .map(({ version }) => version);
  if (commits.length === 0)
    return wanted === undefined && !hasCheckpointAfter(names, first) ? previous : undefined;
  if (commits[0] !== first) return undefined;
  requireContiguous(root, first, commits);
  if (wanted !== undefined && commits.at(-1) !== wanted) return undefined;
  const state = stateOf(previous);
  await replay(storage, root, state, commits, signal);
  return readable(root, state);
}

function hasCheckpointAfter(names: readonly LogName[], first: number): boolean {
  return names.some(({ kind, version }) => kind !== 'commit' && version >= first);
}

async function replay(
  storage: LakeStorage,
  root: string,
  state: LogState,
  commits: readonly number[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const commit of readCommits(storage, root, commits, signal)) applyCommit(state, commit);
}

async function findSegment(
  storage: LakeStorage,
  root: string,
  wanted: number | undefined,
  distrusted: ReadonlySet<number>,
  signal: AbortSignal | undefined,
): Promise<LogSegment | undefined> {
  const call = { ...(signal && { signal }) };
  const hint = distrusted.size === 0 ? await readHint(storage, root, signal) : undefined;
  if (hint !== undefined && hint <= (wanted ?? hint)) {
    const names = await listLog(storage, root, { startAfter: versionPrefix(root, hint), ...call });
    const segment = segmentWithCheckpoint(root, names, wanted);
    if (segment !== undefined) return segment;
  }
  return chooseSegment(root, await listLog(storage, root, call), wanted, distrusted);
}

/** Only a list that has a whole checkpoint says enough; undefined when the hint pointed nowhere. */
function segmentWithCheckpoint(
  root: string,
  names: readonly LogName[],
  wanted: number | undefined,
): LogSegment | undefined {
  const versions = names.filter(({ kind }) => kind === 'checkpoint').map(({ version }) => version);
  const oldest = Math.min(...versions);
  // Commits at or below the oldest checkpoint seen may be a cut-off head: they say nothing here.
  const tail = names.filter(({ version }) => version >= oldest);
  try {
    const segment = chooseSegment(root, tail, wanted, new Set());
    return segment?.checkpoint === undefined ? undefined : segment;
  } catch (error) {
    if (error instanceof TerminalError) return undefined;
    throw error;
  }
}

/** Version of the last checkpoint, if `_last_checkpoint` says one. */
async function readHint(
  storage: LakeStorage,
  root: string,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const body = await storage.read(hintPath(root), { ...(signal && { signal }) });
  if (body === undefined) return undefined;
  try {
    const hint: unknown = JSON.parse(new TextDecoder().decode(body));
    const version = isJsonObject(hint) ? hint.version : undefined;
    return typeof version === 'number' && Number.isSafeInteger(version) && version >= 0 ? version : undefined;
  } catch {
    // A hint may be anything; the list says the same.
    return undefined;
  }
}

function readable(root: string, state: LogState): Snapshot {
  const snapshot = snapshotOf(root, state);
  requireReadable(root, snapshot);
  if (snapshot.metadata.schemaString === '')
    throw new TerminalError('corrupt', `${root}  metaData has no schema`);
  return snapshot;
}
