/** Faults on demand, as the real SDK feels them. Local only. */
import { randomUUID } from 'node:crypto';
import type { ReceivedEventData } from '@azure/event-hubs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FaultAction, FaultMatch } from '../src/faults/rule.ts';
import { receive, refusal } from './event-hubs-clients.ts';
import { NAMESPACE, receiveAll, startWorld, type World } from './event-hubs-world.ts';

let world: World;
let hub: string;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.end());
beforeEach(async () => {
  hub = `orders-${randomUUID().slice(0, 8)}`;
  await world.service.createHub({ namespace: NAMESPACE, name: hub, partitionCount: 2 });
});
afterEach(() => world.faults.removeAll());

/** A send whose connection is gone ends by the SDK's time limit alone. */
const impatient = () => world.producer(hub, { maxRetries: 2, retryDelayInMs: 50, timeoutInMs: 3_000 });

function strike(
  operation: string,
  action: FaultAction,
  options: { count?: number; skip?: number; partition?: string } = {},
) {
  const id = world.faults.install({
    service: 'event-hubs',
    match: { operation, path: new RegExp(`^${NAMESPACE}/${hub}/${options.partition ?? ''}`) },
    action,
    probability: 1,
    seed: 1,
    skip: options.skip ?? 0,
    count: options.count ?? 1,
  });
  return id ?? '';
}

const hits = () => world.faults.report().map((fault) => fault.hits);
const bodies = (events: readonly ReceivedEventData[]) => events.map(({ body }) => body);

describe('a send', () => {
  test('whose connection is cut before the effect is sent once more by the SDK, and lands once', async () => {
    strike('send', { kind: 'drop', when: 'before' });
    await impatient().sendBatch([{ body: 1 }], { partitionId: '0' });
    expect(hits()).toEqual([1]);
    expect(bodies(await receiveAll(world, hub, '0'))).toEqual([1]);
  });

  test('whose connection is cut after the effect lands twice: the SDK cannot know', async () => {
    strike('send', { kind: 'drop', when: 'after' });
    await impatient().sendBatch([{ body: 1 }], { partitionId: '0' });
    expect(bodies(await receiveAll(world, hub, '0'))).toEqual([1, 1]);
  });

  test('that meets a busy server is tried again', async () => {
    strike('send', { kind: 'error', when: 'before', status: 503 }, { count: 2 });
    await world.producer(hub).sendBatch([{ body: 1 }], { partitionId: '0' });
    expect(hits()).toEqual([2]);
    expect(bodies(await receiveAll(world, hub, '0'))).toEqual([1]);
  });

  test('fails with the condition asked for', async () => {
    strike(
      'send',
      { kind: 'error', when: 'before', status: 403, code: 'com.microsoft:publisher-revoked' },
      { count: 9 },
    );
    const error = await refusal(world.producer(hub).sendBatch([{ body: 1 }], { partitionId: '0' }));
    expect(error.code).toBe('PublisherRevokedError');
  });

  test('stands still while it is held, and so do those behind it on the link', async () => {
    const id = strike('send', { kind: 'hold', when: 'before' });
    const producer = world.producer(hub);
    const sends = [1, 2, 3].map((body) => producer.sendBatch([{ body }], { partitionId: '0' }));
    await world.faults.waitUntil(() => world.faults.heldCount() === 1, 5_000, new AbortController().signal);
    const { isEmpty } = await world.consumer(hub).getPartitionProperties('0');
    expect(isEmpty).toBe(true);
    world.faults.remove(id);
    await Promise.all(sends);
    expect(bodies(await receiveAll(world, hub, '0'))).toEqual([1, 2, 3]);
  });

  test('to another partition is left alone', async () => {
    strike('send', { kind: 'error', when: 'before', status: 500 }, { partition: '1' });
    await world.producer(hub).sendBatch([{ body: 1 }], { partitionId: '0' });
    expect(hits()).toEqual([0]);
  });
});

describe('a receiver', () => {
  const read = (count: number) =>
    receive(
      world.consumer(hub),
      '0',
      count,
      { offset: '-1' },
      { prefetchCount: 50, maxBatchSize: 50, maxWaitTimeInSeconds: 1 },
    );

  async function fill(count: number): Promise<number[]> {
    const all = Array.from({ length: count }, (_, body) => body);
    await world.producer(hub).sendBatch(
      all.map((body) => ({ body })),
      { partitionId: '0' },
    );
    return all;
  }

  test.each(['before', 'after'] as const)(
    'goes on where it was when its connection is cut %s a delivery',
    async (when) => {
      const all = await fill(500);
      strike('receive', { kind: 'drop', when }, { skip: 2, count: 1 });
      expect(bodies(await read(500))).toEqual(all);
      expect(hits()).toEqual([1]);
    },
  );

  test('goes on where it was when its link is detached', async () => {
    const all = await fill(500);
    strike(
      'receive',
      { kind: 'error', when: 'before', status: 503, code: 'amqp:link:detach-forced' },
      { skip: 2 },
    );
    expect(bodies(await read(500))).toEqual(all);
  });

  test('waits while it is held, and then gets everything', async () => {
    const all = await fill(100);
    const id = strike('receive', { kind: 'hold', when: 'before' });
    const reading = read(100);
    await world.faults.waitUntil(() => world.faults.heldCount() === 1, 5_000, new AbortController().signal);
    world.faults.remove(id);
    expect(bodies(await reading)).toEqual(all);
  });
});

