import { TerminalError } from '@lakewarden/contracts';
import type { LakeStorage } from '../storage/lake-storage.ts';
import { type LogName, logFolder, parseLogName } from './log-paths.ts';

/** Objects of a log that one snapshot is made of: a plan as data; nothing of it has been read. */
export interface LogSegment {
  readonly version: number;
  readonly checkpoint: { readonly version: number; readonly parts: number } | undefined;
  /** Contiguous, oldest first; the first is `checkpoint.version + 1`, or 0. */
  readonly commits: readonly number[];
}

/** Names of a log from a place on, in order. `startAfter` is a whole path, or undefined for all. */
export async function listLog(
  storage: LakeStorage,
  root: string,
  options: { readonly startAfter?: string; readonly signal?: AbortSignal },
): Promise<readonly LogName[]> {
  const folder = logFolder(root);
  const names: LogName[] = [];
  for await (const object of storage.list(folder, options)) {
    const name = object.path.slice(folder.length);
    // Entries start with a digit; `_last_checkpoint`, `_sidecars/` and the rest sort after all of them.
    if (name > ':') break;
    const parsed = parseLogName(name);
    if (parsed !== undefined) names.push(parsed);
  }
  return names;
}

/**
 * Chooses the newest complete checkpoint not above `wanted` (undefined: the newest version) and the commits after it.
 * A checkpoint with a missing part does not exist (PROTOCOL.md, Multi-part checkpoint), neither do `distrusted` ones.
 *
 * @returns undefined when there is no table
 * @throws TerminalError `corrupt` when versions are missing; `not-found` when the log has no version `wanted`
 */
export function chooseSegment(
  root: string,
  names: readonly LogName[],
  wanted: number | undefined,
  distrusted: ReadonlySet<number>,
): LogSegment | undefined {
  const checkpoints = completeCheckpoints(names).filter(
    ({ version }) => version <= (wanted ?? version) && !distrusted.has(version),
  );
  const checkpoint = checkpoints.at(-1);
  const all = names.filter(({ kind }) => kind === 'commit').map(({ version }) => version);
  if (checkpoint === undefined && all.length === 0) {
    if (names.length === 0) return undefined;
    throw new TerminalError('unsupported', `${root}  the log has only checkpoints that we do not read`);
  }
  const first = checkpoint === undefined ? 0 : checkpoint.version + 1;
  const commits = all.filter((version) => version >= first && version <= (wanted ?? version));
  requireContiguous(root, first, commits, names);
  const version = first + commits.length - 1;
  if (wanted !== undefined && version !== wanted) {
    throw new TerminalError('not-found', `${root}  has no version ${wanted}; the newest is ${version}`);
  }
  return { version, checkpoint, commits };
}

/** @throws TerminalError `corrupt` naming the first version that is missing (I4). */
export function requireContiguous(
  root: string,
  first: number,
  commits: readonly number[],
  names: readonly LogName[] = [],
): void {
  const gap = commits.findIndex((version, i) => version !== first + i);
  if (gap === -1) return;
  // A log that starts with a V2 checkpoint is whole, only not for us.
  const foreign = names.some(({ kind }) => kind === 'uuid-checkpoint');
  throw new TerminalError(
    foreign ? 'unsupported' : 'corrupt',
    `${root}  version ${first + gap} is missing from the log, which goes on to ${commits.at(-1)}`,
  );
}

function completeCheckpoints(names: readonly LogName[]): { version: number; parts: number }[] {
  const partsSeen = new Map<string, { version: number; parts: number; seen: number }>();
  for (const name of names) {
    if (name.kind !== 'checkpoint') continue;
    const key = `${name.version}/${name.parts}`;
    const entry = partsSeen.get(key) ?? { version: name.version, parts: name.parts, seen: 0 };
    entry.seen += 1;
    partsSeen.set(key, entry);
  }
  return [...partsSeen.values()]
    .filter(({ parts, seen }) => parts === seen)
    .sort((a, b) => a.version - b.version || b.parts - a.parts);
}
