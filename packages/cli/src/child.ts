import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/**
 * A part of Lakewarden that runs as a process of its own and speaks JSON lines on stdout. It is started with its stdin
 * open: when we die, however suddenly, its stdin ends and it stops by itself, so nothing is left behind.
 */
export interface ChildOptions {
  readonly script: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Options of Node itself. */
  readonly nodeOptions?: readonly string[];
  readonly onLine: (line: Readonly<Record<string, unknown>>) => void;
  /** Whatever the process says that is not one of its lines. */
  readonly onText: (text: string) => void;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that has not ended in order by then is killed; what it had acknowledged is on disk all the same. */
const STOP_MS_MAX = 8_000;

export class Child {
  readonly #process: ChildProcess;
  readonly ended: Promise<Ended>;
  #stopping: Promise<Ended> | undefined;

  constructor(options: ChildOptions) {
    this.#process = spawn(
      process.execPath,
      [...(options.nodeOptions ?? []), options.script, ...options.args],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: { ...process.env, ...options.env },
      },
    );
    const closed = Promise.withResolvers<Ended>();
    this.ended = closed.promise;
    this.#process.on('error', (error) => {
      options.onText(error.message);
      closed.resolve({ code: 1, signal: null });
    });
    this.#process.on('close', (code, signal) => closed.resolve({ code, signal }));
    readLines(this.#process.stdout, (text) => dispatch(text, options));
    readLines(this.#process.stderr, (text) => dispatch(text, options));
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Asks it to end in order, then ends it. May be called again: one request to end is enough, a second is a rude one. */
  stop(): Promise<Ended> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<Ended> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) this.#process.kill('SIGTERM');
    const late = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS_MAX);
    try {
      return await this.ended;
    } finally {
      clearTimeout(late);
    }
  }
}

function readLines(stream: NodeJS.ReadableStream | null, onLine: (text: string) => void): void {
  if (stream === null) return;
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', onLine);
}

function dispatch(text: string, options: ChildOptions): void {
  if (text.trim() === '') return;
  const value = parseObject(text);
  if (value === undefined) options.onText(text);
  else options.onLine(value);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
