import { TransientError } from '@lakewarden/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadSnapshot } from '../log/load-snapshot.ts';
import { commitPath } from '../log/log-paths.ts';
import { filesOfSlice } from '../log/slices.ts';
import type { Snapshot } from '../log/snapshot.ts';
import { type MemoryStorage, memoryStorage, seededFaults } from '../storage/memory-storage.ts';
import { commit } from './commit.ts';
import { committed, contentOf, makeIntent, NOW, newFile, ROOT } from './intent.fixture.ts';
import type { CommitOutcome } from './intent.ts';

// A fixed seed: the same interleavings in every run (I18). A failure prints how to replay its own.
const RUNS = { numRuns: 150, seed: 20_261_122 };

/** A storage in which fast-check decides whose call goes on next, before and after each effect. */
function raced(scheduler: fc.Scheduler): MemoryStorage {
  return memoryStorage({
    pause: (call, when) => scheduler.schedule(Promise.resolve(), `${when} ${call.operation} ${call.path}`),
  });
}

async function settled<T>(scheduler: fc.Scheduler, work: readonly Promise<T>[]): Promise<T[]> {
  const all = Promise.all(work);
  await scheduler.waitFor(all);
  return all;
}

/** Reads without the scheduler, from the bytes alone. */
async function logOf(storage: MemoryStorage): Promise<Snapshot> {
  const still = memoryStorage();
  for (const [path, body] of storage.objects) still.seed(path, body);
  const snapshot = await loadSnapshot(still, ROOT);
  if (snapshot === undefined) throw new Error('no table');
  return snapshot;
}

