import type { EventChunk, HubSource } from '@lakewarden/compute';
import type { EventStream, ReadRequest } from '@lakewarden/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCredential } from './credential.ts';
import { createEventStream } from './event-hubs.ts';
import { systemClock } from './system-clock.ts';
import { makeGuards } from './testing/guards.ts';
import { HubWorld, readEvents, rowsOf, sendEvents } from './testing/hub-world.ts';
import { type LocalAzure, startLocalAzure } from './testing/local-azure.ts';

const never = new AbortController().signal;

describe('hubs over the wire', () => {
  let azure: LocalAzure;
  let world: HubWorld;
  let stream: EventStream;

  beforeAll(async () => {
    azure = await startLocalAzure();
    world = new HubWorld(azure, createCredential());
  });
  beforeEach(() => {
    // A guard of its own for each test: the budget of retries is shared by all that use one.
    stream = createEventStream({
      credential: createCredential(),
      routes: azure.routes,
      clock: systemClock,
      guard: makeGuards().guards.eventHubs,
      stallMsMax: 500,
      describeTimeoutMs: 1_000,
    });
  });
  afterEach(async () => {
    await azure.clearFaults();
    await stream.close();
  });
  afterAll(async () => {
    await world?.close();
    await azure?.stop();
  });

  const makeHub = (name: string) => world.makeHub(name);
  const read = (
    source: HubSource,
    more: Partial<ReadRequest>,
    signal?: AbortSignal,
    onChunk?: () => Promise<void>,
  ) => readEvents(stream, source, more, signal, onChunk);

  test('a hub is described by generation and by what each partition holds', async () => {
    const { source, producer } = await makeHub('described');
    await sendEvents(producer, '1', 0, 3);
    const state = await stream.describe(source, never);
    expect(state.generation).toMatch(/^\d{13}$/);
    expect(state.partitions).toMatchObject([
      { partition: 0, first: 0n, last: undefined, lastEnqueuedMs: undefined },
      { partition: 1, first: 0n, last: 2n },
    ]);
    expect(state.partitions[1]?.lastEnqueuedMs).toBeGreaterThan(0);
    expect((await stream.describe(source, never)).generation).toBe(state.generation);
  });

  test('a range arrives whole, in order and with its bytes', async () => {
    const { source, producer } = await makeHub('ranged');
    await sendEvents(producer, '0', 0, 2_600);
    const { outcome, chunks } = read(source, { upTo: 2_499n });
    await expect(outcome).resolves.toEqual({ kind: 'reached' });
    expect(chunks.map((chunk) => chunk.count)).toEqual([1_000, 1_000, 500]);
    expect(rowsOf(chunks)).toEqual(
      Array.from({ length: 2_500 }, (_, n) => ({ sequence: BigInt(n), body: `{"n":${n}}` })),
    );
    expect(chunks[0]?.enqueuedMs[0]).toBeGreaterThan(1.6e12);
    expect(chunks[0]?.offsets[0]).toBeTypeOf('string');

    const rest = read(source, { after: 2_499n, upTo: 2_599n, ownerLevel: 2n });
    await expect(rest.outcome).resolves.toEqual({ kind: 'reached' });
    expect(rowsOf(rest.chunks)[0]).toEqual({ sequence: 2_500n, body: '{"n":2500}' });
    expect(rowsOf(rest.chunks)).toHaveLength(100);
  });

  test('bodies of every AMQP kind keep their bytes', async () => {
    const { source, producer } = await makeHub('bodies');
    await producer.sendBatch(
      [
        { body: Buffer.from([0xff, 0xfe, 0x00]) },
        { body: 'not json {', bodyType: 'value' },
        { body: { a: 1 }, bodyType: 'value' },
        { body: Buffer.alloc(0) },
      ],
      { partitionId: '0' },
    );
    const { outcome, chunks } = read(source, { upTo: 3n });
    await outcome;
    const [chunk] = chunks;
    expect([...(chunk?.bodies.subarray(0, 3) ?? [])]).toEqual([0xff, 0xfe, 0x00]);
    expect(
      rowsOf(chunks)
        .map((row) => row.body)
        .slice(1),
    ).toEqual(['not json {', '{"a":1}', '']);
  });

  test('a reader with a higher owner level takes the partition, and the other one learns it', async () => {
    const { source, producer } = await makeHub('stolen');
    await sendEvents(producer, '0', 0, 10);
    const isReading = Promise.withResolvers<void>();
    const older = read(source, { upTo: 99n, ownerLevel: 5n, chunkEventsMax: 10 }, never, async () => {
      isReading.resolve();
    });
    await isReading.promise;
    const newer = read(source, { upTo: 9n, ownerLevel: 6n });
    await expect(newer.outcome).resolves.toEqual({ kind: 'reached' });
    await expect(older.outcome).resolves.toEqual({ kind: 'stolen' });
    expect(rowsOf(older.chunks)).toHaveLength(10);
  });

  test('a reader that was fenced out long ago is told so when it starts', async () => {
    const { source, producer } = await makeHub('fenced');
    await sendEvents(producer, '0', 0, 1);
    const controller = new AbortController();
    const isReading = Promise.withResolvers<void>();
    const newer = read(
      source,
      { upTo: 9n, ownerLevel: 7n, chunkEventsMax: 1 },
      controller.signal,
      async () => {
        isReading.resolve();
      },
    );
    await isReading.promise;
    await expect(read(source, { upTo: 0n, ownerLevel: 3n }).outcome).resolves.toEqual({ kind: 'stolen' });
    controller.abort();
    await expect(newer.outcome).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('a caller that fails ends the read with its own error, and the partition can be read again', async () => {
    const { source, producer } = await makeHub('failing');
    await sendEvents(producer, '0', 0, 5);
    const failing = read(source, { upTo: 4n }, never, () => Promise.reject(new Error('disk full')));
    await expect(failing.outcome).rejects.toThrow('disk full');
    await expect(read(source, { upTo: 4n, ownerLevel: 2n }).outcome).resolves.toEqual({ kind: 'reached' });
  });

  test('a hub that is not there is a terminal failure', async () => {
    const source: HubSource = { kind: 'event-hub', name: 'x', namespace: 'retail-events', hub: 'nowhere' };
    await expect(stream.describe(source, never)).rejects.toMatchObject({
      name: 'TerminalError',
      code: 'not-found',
    });
    await expect(read(source, { upTo: 1n }).outcome).rejects.toMatchObject({ name: 'TerminalError' });
  });

  test('a hub that was deleted and made again has another generation', async () => {
    const { source } = await makeHub('remade');
    const before = await stream.describe(source, never);
    await world.arm('DELETE', 'remade');
    await world.arm('PUT', 'remade');
    const after = await stream.describe(source, never);
    expect(after.generation).not.toBe(before.generation);
  });

  describe('under faults', () => {
    const fault = (method: string, action: object, count?: number) =>
      azure.fault({
        service: 'event-hubs',
        match: { method },
        action,
        ...(count !== undefined && { count }),
      });

    const expectWhole = (chunks: readonly EventChunk[], count: number) =>
      expect(rowsOf(chunks).map((row) => row.sequence)).toEqual(
        Array.from({ length: count }, (_, n) => BigInt(n)),
      );

    test('a connection that breaks again and again costs neither an event nor a repetition', async () => {
      const { source, producer } = await makeHub('broken');
      await sendEvents(producer, '0', 0, 3_000);
      await fault('RECEIVE', { kind: 'drop', when: 'after' }, 3);
      const { outcome, chunks } = read(source, { upTo: 2_999n });
      await expect(outcome).resolves.toEqual({ kind: 'reached' });
      expectWhole(chunks, 3_000);
    });

    test('a busy service is asked again', async () => {
      const { source, producer } = await makeHub('busy');
      await sendEvents(producer, '0', 0, 1_500);
      await fault('RECEIVE', { kind: 'error', status: 503, code: 'com.microsoft:server-busy' }, 2);
      const { outcome, chunks } = read(source, { upTo: 1_499n });
      await expect(outcome).resolves.toEqual({ kind: 'reached' });
      expectWhole(chunks, 1_500);
    });

    test('a link that goes silent is given up and made anew from the last event', async () => {
      const { source, producer } = await makeHub('silent');
      await sendEvents(producer, '0', 0, 100);
      await fault('RECEIVE', { kind: 'hold', when: 'before' }, 1);
      const { outcome, chunks } = read(source, { upTo: 99n });
      await expect(outcome).resolves.toEqual({ kind: 'reached' });
      expectWhole(chunks, 100);
    });

    test('a partition that stays silent is a timeout, not a wait without end', async () => {
      const { source, producer } = await makeHub('mute');
      await sendEvents(producer, '0', 0, 10);
      await fault('RECEIVE', { kind: 'hold', when: 'before' });
      await expect(read(source, { upTo: 9n }).outcome).rejects.toMatchObject({
        name: 'TransientError',
        code: 'timeout',
      });
    });

    test('a hub that refuses links stays refused after four attempts, and is read again later', async () => {
      const { source, producer } = await makeHub('refused');
      await sendEvents(producer, '0', 0, 10);
      await fault('ATTACH', { kind: 'error', status: 503, code: 'com.microsoft:server-busy' });
      await expect(read(source, { upTo: 9n }).outcome).rejects.toMatchObject({ name: 'TransientError' });
      await azure.clearFaults();
      await expect(read(source, { upTo: 9n, ownerLevel: 2n }).outcome).resolves.toEqual({ kind: 'reached' });
    });

    test('a description survives a broken connection', async () => {
      const { source, producer } = await makeHub('asked');
      await sendEvents(producer, '0', 0, 10);
      await fault('MANAGEMENT', { kind: 'drop', when: 'before' }, 1);
      expect((await stream.describe(source, never)).partitions[0]).toMatchObject({ last: 9n });
    });
  });
});
