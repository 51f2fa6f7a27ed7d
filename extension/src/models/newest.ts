/** The newest of what has an id and a time, bounded; one that is told again takes its own place. */
export class Newest<T extends { readonly id: string }> {
  readonly #itemsMax: number;
  readonly #timeOf: (item: T) => string;
  readonly #items = new Map<string, T>();
  #sorted: readonly T[] | undefined;

  /** `timeOf`: ISO 8601 in UTC, so that its order is that of its text. */
  constructor(itemsMax: number, timeOf: (item: T) => string) {
    this.#itemsMax = itemsMax;
    this.#timeOf = timeOf;
  }

  put(item: T): void {
    this.#items.set(item.id, item);
    this.#sorted = undefined;
    if (this.#items.size > this.#itemsMax * 2) this.#trim();
  }

  /** Takes the place of all but those that `keep` names. */
  replace(items: readonly T[], keep: (id: string) => boolean): void {
    for (const id of this.#items.keys()) if (!keep(id)) this.#items.delete(id);
    for (const item of items) if (!keep(item.id)) this.#items.set(item.id, item);
    this.#sorted = undefined;
  }

  clear(): void {
    this.#items.clear();
    this.#sorted = undefined;
  }

  get(id: string): T | undefined {
    return this.#items.get(id);
  }

  /** Newest first. */
  list(): readonly T[] {
    this.#sorted ??= [...this.#items.values()]
      .sort((a, b) => compare(this.#timeOf(b), this.#timeOf(a)) || compare(a.id, b.id))
      .slice(0, this.#itemsMax);
    return this.#sorted;
  }

  #trim(): void {
    const kept = new Set(this.list().map(({ id }) => id));
    for (const id of this.#items.keys()) if (!kept.has(id)) this.#items.delete(id);
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
