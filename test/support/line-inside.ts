import { setTimeout as pause } from 'node:timers/promises';
import { runLine } from '../../packages/cli/src/run-line.ts';

export interface LineResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command line in this very process: what a shell would show, without the time that a process takes to start. */
export async function runInside(args: readonly string[], cwd: string): Promise<LineResult> {
  const [printed, complained]: [string[], string[]] = [[], []];
  const code = await runLine(args, {
    cwd,
    env: {},
    print: (text) => void printed.push(text),
    complain: (text) => void complained.push(text),
    screen: undefined,
    panel: undefined,
    now: () => Math.round(performance.now()),
    wallMs: () => Date.now(),
    sleep: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
    stopSignal: () => new AbortController().signal,
    ask: undefined,
  });
  return { code, stdout: printed.join('\n'), stderr: complained.join('\n') };
}
