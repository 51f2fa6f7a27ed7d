import type { Progress } from './progress.ts';
import { advanceStage, describeStage, type Stage } from './progress-stage.ts';

const REDRAW_MS = 100;
const BAR_WIDTH = 24;

/** What is needed of a terminal. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  write(text: string): unknown;
}

/** For a terminal: one bar a stage at the bottom, drawn over again; notes scroll away above. */
export class ProgressBars implements Progress {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  readonly #stages = new Map<string, Stage>();
  #drawn = 0;
  #drawnMs = 0;

  constructor(terminal: Terminal, now: () => number) {
    this.#terminal = terminal;
    this.#now = now;
  }

  update(name: string, done: number, total: number | undefined): void {
    const nowMs = this.#now();
    const stage = advanceStage(this.#stages.get(name), { name, done, total }, nowMs);
    this.#stages.set(name, stage);
    if (stage.endedMs !== undefined || nowMs - this.#drawnMs >= REDRAW_MS) this.#draw();
  }

  note(text: string): void {
    this.#erase();
    this.#terminal.write(`${text}\n`);
    this.#draw();
  }

  /** Leaves the bars where they are; what comes is drawn below. */
  end(): void {
    if (this.#stages.size > 0) this.#draw();
    this.#drawn = 0;
    this.#stages.clear();
  }

  #erase(): void {
    if (this.#drawn > 0) this.#terminal.write(`\u001b[${this.#drawn}A\u001b[0J`);
    this.#drawn = 0;
  }

  #draw(): void {
    this.#erase();
    const nowMs = this.#now();
    // Lines that have left the screen could not be drawn over.
    const shown = [...this.#stages.values()].slice(-Math.max(1, (this.#terminal.rows || 24) - 2));
    for (const stage of shown) this.#terminal.write(`${this.#bar(stage, nowMs)}\n`);
    this.#drawn = shown.length;
    this.#drawnMs = nowMs;
  }

  #bar(stage: Stage, nowMs: number): string {
    const share = stage.total ? Math.min(1, stage.done / stage.total) : 0;
    const filled = Math.round(BAR_WIDTH * share);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
    const widthMax = Math.max(0, (this.#terminal.columns || 100) - BAR_WIDTH - 3);
    return `${bar}  ${describeStage(stage, nowMs).slice(0, widthMax)}`;
  }
}
