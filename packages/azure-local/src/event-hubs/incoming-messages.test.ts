import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import type { IncomingMessages } from '../server/service.ts';
import { HubStore } from './hub-store.ts';
import { createIncomingMessages } from './incoming-messages.ts';

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 10, 22);
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const event = (bytes: number) => ({
  header: Buffer.alloc(0),
  annotations: Buffer.alloc(0),
  annotationItems: 0,
  partitionKey: undefined,
  rest: Buffer.alloc(bytes, 1),
});

interface World {
  readonly clock: { nowMs: number };
  readonly incoming: IncomingMessages;
  readonly hubs: HubStore;
  /** A batch of `count` events. */
  send(partition: number, count: number, bytes?: number): Promise<void>;
  minutes(fromMinute: number, grainCount: number): Promise<readonly number[]>;
}

async function world(segmentBytesMax = 64 << 20): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'lw-incoming-'));
  ends.push(() => rm(dir, { recursive: true, force: true }));
  const clock = { nowMs: START_MS };
  const hubs = await HubStore.open({ dir, now: () => clock.nowMs, segmentBytesMax });
  ends.push(() => hubs.close());
  const hub = await hubs.create({ namespace: 'n', name: 'Orders', partitionCount: 2, retentionHours: 1 });
  const incoming = createIncomingMessages(hubs);
  return {
    clock,
    incoming,
    hubs,
    send: (partition, count, bytes = 10) =>
      hub.append(
        partition,
        Array.from({ length: count }, () => event(bytes)),
      ),
    minutes: (fromMinute, grainCount) =>
      incoming.count('n', 'orders', {
        fromMs: START_MS + fromMinute * MINUTE_MS,
        grainMs: MINUTE_MS,
        grainCount,
      }),
  };
}

test('events are counted in the minute that they were enqueued in, over all partitions', async () => {
  const { clock, send, minutes, incoming } = await world();
  await send(0, 3);
  clock.nowMs += MINUTE_MS - 1;
  await send(1, 2);
  clock.nowMs += 1;
  await send(1, 4);
  clock.nowMs += 5 * MINUTE_MS;
  await send(0, 1);
  expect(await minutes(-1, 9)).toEqual([0, 5, 4, 0, 0, 0, 0, 1, 0]);
  expect(incoming.hubs('N')).toEqual([{ name: 'Orders', createdAtMs: START_MS }]);
  expect(incoming.hubs('other')).toBeUndefined();
});

test('what comes later is counted too, though earlier answers are remembered', async () => {
  const { clock, send, minutes } = await world();
  await send(0, 3);
  expect(await minutes(0, 3)).toEqual([3, 0, 0]);
  await send(0, 2);
  clock.nowMs += MINUTE_MS;
  await send(0, 7);
  expect(await minutes(0, 3)).toEqual([5, 7, 0]);
  expect(await minutes(0, 3)).toEqual([5, 7, 0]);
});

test('what retention has dropped is not counted, though it was before', async () => {
  const { clock, send, minutes, hubs } = await world(1024);
  await send(0, 10, 500);
  clock.nowMs += 30 * MINUTE_MS;
  await send(0, 5, 500);
  expect((await minutes(0, 31)).filter((count) => count > 0)).toEqual([10, 5]);
  clock.nowMs += 45 * MINUTE_MS;
  await hubs.find('n', 'orders')?.applyRetention();
  expect((await minutes(0, 31)).filter((count) => count > 0)).toEqual([5]);
});

test('a hub that is gone has taken nothing in', async () => {
  const { hubs, send, minutes } = await world();
  await send(0, 3);
  await hubs.remove('n', 'orders');
  expect(await minutes(0, 2)).toEqual([0, 0]);
});

test('the counts are those of a plain count, whatever came when', async () => {
  const sends = fc.array(
    fc.record({
      afterMs: fc.integer({ min: 0, max: 3 * MINUTE_MS }),
      partition: fc.integer({ min: 0, max: 1 }),
      count: fc.integer({ min: 1, max: 20 }),
      bytes: fc.constantFrom(1, 3000),
    }),
    { maxLength: 30 },
  );
  await fc.assert(
    fc.asyncProperty(sends, fc.integer({ min: -5, max: 50 }), async (all, fromMinute) => {
      const { clock, send, minutes } = await world(100_000);
      const expected = new Array<number>(20).fill(0);
      for (const [index, { afterMs, partition, count, bytes }] of all.entries()) {
        clock.nowMs += afterMs;
        await send(partition, count, bytes);
        const minute = Math.floor((clock.nowMs - START_MS) / MINUTE_MS) - fromMinute;
        if (minute >= 0 && minute < 20) expected[minute] = (expected[minute] ?? 0) + count;
        // Asked in between, so that boundaries are remembered while the log still grows.
        if (index % 7 === 0) await minutes(fromMinute, 20);
      }
      expect(await minutes(fromMinute, 20)).toEqual(expected);
    }),
    { numRuns: 25 },
  );
});
