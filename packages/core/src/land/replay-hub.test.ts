import type { BronzeDataset, HubSource } from '@lakewarden/compute';
import { TransientError } from '@lakewarden/contracts';
import { loadSnapshot } from '@lakewarden/delta';
import { memoryStorage } from '@lakewarden/delta/testing';
import { describe, expect, it } from 'vitest';
import { landedContent } from '../graph/landed-content.ts';
import { streamFiles } from '../graph/stream-files.ts';
import { Tables } from '../lake/tables.ts';
import {
  CountingRandom,
  ManualClock,
  MemoryFiles,
  MemoryLanding,
  MemoryStream,
  recordedFacts,
} from '../testing.ts';
import { checkpointAppId, drainHub } from './drain.ts';
import { replayHub } from './replay-hub.ts';

const source: HubSource = { kind: 'event-hub', name: 'orders', namespace: 'retail-events', hub: 'orders' };
const dataset: BronzeDataset = {
  layer: 'bronze',
  name: 'bronze.orders',
  source,
  columns: [{ name: 'sequence', type: 'long' }],
  touchGrain: 'day',
};
const never = new AbortController().signal;
const DAY_MS = 86_400_000;
const FIRST_DAY = Date.UTC(2026, 0, 15);

function makeWorld() {
  const storage = memoryStorage();
  const { facts, emit } = recordedFacts();
  const stream = new MemoryStream();
  const files = new MemoryFiles();
  const clock = new ManualClock();
  const deps = {
    tables: new Tables(storage, clock, emit),
    stream,
    landing: new MemoryLanding(),
    files,
    clock,
    random: new CountingRandom(),
    emit,
  };
  const send = (partition: number, count: number, day = 0) =>
    stream.send(
      partition,
      ...Array.from({ length: count }, (_, i) => ({
        body: `{"n":${i}}`,
        enqueuedMs: FIRST_DAY + day * DAY_MS,
      })),
    );
  const drain = (epoch = 1n) => drainHub(deps, { dataset, source, epoch }, never);
  const replay = (slices: readonly string[], epoch = 1n) =>
    replayHub(deps, { dataset, source, slices, epoch }, never);
  /** The hub gives another body than it gave then, as if what is in bronze had been damaged. */
  const change = (partition: number, index: number) => {
    const log = stream.partitions.get(partition);
    if (log === undefined) throw new Error('no such partition');
    const events = [...log.events];
    events[index] = { body: '{"n":"other"}', enqueuedMs: events[index]?.enqueuedMs ?? 0 };
    stream.partitions.set(partition, { ...log, events });
  };
  const bronze = () => loadSnapshot(storage, 'bronze/orders');
  const paths = async (slice: string) =>
    streamFiles(await bronze())
      .filter((file) => file.slice === slice)
      .map(({ file }) => file.path);
  return { storage, facts, stream, files, deps, send, drain, replay, change, bronze, paths };
}

/** Two days of two partitions, landed in three drains. */
async function landedWorld() {
  const world = makeWorld();
  world.send(0, 4);
  world.send(1, 3);
  await world.drain();
  world.send(0, 5);
  await world.drain();
  world.send(0, 2, 1);
  world.send(1, 6, 1);
  await world.drain();
  return world;
}

