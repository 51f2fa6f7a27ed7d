import { TerminalError, TransientError } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import { writeCheckpoint } from '../checkpoint/write-checkpoint.ts';
import { isJsonObject } from '../json.ts';
import { loadSnapshot } from '../log/load-snapshot.ts';
import { commitPath } from '../log/log-paths.ts';
import { filesOfSlice, slicesOf } from '../log/slices.ts';
import type { Snapshot } from '../log/snapshot.ts';
import { type MemoryStorage, memoryStorage } from '../storage/memory-storage.ts';
import { commit } from './commit.ts';
import { committed, contentOf, makeIntent, NOW, newFile, ROOT } from './intent.fixture.ts';

function actionsOf(storage: MemoryStorage, version: number): Record<string, Record<string, unknown>>[] {
  const body = storage.objects.get(commitPath(ROOT, version));
  return Buffer.from(body ?? [])
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, Record<string, unknown>>);
}

async function tableWithDays(storage: MemoryStorage): Promise<Snapshot> {
  const files = ['2026-11-20', '2026-11-21', '2026-11-22'].map((slice) => newFile(slice));
  return committed(storage, { change: { kind: 'append', files } });
}

describe('what a commit writes', () => {
  it('creates the table with version 0: commitInfo first, protocol (1,2), the schema with the slice column', async () => {
    const storage = memoryStorage();
    const intent = makeIntent();
    await commit(storage, intent, { now: NOW });
    const [info, protocol, metadata, add] = actionsOf(storage, 0);
    expect(info?.commitInfo).toMatchObject({
      timestamp: NOW,
      operation: 'WRITE',
      operationParameters: { mode: 'Append', partitionBy: '["_slice"]' },
      isBlindAppend: true,
      txnId: intent.commitId,
      run: 'run-1',
    });
    expect(info?.commitInfo?.engineInfo).toMatch(/^lakewarden\/\d+\.\d+\.\d+$/);
    expect(protocol).toEqual({ protocol: { minReaderVersion: 1, minWriterVersion: 2 } });
    expect(metadata?.metaData).toMatchObject({
      id: intent.commitId,
      name: 'silver.orders',
      format: { provider: 'parquet', options: {} },
      partitionColumns: ['_slice'],
      configuration: {},
      createdTime: NOW,
    });
    expect(add?.add).toMatchObject({
      partitionValues: { _slice: '2026-11-22' },
      size: 1000,
      modificationTime: NOW,
      dataChange: true,
      stats: '{"numRecords":10}',
      tags: { 'lw.run': 'run-1' },
    });
  });

  it('returns in memory what a reader of the log sees', async () => {
    const storage = memoryStorage();
    const first = await tableWithDays(storage);
    const second = await committed(storage, {
      base: first,
      change: { kind: 'overwrite', slices: ['2026-11-21'], files: [newFile('2026-11-21')] },
      txns: [{ appId: 'lw/eh/ns/hub/g1/0', from: undefined, to: 2n ** 53n + 1n }],
      fences: [{ scope: 'silver.orders', epoch: 3n }],
    });
    expect(contentOf(second)).toEqual(contentOf(await loadSnapshot(storage, ROOT)));
    expect(slicesOf(second)).toEqual(['2026-11-20', '2026-11-21', '2026-11-22']);
    expect(filesOfSlice(second, '2026-11-21')).toHaveLength(1);
    expect(filesOfSlice(second, '1999-01-01')).toEqual([]);
  });

  it('keeps sequence numbers above 2^53 exact', async () => {
    const storage = memoryStorage();
    const to = 2n ** 63n - 1n;
    await committed(storage, { txns: [{ appId: 'lw/eh/ns/hub/g1/0', from: undefined, to }] });
    const snapshot = await loadSnapshot(storage, ROOT);
    expect(snapshot?.txns.get('lw/eh/ns/hub/g1/0')).toBe(to);
  });

  it('removes with time, partition and size, so that vacuum waits and readers of changes know the slice', async () => {
    const storage = memoryStorage();
    const base = await tableWithDays(storage);
    await committed(
      storage,
      { base, change: { kind: 'overwrite', slices: ['2026-11-21'], files: [] } },
      NOW + 5,
    );
    const removes = actionsOf(storage, 1).flatMap(({ remove }) => (isJsonObject(remove) ? [remove] : []));
    expect(removes).toMatchObject([
      {
        dataChange: true,
        deletionTimestamp: NOW + 5,
        extendedFileMetadata: true,
        partitionValues: { _slice: '2026-11-21' },
        size: 1000,
      },
    ]);
  });

  it('replaces only the tags of live files on a retag, without a change of data', async () => {
    const storage = memoryStorage();
    const base = await tableWithDays(storage);
    const path = [...base.files.keys()][0] as string;
    const after = await committed(storage, {
      base,
      change: { kind: 'retag', tags: new Map([[path, { 'lw.fingerprint': 'f2' }]]) },
    });
    expect(after.files.get(path)).toEqual({
      ...base.files.get(path),
      dataChange: false,
      tags: { 'lw.fingerprint': 'f2' },
    });
    expect(after.files.size).toBe(3);
    expect(contentOf(await loadSnapshot(storage, ROOT))).toEqual(contentOf(after));
  });

  it('carries a fence without any file, for freeze, pin and hold', async () => {
    const storage = memoryStorage();
    const base = await tableWithDays(storage);
    const after = await committed(storage, {
      base,
      change: { kind: 'append', files: [] },
      fences: [{ scope: 'silver.orders', epoch: 9n }],
    });
    expect(after.txns.get('lw/fence/silver.orders')).toBe(9n);
    expect(after.files.size).toBe(3);
  });
});

