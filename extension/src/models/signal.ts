export interface Stop {
  dispose(): void;
}

export type Listen<T> = (listener: (value: T) => void) => Stop;

/** Tells listeners, in the order of their coming. Models use it, as they know nothing of the editor. */
export class Signal<T> {
  readonly #listeners = new Set<(value: T) => void>();

  readonly on: Listen<T> = (listener) => {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  };

  emit(value: T): void {
    for (const listener of [...this.#listeners]) listener(value);
  }
}
