import { describe, expect, it } from 'vitest';
import { writeCheckpoint } from '../checkpoint/write-checkpoint.ts';
import { committed, contentOf, NOW, newFile, ROOT } from '../commit/intent.fixture.ts';
import { type MemoryStorage, memoryStorage } from '../storage/memory-storage.ts';
import { loadSnapshot } from './load-snapshot.ts';
import { checkpointPartPath, checkpointPath, commitPath, hintPath } from './log-paths.ts';
import type { Snapshot } from './snapshot.ts';

/** Versions 0 to `newest`, each one file more, with checkpoints at `checkpoints`. */
async function tableOf(newest: number, checkpoints: readonly number[] = []) {
  const storage = memoryStorage();
  const snapshots: Snapshot[] = [];
  for (let version = 0; version <= newest; version += 1) {
    const base = snapshots.at(-1);
    const appId = `app-${version % 2}`;
    const from = base?.txns.get(appId);
    const file = newFile(`2026-11-${String(10 + (version % 5))}`);
    const change =
      version % 3 === 2
        ? ({ kind: 'overwrite', slices: [file.slice], files: [file] } as const)
        : ({ kind: 'append', files: [file] } as const);
    const snapshot = await committed(storage, {
      base,
      change,
      txns: [{ appId, from, to: 2n ** 60n + BigInt(version) }],
    });
    snapshots.push(snapshot);
    if (checkpoints.includes(version)) await writeCheckpoint(storage, snapshot, { now: NOW });
  }
  return { storage, snapshots };
}

async function expectNewest(storage: MemoryStorage, snapshots: readonly Snapshot[]): Promise<void> {
  expect(contentOf(await loadSnapshot(storage, ROOT))).toEqual(contentOf(snapshots.at(-1)));
}

describe('loading a table', () => {
  it('says that there is none where nothing was committed', async () => {
    expect(await loadSnapshot(memoryStorage(), ROOT)).toBeUndefined();
  });

  it('finds each version as it was, with and without checkpoints', async () => {
    const { storage, snapshots } = await tableOf(12, [4, 8]);
    for (const snapshot of snapshots) {
      const loaded = await loadSnapshot(storage, ROOT, { version: snapshot.version });
      expect(contentOf(loaded)).toEqual(contentOf(snapshot));
    }
  });

  it('reads no entry that a checkpoint covers', async () => {
    const { storage, snapshots } = await tableOf(12, [4, 8]);
    for (let version = 0; version <= 8; version += 1) storage.drop(commitPath(ROOT, version));
    storage.drop(checkpointPath(ROOT, 4));
    await expectNewest(storage, snapshots);
    expect(contentOf(await loadSnapshot(storage, ROOT, { version: 8 }))).toEqual(contentOf(snapshots[8]));
  });

  it('says which version is not there', async () => {
    const { storage } = await tableOf(3);
    await expect(loadSnapshot(storage, ROOT, { version: 4 })).rejects.toThrow(
      expect.objectContaining({ code: 'not-found' }),
    );
  });
});

describe('the hint _last_checkpoint is only a hint', () => {
  it.each([
    ['missing', undefined],
    ['stale', '{"version":4,"size":3}'],
    ['ahead of the log', '{"version":900,"size":3}'],
    ['at a version without a checkpoint', '{"version":6,"size":3}'],
    ['cut off', '{"version":'],
    ['not an object', '[]'],
    ['of another type', '{"version":"8"}'],
    ['negative', '{"version":-1}'],
    ['empty', ''],
  ])('when it is %s', async (_what, hint) => {
    const { storage, snapshots } = await tableOf(12, [4, 8]);
    if (hint === undefined) storage.drop(hintPath(ROOT));
    else storage.seed(hintPath(ROOT), hint);
    await expectNewest(storage, snapshots);
    expect(contentOf(await loadSnapshot(storage, ROOT, { version: 3 }))).toEqual(contentOf(snapshots[3]));
  });
});

describe('a checkpoint that is not whole is not there', () => {
  it('when a part of it is missing', async () => {
    const { storage, snapshots } = await tableOf(9);
    storage.seed(checkpointPartPath(ROOT, 5, 1, 2), 'half');
    storage.seed(hintPath(ROOT), '{"version":5,"size":3,"parts":2}');
    await expectNewest(storage, snapshots);
  });

  it('when it is not Parquet, or without protocol and metaData: the log before it says the same', async () => {
    const { storage, snapshots } = await tableOf(12, [4, 8]);
    const whole = storage.objects.get(checkpointPath(ROOT, 8)) as Uint8Array;
    for (const broken of [whole.subarray(0, whole.length / 2), new Uint8Array(), Buffer.from('PAR1')]) {
      storage.seed(checkpointPath(ROOT, 8), broken);
      await expectNewest(storage, snapshots);
    }
  });

  it('and without the log before it the table is corrupt, never a guess', async () => {
    const { storage } = await tableOf(6, [4]);
    storage.seed(checkpointPath(ROOT, 4), 'broken');
    storage.drop(commitPath(ROOT, 0));
    await expect(loadSnapshot(storage, ROOT)).rejects.toThrow(expect.objectContaining({ code: 'corrupt' }));
  });

  it('but one of several parts is read when all are there', async () => {
    const { storage, snapshots } = await tableOf(7, [4]);
    const whole = storage.objects.get(checkpointPath(ROOT, 4)) as Uint8Array;
    storage.drop(checkpointPath(ROOT, 4));
    // The same actions in both parts: the newest of each path is the same action.
    storage.seed(checkpointPartPath(ROOT, 4, 1, 2), whole);
    storage.seed(checkpointPartPath(ROOT, 4, 2, 2), whole);
    for (let version = 0; version <= 4; version += 1) storage.drop(commitPath(ROOT, version));
    await expectNewest(storage, snapshots);
  });
});