describe('replaying recorded ranges of a hub', () => {
  it('commits nothing when the hub holds what landed', async () => {
    const world = await landedWorld();
    expect(await world.replay(['2026-01-15', '2026-01-16'])).toEqual({ kind: 'unchanged', events: 20 });
    expect((await world.bronze())?.version).toBe(2);
    expect(world.facts).toContainEqual({
      type: 'HubReplayed',
      hub: 'retail-events/orders',
      events: 20,
      files: 0,
    });
  });

  it('reads adjacent files in one go, and never above what landed', async () => {
    const world = await landedWorld();
    world.send(0, 7, 1);
    const reads: unknown[] = [];
    const read = world.stream.read.bind(world.stream);
    world.stream.read = (request, ...rest) => {
      reads.push([request.partition, request.after, request.upTo]);
      return read(request, ...rest);
    };
    await world.replay(['2026-01-15', '2026-01-16']);
    expect(reads).toEqual([
      [0, undefined, 8n],
      [0, 8n, 10n],
      [1, undefined, 2n],
      [1, 2n, 8n],
    ]);
  });

  it('replaces exactly the files that covered what differs, in one commit that moves no checkpoint', async () => {
    const world = await landedWorld();
    const before = await world.bronze();
    const others = await world.paths('2026-01-16');
    world.change(0, 6);
    expect(await world.replay(['2026-01-15', '2026-01-16'])).toEqual({
      kind: 'changed',
      events: 20,
      files: 2,
      version: 3,
    });
    const after = await world.bronze();
    expect(after?.version).toBe(3);
    expect(await world.paths('2026-01-16')).toEqual(others);
    const own = streamFiles(after).filter(({ slice }) => slice === '2026-01-15');
    expect(own.map(({ stream }) => [stream.partition, stream.first, stream.last])).toEqual([
      [1, 0n, 2n],
      [0, 0n, 8n],
    ]);
    const checkpoint = (snapshot: typeof after) => snapshot?.txns.get(checkpointAppId(source, 'g1', 0));
    expect(checkpoint(after)).toBe(checkpoint(before));
    expect(landedContent(streamFiles(after).map(({ tags }) => tags))).not.toBe(
      landedContent(streamFiles(before).map(({ tags }) => tags)),
    );
    expect(await world.replay(['2026-01-15', '2026-01-16'])).toMatchObject({ kind: 'unchanged' });
  });

  it('lets a drain go on behind it: no event twice, none lost (I1, I2)', async () => {
    const world = await landedWorld();
    world.change(0, 6);
    world.send(0, 3, 1);
    const store = world.files.store.bind(world.files);
    world.files.store = async (local, path) => {
      world.files.store = store;
      await world.drain();
      await store(local, path);
    };
    expect(await world.replay(['2026-01-15'])).toMatchObject({ kind: 'changed', files: 2 });
    const ranges = streamFiles(await world.bronze())
      .filter(({ stream }) => stream.partition === 0)
      .map(({ stream }) => [stream.first, stream.last])
      .sort((a, b) => Number((a[0] as bigint) - (b[0] as bigint)));
    expect(ranges).toEqual([
      [0n, 8n],
      [9n, 10n],
      [11n, 13n],
    ]);
    expect(await world.drain()).toEqual({ kind: 'drained', events: 0 });
  });

  it('looks again when another replay replaced the files first', async () => {
    const world = await landedWorld();
    world.change(0, 6);
    const store = world.files.store.bind(world.files);
    world.files.store = async (local, path) => {
      world.files.store = store;
      expect(await world.replay(['2026-01-15'])).toMatchObject({ kind: 'changed' });
      await store(local, path);
    };
    expect(await world.replay(['2026-01-15'])).toMatchObject({ kind: 'unchanged' });
    expect((await world.bronze())?.version).toBe(3);
  });

  it('is refused outside retention, and changes nothing (I11)', async () => {
    const world = await landedWorld();
    const log = world.stream.partitions.get(0);
    world.stream.partitions.set(0, { first: 4n, events: log?.events.slice(4) ?? [] });
    const outcome = await world.replay(['2026-01-15']);
    expect(outcome).toEqual({
      kind: 'refused',
      reason:
        'partition 0 of orders starts at 4, but bronze.orders@2026-01-15 needs 0: outside retention; rebuild from bronze',
    });
    expect((await world.bronze())?.version).toBe(2);
    expect(await world.replay(['2026-01-16'])).toEqual({ kind: 'unchanged', events: 8 });
  });

  it('is refused when the hub was made again', async () => {
    const world = await landedWorld();
    world.stream.generation = 'g2';
    expect(await world.replay(['2026-01-16'])).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('was made again'),
    });
  });

  it('never takes fewer events than landed (I1)', async () => {
    const world = await landedWorld();
    const read = world.stream.read.bind(world.stream);
    world.stream.read = (request, ...rest) => read({ ...request, upTo: request.upTo - 1n }, ...rest);
    expect(await world.replay(['2026-01-15'])).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('gives 8 events from 0 to 8, but 9 have landed; rebuild from bronze'),
    });
    expect((await world.bronze())?.version).toBe(2);
  });

  it('is refused where nothing landed', async () => {
    const world = await landedWorld();
    expect(await world.replay(['1999-01-01'])).toMatchObject({ kind: 'refused' });
    expect(await makeWorld().replay(['2026-01-15'])).toMatchObject({ kind: 'refused' });
  });

  it('commits nothing below a newer epoch, and nothing of a partition that was taken (I4)', async () => {
    const world = await landedWorld();
    world.change(0, 6);
    world.send(0, 1, 1);
    await world.drain(7n);
    expect(await world.replay(['2026-01-15'], 6n)).toEqual({ kind: 'lost', partitions: [0] });
    world.stream.stolen.add(1);
    expect(await world.replay(['2026-01-15'], 7n)).toEqual({ kind: 'lost', partitions: [1] });
    expect((await world.bronze())?.version).toBe(3);
  });

  it('tries again after a fault, fails after four, and is parked by an open breaker', async () => {
    const world = await landedWorld();
    world.stream.fail = () => {
      world.stream.fail = undefined;
      throw new TransientError('unavailable', 'detached');
    };
    expect(await world.replay(['2026-01-15'])).toMatchObject({ kind: 'unchanged' });
    world.stream.fail = () => {
      throw new TransientError('unavailable', 'detached');
    };
    expect(await world.replay(['2026-01-15'])).toEqual({ kind: 'failed', reason: 'unavailable: detached' });
    world.stream.fail = () => {
      throw new TransientError('parked', 'open', { dependency: 'event-hubs/retail-events' });
    };
    expect(await world.replay(['2026-01-15'])).toEqual({
      kind: 'parked',
      dependency: 'event-hubs/retail-events',
    });
  });

  it('keeps days apart whose enqueued times overlap', async () => {
    const world = makeWorld();
    world.send(0, 2, 0);
    world.send(0, 2, 1);
    world.send(0, 2, 0);
    await world.drain();
    expect(await world.replay(['2026-01-15'])).toEqual({ kind: 'unchanged', events: 4 });
    world.change(0, 5);
    expect(await world.replay(['2026-01-15'])).toMatchObject({ kind: 'changed', files: 1 });
    expect(await world.replay(['2026-01-15', '2026-01-16'])).toEqual({ kind: 'unchanged', events: 6 });
  });
});
