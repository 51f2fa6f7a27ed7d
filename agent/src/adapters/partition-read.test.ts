import type {
  EventHubConsumerClient,
  ReceivedEventData,
  SubscribeOptions,
  SubscriptionEventHandlers,
} from '@azure/event-hubs';
import type { EventChunk } from '@lakewarden/compute';
import { TransientError } from '@lakewarden/contracts';
import type { Clock, ReadRequest } from '@lakewarden/core';
import { describe, expect, test } from 'vitest';
import { createPartitionRead, type PartitionReadOptions } from './partition-read.ts';

const never = new AbortController().signal;

function makeEvent(sequenceNumber: number): ReceivedEventData {
  return {
    body: Buffer.from(String(sequenceNumber)),
    sequenceNumber,
    offset: String(sequenceNumber),
    enqueuedTimeUtc: new Date(sequenceNumber),
    getRawAmqpMessage: () => ({ bodyType: 'data' }),
  } as unknown as ReceivedEventData;
}

const events = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => makeEvent(first + i));

/** A consumer in the test's hand: it hands over what the test sends, and awaits the handler as the SDK does. */
function makeClient() {
  const subscribed = Promise.withResolvers<SubscriptionEventHandlers>();
  const state = { options: undefined as SubscribeOptions | undefined, closes: 0 };
  const client = {
    subscribe(_partition: string, handlers: SubscriptionEventHandlers, options: SubscribeOptions) {
      state.options = options;
      subscribed.resolve(handlers);
      return {
        isRunning: true,
        async close() {
          state.closes++;
        },
      };
    },
  } as unknown as EventHubConsumerClient;
  return {
    client,
    state,
    send: async (batch: ReceivedEventData[]) => (await subscribed.promise).processEvents(batch, {} as never),
    fail: async (error: Error) => (await subscribed.promise).processError(error, {} as never),
  };
}

