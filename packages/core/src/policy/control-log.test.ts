import { TransientError } from '@lakewarden/contracts';
import type { LakeStorage } from '@lakewarden/delta';
import { type FaultPlan, memoryStorage } from '@lakewarden/delta/testing';
import { describe, expect, it } from 'vitest';
import { CountingRandom, ManualClock, recordedFacts } from '../testing.ts';
import { type NewEntry, sealEntry } from './audit-entry.ts';
import { type ControlLogDeps, openControlLog } from './control-log.ts';
import { batchPath, encodeBatch } from './control-objects.ts';
import { EMPTY_CONTROL } from './control-state.ts';

const signal = new AbortController().signal;
const random = new CountingRandom();

function open(storage: LakeStorage, deps: Partial<ControlLogDeps> = {}) {
  const { facts, emit } = recordedFacts();
  const log = openControlLog(storage, { clock: new ManualClock(), random, emit, ...deps }, signal);
  return log.then((opened) => ({ log: opened, facts }));
}

function pause(target: string, key?: string): NewEntry {
  return {
    actor: 'ann',
    role: 'operator',
    action: 'pause',
    input: { target },
    ...(key && { idempotency: `ann:${key}` }),
    effects: [{ type: 'Paused', target, reason: 'because' }],
  };
}

const notedIncident = (id: string) => [
  {
    type: 'IncidentOpened' as const,
    incident: id,
    signal: {
      cause: `lag:${id}`,
      kind: 'lag' as const,
      severity: 'warning' as const,
      title: 'orders lag',
      targets: ['source:orders'],
      evidence: {},
    },
    deadline: '2026-01-15T13:00:00.000Z',
    since: '2026-01-15T12:00:00.000Z',
  },
];

/** Fails what the plan says from now on; nothing before. */
function faulty() {
  let plan: FaultPlan | undefined;
  const storage = memoryStorage({ faults: (call) => plan?.(call) });
  return {
    storage,
    fail: (next: FaultPlan | undefined) => {
      plan = next;
    },
  };
}

const once = (fault: ReturnType<FaultPlan>, operation = 'putIfAbsent'): FaultPlan => {
  let left = 1;
  return (call) => (call.operation === operation && left-- > 0 ? fault : undefined);
};

