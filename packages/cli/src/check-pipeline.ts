import { Child } from './child.ts';
import { EXIT, Refusal } from './exit.ts';
import { PARTS } from './parts.ts';

/**
 * Before anything is started or made: a pipeline file that does not compile would be found only after all data was
 * sent. Throws `Refusal(failed)` with every problem on a line of its own.
 */
export async function checkPipeline(pipeline: string): Promise<void> {
  const problems: string[] = [];
  const texts: string[] = [];
  const checker = new Child({
    script: PARTS.agent,
    args: ['check', '--pipeline', pipeline],
    onLine: (line) => {
      if (typeof line.problem === 'string') problems.push(line.problem);
    },
    onText: (text) => texts.push(text),
  });
  const { code } = await checker.ended;
  if (code === 0) return;
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const last = `${count} in the pipeline · nothing was started; correct ${pipeline} and run the same command again`;
  throw new Refusal(EXIT.failed, [...texts, ...problems, last].join('\n'));
}