describe('what a commit refuses as a bug of its caller', () => {
  const twice = newFile('2026-11-22');
  it.each([
    ['nothing at all', { change: { kind: 'append', files: [] } }],
    ['a file twice', { change: { kind: 'append', files: [twice, twice] } }],
    [
      'a file outside the slices of its overwrite',
      { change: { kind: 'overwrite', slices: ['2026-11-21'], files: [newFile('2026-11-22')] } },
    ],
    [
      'a path that needs escaping',
      { change: { kind: 'append', files: [newFile('2026-11-22', { path: 'a b.parquet' })] } },
    ],
    [
      'an appId twice',
      {
        fences: [
          { scope: 'a', epoch: 1n },
          { scope: 'a', epoch: 2n },
        ],
      },
    ],
    ['a txn that does not move on (I3)', { txns: [{ appId: 'a', from: 5n, to: 5n }] }],
  ] as const)('%s', async (_what, overrides) => {
    await expect(commit(memoryStorage(), makeIntent(overrides), { now: NOW })).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_ASSERTION' }),
    );
  });
});

describe('what other writers do meanwhile', () => {
  it('lets an append follow any change of files', async () => {
    const storage = memoryStorage();
    const base = await tableWithDays(storage);
    await committed(storage, {
      base,
      change: { kind: 'overwrite', slices: ['2026-11-22'], files: [newFile('2026-11-22')] },
    });
    const after = await committed(storage, { base });
    expect(after.version).toBe(2);
    expect(after.files.size).toBe(4);
  });

  it('lets two creators of a table agree: the loser follows', async () => {
    const storage = memoryStorage();
    const first = await committed(storage);
    const second = await committed(storage);
    expect(second.version).toBe(1);
    expect(second.metadata.id).toBe(first.metadata.id);
    expect(second.files.size).toBe(2);
  });

  it('refuses a creator whose columns differ from the table that is there', async () => {
    const storage = memoryStorage();
    await committed(storage);
    const other = makeIntent({ table: { name: 'x', columns: [{ name: 'other', type: 'long' }] } });
    expect(await commit(storage, other, { now: NOW })).toEqual({
      kind: 'conflict',
      version: 0,
      reason: 'schema-changed',
    });
  });

  it('stops an append whose txn moved (I2, I3)', async () => {
    const storage = memoryStorage();
    const base = await tableWithDays(storage);
    const move = { appId: 'lw/eh/ns/hub/g1/0', from: undefined, to: 10n };
    await committed(storage, { base, txns: [move] });
    const outcome = await commit(storage, makeIntent({ base, txns: [{ ...move, to: 20n }] }), { now: NOW });
    expect(outcome).toEqual({ kind: 'conflict', version: 1, reason: 'txn-moved' });
  });

  it('stops a move from a value that the table does not hold before anything is written', async () => {
    const storage = memoryStorage();
    const base = await tableWithDays(storage);
    const wrong = makeIntent({ base, txns: [{ appId: 'a', from: 3n, to: 4n }] });
    expect(await commit(storage, wrong, { now: NOW })).toMatchObject({
      kind: 'conflict',
      reason: 'txn-moved',
    });
    expect(storage.objects.has(commitPath(ROOT, 1))).toBe(false);
  });

  it('stops an overwrite when rows were added to or taken from its slice', async () => {
    const storage = memoryStorage();
    const base = await tableWithDays(storage);
    const overwrite = (slice: string) =>
      makeIntent({ base, change: { kind: 'overwrite', slices: [slice], files: [newFile(slice)] } });
    await committed(storage, { base, change: { kind: 'append', files: [newFile('2026-11-21')] } });
    await committed(storage, { base, change: { kind: 'overwrite', slices: ['2026-11-20'], files: [] } });
    const conflict = { kind: 'conflict', reason: 'slice-changed' };
    expect(await commit(storage, overwrite('2026-11-21'), { now: NOW })).toEqual({ ...conflict, version: 1 });
    expect(await commit(storage, overwrite('2026-11-20'), { now: NOW })).toEqual({ ...conflict, version: 2 });
    expect(await commit(storage, overwrite('2026-11-22'), { now: NOW })).toMatchObject({ kind: 'committed' });
  });

  it('lets an overwrite replace what a compactor only moved: the compactor yields', async () => {
    const storage = memoryStorage();
    const base = await tableWithDays(storage);
    const old = filesOfSlice(base, '2026-11-21')[0]?.path;
    const compacted = '_slice=2026-11-21/compacted.parquet';
    storage.seed(
      commitPath(ROOT, 1),
      [
        { commitInfo: { txnId: 'compactor' } },
        { remove: { path: old, dataChange: false, deletionTimestamp: NOW } },
        {
          add: {
            path: compacted,
            partitionValues: { _slice: '2026-11-21' },
            size: 5,
            modificationTime: NOW,
            dataChange: false,
          },
        },
      ]
        .map((action) => `${JSON.stringify(action)}\n`)
        .join(''),
    );
    const fresh = newFile('2026-11-21');
    const after = await committed(storage, {
      base,
      change: { kind: 'overwrite', slices: ['2026-11-21'], files: [fresh] },
    });
    expect(after.version).toBe(2);
    expect(filesOfSlice(after, '2026-11-21').map(({ path }) => path)).toEqual([fresh.path]);
  });

  it('stops a retag of a file that is gone', async () => {
    const storage = memoryStorage();
    const base = await tableWithDays(storage);
    const path = filesOfSlice(base, '2026-11-21')[0]?.path as string;
    await committed(storage, { base, change: { kind: 'overwrite', slices: ['2026-11-21'], files: [] } });
    const retag = makeIntent({ base, change: { kind: 'retag', tags: new Map([[path, {}]]) } });
    expect(await commit(storage, retag, { now: NOW })).toEqual({
      kind: 'conflict',
      version: 1,
      reason: 'file-gone',
    });
  });

  it('fences an older epoch, before any other conflict, naming each scope and what it holds (I4)', async () => {
    const storage = memoryStorage();
    const base = await tableWithDays(storage);
    const move = { appId: 'a', from: undefined, to: 1n };
    await committed(storage, { base, txns: [move], fences: [{ scope: 'hub/0', epoch: 7n }] });
    const late = makeIntent({
      base,
      txns: [move],
      fences: [
        { scope: 'hub/0', epoch: 6n },
        { scope: 'hub/1', epoch: 6n },
      ],
    });
    expect(await commit(storage, late, { now: NOW })).toEqual({
      kind: 'fenced',
      scopes: [{ scope: 'hub/0', held: 7n }],
      version: 1,
    });
  });

  it('lets the same epoch commit again', async () => {
    const storage = memoryStorage();
    const fences = [{ scope: 'hub/0', epoch: 7n }];
    const base = await committed(storage, { fences });
    expect((await committed(storage, { base, fences })).version).toBe(1);
  });

  it('refuses a table whose rules it does not keep', async () => {
    const storage = memoryStorage();
    const base = await tableWithDays(storage);
    storage.seed(commitPath(ROOT, 1), '{"protocol":{"minReaderVersion":1,"minWriterVersion":4}}\n');
    expect(await commit(storage, makeIntent({ base }), { now: NOW })).toEqual({
      kind: 'conflict',
      version: 1,
      reason: 'protocol-changed',
    });
    const newest = await loadSnapshot(storage, ROOT);
    await expect(
      commit(storage, makeIntent({ ...(newest && { base: newest }) }), { now: NOW }),
    ).rejects.toThrow(expect.objectContaining({ name: 'TerminalError', code: 'unsupported' }));
  });

  it('does not follow a log with a version missing', async () => {
    const storage = memoryStorage();
    const base = await tableWithDays(storage);
    const second = await committed(storage, { base });
    await committed(storage, { base: second });
    storage.drop(commitPath(ROOT, 1));
    const taken = { ...storage, putIfAbsent: async () => ({ kind: 'exists' }) as const };
    await expect(commit(taken, makeIntent({ base }), { now: NOW })).rejects.toThrow(
      expect.objectContaining({ name: 'TerminalError', code: 'corrupt' }),
    );
  });

  it('gives up with a bound when others are always faster', async () => {
    const storage = memoryStorage();
    const base = await tableWithDays(storage);
    const rivals = memoryStorage({ faults: () => undefined });
    // A store in which somebody else takes every version just before us.
    const crowded = {
      ...storage,
      putIfAbsent: async (path: string, body: Uint8Array) => {
        const winner = Buffer.from('{"commitInfo":{"txnId":"rival"}}\n');
        await storage.putIfAbsent(path, winner);
        await rivals.putIfAbsent(path, body);
        return storage.putIfAbsent(path, body);
      },
    };
    await expect(commit(crowded, makeIntent({ base }), { now: NOW, attemptsMax: 4 })).rejects.toThrow(
      expect.objectContaining({ name: 'TransientError', code: 'limit' }),
    );
    expect(rivals.calls.putIfAbsent).toBe(4);
  });
});

