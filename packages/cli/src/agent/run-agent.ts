import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { EXIT, type ExitCode, Refusal } from '../exit.ts';
import { AGENT_ENVIRONMENT, AGENT_NODE_OPTIONS, PARTS } from '../parts.ts';
import type { World } from '../world.ts';

/** The agent as a process that writes its own log lines to our stdout; ends in order when we are asked to end. */
export async function runAgent(config: string, world: World): Promise<ExitCode> {
  if (!existsSync(config)) {
    throw new Refusal(EXIT.usage, `no such file · ${config} · give the agent's file behind --config`);
  }
  const args = [...AGENT_NODE_OPTIONS, PARTS.agent, 'run', '--config', config, '--stop-with-parent'];
  const env = { ...world.env, ...AGENT_ENVIRONMENT };
  // Its stdin stays open: when we die, however suddenly, it ends and the agent stops by itself.
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'inherit', 'inherit'], env });
  const signal = world.stopSignal();
  signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
  const [code] = (await once(child, 'close')) as [number | null];
  return code === 0 || (signal.aborted && code === null) ? EXIT.done : EXIT.failed;
}
