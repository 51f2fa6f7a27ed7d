import type { ExitCode } from '../exit.ts';
import type { Line } from '../line/verb.ts';
import type { World } from '../world.ts';
import { type OpenAgent, openAgent } from './open-client.ts';
import { refusalOf } from './refusal-of.ts';

/** Runs what asks the agent; whatever the agent or the way to it says no with becomes a `Refusal`. */
export async function withAgent(
  line: Line,
  world: World,
  run: (open: OpenAgent) => Promise<ExitCode>,
): Promise<ExitCode> {
  const open = openAgent(line, world);
  try {
    return await run(open);
  } catch (error) {
    throw refusalOf(error, open);
  }
}
