/** What a connection may touch: paths below its namespace, each until its token expires. */
export class Claims {
  readonly #expiresMsByPath = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** `path` as `audiencePath` gives it; `''` is the whole namespace. */
  grant(path: string, expiresMs: number): void {
    this.#expiresMsByPath.set(path, Math.max(expiresMs, this.#expiresMsByPath.get(path) ?? 0));
  }

  /** A claim on a path covers all that lies below it. */
  allows(path: string): boolean {
    const wanted = path.toLowerCase();
    for (const [granted, expiresMs] of this.#expiresMsByPath) {
      if (expiresMs <= this.#now()) continue;
      if (granted === '' || wanted === granted || wanted.startsWith(`${granted}/`)) return true;
    }
    return false;
  }
}
