import { AgentUnreachable } from '@lakewarden/client';
import { surroundings } from '../agent/agent-place.ts';
import { clientOf } from '../agent/open-client.ts';
import { refusalOf } from '../agent/refusal-of.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { jsonText } from '../json-text.ts';
import { isSet, type Line } from '../line/verb.ts';
import type { World } from '../world.ts';
import { printLines, viewOf } from './look.ts';
import { overviewLines } from './overview-lines.ts';

/** From the running agent; when none is up on this lake, from the lake's files. One that was named must answer. */
export async function showStatus(line: Line, world: World): Promise<ExitCode> {
  if (isSet(line, 'watch')) return (await import('../watch/watch-status.ts')).watchStatus(line, world);
  const { agent, suffix, lake } = surroundings(line, world);
  const json = isSet(line, 'json');
  if (agent !== undefined) {
    try {
      const seen = await clientOf(agent).query('overview', {});
      if (json) world.print(jsonText({ from: 'agent', ...seen }));
      else for (const text of overviewLines(seen, viewOf(world, { suffix }))) printLines(text, world);
      return EXIT.done;
    } catch (error) {
      const isGone =
        agent.from === 'lake' && error instanceof AgentUnreachable && error.reason === 'connection';
      if (!isGone) throw refusalOf(error, { agent, suffix });
    }
  }
  const { showLakeStatus } = await import('../status.ts');
  return showLakeStatus(lake, json, world);
}
