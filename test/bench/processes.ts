import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export type JsonLine = Readonly<Record<string, unknown>>;

/** A process that speaks JSON lines; its own peak memory is sampled while it runs. */
export class BenchProcess {
  readonly #child: ChildProcess;
  readonly lines: JsonLine[] = [];
  readonly ended: Promise<number | null>;
  rssMiBMax = 0;
  #waiting: { readonly test: (line: JsonLine) => boolean; readonly resolve: (line: JsonLine) => void }[] = [];

  constructor(
    script: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    nodeOptions: readonly string[] = [],
  ) {
    this.#child = spawn(process.execPath, [...nodeOptions, script, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    const sampler = setInterval(() => this.#sample(), 100);
    this.ended = new Promise((resolve) =>
      this.#child.on('close', (code) => {
        clearInterval(sampler);
        resolve(code);
      }),
    );
    if (this.#child.stdout === null) throw new Error('no stdout');
    createInterface({ input: this.#child.stdout }).on('line', (text) => this.#take(text));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The first line from now on that passes; for ever, when none comes. */
  next(test: (line: JsonLine) => boolean): Promise<JsonLine> {
    return new Promise((resolve) => this.#waiting.push({ test, resolve }));
  }

  /** The first line (past or coming) that passes; rejects when the process ends without one. */
  async line(test: (line: JsonLine) => boolean): Promise<JsonLine> {
    const found = this.lines.find(test);
    if (found !== undefined) return found;
    const coming = new Promise<JsonLine>((resolve) => this.#waiting.push({ test, resolve }));
    const first = await Promise.race([coming, this.ended]);
    if (first === null || typeof first === 'number')
      throw new Error(`process ended with ${first} before it said so`);
    return first;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.ended;
  }

  #take(text: string): void {
    if (!text.startsWith('{')) return;
    const line = JSON.parse(text) as JsonLine;
    this.lines.push(line);
    this.#waiting = this.#waiting.filter((waiter) => {
      if (!waiter.test(line)) return true;
      waiter.resolve(line);
      return false;
    });
  }

  #sample(): void {
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
      this.rssMiBMax = Math.max(this.rssMiBMax, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    } catch {
      // The process has just ended; what was sampled stays.
    }
  }
}
