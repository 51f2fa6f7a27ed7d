import { TransientError } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import { loadSnapshot } from '../log/load-snapshot.ts';
import { memoryStorage, type StorageFault, seededFaults } from '../storage/memory-storage.ts';
import { commit } from './commit.ts';
import { committed, contentOf, makeIntent, NOW, newFile, ROOT } from './intent.fixture.ts';
import type { CommitIntent, CommitOutcome } from './intent.ts';

/** A storage whose next uploads of entries fail in this order. */
function storageFailing(...faults: readonly StorageFault[]) {
  const left = [...faults];
  return memoryStorage({
    faults: ({ operation }) => (operation === 'putIfAbsent' ? left.shift() : undefined),
  });
}

async function untilAnswered(
  attempt: () => Promise<CommitOutcome>,
  callsMax: number,
): Promise<CommitOutcome> {
  for (let call = 1; ; call += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TransientError) || call >= callsMax) throw error;
    }
  }
}

describe('a commit whose answer was lost (I6)', () => {
  it.each([
    ['was done', 'lost-after'],
    ['was not done', 'lost-before'],
    ['is done by the time we look', 'late'],
    ['was repeated by a layer below, which met its own success', 'repeated'],
  ] as const)('is one version when it %s', async (_what, fault) => {
    const storage = storageFailing(fault);
    const outcome = await commit(storage, makeIntent(), { now: NOW });
    expect(outcome).toMatchObject({ kind: 'committed', snapshot: { version: 0 } });
    const log = await loadSnapshot(storage, ROOT);
    expect(log?.version).toBe(0);
    expect(log?.files.size).toBe(1);
  });

  it('is found among later versions of others, and returned as it was then', async () => {
    const storage = memoryStorage();
    const base = await committed(storage);
    const intent = makeIntent({ base });
    const first = await commit(storage, intent, { now: NOW });
    await committed(storage, { base });
    await committed(storage, { base });
    // As after a crash: the same intent again, with the same base.
    const again = await commit(storage, intent, { now: NOW + 1000 });
    expect(again.kind === 'committed' && again.snapshot.version).toBe(1);
    expect(contentOf(again.kind === 'committed' ? again.snapshot : undefined)).toEqual(
      contentOf(first.kind === 'committed' ? first.snapshot : undefined),
    );
    expect((await loadSnapshot(storage, ROOT))?.version).toBe(3);
  });

  it('is ours even when a newer epoch fenced us afterwards', async () => {
    const storage = memoryStorage();
    const base = await committed(storage);
    const intent = makeIntent({ base, fences: [{ scope: 's', epoch: 1n }] });
    await commit(storage, intent, { now: NOW });
    await committed(storage, { base, fences: [{ scope: 's', epoch: 2n }] });
    expect(await commit(storage, intent, { now: NOW })).toMatchObject({
      kind: 'committed',
      snapshot: { version: 1 },
    });
  });

  it('gives up after three uploads without answer, and the same intent then finishes the work', async () => {
    const storage = storageFailing('lost-before', 'lost-before', 'late');
    const intent = makeIntent();
    await expect(commit(storage, intent, { now: NOW })).resolves.toMatchObject({ kind: 'committed' });
    const silent = storageFailing('lost-before', 'lost-before', 'lost-before');
    await expect(commit(silent, intent, { now: NOW })).rejects.toThrow(
      expect.objectContaining({ name: 'TransientError', code: 'timeout' }),
    );
    expect(await commit(silent, intent, { now: NOW })).toMatchObject({ kind: 'committed' });
    expect((await loadSnapshot(silent, ROOT))?.version).toBe(0);
  });

  it('is exactly one version under any seeded faults, however often it is called again', async () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const storage = memoryStorage({ faults: seededFaults({ seed, rate: 0.5, countMax: 12 }) });
      const intents: CommitIntent[] = [];
      let base: CommitIntent['base'];
      for (let i = 0; i < 5; i += 1) {
        const intent = makeIntent({
          base,
          change: { kind: 'append', files: [newFile('2026-11-22')] },
          txns: [{ appId: 'a', from: i === 0 ? undefined : BigInt(i), to: BigInt(i + 1) }],
        });
        intents.push(intent);
        const outcome = await untilAnswered(() => commit(storage, intent, { now: NOW }), 20);
        expect(outcome.kind, `seed ${seed}`).toBe('committed');
        if (outcome.kind === 'committed') base = outcome.snapshot;
      }
      const log = await loadSnapshot(memoryStorageOf(storage.objects), ROOT);
      expect(log?.version, `seed ${seed}`).toBe(4);
      expect(contentOf(log), `seed ${seed}`).toEqual(contentOf(base));
    }
  });
});

function memoryStorageOf(objects: ReadonlyMap<string, Uint8Array>) {
  const storage = memoryStorage();
  for (const [path, body] of objects) storage.seed(path, body);
  return storage;
}
