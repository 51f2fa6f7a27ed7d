import { spawn } from 'node:child_process';
import { ToolMissing } from './tool-missing.ts';

const TAIL_CHARS_MAX = 2_000;

export interface ToolRun {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
}

/** Runs a program to its end. Throws `ToolMissing` with the end of its words when it fails, is not there or takes too long. */
export async function runTool(program: string, args: readonly string[], run: ToolRun): Promise<void> {
  const what = `${program} ${args.join(' ')}`;
  const child = spawn(program, args, { ...run, timeout: run.timeoutMs, stdio: ['ignore', 'pipe', 'pipe'] });
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-TAIL_CHARS_MAX);
    });
  }
  const ended = await new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code === 0 ? '' : `ended with ${code ?? signal}`));
  });
  if (ended !== '') throw new ToolMissing(`${what}: ${ended}\n${tail}`);
}
