import type { ModelClock, ModelLog } from './model-ports.ts';

/** A clock that stands still until it is moved. */
export class ManualClock implements ModelClock {
  #nowMs: number;
  readonly #timers = new Map<number, { readonly atMs: number; readonly run: () => void }>();
  #nextId = 0;

  constructor(nowMs = Date.parse('2026-11-22T14:06:12Z')) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  later(ms: number, run: () => void): () => void {
    const id = this.#nextId++;
    this.#timers.set(id, { atMs: this.#nowMs + ms, run });
    return () => void this.#timers.delete(id);
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const takeBack = this.later(ms, resolve);
      signal.addEventListener(
        'abort',
        () => {
          takeBack();
          reject(signal.reason);
        },
        { once: true },
      );
    });
  }

  /** Timers that are due run in the order of their time, and so do those that they set. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { atMs }]) => atMs <= endMs);
      const next = due.sort(([, a], [, b]) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      const [id, { atMs, run }] = next;
      this.#timers.delete(id);
      this.#nowMs = Math.max(this.#nowMs, atMs);
      run();
    }
    this.#nowMs = endMs;
  }

  get waiting(): number {
    return this.#timers.size;
  }
}

export interface MemoryLog extends ModelLog {
  readonly lines: readonly string[];
}

export function memoryLog(): MemoryLog {
  const lines: string[] = [];
  const at = (level: string) => (text: string) => void lines.push(`${level} ${text}`);
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
