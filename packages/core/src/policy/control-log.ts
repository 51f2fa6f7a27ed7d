import { type AuditCheck, type AuditEntry, type ControlEffect, TransientError } from '@lakewarden/contracts';
import type { LakeStorage } from '@lakewarden/delta';
import { type EmitFact, reasonOf } from '../facts.ts';
import type { Clock, Random } from '../ports.ts';
import type { NewEntry } from './audit-entry.ts';
import {
  BATCH_ENTRIES_MAX,
  type Batch,
  batchPath,
  encodeBatch,
  putOnce,
  readBatches,
} from './control-objects.ts';
import { type ActResult, ControlQueue, type Decide, type Draft } from './control-queue.ts';
import { writeSnapshot } from './control-snapshot.ts';
import type { ControlState } from './control-state.ts';
import { readControl, readOn } from './open-control.ts';
import { verifyLog } from './verify-log.ts';

const SNAPSHOT_EVERY_ENTRIES = 500;
const RECENT_ENTRIES_MAX = 500;
/** Uploads of one batch that others were faster than: contention, not faults. */
const RACES_MAX = 20;

export interface ControlLogDeps {
  readonly clock: Pick<Clock, 'now'>;
  /** Names this writer: two logs, also one after the other, must never get the same id. */
  readonly random: Random;
  readonly emit: EmitFact;
  readonly snapshotEveryEntries?: number;
  readonly notedEffectsMax?: number;
}

/**
 * The numbered, hash-chained log of everything that was decided (DESIGN §3, Control state), and the state that it folds
 * to. Any number of processes may write: a batch of entries is one put-if-absent at the end of the log.
 */
export interface ControlLog {
  /** With all that is durable and all that was noted. Another value after every change. */
  readonly state: ControlState;

  /**
   * Writes one entry. It is durable, and in `state`, before this resolves: the effect comes after it (I16).
   *
   * @throws TransientError nothing has changed as far as is known; when no answer came the entry may yet turn up, so ask
   *   again with the same idempotency key. TerminalError when it never will be written as things are.
   */
  act(
    entry: NewEntry,
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'written'; readonly entry: AuditEntry }>;
  act<Outcome>(decide: Decide<Outcome>, signal: AbortSignal): Promise<ActResult<Outcome>>;

  /**
   * What the agent itself states. It is in `state` at once and written soon, in order and before later acts; while storage
   * is away it waits, and the next note, act or flush tries again.
   *
   * @throws TransientError `limit` when too much waits already; then nothing was noted
   */
  note(effects: readonly ControlEffect[], by?: Pick<NewEntry, 'actor' | 'role'>): void;

  /** Notes that are not durable yet. */
  readonly waiting: number;

  /** Returns when all that was noted is durable. @throws TransientError when it cannot be now */
  flush(signal: AbortSignal): Promise<void>;

  /** Takes in what others wrote. */
  refresh(signal: AbortSignal): Promise<void>;

  /** Newest first: the `limit` entries below `before` (a sequence number; default: the end). */
  entries(
    page: { readonly before?: number; readonly limit: number },
    signal: AbortSignal,
  ): Promise<readonly AuditEntry[]>;

  /** Reads all of the log again. */
  verify(signal: AbortSignal): Promise<AuditCheck>;

  /** Told of each entry once it is durable, ours and others', in order. Returns how to stop it. */
  onEntry(listener: (entry: AuditEntry) => void): () => void;
}

export async function openControlLog(
  storage: LakeStorage,
  deps: ControlLogDeps,
  signal: AbortSignal,
): Promise<ControlLog> {
  const { state, snapshotSeq } = await readControl(storage, deps.emit, signal);
  return new StoredControlLog(storage, deps, state, snapshotSeq);
}

interface WriteFailure {
  readonly error: unknown;
}

const AGENT = { actor: 'agent', role: 'agent' } as const;

class StoredControlLog implements ControlLog {
  readonly #storage: LakeStorage;
  readonly #emit: EmitFact;
  readonly #snapshotEveryEntries: number;
  readonly #queue: ControlQueue;
  readonly #listeners = new Set<(entry: AuditEntry) => void>();
  #recent: readonly AuditEntry[] = [];
  /** Something of ours or of others may be in the lake that is not in the durable state. */
  #mustRead = false;
  #writing: Promise<WriteFailure | undefined> | undefined;
  #snapshotting: Promise<void> | undefined;
  #snapshotSeq: number;

