/** Shows how far long work is: bars on a terminal, a line every few seconds elsewhere; always on stderr. */
export interface Progress {
  /** `total` undefined: not known. Units are rows or events. */
  update(stage: string, done: number, total: number | undefined): void;
  note(text: string): void;
  end(): void;
}

interface Stage {
  done: number;
  total: number | undefined;
  readonly startedMs: number;
  endedMs: number | undefined;
  saidMs: number;
}

const REDRAW_MS = 100;
const SAY_MS = 3_000;
const BAR_WIDTH = 24;

export function createProgress(stream: NodeJS.WriteStream, now: () => number): Progress {
  return stream.isTTY ? new Bars(stream, now) : new Lines(stream, now);
}

function advance(
  stages: Map<string, Stage>,
  name: string,
  done: number,
  total: number | undefined,
  nowMs: number,
): Stage {
  let stage = stages.get(name);
  if (stage === undefined) {
    stage = { done: 0, total, startedMs: nowMs, endedMs: undefined, saidMs: 0 };
    stages.set(name, stage);
  }
  stage.done = done;
  stage.total = total ?? stage.total;
  if (stage.endedMs === undefined && stage.total !== undefined && done >= stage.total) stage.endedMs = nowMs;
  return stage;
}

export function describe(name: string, stage: Readonly<Stage>, nowMs: number): string {
  const seconds = Math.max(0.001, ((stage.endedMs ?? nowMs) - stage.startedMs) / 1000);
  const rate = stage.done / seconds;
  const count = (value: number) => Math.round(value).toLocaleString('en-US');
  const of = stage.total === undefined ? count(stage.done) : `${count(stage.done)} of ${count(stage.total)}`;
  const pace = seconds > 0.5 ? ` · ${count(rate)}/s` : '';
  const left = stage.total !== undefined && rate > 0 ? Math.ceil((stage.total - stage.done) / rate) : 0;
  const end =
    stage.endedMs === undefined ? (left > 0 ? ` · ${left} s left` : '') : ` · ${seconds.toFixed(1)} s`;
  return `${name.padEnd(22)} ${of}${pace}${end}`;
}

class Bars implements Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #now: () => number;
  readonly #stages = new Map<string, Stage>();
  #drawn = 0;
  #drawnMs = 0;

  constructor(stream: NodeJS.WriteStream, now: () => number) {
    this.#stream = stream;
    this.#now = now;
  }

  update(name: string, done: number, total: number | undefined): void {
    const stage = advance(this.#stages, name, done, total, this.#now());
    if (stage.endedMs !== undefined || this.#now() - this.#drawnMs >= REDRAW_MS) this.#draw();
  }

  note(text: string): void {
    this.#erase();
    this.#stream.write(`${text}\n`);
    this.#draw();
  }

  end(): void {
    this.#draw();
    this.#drawn = 0;
    this.#stages.clear();
  }

  #erase(): void {
    if (this.#drawn > 0) this.#stream.write(`\u001b[${this.#drawn}A\u001b[0J`);
    this.#drawn = 0;
  }

  #draw(): void {
    this.#erase();
    const nowMs = this.#now();
    for (const [name, stage] of this.#stages) {
      const filled = stage.total
        ? Math.round((BAR_WIDTH * Math.min(stage.done, stage.total)) / stage.total)
        : 0;
      const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
      this.#stream.write(
        `${bar}  ${describe(name, stage, nowMs).slice(0, (this.#stream.columns || 100) - BAR_WIDTH - 3)}\n`,
      );
    }
    this.#drawn = this.#stages.size;
    this.#drawnMs = nowMs;
  }
}

class Lines implements Progress {
  readonly #stream: NodeJS.WritableStream;
  readonly #now: () => number;
  readonly #stages = new Map<string, Stage>();

  constructor(stream: NodeJS.WritableStream, now: () => number) {
    this.#stream = stream;
    this.#now = now;
  }

  update(name: string, done: number, total: number | undefined): void {
    const wasOpen = this.#stages.get(name)?.endedMs === undefined;
    const nowMs = this.#now();
    const stage = advance(this.#stages, name, done, total, nowMs);
    const justEnded = wasOpen && stage.endedMs !== undefined;
    if (!justEnded && nowMs - stage.saidMs < SAY_MS) return;
    if (!justEnded && !wasOpen) return;
    stage.saidMs = nowMs;
    this.#stream.write(`${describe(name, stage, nowMs)}\n`);
  }

  note(text: string): void {
    this.#stream.write(`${text}\n`);
  }

  end(): void {
    this.#stages.clear();
  }
}
