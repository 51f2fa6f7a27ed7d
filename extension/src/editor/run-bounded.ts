import { spawn } from 'node:child_process';

export interface BoundedRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

export type RunOutcome =
  | { readonly kind: 'ended'; readonly code: number | null; readonly stdout: string; readonly stderr: string }
  /** It could not be started, or was ended for taking too long or saying too much. */
  | { readonly kind: 'failed'; readonly problem: string }
  | { readonly kind: 'cancelled' };

const RUN_MS_MAX = 20_000;
const OUTPUT_CHARS_MAX = 1024 * 1024;

/** Runs a program without a shell, for a bounded time and a bounded output; ended when the signal aborts. */
export function runBounded({ command, args, cwd }: BoundedRun, signal: AbortSignal): Promise<RunOutcome> {
  return new Promise((settle) => {
    if (signal.aborted) return settle({ kind: 'cancelled' });
    const child = spawn(command, [...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
    let stdout = '';
    let stderr = '';
    const end = (outcome: RunOutcome) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
      child.kill('SIGKILL');
      settle(outcome);
    };
    const cancel = () => end({ kind: 'cancelled' });
    const tooMuch = () => end({ kind: 'failed', problem: 'it said more than 1 MB' });
    const timer = setTimeout(
      () => end({ kind: 'failed', problem: `it did not end within ${RUN_MS_MAX / 1_000} s` }),
      RUN_MS_MAX,
    );
    signal.addEventListener('abort', cancel, { once: true });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.length > OUTPUT_CHARS_MAX) tooMuch();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = `${stderr}${text}`.slice(-4_000);
    });
    child.on('error', (error) => end({ kind: 'failed', problem: error.message }));
    child.on('close', (code) => end({ kind: 'ended', code, stdout, stderr }));
  });
}
