import type { Overview } from '@lakewarden/contracts';
import type { ExitCode } from '../exit.ts';
import type { Line } from '../line/verb.ts';
import { overviewLine, overviewLines } from '../look/overview-lines.ts';
import type { World } from '../world.ts';
import { watchAnswer } from './watch-answer.ts';

export function watchStatus(line: Line, world: World): Promise<ExitCode> {
  return watchAnswer<Overview>(
    {
      ask: (client, signal) => client.query('overview', {}, signal),
      concerns: ({ type }) => type !== 'fact',
      lines: overviewLines,
      logLines: (seen) => [overviewLine(seen)],
    },
    line,
    world,
  );
}
