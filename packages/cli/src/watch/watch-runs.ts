import { withAgent } from '../agent/with-agent.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { type Line, textOption } from '../line/verb.ts';
import { runLine } from '../look/health-lines.ts';
import { plainText } from '../plain-text.ts';
import { timeText } from '../words.ts';
import type { World } from '../world.ts';
import { refuseJson } from './watch-answer.ts';

/** A line whenever a run begins or ends, until the person ends it. */
export function watchRuns(line: Line, world: World): Promise<ExitCode> {
  refuseJson(line);
  const signal = world.stopSignal();
  const dataset = textOption(line, 'dataset');
  const state = textOption(line, 'state');
  return withAgent(line, world, async ({ client }) => {
    for await (const event of client.events({ signal })) {
      if (event.type !== 'run') continue;
      const { run } = event;
      if ((dataset ?? run.dataset) !== run.dataset || (state ?? run.state) !== run.state) continue;
      world.print(plainText(`${timeText(run.endedAt ?? run.startedAt, world.wallMs())} ${runLine(run)}`));
    }
    return EXIT.done;
  });
}