/** Sleeps end when the test says so. */
function makeClock() {
  const sleeps: (() => void)[] = [];
  const slept: (() => void)[] = [];
  const clock: Clock = {
    now: () => 0,
    sleep: (_ms, signal) =>
      new Promise((resolve, reject) => {
        sleeps.push(resolve);
        slept.shift()?.();
        signal.addEventListener('abort', () => reject(new TransientError('cancelled', 'x')));
      }),
  };
  return {
    clock,
    /** Lets one sleep pass, once there is one. */
    async pass() {
      if (sleeps.length === 0) await new Promise<void>((resolve) => slept.push(resolve));
      sleeps.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

function makeRead(request: Partial<ReadRequest> = {}, options: Partial<PartitionReadOptions> = {}) {
  const chunks: EventChunk[] = [];
  const reading = createPartitionRead({
    request: {
      source: { kind: 'event-hub', name: 'orders', namespace: 'ns', hub: 'orders' },
      partition: 2,
      after: undefined,
      upTo: 9n,
      ownerLevel: 5n,
      chunkEventsMax: 4,
      ...request,
    },
    onChunk: async (chunk) => {
      chunks.push(chunk);
    },
    clock: makeClock().clock,
    stallMsMax: 1,
    chunkBytesMax: 1_000_000,
    ...options,
  });
  const sequences = () => chunks.flatMap((chunk) => [...chunk.sequences].map(Number));
  return { reading, chunks, sequences };
}

describe('a read of one partition', () => {
  test('hands over the range in order, in bounded chunks, and nothing beyond it', async () => {
    const { reading, chunks, sequences } = makeRead();
    const { client, send, state } = makeClient();
    const ended = reading.run(client, never);
    await send(events(0, 5));
    await send(events(6, 12));
    await expect(ended).resolves.toMatchObject({ kind: 'reached' });
    expect(chunks.map((chunk) => chunk.count)).toEqual([4, 4, 2]);
    expect(sequences()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(state).toMatchObject({ closes: 1, options: { ownerLevel: 5, startPosition: { offset: '-1' } } });
  });

  test('begins right after the asked sequence number and passes over what comes again', async () => {
    const { reading, sequences } = makeRead({ after: 4n });
    const { client, send, state } = makeClient();
    const ended = reading.run(client, never);
    await send(events(3, 6));
    await send(events(5, 9));
    await expect(ended).resolves.toMatchObject({ kind: 'reached' });
    expect(sequences()).toEqual([5, 6, 7, 8, 9]);
    expect(state.options?.startPosition).toEqual({ sequenceNumber: 4, isInclusive: false });
  });

  test('ends when retention has removed the end of the range', async () => {
    const { reading, sequences } = makeRead({ after: 4n });
    const { client, send } = makeClient();
    const ended = reading.run(client, never);
    await send(events(20, 21));
    await expect(ended).resolves.toMatchObject({ kind: 'reached' });
    expect(sequences()).toEqual([]);
  });

  test('subscribes to nothing when the range is empty', async () => {
    const { reading } = makeRead({ after: 9n });
    const { client, state } = makeClient();
    await expect(reading.run(client, never)).resolves.toMatchObject({ kind: 'reached' });
    expect(state.options).toBeUndefined();
  });

  test('refuses a hole and names both sides of it (I11)', async () => {
    const { reading } = makeRead();
    const { client, send } = makeClient();
    const ended = reading.run(client, never);
    ended.catch(() => undefined);
    await send([...events(0, 1), makeEvent(3)]);
    await expect(ended).rejects.toMatchObject({
      code: 'corrupt',
      message: 'ns/orders/2: event 3 came after 1',
    });
  });

  test('fails as its caller does, without throwing into the SDK', async () => {
    const { reading } = makeRead({}, { onChunk: () => Promise.reject(new Error('disk full')) });
    const { client, send, state } = makeClient();
    const ended = reading.run(client, never);
    ended.catch(() => undefined);
    await expect(send(events(0, 5))).resolves.toBeUndefined();
    await expect(ended).resolves.toMatchObject({ kind: 'refused', error: { message: 'disk full' } });
    expect(state.closes).toBe(1);
  });

  test('ends at a theft and takes nothing more', async () => {
    const { reading, sequences } = makeRead();
    const { client, send, fail, state } = makeClient();
    const ended = reading.run(client, never);
    await send(events(0, 3));
    await fail(Object.assign(new Error('x'), { code: 'ReceiverDisconnectedError' }));
    await expect(ended).resolves.toEqual({ kind: 'stolen' });
    await send(events(4, 9));
    expect(sequences()).toEqual([0, 1, 2, 3]);
    expect(state.closes).toBe(1);
  });

  test('classes what the service says and closes its subscription', async () => {
    const { reading } = makeRead();
    const { client, fail, state } = makeClient();
    const ended = reading.run(client, never);
    ended.catch(() => undefined);
    await fail(Object.assign(new Error('x'), { code: 'ServerBusyError' }));
    await expect(ended).rejects.toMatchObject({ name: 'TransientError', code: 'throttled' });
    expect(state.closes).toBe(1);
  });

  test('a caller who leaves waits for its own chunk that is being handled', async () => {
    const held = Promise.withResolvers<void>();
    const { reading } = makeRead({}, { onChunk: () => held.promise });
    const { client, send } = makeClient();
    const controller = new AbortController();
    let isEnded = false;
    const ended = reading.run(client, controller.signal).finally(() => {
      isEnded = true;
    });
    ended.catch(() => undefined);
    const sent = send(events(0, 9));
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await new Promise((resolve) => setImmediate(resolve));
    expect(isEnded).toBe(false);
    held.resolve();
    await sent;
    await expect(ended).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('is stalled when nothing comes for a whole period, and another subscription goes on from there', async () => {
    const time = makeClock();
    const { reading, sequences } = makeRead({}, { clock: time.clock });
    const first = makeClient();
    const ended = reading.run(first.client, never);
    ended.catch(() => undefined);
    await first.send(events(0, 5));
    await time.pass();
    await time.pass();
    await expect(ended).rejects.toMatchObject({ name: 'TransientError', code: 'timeout' });
    const second = makeClient();
    const again = reading.run(second.client, never);
    await second.send(events(6, 9));
    await expect(again).resolves.toMatchObject({ kind: 'reached' });
    expect(second.state.options?.startPosition).toEqual({ sequenceNumber: 5, isInclusive: false });
    expect(sequences()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('is not stalled while its caller works on a chunk', async () => {
    const time = makeClock();
    const held = Promise.withResolvers<void>();
    const { reading } = makeRead({}, { clock: time.clock, onChunk: () => held.promise });
    const { client, send } = makeClient();
    const ended = reading.run(client, never);
    const sent = send(events(0, 9));
    await new Promise((resolve) => setImmediate(resolve));
    await time.pass();
    await time.pass();
    await time.pass();
    held.resolve();
    await sent;
    await expect(ended).resolves.toMatchObject({ kind: 'reached' });
  });

  test('numbers that the SDK cannot represent are refused', () => {
    expect(() => makeRead({ upTo: 2n ** 60n })).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });
});
