import { readApiFile } from './agent/agent-place.ts';
import type { Child } from './child.ts';
import type { LakeFolder } from './lake-folder.ts';
import type { Progress } from './progress.ts';

const LOOK_MS = 200;
const WAIT_MS_MAX = 120_000;

export interface AnnounceOptions {
  readonly folder: LakeFolder;
  readonly agent: Child;
  readonly progress: Pick<Progress, 'note'>;
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Says where the API of this agent listens, as soon as it does. */
export async function announceApi(options: AnnounceOptions, signal: AbortSignal): Promise<void> {
  const { folder, agent, progress, now, sleep } = options;
  const over = new AbortController();
  void agent.ended.then(() => over.abort());
  const until = AbortSignal.any([signal, over.signal]);
  const deadlineMs = now() + WAIT_MS_MAX;
  while (!until.aborted && now() < deadlineMs) {
    const api = readApiFile(folder.api, agent.pid ?? 0);
    if (api !== undefined) {
      progress.note(`api       ${api.url} (token in ${api.tokenFile})`);
      return;
    }
    await sleep(LOOK_MS, until);
  }
}