  constructor(storage: LakeStorage, deps: ControlLogDeps, state: ControlState, snapshotSeq: number) {
    this.#storage = storage;
    this.#emit = deps.emit;
    this.#snapshotEveryEntries = deps.snapshotEveryEntries ?? SNAPSHOT_EVERY_ENTRIES;
    this.#snapshotSeq = snapshotSeq;
    this.#queue = new ControlQueue(state, {
      writer: deps.random.uuid(),
      now: () => deps.clock.now(),
      emit: deps.emit,
      notedEffectsMax: deps.notedEffectsMax,
    });
  }

  get state(): ControlState {
    return this.#queue.visible;
  }

  get waiting(): number {
    return this.#queue.notes;
  }

  act(entry: NewEntry, signal: AbortSignal): Promise<{ kind: 'written'; entry: AuditEntry }>;
  act<Outcome>(decide: Decide<Outcome>, signal: AbortSignal): Promise<ActResult<Outcome>>;
  async act(what: NewEntry | Decide<unknown>, signal: AbortSignal): Promise<ActResult<unknown>> {
    throwIfCancelled(signal);
    const decide: Decide<unknown> =
      typeof what === 'function' ? what : () => ({ kind: 'write', entry: what });
    const { result, cancel } = this.#queue.addAct(decide);
    const onAbort = () => cancel(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    void this.#write();
    try {
      return await result;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  note(effects: readonly ControlEffect[], by: Pick<NewEntry, 'actor' | 'role'> = AGENT): void {
    if (effects.length === 0) return;
    this.#queue.addNote(effects, by);
    void this.#write();
  }

  async flush(signal: AbortSignal): Promise<void> {
    while (this.#queue.notes > 0) {
      throwIfCancelled(signal);
      const failure = await this.#write();
      if (failure !== undefined) throw failure.error;
    }
    await this.#snapshotting;
  }

  async refresh(signal: AbortSignal): Promise<void> {
    throwIfCancelled(signal);
    this.#mustRead = true;
    const failure = await this.#write();
    if (failure !== undefined) throw failure.error;
  }

  async entries(
    page: { readonly before?: number; readonly limit: number },
    signal: AbortSignal,
  ): Promise<readonly AuditEntry[]> {
    const { seq } = this.#queue.durable.head;
    const last = Math.min((page.before ?? Number.MAX_SAFE_INTEGER) - 1, seq);
    const first = Math.max(1, last - page.limit + 1);
    const oldest = this.#recent[0]?.seq;
    const isRecent = oldest !== undefined && oldest <= first;
    const found = isRecent ? this.#recent : await this.#readEntries(first, last, signal);
    return found.filter((entry) => entry.seq >= first && entry.seq <= last).reverse();
  }

  verify(signal: AbortSignal): Promise<AuditCheck> {
    return verifyLog(this.#storage, this.#queue.durable.head, signal);
  }

  onEntry(listener: (entry: AuditEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Group commit: what comes while a put is on its way goes into the next one. Resolves with why it stopped before its
   * end, and never rejects.
   */
  #write(): Promise<WriteFailure | undefined> {
    this.#writing ??= this.#writeAll();
    return this.#writing;
  }

  async #writeAll(): Promise<WriteFailure | undefined> {
    // The work begins in a later turn, so that acts of one turn share a put.
    await Promise.resolve();
    let races = 0;
    try {
      // Nothing is awaited between the last look at what waits and the end: nobody who comes then is forgotten.
      while (this.#mustRead || !this.#queue.isEmpty) {
        if (this.#mustRead) await this.#catchUp();
        const draft = this.#queue.assemble();
        if (draft === undefined) continue;
        if (await this.#put(draft)) races = 0;
        else if (++races >= RACES_MAX)
          throw new TransientError(
            'limit',
            `others were faster in ${races} attempts to write the control log`,
          );
      }
      return undefined;
    } catch (error) {
      this.#queue.failActs(error);
      const notes = this.#queue.notes;
      if (notes > 0) this.#emit({ type: 'ControlNotesWaiting', notes, reason: reasonOf(error) });
      return { error };
    } finally {
      this.#writing = undefined;
    }
  }

  /** True: it is durable. False: somebody else was first, and must be read. */
  async #put({ batch, state, ignored, left }: Draft): Promise<boolean> {
    const path = batchPath(state.head.seq - batch.entries.length + 1);
    // Until it is known whether it stands, it may: whoever comes next looks first.
    this.#mustRead = true;
    if ((await putOnce(this.#storage, path, encodeBatch(batch))) === 'taken') return false;
    this.#mustRead = false;
    for (const effect of ignored) this.#emit({ type: 'ControlEffectIgnored', ...effect });
    this.#queue.adopt(state, [batch], left);
    this.#tell(batch.entries);
    return true;
  }

  async #catchUp(): Promise<void> {
    const batches: Batch[] = [];
    const { state, ignored } = await readOn(this.#storage, this.#queue.durable, {
      emit: this.#emit,
      onBatch: ({ writer, tickets, entries }) =>
        batches.push({ writer, tickets, entries: entries.map(({ entry }) => entry) }),
    });
    this.#mustRead = false;
    for (const effect of ignored) this.#emit({ type: 'ControlEffectIgnored', ...effect });
    this.#queue.adopt(state, batches);
    this.#tell(batches.flatMap(({ entries }) => entries));
  }

  #tell(entries: readonly AuditEntry[]): void {
    this.#recent = [...this.#recent, ...entries].slice(-RECENT_ENTRIES_MAX);
    for (const entry of entries) for (const listener of this.#listeners) listener(entry);
    this.#snapshot();
  }

  async #readEntries(first: number, last: number, signal: AbortSignal): Promise<readonly AuditEntry[]> {
    const found: AuditEntry[] = [];
    const range = { after: Math.max(0, first - BATCH_ENTRIES_MAX), upTo: last };
    for await (const reading of readBatches(this.#storage, range, signal)) {
      // What cannot be read is told by `verify`, with its place.
      if ('batch' in reading) found.push(...reading.batch.entries.map(({ entry }) => entry));
    }
    return found;
  }

  /** Beside the log, one at a time; its failure costs the next start some reading. */
  #snapshot(): void {
    const state = this.#queue.durable;
    const { seq } = state.head;
    if (this.#snapshotting !== undefined || seq - this.#snapshotSeq < this.#snapshotEveryEntries) return;
    this.#snapshotSeq = seq;
    this.#snapshotting = writeSnapshot(this.#storage, state)
      .catch((error: unknown) => this.#emit({ type: 'ControlSnapshotFailed', seq, reason: reasonOf(error) }))
      .finally(() => {
        this.#snapshotting = undefined;
      });
  }
}

function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new TransientError('cancelled', 'cancelled', { cause: signal.reason });
}
