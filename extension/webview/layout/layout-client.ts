import type { LayoutAnswer, LayoutQuestion } from './layout.worker.ts';
import type { Layout, LayoutInput } from './layout-types.ts';

export interface LayoutClientOptions {
  readonly createWorker: () => Worker;
  readonly onLayout: (layout: Layout, tookMs: number) => void;
  readonly onProblem: (problem: string) => void;
}

/** At most one layout at work and one waiting: a newer question takes the place of the one that waits. */
export class LayoutClient {
  readonly #options: LayoutClientOptions;
  readonly #worker: Worker;
  #last = 0;
  #isBusy = false;
  #waiting: LayoutQuestion | undefined;

  constructor(options: LayoutClientOptions) {
    this.#options = options;
    this.#worker = options.createWorker();
    this.#worker.onmessage = ({ data }: MessageEvent<LayoutAnswer>) => this.#take(data);
    this.#worker.onerror = (event) => options.onProblem(event.message);
  }

  ask(input: LayoutInput): void {
    const question = { ...input, request: ++this.#last };
    if (this.#isBusy) this.#waiting = question;
    else this.#send(question);
  }

  #send(question: LayoutQuestion): void {
    this.#isBusy = true;
    this.#worker.postMessage(question);
  }

  #take(answer: LayoutAnswer): void {
    this.#isBusy = false;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) this.#send(waiting);
    if (answer.request !== this.#last) return;
    if ('problem' in answer) this.#options.onProblem(answer.problem);
    else this.#options.onLayout(answer.layout, answer.tookMs);
  }
}