describe('a log that is not whole', () => {
  it('is corrupt when a version is missing, naming it (I4)', async () => {
    const { storage } = await tableOf(5);
    storage.drop(commitPath(ROOT, 3));
    await expect(loadSnapshot(storage, ROOT)).rejects.toThrow(expect.objectContaining({ code: 'corrupt' }));
    await expect(loadSnapshot(storage, ROOT)).rejects.toThrow(/version 3 is missing/);
  });

  it('is corrupt when its head is missing and no checkpoint covers it', async () => {
    const { storage } = await tableOf(5);
    storage.drop(commitPath(ROOT, 0));
    await expect(loadSnapshot(storage, ROOT)).rejects.toThrow(/version 0 is missing/);
  });

  it('is corrupt when an entry is cut off, by file and line', async () => {
    const { storage } = await tableOf(2);
    const body = storage.objects.get(commitPath(ROOT, 1)) as Uint8Array;
    storage.seed(commitPath(ROOT, 1), body.subarray(0, body.length - 20));
    await expect(loadSnapshot(storage, ROOT)).rejects.toThrow(/00000000000000000001\.json:3 /);
  });

  it('is unsupported when only a checkpoint of the V2 form starts it', async () => {
    const { storage } = await tableOf(5);
    storage.drop(commitPath(ROOT, 0));
    storage.seed(
      `${ROOT}/_delta_log/00000000000000000002.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json`,
      '{}',
    );
    await expect(loadSnapshot(storage, ROOT)).rejects.toThrow(
      expect.objectContaining({ code: 'unsupported' }),
    );
  });

  it('passes over names that are no part of it', async () => {
    const { storage, snapshots } = await tableOf(3);
    for (const name of [
      '.tmp',
      '00000000000000000009.crc',
      '00000000000000000000.00000000000000000002.compacted.json',
      '_staged_commits/00000000000000000004.80a083e8-7026-4e79-81be-64bd76c43a11.json',
      '_sidecars/x.parquet',
    ]) {
      storage.seed(`${ROOT}/_delta_log/${name}`, 'x');
    }
    await expectNewest(storage, snapshots);
  });
});

describe('loading from a previous snapshot', () => {
  it('is one list when nothing is newer, and gives the same snapshot', async () => {
    const { storage, snapshots } = await tableOf(6, [4]);
    const previous = snapshots[6] as Snapshot;
    const before = { ...storage.calls };
    expect(await loadSnapshot(storage, ROOT, { previous })).toBe(previous);
    expect(storage.calls).toEqual({ ...before, list: before.list + 1 });
  });

  it('reads only newer entries, and leaves the previous one as it was', async () => {
    const { storage, snapshots } = await tableOf(6, [4]);
    const previous = snapshots[3] as Snapshot;
    const was = contentOf(previous);
    const before = { ...storage.calls };
    const loaded = await loadSnapshot(storage, ROOT, { previous });
    expect(contentOf(loaded)).toEqual(contentOf(snapshots[6]));
    expect(contentOf(previous)).toEqual(was);
    expect(storage.calls).toEqual({ ...before, list: before.list + 1, read: before.read + 3 });
  });

  it('still finds the table when the entries in between were cleaned up', async () => {
    const { storage, snapshots } = await tableOf(8, [6]);
    for (let version = 0; version <= 6; version += 1) storage.drop(commitPath(ROOT, version));
    const previous = snapshots[2] as Snapshot;
    expect(contentOf(await loadSnapshot(storage, ROOT, { previous }))).toEqual(contentOf(snapshots[8]));
    storage.drop(commitPath(ROOT, 7));
    storage.drop(commitPath(ROOT, 8));
    expect(contentOf(await loadSnapshot(storage, ROOT, { previous }))).toEqual(contentOf(snapshots[6]));
  });

  it('goes back when an older version is asked for', async () => {
    const { storage, snapshots } = await tableOf(6);
    const previous = snapshots[6] as Snapshot;
    const loaded = await loadSnapshot(storage, ROOT, { previous, version: 2 });
    expect(contentOf(loaded)).toEqual(contentOf(snapshots[2]));
  });
});

describe('columns', () => {
  it('of a foreign type stop only who asks for them', async () => {
    const storage = memoryStorage();
    const schemaString = JSON.stringify({
      type: 'struct',
      fields: [{ name: 'list', type: { type: 'array', elementType: 'long', containsNull: true } }],
    });
    storage.seed(
      commitPath(ROOT, 0),
      `{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}\n${JSON.stringify({
        metaData: { id: 'x', format: {}, schemaString, partitionColumns: [], configuration: {} },
      })}\n`,
    );
    const snapshot = await loadSnapshot(storage, ROOT);
    expect(snapshot?.version).toBe(0);
    expect(() => snapshot?.columns).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });
});
