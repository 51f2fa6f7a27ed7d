import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from '../../server/durable-file.ts';

/**
 * Group commit for names: any number of callers that changed names in one folder share one fsync. An fsync that began
 * before a caller's change says nothing about it, so such a caller waits for the next one.
 */
export class DirectorySync {
  /** Folders being made right now. */
  readonly #making = new Set<Promise<void>>();
  readonly #running = new Map<string, { readonly current: Promise<void>; next: Promise<void> | undefined }>();

  /** Resolves when every name changed in `directory` before the call is on disk, and the folder's own name too. */
  async sync(directory: string): Promise<void> {
    // A folder that another caller has just made may not be on disk yet; a name in it would be lost with it.
    if (this.#making.size > 0) await Promise.all(this.#making);
    await this.#syncNames(directory);
  }

  #syncNames(directory: string): Promise<void> {
    const state = this.#running.get(directory);
    if (state === undefined) return this.#start(directory);
    state.next ??= state.current.then(
      () => this.#start(directory),
      () => this.#start(directory),
    );
    return state.next;
  }

  #start(directory: string): Promise<void> {
    const current = syncDirectory(directory);
    const state = { current, next: undefined as Promise<void> | undefined };
    this.#running.set(directory, state);
    const finish = () => {
      if (this.#running.get(directory) === state && state.next === undefined) this.#running.delete(directory);
    };
    current.then(finish, finish);
    return current;
  }

  /** Makes `directory` with its parents, durably: each new name is synced in its parent. */
  async ensure(directory: string): Promise<void> {
    const made = this.#make(directory);
    const settled = made.catch(() => {});
    this.#making.add(settled);
    try {
      await made;
    } finally {
      this.#making.delete(settled);
    }
  }

  async #make(directory: string): Promise<void> {
    const first = await mkdir(directory, { recursive: true });
    if (first === undefined) return;
    for (let made = directory; ; made = dirname(made)) {
      await this.#syncNames(dirname(made));
      if (made === first) return;
    }
  }
}
