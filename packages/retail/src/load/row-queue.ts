/** A bounded queue between one producer and one consumer of the same process (I15). */
export class RowQueue<T> {
  readonly #itemsMax: number;
  #items: T[] = [];
  #closed = false;
  #failure: { readonly reason: unknown } | undefined;
  #changed: (() => void)[] = [];

  constructor(itemsMax: number) {
    this.#itemsMax = itemsMax;
  }

  /** Resolves when the items are taken in, which is when the queue is not full; throws when the consumer failed. */
  async push(items: readonly T[]): Promise<void> {
    while (this.#failure === undefined && this.#items.length >= this.#itemsMax) await this.#change();
    if (this.#failure !== undefined) throw this.#failure.reason;
    for (const item of items) this.#items.push(item);
    this.#wake();
  }

  /** Up to `countMax` items, at least one; undefined when the queue is closed and empty. */
  async take(countMax: number): Promise<T[] | undefined> {
    while (this.#items.length === 0 && !this.#closed && this.#failure === undefined) await this.#change();
    if (this.#failure !== undefined) throw this.#failure.reason;
    if (this.#items.length === 0) return undefined;
    const taken = this.#items.splice(0, countMax);
    this.#wake();
    return taken;
  }

  /** No more items will come. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** Both sides throw `reason` from now on. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#wake();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }

  #wake(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const resolve of waiting) resolve();
  }
}
