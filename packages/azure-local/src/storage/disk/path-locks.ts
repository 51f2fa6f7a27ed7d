/**
 * Order for check-then-act on one namespace: writers of different paths run side by side, writers of one path take
 * turns, and whoever moves or removes whole trees has the file system for itself. Readers take no lock: every content
 * change is one rename(2) or link(2).
 */
export class PathLocks {
  readonly #tails = new Map<string, Promise<void>>();
  /** Shared holders of a file system, and the exclusive one that waits for them. */
  readonly #trees = new Map<string, TreeLock>();

  /** Runs `work` as the only writer of `path`. */
  async withPath<T>(fileSystem: string, path: string, work: () => Promise<T>): Promise<T> {
    const tree = this.#tree(fileSystem);
    await tree.enterShared();
    try {
      return await this.#inTurn(`${fileSystem}/${path}`, work);
    } finally {
      tree.leaveShared();
      this.#forget(fileSystem, tree);
    }
  }

  /** Runs `work` while nothing else writes in the file system. */
  async withTree<T>(fileSystem: string, work: () => Promise<T>): Promise<T> {
    const tree = this.#tree(fileSystem);
    await tree.enterExclusive();
    try {
      return await work();
    } finally {
      tree.leaveExclusive();
      this.#forget(fileSystem, tree);
    }
  }

  #tree(fileSystem: string): TreeLock {
    let tree = this.#trees.get(fileSystem);
    if (tree === undefined) {
      tree = new TreeLock();
      this.#trees.set(fileSystem, tree);
    }
    return tree;
  }

  #forget(fileSystem: string, tree: TreeLock): void {
    if (tree.isIdle && this.#trees.get(fileSystem) === tree) this.#trees.delete(fileSystem);
  }

  async #inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    let done = () => {};
    const tail = new Promise<void>((resolve) => {
      done = resolve;
    });
    this.#tails.set(key, tail);
    await before;
    try {
      return await work();
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
      done();
    }
  }
}

/** Readers-writer lock; first come, first served, so neither side starves. */
class TreeLock {
  #shared = 0;
  #exclusive = false;
  readonly #waiting: { readonly exclusive: boolean; readonly go: () => void }[] = [];

  get isIdle(): boolean {
    return this.#shared === 0 && !this.#exclusive && this.#waiting.length === 0;
  }

  async enterShared(): Promise<void> {
    if (!this.#exclusive && this.#waiting.length === 0) this.#shared += 1;
    else await this.#wait(false);
  }

  async enterExclusive(): Promise<void> {
    if (!this.#exclusive && this.#shared === 0 && this.#waiting.length === 0) this.#exclusive = true;
    else await this.#wait(true);
  }

  leaveShared(): void {
    this.#shared -= 1;
    this.#admit();
  }

  leaveExclusive(): void {
    this.#exclusive = false;
    this.#admit();
  }

  #wait(exclusive: boolean): Promise<void> {
    return new Promise((go) => this.#waiting.push({ exclusive, go }));
  }

  // The lock is taken on behalf of the waiter before it wakes, so nobody slips in between.
  #admit(): void {
    for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
      if (this.#exclusive || (head.exclusive && this.#shared > 0)) return;
      this.#waiting.shift();
      if (head.exclusive) this.#exclusive = true;
      else this.#shared += 1;
      head.go();
    }
  }
}
