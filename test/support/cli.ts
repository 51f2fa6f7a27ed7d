import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { RunSummary } from '@lakewarden/contracts';
import { ROOT } from './paths.ts';

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly process: ChildProcess;
  readonly ended: Promise<CliResult>;
}

const CLI = join(ROOT, 'packages/cli/src/main.ts');

/** Starts the CLI as the leader of a process group of its own, so that the whole of it can be killed at once. */
export function startCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningCli {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const [stdout, stderr]: [string[], string[]] = [[], []];
  child.stdout.setEncoding('utf8').on('data', (text: string) => stdout.push(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => stderr.push(text));
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout: stdout.join(''), stderr: stderr.join('') }),
    );
  });
  return { process: child, ended };
}

export function runCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CliResult> {
  return startCli(args, env).ended;
}

/** `up --once --json`, which must succeed; its summary. */
export async function runOnce(
  lake: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<RunSummary> {
  const result = await runCli(['up', '--once', '--json', '--lake', lake, ...args], env);
  if (result.code !== 0) {
    throw new Error(
      `up --once ended with ${result.code ?? result.signal}\n${result.stdout}\n${result.stderr}`,
    );
  }
  return JSON.parse(result.stdout) as RunSummary;
}

/** Kills the CLI and everything that it started. */
export function killGroup(cli: RunningCli): void {
  if (cli.process.pid !== undefined) process.kill(-cli.process.pid, 'SIGKILL');
}
