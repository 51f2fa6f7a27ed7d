import type { BronzeDataset, HubSource } from '@lakewarden/compute';
import { decodeLandedTags } from '@lakewarden/contracts';
import { loadSnapshot } from '@lakewarden/delta';
import { memoryStorage } from '@lakewarden/delta/testing';
import { describe, expect, it } from 'vitest';
import { Tables } from '../lake/tables.ts';
import {
  CountingRandom,
  ManualClock,
  MemoryFiles,
  MemoryLanding,
  MemoryStream,
  recordedFacts,
} from '../testing.ts';
import { COMMIT_EVENTS_MAX, checkpointAppId, drainHub } from './drain.ts';

const source: HubSource = { kind: 'event-hub', name: 'orders', namespace: 'retail-events', hub: 'orders' };
const dataset: BronzeDataset = {
  layer: 'bronze',
  name: 'bronze.orders',
  source,
  columns: [{ name: 'sequence', type: 'long' }],
  touchGrain: 'day',
};
const never = new AbortController().signal;
const day = Date.UTC(2026, 0, 15);

function makeWorld() {
  const storage = memoryStorage();
  const { facts, emit } = recordedFacts();
  const stream = new MemoryStream();
  const files = new MemoryFiles();
  const random = new CountingRandom();
  const landing = new MemoryLanding();
  const deps = () => ({
    tables: new Tables(storage, new ManualClock(), emit),
    stream,
    landing,
    files,
    random,
    emit,
  });
  return { storage, facts, stream, files, deps };
}

const events = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ body: `{"n":${i}}`, enqueuedMs: day }));

