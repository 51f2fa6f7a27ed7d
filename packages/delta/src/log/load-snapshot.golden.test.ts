import { describe, expect, it } from 'vitest';
import { isCheckpointDue, writeCheckpoint } from '../checkpoint/write-checkpoint.ts';
import { memoryStorage } from '../storage/memory-storage.ts';
import { goldenIndex, goldenStorage, goldenTablesThere } from './golden-tables.fixture.ts';
import { loadSnapshot } from './load-snapshot.ts';
import { commitPath, hintPath } from './log-paths.ts';
import { whyNotWritable } from './protocol.ts';
import type { Snapshot } from './snapshot.ts';

describe.runIf(goldenTablesThere)(
  'tables that Spark, Databricks and delta-rs wrote (in ../shared/delta)',
  () => {
    const storage = goldenTablesThere ? goldenStorage() : memoryStorage();
    const index = goldenTablesThere ? goldenIndex() : [];

    it('are all there', () => {
      expect(index.length).toBe(49);
      expect(storage.objects.size).toBeGreaterThan(500);
    });

    it.each(index.filter(({ refused }) => !refused))(
      '$name has its version and live files',
      async (table) => {
        const snapshot = await loadSnapshot(storage, table.name);
        expect(snapshot?.version).toBe(table.version);
        expect(snapshot?.files.size).toBe(table.activeFiles);
      },
    );

    it.each(index.filter(({ refused }) => refused))('$name is refused', async ({ name }) => {
      await expect(loadSnapshot(storage, name)).rejects.toThrow(
        expect.objectContaining({ name: 'TerminalError', code: 'unsupported' }),
      );
    });

    it.each(index.filter(({ refused }) => !refused))(
      '$name reads the same step by step, each version from the one before',
      async ({ name, version }) => {
        const full = await loadSnapshot(storage, name);
        let previous = await firstVersion(name);
        while (previous !== undefined && previous.version < version) {
          previous = await loadSnapshot(storage, name, { previous, version: previous.version + 1 });
        }
        // Not their stats: two of these tables have checkpoints that hold them as structs only.
        expect([...(previous?.files.keys() ?? [])].sort()).toEqual([...(full?.files.keys() ?? [])].sort());
        expect(previous?.txns).toEqual(full?.txns);
      },
    );

    it.each(index.filter(({ refused }) => !refused))(
      '$name reads the same through a checkpoint of ours, or is not ours to write',
      async ({ name }) => {
        const snapshot = await loadSnapshot(storage, name);
        if (snapshot === undefined) throw new Error('no table');
        const copy = memoryStorage();
        for (const [path, body] of storage.objects) {
          if (path.startsWith(`${name}/`) && !path.includes('.checkpoint.')) copy.seed(path, body);
        }
        if (!copy.objects.has(commitPath(name, 0))) return;
        if (whyNotWritable(snapshot) !== undefined) {
          await expect(writeCheckpoint(copy, snapshot, { now: 0 })).rejects.toThrow(
            expect.objectContaining({ code: 'unsupported' }),
          );
          return;
        }
        await writeCheckpoint(copy, snapshot, { now: 0 });
        for (let version = 0; version <= snapshot.version; version += 1) copy.drop(commitPath(name, version));
        const again = await loadSnapshot(copy, name);
        expect(comparable(again)).toEqual(comparable(snapshot));
        expect(again?.metadata).toEqual(snapshot.metadata);
        expect(again?.txns).toEqual(snapshot.txns);
        expect(copy.objects.has(hintPath(name))).toBe(true);
        expect(isCheckpointDue(0)).toBe(false);
      },
    );

    /** Live files without what a checkpoint leaves open: `dataChange`, and whether no tags are none or an empty map. */
    function comparable(snapshot: Snapshot | undefined): unknown {
      return [...(snapshot?.files.values() ?? [])]
        .map(({ dataChange: _, tags, ...file }) => ({ ...file, tags: tags ?? {} }))
        .sort((a, b) => (a.path < b.path ? -1 : 1));
    }

    /** The oldest version that can still be read. */
    async function firstVersion(name: string) {
      for (let version = 0; version <= 200; version += 1) {
        try {
          return await loadSnapshot(storage, name, { version });
        } catch {
          // Its log starts later.
        }
      }
      return undefined;
    }
  },
);
