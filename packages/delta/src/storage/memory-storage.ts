import { TransientError } from '@lakewarden/contracts';
import type { LakeStorage, ListOptions, PutOutcome, ReadOptions, StoredObject } from './lake-storage.ts';

export type StorageOperation = 'read' | 'list' | 'putIfAbsent' | 'put' | 'delete';

export interface StorageCall {
  readonly operation: StorageOperation;
  readonly path: string;
  /** 1 for the first call of all. */
  readonly number: number;
}

/**
 * How the cloud fails, as the port shows it:
 * - `unavailable`: 503 before any effect (a thrown `TransientError`)
 * - `lost-before`: no answer, no effect · `lost-after`: no answer, though it was done
 * - `late`: no answer, and it is done only when a later call comes: a request that a proxy held back
 * - `repeated`: a layer below repeated a success, so our own object answers `exists` (facts.md, Data 1.3, ambiguous retry)
 *
 * Reads and lists know only `unavailable`; for them, and for `put` and `delete`, the lost ones are thrown timeouts.
 */
export type StorageFault = 'unavailable' | 'lost-before' | 'lost-after' | 'late' | 'repeated';

export type FaultPlan = (call: StorageCall) => StorageFault | undefined;

export interface MemoryStorageOptions {
  readonly faults?: FaultPlan;
  /** Awaited before each call takes effect and again before it answers: where a test's scheduler interleaves writers. */
  readonly pause?: (call: StorageCall, when: 'before' | 'after') => Promise<unknown>;
  /** Stamp of new objects, milliseconds. Default: the number of the call. */
  readonly now?: () => number;
}

export interface MemoryStorage extends LakeStorage {
  readonly objects: ReadonlyMap<string, Uint8Array>;
  readonly calls: Readonly<Record<StorageOperation, number>>;
  /** Puts an object there as if it had always been, past all faults. */
  seed(path: string, body: Uint8Array | string): void;
  /** Takes one away, past all faults. */
  drop(path: string): void;
}

interface Entry {
  readonly body: Uint8Array;
  readonly modifiedMs: number;
}

/** A `LakeStorage` in memory that keeps the port's guarantees and fails as the cloud fails. */
export function memoryStorage(options: MemoryStorageOptions = {}): MemoryStorage {
  const entries = new Map<string, Entry>();
  const calls: Record<StorageOperation, number> = { read: 0, list: 0, putIfAbsent: 0, put: 0, delete: 0 };
  const heldBack: (() => void)[] = [];
  let count = 0;

  const store = (path: string, body: Uint8Array): void => {
    entries.set(path, { body: Uint8Array.from(body), modifiedMs: options.now?.() ?? count });
  };
  const create = (path: string, body: Uint8Array): boolean => {
    if (entries.has(path)) return false;
    store(path, body);
    return true;
  };
  const begin = async (operation: StorageOperation, path: string) => {
    count += 1;
    calls[operation] += 1;
    const call = { operation, path, number: count };
    const fault = options.faults?.(call);
    await options.pause?.(call, 'before');
    // What was held back before this call arrives before it: the order that hurts most.
    for (const act of heldBack.splice(0)) act();
    if (fault === 'unavailable') throw new TransientError('unavailable', `503 (planned) on ${path}`);
    return { call, fault };
  };
  /** For calls whose only outcome is success: what is lost is thrown. */
  const act = async (operation: StorageOperation, path: string, effect: () => void): Promise<void> => {
    const { call, fault } = await begin(operation, path);
    if (fault === 'late') heldBack.push(effect);
    else if (fault !== 'lost-before') effect();
    await options.pause?.(call, 'after');
    if (fault !== undefined && fault !== 'repeated') {
      throw new TransientError('timeout', `no answer (planned) on ${path}`);
    }
  };

  return {
    calls,
    get objects() {
      return new Map([...entries].map(([path, { body }]) => [path, body]));
    },
    seed: (path, body) => store(path, typeof body === 'string' ? Buffer.from(body) : body),
    drop: (path) => entries.delete(path),

    async read(path: string, { range }: ReadOptions = {}) {
      const { call } = await begin('read', path);
      const body = entries.get(path)?.body;
      await options.pause?.(call, 'after');
      if (body === undefined) return undefined;
      return range === undefined ? body.slice() : body.slice(range.offset, range.offset + range.length);
    },

    async *list(prefix: string, { startAfter }: ListOptions = {}): AsyncGenerator<StoredObject> {
      const { call } = await begin('list', prefix);
      const folder = prefix.endsWith('/') ? prefix : `${prefix}/`;
      const found = [...entries]
        .filter(([path]) => path.startsWith(folder) && (startAfter === undefined || path > startAfter))
        .sort(([a], [b]) => (a < b ? -1 : 1));
      await options.pause?.(call, 'after');
      for (const [path, { body, modifiedMs }] of found) yield { path, bytes: body.length, modifiedMs };
    },

    async putIfAbsent(path: string, body: Uint8Array): Promise<PutOutcome> {
      const { call, fault } = await begin('putIfAbsent', path);
      const lost: PutOutcome = { kind: 'unknown', cause: new Error(`no answer (planned) on ${path}`) };
      let created = false;
      if (fault === 'late') heldBack.push(() => create(path, body));
      else if (fault !== 'lost-before') created = create(path, body);
      await options.pause?.(call, 'after');
      if (fault === 'late' || fault === 'lost-before' || fault === 'lost-after') return lost;
      return { kind: created && fault !== 'repeated' ? 'created' : 'exists' };
    },

    put: (path: string, body: Uint8Array) => act('put', path, () => store(path, body)),
    delete: (path: string) => act('delete', path, () => entries.delete(path)),
  };
}

/**
 * A plan that fails each call with probability `rate`, the same for the same seed, at most `countMax` times in all:
 * liveness is promised only for when faults stop (I9).
 */
export function seededFaults(options: {
  readonly seed: number;
  readonly rate: number;
  readonly countMax: number;
  readonly kinds?: readonly StorageFault[];
  readonly operations?: readonly StorageOperation[];
}): FaultPlan {
  const kinds = options.kinds ?? ['unavailable', 'lost-before', 'lost-after', 'late', 'repeated'];
  const random = mulberry32(options.seed);
  let left = options.countMax;
  return ({ operation }) => {
    if (options.operations !== undefined && !options.operations.includes(operation)) return undefined;
    if (left === 0 || random() >= options.rate) return undefined;
    left -= 1;
    return kinds[Math.floor(random() * kinds.length)];
  };
}

/** Tommy Ettinger's mulberry32: 32 bits of state, enough for a plan of faults. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
