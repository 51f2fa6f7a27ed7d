import { Child } from './child.ts';
import type { LakeFolder } from './lake-folder.ts';
import { requireLake } from './lake-folder.ts';
import { PARTS } from './parts.ts';

export interface ReadTools {
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

/**
 * Reading verbs work on the files of the lake, so they need no agent: a short-lived one that can only read answers.
 * Undefined: it could not, and has said why.
 */
export async function askLake<T>(
  folder: LakeFolder,
  args: readonly string[],
  tools: ReadTools,
): Promise<T | undefined> {
  requireLake(folder);
  let answer: T | undefined;
  const reader = new Child({
    script: PARTS.agent,
    args: ['read', '--config', folder.agentConfig, ...args],
    onLine: (line) => {
      if ('answer' in line) answer = line.answer as T;
      else if (typeof line.problem === 'string') tools.complain(line.problem);
    },
    onText: tools.complain,
  });
  await reader.ended;
  return answer;
}
