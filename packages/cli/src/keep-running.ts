import type { Child, Ended } from './child.ts';
import { EXIT, Refusal } from './exit.ts';

export interface KeepOptions {
  /** Such as `agent`; for words only. */
  readonly name: string;
  readonly start: () => Child;
  readonly note: (text: string) => void;
  /** Milliseconds, of a clock that never goes back. */
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** One that lived this long has not failed to start: its end counts as the first again. */
const STEADY_MS = 60_000;
const RESTARTS_MAX = 10;
const RESTART_MS = 1_000;

/**
 * Starts a process again whenever it ends, as Container Apps would, until `signal` aborts. Throws `Refusal(failed)`
 * when it ended `RESTARTS_MAX` times in a row soon after its start: then something is broken that no restart mends.
 */
export async function keepRunning(options: KeepOptions, signal: AbortSignal): Promise<void> {
  const { name, start, note, now, sleep } = options;
  let restarts = 0;
  while (!signal.aborted) {
    const startedMs = now();
    const ended = await start().ended;
    if (signal.aborted) return;
    if (now() - startedMs >= STEADY_MS) restarts = 0;
    if (restarts === RESTARTS_MAX) {
      throw new Refusal(
        EXIT.failed,
        `the ${name} ended ${restarts + 1} times, each time soon · its last words are above; mend what they say and run up again`,
      );
    }
    restarts++;
    note(`${name.padEnd(9)} ${howItEnded(ended)}; starting it again`);
    await sleep(RESTART_MS, signal);
  }
}

export function howItEnded({ code, signal }: Ended): string {
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
}