/** Lets everything that is ready go on, some turns of the event loop long. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function landedRanges(storage: ReturnType<typeof memoryStorage>) {
  const snapshot = await loadSnapshot(storage, 'bronze/orders');
  return [...(snapshot?.files.values() ?? [])]
    .map((file) => decodeLandedTags(file.tags)?.stream)
    .map((stream) => [stream?.partition, stream?.first, stream?.last])
    .sort((a, b) => Number(a[0]) - Number(b[0]) || Number((a[1] as bigint) - (b[1] as bigint)));
}

describe('draining a hub', () => {
  it('lands every event once and moves all checkpoints in the same commit (I1, I2, I3)', async () => {
    const world = makeWorld();
    world.stream.send(0, ...events(3));
    world.stream.send(1, ...events(5));
    expect(await drainHub(world.deps(), { dataset, source, epoch: 1n }, never)).toEqual({
      kind: 'drained',
      events: 8,
    });
    const snapshot = await loadSnapshot(world.storage, 'bronze/orders');
    expect(snapshot?.version).toBe(0);
    expect(snapshot?.txns.get(checkpointAppId(source, 'g1', 0))).toBe(2n);
    expect(snapshot?.txns.get(checkpointAppId(source, 'g1', 1))).toBe(4n);
    expect(await landedRanges(world.storage)).toEqual([
      [0, 0n, 2n],
      [1, 0n, 4n],
    ]);
  });

  it('commits nothing when nothing is new', async () => {
    const world = makeWorld();
    world.stream.send(0, ...events(3));
    world.stream.partitions.set(1, { first: 0n, events: [] });
    await drainHub(world.deps(), { dataset, source, epoch: 1n }, never);
    expect(await drainHub(world.deps(), { dataset, source, epoch: 2n }, never)).toEqual({
      kind: 'drained',
      events: 0,
    });
    expect((await loadSnapshot(world.storage, 'bronze/orders'))?.version).toBe(0);
  });

  it('cuts a long drain into bounded commits whose ranges join without a hole (I15)', async () => {
    const world = makeWorld();
    const total = COMMIT_EVENTS_MAX * 2 + 7;
    world.stream.partitions.set(0, { first: 0n, events: events(total) });
    await drainHub(world.deps(), { dataset, source, epoch: 1n }, never);
    const ranges = await landedRanges(world.storage);
    expect(ranges.length).toBeGreaterThanOrEqual(3);
    let next = 0n;
    for (const [, first, last] of ranges) {
      expect(first).toBe(next);
      next = (last as bigint) + 1n;
    }
    expect(next).toBe(BigInt(total));
  });

  it('keeps what it read before a failure and goes on behind it', async () => {
    const world = makeWorld();
    world.stream.send(0, ...events(20_000));
    world.stream.fail = (_, sequence) => {
      if (sequence >= 10_000n) throw new Error('link detached');
    };
    await expect(drainHub(world.deps(), { dataset, source, epoch: 1n }, never)).rejects.toThrow(
      'link detached',
    );
    world.stream.fail = undefined;
    await drainHub(world.deps(), { dataset, source, epoch: 1n }, never);
    expect(await landedRanges(world.storage)).toEqual([
      [0, 0n, 9_999n],
      [0, 10_000n, 19_999n],
    ]);
  });

  it('lands nothing when another agent moved the checkpoint first (I2)', async () => {
    const world = makeWorld();
    world.stream.send(0, ...events(4));
    const slow = world.deps();
    let raced = false;
    const files = new MemoryFiles();
    files.fail = () => {
      raced = true;
    };
    const store = files.store.bind(files);
    files.store = async (local, path) => {
      await store(local, path);
      await drainHub(world.deps(), { dataset, source, epoch: 1n }, never);
    };
    expect(await drainHub({ ...slow, files }, { dataset, source, epoch: 1n }, never)).toEqual({
      kind: 'moved',
    });
    expect(raced).toBe(true);
    expect(await landedRanges(world.storage)).toEqual([[0, 0n, 3n]]);
  });

  it('lands nothing behind a commit that lost its race, although its partition is free (I1, I3)', async () => {
    const world = makeWorld();
    world.stream.send(0, ...events(1));
    world.stream.send(1, ...events(1));
    await drainHub(world.deps(), { dataset, source, epoch: 1n }, never);
    world.stream.send(0, ...events(COMMIT_EVENTS_MAX * 2 + 7));
    world.stream.send(1, ...events(2));
    // Another agent lands the other partition while our first commit is on its way.
    const other = new MemoryStream();
    other.send(1, ...events(3));
    const files = new MemoryFiles();
    const store = files.store.bind(files);
    let raced = false;
    const secondIsFull = Promise.withResolvers<void>();
    world.stream.fail = ({ partition }, sequence) => {
      if (partition === 0 && sequence >= BigInt(COMMIT_EVENTS_MAX * 2)) secondIsFull.resolve();
    };
    files.store = async (local, path) => {
      await store(local, path);
      if (raced) return;
      raced = true;
      await Promise.race([secondIsFull.promise, turns(50)]);
      await drainHub({ ...world.deps(), stream: other }, { dataset, source, epoch: 1n }, never);
    };
    const outcome = await drainHub({ ...world.deps(), files }, { dataset, source, epoch: 1n }, never);
    expect(outcome).toEqual({ kind: 'moved' });
    expect(await landedRanges(world.storage)).toEqual([
      [0, 0n, 0n],
      [1, 0n, 0n],
      [1, 1n, 2n],
    ]);
    const snapshot = await loadSnapshot(world.storage, 'bronze/orders');
    expect(snapshot?.txns.get(checkpointAppId(source, 'g1', 0))).toBe(0n);
  });

  it('is refused below a newer epoch, whatever it read (I4)', async () => {
    const world = makeWorld();
    world.stream.send(0, ...events(4));
    await drainHub(world.deps(), { dataset, source, epoch: 7n }, never);
    world.stream.send(0, ...events(2));
    const outcome = await drainHub(world.deps(), { dataset, source, epoch: 6n }, never);
    expect(outcome).toEqual({ kind: 'lost', partitions: [0] });
    expect(await landedRanges(world.storage)).toEqual([[0, 0n, 3n]]);
    expect(world.facts.map((fact) => fact.type)).toContain('PartitionFenced');
  });

  it('lands the other partitions when one is taken over', async () => {
    const world = makeWorld();
    world.stream.send(0, ...events(2));
    world.stream.send(1, ...events(2));
    world.stream.stolen.add(0);
    const outcome = await drainHub(world.deps(), { dataset, source, epoch: 1n }, never);
    expect(outcome).toEqual({ kind: 'lost', partitions: [0] });
    expect(await landedRanges(world.storage)).toEqual([[1, 0n, 1n]]);
  });

  it('says loudly which events left the hub unread (I11)', async () => {
    const world = makeWorld();
    world.stream.partitions.set(0, { first: 10n, events: events(3) });
    await drainHub(world.deps(), { dataset, source, epoch: 1n }, never);
    expect(world.facts).toContainEqual({
      type: 'GapFound',
      hub: 'retail-events/orders',
      partition: 0,
      first: '0',
      last: '9',
    });
    expect(await landedRanges(world.storage)).toEqual([[0, 10n, 12n]]);
  });

  it('says so when retention takes events away between the look and the read (I11)', async () => {
    const world = makeWorld();
    world.stream.partitions.set(0, { first: 5n, events: events(5) });
    world.stream.describe = async () => ({
      generation: 'g1',
      partitions: [{ partition: 0, first: 0n, last: 9n, lastEnqueuedMs: day }],
    });
    await drainHub(world.deps(), { dataset, source, epoch: 1n }, never);
    expect(world.facts).toContainEqual(expect.objectContaining({ type: 'GapFound', first: '0', last: '4' }));
  });

  it('starts at the first event of a hub that was made again', async () => {
    const world = makeWorld();
    world.stream.send(0, ...events(4));
    await drainHub(world.deps(), { dataset, source, epoch: 1n }, never);
    world.stream.generation = 'g2';
    world.stream.partitions.set(0, { first: 0n, events: events(2) });
    await drainHub(world.deps(), { dataset, source, epoch: 1n }, never);
    const snapshot = await loadSnapshot(world.storage, 'bronze/orders');
    expect(snapshot?.txns.get(checkpointAppId(source, 'g2', 0))).toBe(1n);
    expect(snapshot?.txns.get(checkpointAppId(source, 'g1', 0))).toBe(3n);
  });
});
