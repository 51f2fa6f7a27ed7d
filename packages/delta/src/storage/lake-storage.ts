/**
 * The port below every table: what the Delta log and all control objects need of an object store, by its guarantees.
 * Paths are relative to the lake's root, separated by `/`, of `[A-Za-z0-9._=-]` only.
 *
 * - **Atomic**: a reader sees a whole object or none. An object appears with all its bytes at once.
 * - **Exclusive**: of any number of `putIfAbsent` for one path at most one is ever `created`, across processes.
 * - **Read after write**: once a put was answered, every later read and list sees it.
 * - **Errors**: `TransientError` when the same call may succeed later, `TerminalError` when it will not.
 */
export interface LakeStorage {
  /** The object, or `length` bytes from `offset`. Undefined when there is no such object. */
  read(path: string, options?: ReadOptions): Promise<Uint8Array | undefined>;

  /** Objects (not folders) below the folder `prefix`, in byte order of their path, only those whose path > `startAfter`. */
  list(prefix: string, options?: ListOptions): AsyncIterable<StoredObject>;

  /**
   * Creates the object in one single-shot request that the implementation never repeats by itself.
   * `unknown`: no answer came, so it may or may not exist; the caller reads it back and compares (facts.md, Data 1.3).
   */
  putIfAbsent(path: string, body: Uint8Array, options?: CallOptions): Promise<PutOutcome>;

  /** Creates or replaces. For hints only: nothing may be decided by what it holds. */
  put(path: string, body: Uint8Array, options?: CallOptions): Promise<void>;

  /** Idempotent: an absent object is fine. */
  delete(path: string, options?: CallOptions): Promise<void>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface ReadOptions extends CallOptions {
  readonly range?: { readonly offset: number; readonly length: number };
}

export interface ListOptions extends CallOptions {
  readonly startAfter?: string;
}

export interface StoredObject {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

export type PutOutcome =
  | { readonly kind: 'created' }
  | { readonly kind: 'exists' }
  | { readonly kind: 'unknown'; readonly cause: unknown };
