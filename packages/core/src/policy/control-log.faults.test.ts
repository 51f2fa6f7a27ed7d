import { type ControlEffect, TransientError } from '@lakewarden/contracts';
import {
  type MemoryStorage,
  memoryStorage,
  type StorageCall,
  type StorageFault,
  seededFaults,
} from '@lakewarden/delta/testing';
import { describe, expect, it } from 'vitest';
import { CountingRandom, ManualClock, recordedFacts } from '../testing.ts';
import type { NewEntry } from './audit-entry.ts';
import { type ControlLog, openControlLog } from './control-log.ts';
import type { ControlState } from './control-state.ts';

const signal = new AbortController().signal;

function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** One thing that somebody wants, and whether the state shows that it was done. */
type Step =
  | { readonly kind: 'act'; readonly entry: NewEntry & { readonly idempotency: string } }
  | {
      readonly kind: 'note';
      readonly effect: ControlEffect;
      readonly isDone: (state: ControlState) => boolean;
    };

const act = (key: string, effect: ControlEffect): Step => ({
  kind: 'act',
  entry: {
    actor: 'ann',
    role: 'operator',
    action: 'act',
    input: {},
    idempotency: `ann:${key}`,
    effects: [effect],
  },
});

function incident(id: string): Step {
  const signalOf = { cause: id, kind: 'lag', severity: 'warning', title: id, evidence: {} } as const;
  const times = { deadline: '2026-01-15T13:00:00.000Z', since: '2026-01-15T12:00:00.000Z' };
  return {
    kind: 'note',
    effect: { type: 'IncidentOpened', incident: id, signal: { ...signalOf, targets: [] }, ...times },
    isDone: (state) => state.incidents.has(id),
  };
}

function moved(id: string, to: 'recovering' | 'resolved'): Step {
  return {
    kind: 'note',
    effect: { type: 'IncidentMoved', incident: id, to, note: to },
    isDone: (state) => state.incidents.get(id)?.state === to,
  };
}

const SCRIPT: readonly Step[] = [
  act('k1', { type: 'Paused', target: 'source:orders', reason: 'r' }),
  incident('i-1'),
  act('k2', { type: 'SlicesSalted', slices: ['silver.a@all'], salt: 's1', plan: 'p1' }),
  act('k3', { type: 'Resumed', target: 'source:orders' }),
  moved('i-1', 'recovering'),
  act('k4', { type: 'SlicesSalted', slices: ['silver.a@all'], salt: 's2', plan: 'p2' }),
  moved('i-1', 'resolved'),
  incident('i-2'),
  act('k5', { type: 'Frozen', target: 'gold', reason: 'r' }),
  act('k6', { type: 'Thawed', target: 'gold' }),
];

const random = new CountingRandom();
const open = (storage: MemoryStorage): Promise<ControlLog> =>
  openControlLog(
    storage,
    { clock: new ManualClock(), random, emit: recordedFacts().emit, snapshotEveryEntries: 3 },
    signal,
  );

/** The same act, once, whoever asks how often. */
async function actOnce(log: ControlLog, entry: NewEntry & { readonly idempotency: string }): Promise<void> {
  await log.act(
    (state) =>
      state.acts.has(entry.idempotency) ? { kind: 'leave', outcome: undefined } : { kind: 'write', entry },
    signal,
  );
}

/** Does a step that is not done yet; notes are made durable, as the next round of the agent does. */
async function perform(log: ControlLog, step: Step): Promise<void> {
  if (step.kind === 'act') return actOnce(log, step.entry);
  if (!step.isDone(log.state)) log.note([step.effect]);
  await log.flush(signal);
}

const ATTEMPTS_MAX = 20;

/** Begins again from the lake whenever the process is dead, and repeats what was not answered. */
async function runScript(storage: MemoryStorage, restart: () => void): Promise<ControlLog> {
  let log: ControlLog | undefined;
  for (const step of SCRIPT) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        log ??= await open(storage);
        await perform(log, step);
        break;
      } catch (error) {
        if (!(error instanceof TransientError) || attempt === ATTEMPTS_MAX) throw error;
        log = undefined;
        restart();
      }
    }
  }
  await log?.flush(signal);
  return log as ControlLog;
}

