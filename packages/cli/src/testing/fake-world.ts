import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Terminal } from '../progress-bars.ts';
import { runLine } from '../run-line.ts';
import type { World } from '../world.ts';

/** 2026-11-22T14:06:12Z, when everything in the samples happens. */
export const NOW_MS = Date.UTC(2026, 10, 22, 14, 6, 12);

export interface FakeWorld extends World {
  readonly printed: string[];
  readonly complained: string[];
  readonly questions: string[];
  readonly drawn: string[];
  readonly stop: AbortController;
}

export interface FakeWorldOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What the person answers; absent: there is no person. */
  readonly answer?: string;
  /** Columns of the terminal; absent: a pipe. */
  readonly columns?: number;
  /** Called before every wait, which then is over. */
  readonly onSleep?: (ms: number) => void | Promise<void>;
}

export function fakeWorld(options: FakeWorldOptions = {}): FakeWorld {
  const { env = {}, cwd = join(tmpdir(), 'lakewarden-nowhere'), answer, columns, onSleep } = options;
  const [printed, complained, questions, drawn]: string[][] = [[], [], [], []];
  const stop = new AbortController();
  const terminal: Terminal | undefined =
    columns === undefined ? undefined : { columns, rows: 40, write: (text) => void drawn?.push(text) };
  const clock = { nowMs: 0 };
  return {
    printed: printed ?? [],
    complained: complained ?? [],
    questions: questions ?? [],
    drawn: drawn ?? [],
    stop,
    cwd,
    env,
    print: (text) => void printed?.push(text),
    complain: (text) => void complained?.push(text),
    screen: terminal,
    panel: terminal,
    now: () => clock.nowMs,
    wallMs: () => NOW_MS,
    sleep: async (ms) => {
      clock.nowMs += ms;
      await onSleep?.(ms);
      // Whatever else is waiting gets its turn.
      await new Promise((resolve) => setImmediate(resolve));
    },
    stopSignal: () => stop.signal,
    ask:
      answer === undefined
        ? undefined
        : async (question) => {
            questions?.push(question);
            return answer;
          },
  };
}

/** Runs a command line given as one text; words may stand in double quotes. */
export async function run(text: string, world: FakeWorld): Promise<number> {
  const args = [...text.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
  return runLine(args, world);
}
