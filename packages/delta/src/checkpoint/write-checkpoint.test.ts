import { describe, expect, it } from 'vitest';
import { committed, contentOf, NOW, newFile, ROOT } from '../commit/intent.fixture.ts';
import { loadSnapshot, loadState } from '../log/load-snapshot.ts';
import { checkpointPath, commitPath, hintPath } from '../log/log-paths.ts';
import type { Snapshot } from '../log/snapshot.ts';
import { type MemoryStorage, memoryStorage } from '../storage/memory-storage.ts';
import { TOMBSTONE_RETENTION_MS, writeCheckpoint } from './write-checkpoint.ts';

async function rewrittenTable(times: number): Promise<{ storage: MemoryStorage; snapshot: Snapshot }> {
  const storage = memoryStorage();
  let base: Snapshot | undefined;
  const slices = ['2026-11-20', '2026-11-21', '2026-11-22'];
  for (let i = 0; i <= times; i += 1) {
    const files = slices.map((slice) =>
      newFile(slice, { tags: { 'lw.touches': '{"a":"1:ü"}', 'lw.run': `run-${i}` } }),
    );
    const fences = [{ scope: 'silver.orders', epoch: 2n ** 62n + 1n }];
    base = await committed(storage, { base, change: { kind: 'overwrite', slices, files }, fences }, NOW + i);
  }
  return { storage, snapshot: base as Snapshot };
}

function dropLog(storage: MemoryStorage, newest: number): void {
  for (let version = 0; version <= newest; version += 1) storage.drop(commitPath(ROOT, version));
}

describe('a checkpoint', () => {
  it('holds the table: live files with stats and tags, txns of 64 bits, metadata', async () => {
    const { storage, snapshot } = await rewrittenTable(3);
    expect(await writeCheckpoint(storage, snapshot, { now: NOW })).toEqual({ kind: 'written', version: 3 });
    dropLog(storage, 3);
    expect(contentOf(await loadSnapshot(storage, ROOT))).toEqual(contentOf(snapshot));
  });

  it('names removed files until they are seven days old, over a chain of checkpoints', async () => {
    const { storage, snapshot } = await rewrittenTable(4);
    await writeCheckpoint(storage, snapshot, { now: NOW });
    dropLog(storage, 4);
    const removedAt = async (version: number) => {
      const options = { wanted: version, history: true, signal: undefined };
      return (await loadState(storage, ROOT, options))?.history?.removed;
    };
    const removed = await removedAt(4);
    expect(removed?.size).toBe(12);
    expect([...(removed?.values() ?? [])][0]).toMatchObject({
      deletionTimestamp: NOW + 1,
      partitionValues: { _slice: '2026-11-20' },
      size: 1000,
    });
    const next = await committed(storage, { base: snapshot });
    // Files removed at NOW+1 and NOW+2 are old enough now, those of NOW+3 and NOW+4 are not.
    await writeCheckpoint(storage, next, { now: NOW + 2 + TOMBSTONE_RETENTION_MS });
    dropLog(storage, 5);
    storage.drop(checkpointPath(ROOT, 4));
    expect((await removedAt(5))?.size).toBe(6);
    expect(contentOf(await loadSnapshot(storage, ROOT))).toEqual(contentOf(next));
  });

  it('forgets that a file was removed when it was added again', async () => {
    const { storage, snapshot } = await rewrittenTable(0);
    const [path, file] = [...snapshot.files][0] as [string, { path: string }];
    storage.seed(
      commitPath(ROOT, 1),
      `{"remove":{"path":"${path}","dataChange":true,"deletionTimestamp":${NOW}}}\n`,
    );
    storage.seed(commitPath(ROOT, 2), `${JSON.stringify({ add: file })}\n`);
    const loaded = (await loadSnapshot(storage, ROOT)) as Snapshot;
    await writeCheckpoint(storage, loaded, { now: NOW });
    dropLog(storage, 2);
    const state = await loadState(storage, ROOT, { wanted: 2, history: true, signal: undefined });
    expect(state?.history?.removed.size).toBe(0);
    expect(state?.files.size).toBe(3);
  });

  it('is never replaced: a second writer of the same version finds it', async () => {
    const { storage, snapshot } = await rewrittenTable(2);
    await writeCheckpoint(storage, snapshot, { now: NOW });
    const body = storage.objects.get(checkpointPath(ROOT, 2));
    expect(await writeCheckpoint(storage, snapshot, { now: NOW + 1 })).toEqual({
      kind: 'exists',
      version: 2,
    });
    expect(storage.objects.get(checkpointPath(ROOT, 2))).toEqual(body);
  });

  it('is written before its hint, which counts its actions', async () => {
    const { storage, snapshot } = await rewrittenTable(2);
    const order: string[] = [];
    const watched = {
      ...storage,
      putIfAbsent: (path: string, body: Uint8Array) => {
        order.push(path);
        return storage.putIfAbsent(path, body);
      },
      put: (path: string, body: Uint8Array) => {
        order.push(path);
        return storage.put(path, body);
      },
    };
    await writeCheckpoint(watched, snapshot, { now: NOW });
    expect(order).toEqual([checkpointPath(ROOT, 2), hintPath(ROOT)]);
    const hint = JSON.parse(Buffer.from(storage.objects.get(hintPath(ROOT)) ?? []).toString()) as object;
    // protocol, metaData, one txn, 3 live and 6 removed files
    expect(hint).toEqual({
      version: 2,
      size: 12,
      sizeInBytes: storage.objects.get(checkpointPath(ROOT, 2))?.length,
      numOfAddFiles: 3,
    });
  });

  it('without an answer leaves no hint', async () => {
    const { storage, snapshot } = await rewrittenTable(2);
    const silent = memoryStorage({
      faults: ({ operation }) => (operation === 'putIfAbsent' ? 'lost-after' : undefined),
    });
    for (const [path, body] of storage.objects) silent.seed(path, body);
    expect(await writeCheckpoint(silent, snapshot, { now: NOW })).toMatchObject({ kind: 'unknown' });
    expect(silent.objects.has(hintPath(ROOT))).toBe(false);
  });

  it('is made of the log, so a snapshot that disagrees with it is a bug and writes nothing', async () => {
    const { storage, snapshot } = await rewrittenTable(2);
    const wrong: Snapshot = { ...snapshot, files: new Map() };
    await expect(writeCheckpoint(storage, wrong, { now: NOW })).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_ASSERTION' }),
    );
    expect(storage.objects.has(checkpointPath(ROOT, 2))).toBe(false);
  });
});
