import type { Progress } from './progress.ts';
import { advanceStage, describeStage, type Stage } from './progress-stage.ts';

const SAY_MS = 3_000;
/** Of a stage without an end, in lines that somebody keeps. */
const SAY_ENDLESS_MS = 30_000;

/** For a pipe or a dumb terminal: a line when a stage ends, and one every few seconds before. */
export class ProgressLines implements Progress {
  readonly #write: (text: string) => void;
  readonly #now: () => number;
  readonly #stages = new Map<string, { stage: Stage; saidMs: number }>();

  constructor(write: (text: string) => void, now: () => number) {
    this.#write = write;
    this.#now = now;
  }

  update(name: string, done: number, total: number | undefined): void {
    const nowMs = this.#now();
    const before = this.#stages.get(name);
    const stage = advanceStage(before?.stage, { name, done, total }, nowMs);
    const again = before?.stage.startedMs !== stage.startedMs;
    const saidMs = again ? nowMs : before.saidMs;
    const entry = { stage, saidMs };
    this.#stages.set(name, entry);
    const everyMs = stage.total === undefined ? SAY_ENDLESS_MS : SAY_MS;
    const wasOver = !again && before.stage.endedMs !== undefined;
    const justEnded = stage.endedMs !== undefined && (!wasOver || done > before.stage.done);
    if (!justEnded && (wasOver || nowMs - saidMs < everyMs)) return;
    entry.saidMs = nowMs;
    this.#write(`${describeStage(stage, nowMs)}\n`);
  }

  note(text: string): void {
    this.#write(`${text}\n`);
  }

  end(): void {
    this.#stages.clear();
  }
}
