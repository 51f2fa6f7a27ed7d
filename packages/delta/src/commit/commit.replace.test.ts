import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadSnapshot } from '../log/load-snapshot.ts';
import type { Snapshot } from '../log/snapshot.ts';
import { type MemoryStorage, memoryStorage, seededFaults } from '../storage/memory-storage.ts';
import { commit } from './commit.ts';
import { committed, contentOf, makeIntent, NOW, newFile, ROOT } from './intent.fixture.ts';
import type { CommitIntent, CommitOutcome, NewFile } from './intent.ts';

// A fixed seed: the same interleavings in every run (I18). A failure prints how to replay its own.
const RUNS = { numRuns: 150, seed: 20_261_122 };
const DAY = '2026-11-22';

async function threeFiles(storage: MemoryStorage) {
  const files = [newFile(DAY), newFile(DAY), newFile(DAY)] as [NewFile, NewFile, NewFile];
  const base = await committed(storage, {
    change: { kind: 'append', files },
    fences: [{ scope: 'hub/0', epoch: 1n }],
  });
  return { base, files };
}

function replacing(base: Snapshot, remove: readonly string[], overrides: Partial<CommitIntent> = {}) {
  return makeIntent({ base, change: { kind: 'replace', remove, files: [newFile(DAY)] }, ...overrides });
}

const livePaths = (snapshot: Snapshot | undefined) => [...(snapshot?.files.keys() ?? [])].sort();

function copyOf(storage: MemoryStorage, options: Parameters<typeof memoryStorage>[0] = {}): MemoryStorage {
  const copy = memoryStorage(options);
  for (const [path, body] of storage.objects) copy.seed(path, body);
  return copy;
}

describe('replacing files', () => {
  it('takes exactly the named files away, and every other file of the slice stays', async () => {
    const storage = memoryStorage();
    const { base, files } = await threeFiles(storage);
    const [one, two, three] = files;
    const intent = replacing(base, [one.path, two.path]);
    const outcome = await commit(storage, intent, { now: NOW + 5 });
    const added = (intent.change as { files: readonly NewFile[] }).files[0] as NewFile;
    const log = await loadSnapshot(storage, ROOT);
    expect(livePaths(log)).toEqual([three.path, added.path].sort());
    expect(contentOf(outcome.kind === 'committed' ? outcome.snapshot : undefined)).toEqual(contentOf(log));
  });

  it('keeps what landed meanwhile in the same slice', async () => {
    const storage = memoryStorage();
    const { base, files } = await threeFiles(storage);
    const landed = newFile(DAY);
    await committed(storage, { base, change: { kind: 'append', files: [landed] } });
    const outcome = await commit(storage, replacing(base, [files[0].path]), { now: NOW });
    expect(outcome.kind).toBe('committed');
    expect(livePaths(await loadSnapshot(storage, ROOT))).toContain(landed.path);
  });

  it.each([
    ['removed', (path: string): CommitIntent['change'] => ({ kind: 'replace', remove: [path], files: [] })],
    [
      'tagged anew',
      (path: string): CommitIntent['change'] => ({ kind: 'retag', tags: new Map([[path, { a: 'b' }]]) }),
    ],
    ['overwritten', (): CommitIntent['change'] => ({ kind: 'overwrite', slices: [DAY], files: [] })],
  ])('conflicts when one of the files was %s meanwhile', async (_how, changeOf) => {
    const storage = memoryStorage();
    const { base, files } = await threeFiles(storage);
    await committed(storage, { base, change: changeOf(files[0].path) });
    const before = livePaths(await loadSnapshot(storage, ROOT));
    const outcome = await commit(storage, replacing(base, [files[1].path, files[0].path]), { now: NOW });
    expect(outcome).toEqual({ kind: 'conflict', version: 1, reason: 'file-gone' });
    expect(livePaths(await loadSnapshot(storage, ROOT))).toEqual(before);
  });

  it('is refused below a newer epoch (I4), and by a table that only takes appends', async () => {
    const storage = memoryStorage();
    const { base, files } = await threeFiles(storage);
    await committed(storage, {
      base,
      change: { kind: 'append', files: [] },
      fences: [{ scope: 'hub/0', epoch: 9n }],
    });
    const late = replacing(base, [files[0].path], { fences: [{ scope: 'hub/0', epoch: 8n }] });
    expect(await commit(storage, late, { now: NOW })).toMatchObject({ kind: 'fenced' });
    const metadata = { ...base.metadata, configuration: { 'delta.appendOnly': 'true' } };
    const closed = { ...base, metadata };
    await expect(commit(storage, replacing(closed, [files[0].path]), { now: NOW })).rejects.toThrow(
      'is append-only',
    );
  });

  it('is a bug of its caller when a file was not live as it was read', async () => {
    const storage = memoryStorage();
    const { base } = await threeFiles(storage);
    await expect(commit(storage, replacing(base, ['_slice=x/no.parquet']), { now: NOW })).rejects.toThrow(
      'was live when it was read',
    );
  });

  it('lets one of several that replace the same file win, beside landings that all stay (I1, I2)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const first = memoryStorage();
        const { base, files } = await threeFiles(first);
        const storage = copyOf(first, {
          pause: (call, when) =>
            scheduler.schedule(Promise.resolve(), `${when} ${call.operation} ${call.path}`),
        });
        const [one, two] = files;
        const rivals = [replacing(base, [one.path]), replacing(base, [one.path, two.path])];
        const landings = [newFile(DAY), newFile(DAY)];
        const appends = landings.map((file) =>
          makeIntent({ base, change: { kind: 'append', files: [file] } }),
        );
        const work = Promise.all([...rivals, ...appends].map((i) => commit(storage, i, { now: NOW })));
        await scheduler.waitFor(work);
        const outcomes = (await work) as [CommitOutcome, CommitOutcome, ...CommitOutcome[]];
        expect(outcomes.slice(2).every(({ kind }) => kind === 'committed')).toBe(true);
        const winners = outcomes.slice(0, 2).filter(({ kind }) => kind === 'committed');
        expect(winners).toHaveLength(1);
        const live = livePaths(await loadSnapshot(copyOf(storage), ROOT));
        expect(live).not.toContain(one.path);
        expect(live.includes(two.path)).toBe(outcomes[1].kind !== 'committed');
        for (const { path } of landings) expect(live).toContain(path);
      }),
      RUNS,
    );
  });

  it('happens once under any lost answers, however often it is called again (I6)', async () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const first = memoryStorage();
      const { base, files } = await threeFiles(first);
      const storage = copyOf(first, { faults: seededFaults({ seed, rate: 0.5, countMax: 8 }) });
      const intent = replacing(base, [files[0].path]);
      let outcome: CommitOutcome | undefined;
      for (let call = 0; outcome === undefined && call < 20; call += 1) {
        outcome = await commit(storage, intent, { now: NOW }).catch(() => undefined);
      }
      expect(outcome?.kind, `seed ${seed}`).toBe('committed');
      const log = await loadSnapshot(copyOf(storage), ROOT);
      expect(log?.version, `seed ${seed}`).toBe(1);
      expect(log?.files.size, `seed ${seed}`).toBe(3);
    }
  });
});