describe('how a commit ends early', () => {
  it('writes nothing once cancelled', async () => {
    const storage = memoryStorage();
    await expect(
      commit(storage, makeIntent(), { now: NOW, signal: AbortSignal.abort() }),
    ).rejects.toBeInstanceOf(TransientError);
    expect(storage.objects.size).toBe(0);
  });

  it('does not take version 0 again in a table whose head was cleaned up', async () => {
    const storage = memoryStorage();
    const base = await tableWithDays(storage);
    await writeCheckpoint(storage, base, { now: NOW });
    storage.drop(commitPath(ROOT, 0));
    await expect(commit(storage, makeIntent(), { now: NOW })).rejects.toThrow(
      expect.objectContaining({ name: 'TerminalError', code: 'invalid' }),
    );
    expect((await committed(storage, { base })).version).toBe(1);
  });

  it('refuses to overwrite an append-only table but appends to it', async () => {
    const storage = memoryStorage();
    const { metadata } = await committed(storage);
    const metaData = {
      ...metadata,
      format: { provider: 'parquet', options: {} },
      configuration: { 'delta.appendOnly': 'true' },
    };
    storage.seed(commitPath(ROOT, 1), `${JSON.stringify({ metaData })}\n`);
    const base = (await loadSnapshot(storage, ROOT)) as Snapshot;
    const overwrite = makeIntent({ base, change: { kind: 'overwrite', slices: ['2026-11-22'], files: [] } });
    await expect(commit(storage, overwrite, { now: NOW })).rejects.toBeInstanceOf(TerminalError);
    expect((await committed(storage, { base })).version).toBe(2);
  });
});
