import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer, Job } from './worker.ts';
import type { RunResult } from './world/world.ts';

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));

/** One worker process: runs one seed at a time. */
export class SeedRunner {
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;

  /** `mutant`: its name, or '' for the product as it is. */
  constructor(mutant: string) {
    this.#child = fork(WORKER, [mutant], { stdio: ['ignore', 'inherit', 'pipe', 'ipc'], execArgv: [] });
    let words = '';
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-4_000);
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#ready = promise;
    this.#child.on('message', (message: 'ready' | Answer) => {
      if (message === 'ready') return resolve();
      this.#waiting?.resolve(message);
      this.#waiting = undefined;
    });
    this.#child.on('exit', (code) => {
      const error = new Error(`a worker ended with ${code}: ${words}`);
      reject(error);
      this.#waiting?.reject(error);
    });
  }

  async run(job: Job): Promise<RunResult> {
    await this.#ready;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#waiting = { resolve, reject };
    this.#child.send(job);
    const answer = await promise;
    if ('error' in answer) throw new Error(`seed ${job.seed} could not be run: ${answer.error}`);
    return answer.result;
  }

  close(): void {
    this.#child.kill();
  }
}

/** Runs seeds on several processes, in any order; stops early when `onResult` says so. */
export async function runSeeds(
  seeds: Iterable<number>,
  options: {
    readonly processes: number;
    readonly mutant: string;
    readonly onResult: (result: RunResult) => 'go-on' | 'stop';
  },
): Promise<void> {
  const queue = seeds[Symbol.iterator]();
  let isOver = false;
  const work = async () => {
    const runner = new SeedRunner(options.mutant);
    try {
      while (!isOver) {
        const next = queue.next();
        if (next.done === true) return;
        const result = await runner.run({ seed: next.value, keepLines: 0 });
        if (options.onResult(result) === 'stop') isOver = true;
      }
    } finally {
      runner.close();
    }
  };
  await Promise.all(Array.from({ length: options.processes }, work));
}

export function* seedsFrom(first: number, count: number): Generator<number> {
  for (let seed = first; seed < first + count; seed++) yield seed;
}
