import { Child } from './child.ts';
import { PARTS } from './parts.ts';

export interface ReadTools {
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

/**
 * Asks a short-lived process of the agent, which answers with one line `{"answer": …}`. Undefined: it could not, and has
 * said why.
 */
export async function askAgent<T>(args: readonly string[], tools: ReadTools): Promise<T | undefined> {
  let answer: T | undefined;
  const reader = new Child({
    script: PARTS.agent,
    args,
    onLine: (line) => {
      if ('answer' in line) answer = line.answer as T;
      else if (typeof line.problem === 'string') tools.complain(line.problem);
    },
    onText: tools.complain,
  });
  await reader.ended;
  return answer;
}
