import { TransientError } from '@lakewarden/contracts';
import { throwIfCancelled } from '../cancel.ts';
import type { LakeStorage } from '../storage/lake-storage.ts';
import type { Commit } from './actions.ts';
import { commitPath } from './log-paths.ts';
import { parseCommit } from './parse-commit.ts';

/** Reads in flight at once: hides the round trip of a store without holding a whole log in memory (I15). */
const READS_IN_FLIGHT_MAX = 16;

/** The commits of these versions, in this order. At most `READS_IN_FLIGHT_MAX` bodies are held at once. */
export async function* readCommits(
  storage: LakeStorage,
  root: string,
  versions: readonly number[],
  signal?: AbortSignal,
): AsyncGenerator<Commit> {
  const inFlight: Promise<Commit>[] = [];
  let next = 0;
  while (next < versions.length || inFlight.length > 0) {
    throwIfCancelled(signal);
    while (next < versions.length && inFlight.length < READS_IN_FLIGHT_MAX) {
      const read = readCommit(storage, root, versions[next] as number, signal);
      // Its failure is told when its turn comes; until then it must not count as unhandled.
      read.catch(() => undefined);
      inFlight.push(read);
      next += 1;
    }
    yield await (inFlight.shift() as Promise<Commit>);
  }
}

async function readCommit(
  storage: LakeStorage,
  root: string,
  version: number,
  signal: AbortSignal | undefined,
): Promise<Commit> {
  const path = commitPath(root, version);
  const body = await storage.read(path, { ...(signal && { signal }) });
  if (body !== undefined) return parseCommit(version, body, path);
  // It was listed: a cleanup took it in between. Reading again starts from its newer checkpoint.
  throw new TransientError('unavailable', `${path}  went away while the log was read`);
}
