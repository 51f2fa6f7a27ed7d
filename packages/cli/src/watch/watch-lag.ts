import type { ExitCode } from '../exit.ts';
import type { Line } from '../line/verb.ts';
import { type Lags, lagLine, lagLines } from '../look/lag-lines.ts';
import type { World } from '../world.ts';
import { watchAnswer } from './watch-answer.ts';

export function watchLag(line: Line, world: World): Promise<ExitCode> {
  return watchAnswer<Lags>(
    {
      ask: (client, signal) => client.query('lag', {}, signal),
      concerns: ({ type }) => type === 'source',
      lines: lagLines,
      logLines: ({ sources }) => sources.map(lagLine),
    },
    line,
    world,
  );
}
