import { readFileSync } from 'node:fs';
import type { RunningCli } from './cli.ts';

/** Process id of the agent that the CLI runs now. */
export function agentOf(cli: RunningCli): number | undefined {
  return childProcesses(cli.process.pid ?? 0).find((pid) => commandOf(pid).includes('agent/src/main.ts run'));
}

/** Process id of the live sources that the CLI runs now. */
export function sourcesOf(cli: RunningCli): number | undefined {
  return childProcesses(cli.process.pid ?? 0).find((pid) =>
    commandOf(pid).includes('retail/src/main.ts generate --live'),
  );
}

function childProcesses(parent: number): number[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8');
  } catch {
    return []; // It has just ended.
  }
  return text.trim().split(' ').filter(Boolean).map(Number);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // It has just ended.
  }
}

/** Is anything of what the CLI started still there? A detached CLI leads a process group of its own. */
export function isGroupAlive(cli: RunningCli): boolean {
  try {
    process.kill(-(cli.process.pid ?? 0), 0);
    return true;
  } catch {
    return false;
  }
}