describe('writers at the same time', () => {
  it('land each event once, whoever wins: a loser trims and goes on from the txn (I1, I2, I3, I4)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 4 }), async (scheduler, writers) => {
        const storage = raced(scheduler);
        const last = 6n;
        const work = Array.from({ length: writers }, async () => {
          let base: Snapshot | undefined;
          for (;;) {
            const from = base?.txns.get('lw/eh/0');
            if ((from ?? 0n) >= last) return;
            const to = (from ?? 0n) + 1n;
            const file = newFile('2026-11-22', { stats: `{"seq":${to}}` });
            const intent = makeIntent({
              base,
              change: { kind: 'append', files: [file] },
              txns: [{ appId: 'lw/eh/0', from, to }],
            });
            const outcome = await commit(storage, intent, { now: NOW });
            base =
              outcome.kind === 'committed'
                ? outcome.snapshot
                : await loadSnapshot(storage, ROOT, { ...(base && { previous: base }) });
          }
        });
        await settled(scheduler, work);
        const log = await logOf(storage);
        expect(log.version).toBe(5);
        expect([...log.files.values()].map(({ stats }) => stats)).toEqual(
          [1, 2, 3, 4, 5, 6].map((seq) => `{"seq":${seq}}`),
        );
        expect(log.txns.get('lw/eh/0')).toBe(last);
      }),
      RUNS,
    );
  });

  it('never lose an append of another partition, and every snapshot returned is one of the log', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const storage = raced(scheduler);
        const work = [0, 1, 2, 3].map((partition) =>
          commit(storage, makeIntent({ txns: [{ appId: `lw/eh/${partition}`, from: undefined, to: 5n }] }), {
            now: NOW,
          }),
        );
        const outcomes = await settled(scheduler, work);
        const log = await logOf(storage);
        expect(log.version).toBe(3);
        expect(log.files.size).toBe(4);
        expect(log.txns.size).toBe(4);
        const versions = outcomes.map((outcome) =>
          outcome.kind === 'committed' ? outcome.snapshot.version : -1,
        );
        expect(versions.sort()).toEqual([0, 1, 2, 3]);
        const newest = outcomes.find((o) => o.kind === 'committed' && o.snapshot.version === 3);
        expect(contentOf(newest?.kind === 'committed' ? newest.snapshot : undefined)).toEqual(contentOf(log));
      }),
      RUNS,
    );
  });

  it('leave one whole result in a slice that two overwrite and one appends to (I7)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const storage = raced(scheduler);
        const first = memoryStorage();
        const base = await committed(first, {
          change: { kind: 'append', files: [newFile('2026-11-21'), newFile('2026-11-22')] },
        });
        for (const [path, body] of first.objects) storage.seed(path, body);
        const files = [newFile('2026-11-22'), newFile('2026-11-22'), newFile('2026-11-22')];
        const [one, two, added] = files as [(typeof files)[0], (typeof files)[0], (typeof files)[0]];
        const overwrite = (file: typeof one) =>
          commit(
            storage,
            makeIntent({ base, change: { kind: 'overwrite', slices: ['2026-11-22'], files: [file] } }),
            { now: NOW },
          );
        const append = commit(storage, makeIntent({ base, change: { kind: 'append', files: [added] } }), {
          now: NOW,
        });
        const outcomes = await settled(scheduler, [overwrite(one), overwrite(two), append]);
        const [byOne, byTwo, byAppend] = outcomes as [CommitOutcome, CommitOutcome, CommitOutcome];
        expect(byAppend.kind).toBe('committed');
        const winners = [byOne, byTwo].filter(({ kind }) => kind === 'committed');
        expect(winners.length).toBeLessThanOrEqual(1);
        for (const outcome of [byOne, byTwo]) {
          if (outcome.kind !== 'committed') expect(outcome).toMatchObject({ reason: 'slice-changed' });
        }
        const log = await logOf(storage);
        const live = filesOfSlice(log, '2026-11-22').map(({ path }) => path);
        expect(live).toContain(added.path);
        expect(live.includes(one.path)).toBe(byOne.kind === 'committed');
        expect(live.includes(two.path)).toBe(byTwo.kind === 'committed');
        expect(filesOfSlice(log, '2026-11-21')).toHaveLength(1);
      }),
      RUNS,
    );
  });

  it('keep an older epoch out once a newer one is in, at every interleaving (I4)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const storage = raced(scheduler);
        const write = (epoch: bigint) =>
          commit(
            storage,
            makeIntent({
              change: { kind: 'append', files: [newFile('2026-11-22', { tags: { epoch: String(epoch) } })] },
              fences: [{ scope: 'silver.orders', epoch }],
            }),
            { now: NOW },
          );
        await settled(scheduler, [write(1n), write(2n), write(3n)]);
        const log = await logOf(storage);
        const epochs: number[] = [];
        for (let version = 0; version <= log.version; version += 1) {
          const text = Buffer.from(storage.objects.get(commitPath(ROOT, version)) ?? []).toString();
          epochs.push(Number(/"epoch":"(\d)"/.exec(text)?.[1]));
        }
        expect(epochs).toEqual([...epochs].sort());
        expect(log.txns.get('lw/fence/silver.orders')).toBe(3n);
      }),
      RUNS,
    );
  });

  it('land each event once when the store fails at the same time, and call again with the same intent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.nat(), async (scheduler, seed) => {
        const storage = memoryStorage({
          faults: seededFaults({ seed, rate: 0.3, countMax: 10 }),
          pause: (call, when) =>
            scheduler.schedule(Promise.resolve(), `${when} ${call.operation} ${call.path}`),
        });
        const last = 4n;
        const work = [0, 1, 2].map(async () => {
          let base: Snapshot | undefined;
          while ((base?.txns.get('lw/eh/0') ?? 0n) < last) {
            const from = base?.txns.get('lw/eh/0');
            const to = (from ?? 0n) + 1n;
            const file = newFile('2026-11-22', { stats: `{"seq":${to}}` });
            const intent = makeIntent({
              base,
              change: { kind: 'append', files: [file] },
              txns: [{ appId: 'lw/eh/0', from, to }],
            });
            const outcome = await again(() => commit(storage, intent, { now: NOW }));
            const previous = base;
            base =
              outcome.kind === 'committed'
                ? outcome.snapshot
                : await again(() => loadSnapshot(storage, ROOT, { ...(previous && { previous }) }));
          }
        });
        await settled(scheduler, work);
        const log = await logOf(storage);
        expect(log.version).toBe(3);
        expect([...log.files.values()].map(({ stats }) => stats)).toEqual(
          [1, 2, 3, 4].map((seq) => `{"seq":${seq}}`),
        );
      }),
      RUNS,
    );
  });
});

/** The retry layer above, as the agent has one: the faults of a plan end. */
async function again<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
    }
  }
}
