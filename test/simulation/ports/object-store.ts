import type { LakeStorage, ListOptions, PutOutcome, ReadOptions, StoredObject } from '@lakewarden/delta';
import type { SimProcess } from '../world/process.ts';

export type PutKind = 'created' | 'replaced';

/** The lake's log and control objects, as the service holds them. `onPut` sees each one as it becomes durable. */
export class ObjectStore {
  readonly #objects = new Map<string, { readonly body: Uint8Array; readonly modifiedMs: number }>();
  /** In byte order. */
  readonly #paths: string[] = [];
  readonly #now: () => number;
  readonly #onPut: (path: string, body: Uint8Array, kind: PutKind) => void;

  constructor(now: () => number, onPut: (path: string, body: Uint8Array, kind: PutKind) => void) {
    this.#now = now;
    this.#onPut = onPut;
  }

  read(path: string): Uint8Array | undefined {
    return this.#objects.get(path)?.body;
  }

  has(path: string): boolean {
    return this.#objects.has(path);
  }

  put(path: string, body: Uint8Array): void {
    const kind = this.#objects.has(path) ? 'replaced' : 'created';
    if (kind === 'created') this.#paths.splice(this.#position(path), 0, path);
    this.#objects.set(path, { body: body.slice(), modifiedMs: this.#now() });
    this.#onPut(path, body, kind);
  }

  delete(path: string): void {
    if (!this.#objects.delete(path)) return;
    this.#paths.splice(this.#position(path), 1);
  }

  list(folder: string, startAfter: string | undefined): StoredObject[] {
    const found: StoredObject[] = [];
    const from = startAfter === undefined || startAfter < folder ? folder : startAfter;
    for (let at = this.#position(from); at < this.#paths.length; at++) {
      const path = this.#paths[at] as string;
      if (!path.startsWith(folder)) break;
      const object = this.#objects.get(path);
      if (object === undefined || path === startAfter) continue;
      found.push({ path, bytes: object.body.length, modifiedMs: object.modifiedMs });
    }
    return found;
  }

  /** Index of the first path that is not before `path`. */
  #position(path: string): number {
    let low = 0;
    let high = this.#paths.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#paths[middle] as string) < path) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The store as one process reaches it. */
export function lakeStorageOf(process: SimProcess, store: ObjectStore): LakeStorage {
  const change = (op: string, path: string, effect: () => void, signal: AbortSignal | undefined) =>
    process.call<void>({ dependency: 'storage', op, path, mutates: true, effect, signal });
  return {
    read: (path: string, { range, signal }: ReadOptions = {}) =>
      process.call({
        dependency: 'storage',
        op: 'read',
        path,
        mutates: false,
        effect: () => {
          const body = store.read(path);
          return range === undefined ? body?.slice() : body?.slice(range.offset, range.offset + range.length);
        },
        signal,
      }),

    async *list(prefix: string, { startAfter, signal }: ListOptions = {}) {
      const folder = prefix.endsWith('/') ? prefix : `${prefix}/`;
      yield* await process.call({
        dependency: 'storage',
        op: 'list',
        path: folder,
        mutates: false,
        effect: () => store.list(folder, startAfter),
        signal,
      });
    },

    putIfAbsent: (path, body, { signal } = {}) => {
      const bytes = body.slice();
      return process.call<PutOutcome>({
        dependency: 'storage',
        op: 'create',
        path,
        mutates: true,
        effect: () => {
          if (store.has(path)) return { kind: 'exists' };
          store.put(path, bytes);
          return { kind: 'created' };
        },
        unanswered: (cause) => ({ kind: 'unknown', cause }),
        repeated: { kind: 'exists' },
        signal,
      });
    },

    put: (path, body, { signal } = {}) => {
      const bytes = body.slice();
      return change('put', path, () => store.put(path, bytes), signal);
    },
    delete: (path, { signal } = {}) => change('delete', path, () => store.delete(path), signal),
  };
}