describe('the control log', () => {
  it('has an act in the lake and in the state before it says so, and finds it again', async () => {
    const storage = memoryStorage();
    const { log } = await open(storage);
    const { entry } = await log.act(pause('source:orders'), signal);
    expect(entry.seq).toBe(1);
    expect(storage.objects.has(batchPath(1))).toBe(true);
    expect(log.state.pauses.get('source:orders')).toMatchObject({ by: 'ann', reason: 'because' });
    const again = await open(storage);
    expect(again.log.state).toEqual(log.state);
    expect(await again.log.verify(signal)).toEqual({ ok: true, entries: 1, head: entry.hash });
  });

  it('writes acts of the same moment together, each decided after the one before', async () => {
    const storage = memoryStorage();
    const { log } = await open(storage);
    const decide = (target: string) => (state: typeof log.state) =>
      state.pauses.has(target)
        ? { kind: 'leave' as const, outcome: 'paused already' }
        : { kind: 'write' as const, entry: pause(target) };
    const results = await Promise.all([
      log.act(decide('source:a'), signal),
      log.act(decide('source:b'), signal),
      log.act(decide('source:a'), signal),
    ]);
    expect(results.map(({ kind }) => kind)).toEqual(['written', 'written', 'left']);
    expect(storage.objects.size).toBe(1);
    expect(log.state.head.seq).toBe(2);
  });

  it('has a note in the state at once and in the lake soon, before later acts', async () => {
    const storage = memoryStorage();
    const { log } = await open(storage);
    log.note(notedIncident('i-1'));
    expect(log.state.incidents.get('i-1')?.state).toBe('open');
    expect(log.state.head.seq).toBe(0);
    await log.act(pause('source:orders'), signal);
    const entries = await log.entries({ limit: 10 }, signal);
    expect(entries.map(({ seq, actor }) => [seq, actor])).toEqual([
      [2, 'ann'],
      [1, 'agent'],
    ]);
    expect((await open(storage)).log.state).toEqual(log.state);
  });

  it.each(['lost-after', 'lost-before', 'late', 'repeated'] as const)(
    'writes an act once when the answer to its put is %s',
    async (fault) => {
      const { storage, fail } = faulty();
      const { log } = await open(storage);
      fail(once(fault));
      await log.act(pause('source:orders'), signal);
      await log.act(pause('source:stores'), signal);
      expect(log.state.head.seq).toBe(2);
      expect(await log.verify(signal)).toMatchObject({ ok: true, entries: 2 });
    },
  );

  it('changes nothing when it cannot write, and writes notes when storage is back', async () => {
    const { storage, fail } = faulty();
    const { log, facts } = await open(storage);
    fail(() => 'unavailable');
    log.note(notedIncident('i-1'));
    await expect(log.act(pause('source:orders'), signal)).rejects.toBeInstanceOf(TransientError);
    expect(log.state.pauses.size).toBe(0);
    expect(log.state.incidents.size).toBe(1);
    expect(log.waiting).toBe(1);
    expect(facts).toContainEqual(expect.objectContaining({ type: 'ControlNotesWaiting', notes: 1 }));
    await expect(log.flush(signal)).rejects.toBeInstanceOf(TransientError);
    fail(undefined);
    await log.flush(signal);
    expect(log.waiting).toBe(0);
    expect((await open(storage)).log.state).toEqual(log.state);
  });

  it('finds what it had given up, and does not write it twice', async () => {
    const { storage, fail } = faulty();
    const { log } = await open(storage);
    // Done, but neither the put nor the reading back is answered.
    fail(({ operation }) => (operation === 'putIfAbsent' ? 'lost-after' : 'unavailable'));
    log.note(notedIncident('i-1'));
    await expect(log.act(pause('source:orders', 'k'), signal)).rejects.toBeInstanceOf(TransientError);
    fail(undefined);
    await log.flush(signal);
    expect(log.state.pauses.size).toBe(1);
    expect(log.state.acts.get('ann:k')).toMatchObject({ seq: 2, outcome: 'done' });
    expect(await log.verify(signal)).toMatchObject({ ok: true, entries: 2 });
  });

  it('decides again after a lost race, against what the other wrote', async () => {
    const storage = memoryStorage();
    const [a, b] = [await open(storage), await open(storage)];
    await a.log.act(pause('source:orders'), signal);
    const result = await b.log.act(
      (state) =>
        state.pauses.has('source:orders')
          ? { kind: 'leave', outcome: 'paused already' }
          : { kind: 'write', entry: pause('source:orders') },
      signal,
    );
    expect(result).toEqual({ kind: 'left', outcome: 'paused already' });
    expect(b.log.state).toEqual(a.log.state);
  });

  it('says nothing of an act before what it was decided by is durable', async () => {
    const { storage, fail } = faulty();
    const { log } = await open(storage);
    const pauseOnce = (state: typeof log.state) =>
      state.pauses.has('source:orders')
        ? { kind: 'leave' as const, outcome: 'paused already' }
        : { kind: 'write' as const, entry: pause('source:orders') };
    fail(() => 'unavailable');
    const results = await Promise.allSettled([log.act(pauseOnce, signal), log.act(pauseOnce, signal)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('writes an act after all that was noted before it, however much that is', async () => {
    const { storage, fail } = faulty();
    const { log } = await open(storage);
    fail(() => 'unavailable');
    for (let i = 0; i < 600; i += 1) log.note(notedIncident(`i-${i}`));
    await expect(log.flush(signal)).rejects.toBeInstanceOf(TransientError);
    fail(undefined);
    const { entry } = await log.act(pause('source:orders'), signal);
    expect(entry.seq).toBe(601);
    expect([...storage.objects.keys()].filter((path) => path.includes('/log/'))).toHaveLength(3);
  });

  it('withdraws an act that is cancelled before it is on its way', async () => {
    const storage = memoryStorage();
    const { log } = await open(storage);
    const stop = new AbortController();
    const act = log.act(pause('source:orders'), stop.signal);
    stop.abort();
    await expect(act).rejects.toMatchObject({ code: 'cancelled' });
    await log.flush(signal);
    expect(storage.objects.size).toBe(0);
  });

  it('fails the one decision that is a mistake, and no other', async () => {
    const { log } = await open(memoryStorage());
    const results = await Promise.allSettled([
      log.act(() => {
        throw new Error('a bug');
      }, signal),
      log.act(pause('source:orders'), signal),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });

  it('keeps acts and moves when too much waits, and lets needless lines go', async () => {
    const { storage, fail } = faulty();
    const { log, facts } = await open(storage, { notedEffectsMax: 20 });
    fail(() => 'unavailable');
    log.note(notedIncident('i-1'));
    for (let i = 0; i < 30; i += 1) log.note([{ type: 'IncidentNoted', incident: 'i-1', note: `line ${i}` }]);
    log.note([{ type: 'IncidentMoved', incident: 'i-1', to: 'escalated', note: 'late' }]);
    expect(facts).toContainEqual(expect.objectContaining({ type: 'ControlNotesMerged' }));
    for (let i = 2; i < 20; i += 1) log.note(notedIncident(`i-${i}`));
    expect(() => log.note([...notedIncident('i-20'), ...notedIncident('i-21')])).toThrow(
      expect.objectContaining({ code: 'limit' }),
    );
    fail(undefined);
    await log.flush(signal);
    const { state } = (await open(storage)).log;
    expect(state.incidents.size).toBe(19);
    expect(state.incidents.get('i-1')?.state).toBe('escalated');
  });

  it('starts from a snapshot, and from the log when the snapshot is of no use', async () => {
    const storage = memoryStorage();
    const { log } = await open(storage, { snapshotEveryEntries: 4 });
    for (let i = 0; i < 10; i += 1) await log.act(pause(`source:s${i}`, `k${i}`), signal);
    await log.flush(signal);
    const snapshots = [...storage.objects.keys()].filter((path) => path.includes('/snapshot/')).sort();
    expect(snapshots.map((path) => Number(path.slice(-25, -5)))).toEqual([4, 8]);
    const newest = snapshots[1] as string;
    const whole = storage.objects.get(newest) as Uint8Array;
    const readsBefore = storage.calls.read;
    expect((await open(storage)).log.state).toEqual(log.state);
    expect(storage.calls.read - readsBefore).toBeLessThan(13);
    for (const body of [
      '',
      '{}',
      'null',
      whole.slice(0, -20),
      Buffer.from(whole).toString().replace('ann', 'eve'),
    ]) {
      storage.seed(newest, body);
      const again = await open(storage);
      expect(again.log.state).toEqual(log.state);
      expect(again.facts).toContainEqual(expect.objectContaining({ type: 'ControlSnapshotIgnored' }));
    }
    for (const path of snapshots) storage.drop(path);
    expect((await open(storage)).log.state).toEqual(log.state);
  });

  it('is not taken in by the snapshot of another lake', async () => {
    const [one, other] = [memoryStorage(), memoryStorage()];
    for (const [storage, name] of [
      [one, 'one'],
      [other, 'other'],
    ] as const) {
      const { log } = await open(storage, { snapshotEveryEntries: 2 });
      for (let i = 0; i < 3; i += 1) await log.act(pause(`source:${name}${i}`), signal);
      await log.flush(signal);
    }
    const path = [...one.objects.keys()].find((candidate) => candidate.includes('/snapshot/')) as string;
    one.seed(path, other.objects.get(path) as Uint8Array);
    expect([...(await open(one)).log.state.pauses.keys()]).toEqual([
      'source:one0',
      'source:one1',
      'source:one2',
    ]);
  });

  it('pages through its entries, newest first, across objects and without a hole', async () => {
    const storage = memoryStorage();
    const { log } = await open(storage);
    for (let i = 0; i < 6; i += 1) {
      await Promise.all([0, 1, 2].map((j) => log.act(pause(`source:s${i}x${j}`), signal)));
    }
    for (const source of [log, (await open(storage)).log]) {
      const seqs: number[] = [];
      let before: number | undefined;
      for (;;) {
        const page = await source.entries({ limit: 5, ...(before && { before }) }, signal);
        if (page.length === 0) break;
        seqs.push(...page.map(({ seq }) => seq));
        before = seqs.at(-1) as number;
      }
      expect(seqs).toEqual(Array.from({ length: 18 }, (_, i) => 18 - i));
    }
  });

  it('tells listeners of each entry once it is durable, in order', async () => {
    const storage = memoryStorage();
    const [a, b] = [await open(storage), await open(storage)];
    const heard: number[] = [];
    const stop = a.log.onEntry(({ seq }) => heard.push(seq));
    await a.log.act(pause('source:a'), signal);
    await b.log.act(pause('source:b'), signal);
    await a.log.refresh(signal);
    stop();
    await a.log.act(pause('source:c'), signal);
    expect(heard).toEqual([1, 2]);
  });

  it('goes on beside effects of a newer agent', async () => {
    const storage = memoryStorage();
    const newer = { type: 'Teleported', to: 'mars' } as never;
    const frozen = { type: 'Frozen', target: 'gold', reason: 'r' } as const;
    const sealed = sealEntry(
      { ...pause('source:orders'), effects: [newer, frozen] },
      EMPTY_CONTROL.head,
      '2027-01-01T00:00:00.000Z',
    );
    storage.seed(batchPath(1), encodeBatch({ writer: 'newer', tickets: [1], entries: [sealed] }));
    const again = await open(storage);
    expect([...again.log.state.freezes.keys()]).toEqual(['gold']);
    expect(again.facts).toContainEqual(
      expect.objectContaining({ type: 'ControlEffectIgnored', effect: 'Teleported' }),
    );
    expect(await again.log.verify(signal)).toMatchObject({ ok: true });
  });
});
