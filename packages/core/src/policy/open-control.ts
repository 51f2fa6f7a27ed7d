import type { AuditEntry } from '@lakewarden/contracts';
import type { LakeStorage } from '@lakewarden/delta';
import type { EmitFact } from '../facts.ts';
import { applyEntries, type Folded, type IgnoredEffect } from './apply-entry.ts';
import { type StoredEntry, whyNotNext } from './audit-entry.ts';
import { BATCH_ENTRIES_MAX, corruptLog, readBatches, type StoredBatch } from './control-objects.ts';
import { readSnapshots } from './control-snapshot.ts';
import { type ControlState, EMPTY_CONTROL } from './control-state.ts';

/** Entries that are folded at a time; each fold copies the maps that it changes. */
const FOLD_ENTRIES = 1_000;

/** The newest good snapshot and what follows it; all of the log when there is none. */
export async function readControl(
  storage: LakeStorage,
  emit: EmitFact,
  signal: AbortSignal,
): Promise<{ readonly state: ControlState; readonly snapshotSeq: number }> {
  const base = await newestGood(storage, emit, signal);
  // What is ignored was said when it was written.
  const { state } = await readOn(storage, base, { emit, onBatch: () => {} }, signal);
  return { state, snapshotSeq: base.head.seq };
}

async function newestGood(storage: LakeStorage, emit: EmitFact, signal: AbortSignal): Promise<ControlState> {
  for await (const { path, state } of readSnapshots(storage, signal)) {
    if (state === undefined) emit({ type: 'ControlSnapshotIgnored', path, reason: 'it is not whole' });
    else if (await standsInLog(storage, state.head, signal)) return state;
    else emit({ type: 'ControlSnapshotIgnored', path, reason: 'its last entry is not in the log' });
  }
  return EMPTY_CONTROL;
}

async function standsInLog(
  storage: LakeStorage,
  { seq, hash }: ControlState['head'],
  signal: AbortSignal,
): Promise<boolean> {
  const range = { after: Math.max(0, seq - BATCH_ENTRIES_MAX), upTo: seq };
  for await (const reading of readBatches(storage, range, signal)) {
    const entries = 'batch' in reading ? reading.batch.entries : [];
    if (entries.some(({ entry }) => entry.seq === seq && entry.hash === hash)) return true;
  }
  return false;
}

export interface ReadOnOptions {
  readonly emit: EmitFact;
  /** Told of each batch that will be in the state, in order, before it is there. */
  readonly onBatch: (batch: StoredBatch) => void;
}

/**
 * Folds what follows `base` in the log. An entry that was tampered with is said and counts as it stands, so that the
 * agent goes on; one that is missing or cannot be read is not survivable.
 *
 * @throws TerminalError `corrupt`
 */
export async function readOn(
  storage: LakeStorage,
  base: ControlState,
  { emit, onBatch }: ReadOnOptions,
  signal?: AbortSignal,
): Promise<Folded> {
  const ignored: IgnoredEffect[] = [];
  let { head } = base;
  let state = base;
  let unfolded: AuditEntry[] = [];
  const fold = () => {
    const folded = applyEntries(state, unfolded);
    state = folded.state;
    ignored.push(...folded.ignored);
    unfolded = [];
  };
  for await (const reading of readBatches(storage, { after: base.head.seq }, signal)) {
    if ('problem' in reading) throw corruptLog(reading.problem);
    for (const stored of reading.batch.entries) {
      checkNext(head, stored, emit);
      const { seq, hash } = stored.entry;
      head = { seq, hash };
      unfolded.push(stored.entry);
    }
    onBatch(reading.batch);
    if (unfolded.length >= FOLD_ENTRIES) fold();
  }
  fold();
  return { state, ignored };
}

function checkNext(head: ControlState['head'], stored: StoredEntry, emit: EmitFact): void {
  const { seq } = stored.entry;
  if (seq !== head.seq + 1) throw corruptLog(`entry ${head.seq + 1} is missing`);
  const problem = whyNotNext(head, stored);
  if (problem !== undefined) emit({ type: 'AuditBroken', seq, problem });
  for (const effect of stored.unknown) {
    emit({ type: 'ControlEffectIgnored', seq, effect, reason: 'it is of a newer agent' });
  }
}
