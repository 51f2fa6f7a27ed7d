import { askAgent, type ReadTools } from './ask-agent.ts';
import type { LakeFolder } from './lake-folder.ts';
import { requireLake } from './lake-folder.ts';

export type { ReadTools } from './ask-agent.ts';

/** Reading verbs work on the files of the lake, so they need no running agent. */
export async function askLake<T>(
  folder: LakeFolder,
  args: readonly string[],
  tools: ReadTools,
): Promise<T | undefined> {
  requireLake(folder);
  return askAgent<T>(['read', '--config', folder.agentConfig, ...args], tools);
}