async function referenceRun() {
  const storage = memoryStorage();
  const log = await runScript(storage, () => {});
  return { state: log.state, calls: Object.values(storage.calls).reduce((sum, count) => sum + count, 0) };
}

describe('the control log under faults', () => {
  it.each(['unavailable', 'lost-before', 'lost-after', 'late'] as const)(
    'comes to the same state when the process dies at any one call (%s)',
    async (fault: StorageFault) => {
      const reference = await referenceRun();
      for (let dies = 1; dies <= reference.calls; dies += 1) {
        let isDead = false;
        const faults = ({ number }: StorageCall): StorageFault | undefined => {
          if (isDead) return 'unavailable';
          if (number !== dies) return undefined;
          isDead = true;
          return fault;
        };
        const storage = memoryStorage({ faults });
        const log = await runScript(storage, () => {
          isDead = false;
        });
        expect(log.state, `died at call ${dies}`).toEqual(reference.state);
        expect((await open(storage)).state).toEqual(reference.state);
        expect(await log.verify(signal)).toMatchObject({ ok: true, entries: SCRIPT.length });
      }
    },
  );

  it('loses no entry and writes none twice, with two writers and an unreliable store', async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const next = numbers(seed);
      const plan = seededFaults({ seed, rate: 0.25, countMax: 150 });
      const storage = memoryStorage({
        faults: plan,
        pause: async () => {
          for (let turns = next(6); turns > 0; turns -= 1) await Promise.resolve();
        },
      });
      const keys = await Promise.all(['ann', 'bob'].map((actor) => writeMany(storage, actor, next)));
      const log = await insist(() => open(storage));
      const check = await insist(() => log.verify(signal));
      const where = `seed ${seed}`;
      expect(check, where).toMatchObject({ ok: true });
      const entries = await insist(() => log.entries({ limit: 1_000 }, signal));
      const written = entries.flatMap(({ idempotency }) => idempotency ?? []).sort();
      expect(written, where).toEqual(keys.flat().sort());
      const notes = entries.flatMap(({ effects }) => effects.filter(({ type }) => type === 'IncidentNoted'));
      expect(new Set(notes.map((note) => JSON.stringify(note))).size, where).toBe(notes.length);
      expect(notes, where).toHaveLength(2 * NOTES);
    }
  });
});

const ACTS = 12;
const NOTES = 6;

/** Acts in small groups and notes between them, each insisted on until it is answered. */
async function writeMany(
  storage: MemoryStorage,
  actor: string,
  next: (below: number) => number,
): Promise<readonly string[]> {
  const log = await insist(() => open(storage));
  const keys: string[] = [];
  let notes = 0;
  for (let i = 0; i < ACTS; ) {
    const group = Array.from({ length: Math.min(1 + next(4), ACTS - i) }, () => `${actor}:${i++}`);
    keys.push(...group);
    if (notes < NOTES) log.note([noteOf(actor, notes++)]);
    await Promise.all(group.map((key) => insist(() => actOnce(log, entryOf(actor, key)))));
  }
  while (notes < NOTES) {
    log.note([noteOf(actor, notes++)]);
    if (next(2) === 0) await insist(() => log.flush(signal));
  }
  await insist(() => log.flush(signal));
  return keys;
}

function noteOf(actor: string, number: number): ControlEffect {
  return { type: 'IncidentNoted', incident: 'i-1', note: `${actor} ${number}` };
}

function entryOf(actor: string, key: string): NewEntry & { readonly idempotency: string } {
  return {
    ...{ actor, role: 'operator', action: 'pause', input: { key }, idempotency: key },
    effects: [{ type: 'Paused', target: key, reason: 'r' }],
  };
}

async function insist<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TransientError) || attempt === 100) throw error;
    }
  }
}
