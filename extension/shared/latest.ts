/**
 * One question at a time, at both ends: a newer one ends the older one. So a person who clicks through a graph never waits
 * for what they have left, and never sees an answer to it.
 */

/** The page's end: counts requests and knows which answer is still wanted. */
export class LatestRequest {
  #last = 0;
  #open: number | undefined;

  /** The number of a new request, and that of the one it overtakes, which is to be cancelled. */
  next(): { readonly request: number; readonly overtaken: number | undefined } {
    const overtaken = this.#open;
    this.#open = ++this.#last;
    return { request: this.#open, overtaken };
  }

  /** True for the answer that is waited for; once. */
  take(request: number): boolean {
    if (request !== this.#open) return false;
    this.#open = undefined;
    return true;
  }

  get isWaiting(): boolean {
    return this.#open !== undefined;
  }
}

/** The host's end: each request gets a signal that aborts when it is cancelled or overtaken. */
export class LatestAnswer {
  #request: number | undefined;
  #abort: AbortController | undefined;

  /** Aborts the one before. */
  begin(request: number): AbortSignal {
    this.#abort?.abort();
    this.#abort = new AbortController();
    this.#request = request;
    return this.#abort.signal;
  }

  cancel(request: number): void {
    if (request === this.#request) this.#abort?.abort();
  }

  /** When the page goes. */
  dispose(): void {
    this.#abort?.abort();
  }
}