describe('opening a link', () => {
  test('is tried again when it is refused', async () => {
    strike('attach', { kind: 'error', when: 'before', status: 503 });
    await world.producer(hub).sendBatch([{ body: 1 }], { partitionId: '0' });
    expect(hits()).toEqual([1]);
    expect(bodies(await receiveAll(world, hub, '0'))).toEqual([1]);
  });

  test('fails when the connection is cut, and the next time goes well', async () => {
    strike('attach', { kind: 'drop', when: 'before' });
    const producer = world.producer(hub);
    await refusal(producer.sendBatch([{ body: 1 }], { partitionId: '0' }));
    await producer.sendBatch([{ body: 1 }], { partitionId: '0' });
    expect(bodies(await receiveAll(world, hub, '0'))).toEqual([1]);
  });

  test('comes to its end when it was held', async () => {
    const id = strike('attach', { kind: 'hold', when: 'before' });
    const sending = world.producer(hub).sendBatch([{ body: 1 }], { partitionId: '0' });
    await world.faults.waitUntil(() => world.faults.heldCount() === 1, 5_000, new AbortController().signal);
    world.faults.remove(id);
    await sending;
    expect(bodies(await receiveAll(world, hub, '0'))).toEqual([1]);
  });
});

test.each(['cbs', 'management'])('a %s request that fails once is tried again', async (operation) => {
  strike(operation, { kind: 'error', when: 'before', status: 503 });
  const properties = await world.consumer(hub).getEventHubProperties();
  expect(properties.name).toBe(hub);
  expect(hits()).toEqual([1]);
});

/** The SDK wraps what its attempts met in one AggregateError for each of its retry loops. */
function codesOf(error: unknown): unknown[] {
  const { code, errors } = error as { code?: unknown; errors?: readonly unknown[] };
  return [code, ...(errors ?? []).flatMap(codesOf)];
}

describe('all links', () => {
  const install = (action: FaultAction, match: FaultMatch = {}) =>
    world.faults.install({
      service: 'event-hubs',
      match,
      action,
      probability: 1,
      seed: 1,
      skip: 0,
      count: undefined,
    }) ?? '';
  const ofHub = () => new RegExp(`^${NAMESPACE}/${hub}/`);

  test('are detached at once when asked, idle ones too, and clients attach again', async () => {
    const producer = world.producer(hub);
    await producer.sendBatch([{ body: 1 }], { partitionId: '0' });
    const bodiesSeen: unknown[] = [];
    const second = Promise.withResolvers<void>();
    const first = Promise.withResolvers<void>();
    const subscription = world.consumer(hub).subscribe(
      '0',
      {
        processEvents: async (events) => {
          bodiesSeen.push(...bodies(events));
          if (bodiesSeen.length === 1) first.resolve();
          if (bodiesSeen.length === 2) second.resolve();
        },
        processError: async () => {},
      },
      { startPosition: { offset: '-1' }, maxBatchSize: 10, maxWaitTimeInSeconds: 60 },
    );
    await first.promise;
    install({ kind: 'detach' }, { path: ofHub() });
    expect(hits()).toEqual([2]);
    // A round trip: a send that crosses the detach would run into the SDK's time limit.
    await producer.getEventHubProperties();
    await producer.sendBatch([{ body: 2 }], { partitionId: '0' });
    await second.promise;
    await subscription.close();
    expect(bodiesSeen).toEqual([1, 2]);
    // Once: the links that were opened since stay.
    expect(hits()).toEqual([2]);
  });

  test('of one direction can be detached alone', async () => {
    const producer = world.producer(hub);
    await producer.sendBatch([{ body: 1 }], { partitionId: '0' });
    install({ kind: 'detach' }, { operation: 'receive', path: ofHub() });
    expect(hits()).toEqual([0]);
  });

  test('meet a busy server everywhere while it throttles', async () => {
    const busy = { kind: 'error', when: 'before', status: 503 } as const;
    const ids = ['attach', 'send', 'receive', 'management'].map((operation) => install(busy, { operation }));
    const sent = await refusal(impatient().sendBatch([{ body: 1 }], { partitionId: '0' }));
    expect(codesOf(sent)).toContain('ServerBusyError');
    const asked = await refusal(world.consumer(hub).getPartitionProperties('0'));
    expect(codesOf(asked)).toContain('ServerBusyError');
    for (const id of ids) world.faults.remove(id);
    await world.producer(hub).sendBatch([{ body: 1 }], { partitionId: '0' });
    expect(bodies(await receiveAll(world, hub, '0'))).toEqual([1]);
  });

  test('are gone in an outage, and come back after it', async () => {
    const producer = impatient();
    await producer.sendBatch([{ body: 1 }], { partitionId: '0' });
    const id = install({ kind: 'refuse' });
    await refusal(producer.sendBatch([{ body: 2 }], { partitionId: '0' }));
    await refusal(world.consumer(hub).getEventHubProperties());
    world.faults.remove(id);
    await producer.sendBatch([{ body: 3 }], { partitionId: '0' });
    expect(bodies(await receiveAll(world, hub, '0'))).toEqual([1, 3]);
  });
});
