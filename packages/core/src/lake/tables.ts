import type { DatasetName } from '@lakewarden/contracts';
import {
  type CommitIntent,
  type CommitOutcome,
  commit,
  isCheckpointDue,
  type LakeStorage,
  loadSnapshot,
  type Snapshot,
  writeCheckpoint,
} from '@lakewarden/delta';
import { type EmitFact, reasonOf } from '../facts.ts';
import type { Clock } from '../ports.ts';

/** Folder of a dataset's table below the lake's root: `silver.orders` → `silver/orders`. */
export function rootOf(dataset: DatasetName): string {
  return dataset.replace('.', '/');
}

/**
 * The tables of the lake as last seen. A snapshot is immutable; `refresh` reads only what is newer. Checkpoints are
 * written after a commit that makes one due: a hint for readers, so their failure is a fact and nothing more.
 */
export class Tables {
  readonly #storage: LakeStorage;
  readonly #clock: Clock;
  readonly #emit: EmitFact;
  readonly #seen = new Map<string, Snapshot>();

  constructor(storage: LakeStorage, clock: Clock, emit: EmitFact) {
    this.#storage = storage;
    this.#clock = clock;
    this.#emit = emit;
  }

  async refresh(root: string, signal: AbortSignal): Promise<Snapshot | undefined> {
    const previous = this.#seen.get(root);
    const snapshot = await loadSnapshot(this.#storage, root, { signal, ...(previous && { previous }) });
    if (snapshot !== undefined) this.#seen.set(root, snapshot);
    return snapshot;
  }

  async commit(intent: CommitIntent, signal: AbortSignal): Promise<CommitOutcome> {
    const outcome = await commit(this.#storage, intent, { now: this.#clock.now(), signal });
    if (outcome.kind !== 'committed') return outcome;
    this.#seen.set(intent.root, outcome.snapshot);
    if (isCheckpointDue(outcome.snapshot.version)) await this.#checkpoint(outcome.snapshot);
    return outcome;
  }

  async #checkpoint(snapshot: Snapshot): Promise<void> {
    try {
      await writeCheckpoint(this.#storage, snapshot, { now: this.#clock.now() });
    } catch (error) {
      this.#emit({ type: 'CheckpointFailed', root: snapshot.root, reason: reasonOf(error) });
    }
  }
}
