/** Event Hubs as the unpatched @azure/event-hubs sees it. Runs on the local Azure and on a real namespace alike. */
import { randomUUID } from 'node:crypto';
import {
  EventHubBufferedProducerClient,
  EventHubConsumerClient,
  EventHubProducerClient,
  type EventPosition,
} from '@azure/event-hubs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callArm, makeHub } from './event-hubs-arm.ts';
import { QUICK_RETRY, receive, refusal } from './event-hubs-clients.ts';
import { type ConformanceTarget, startTarget } from './support/target.ts';

const HUB = `conformance-${randomUUID().slice(0, 8)}`;
const GROUP = 'second';
let target: ConformanceTarget;
let producer: EventHubProducerClient;
let consumer: EventHubConsumerClient;
const open: { close(): Promise<void> }[] = [];

function kept<T extends { close(): Promise<void> }>(client: T): T {
  open.push(client);
  return client;
}
const newConsumer = (hub = HUB, group = '$Default') =>
  kept(
    new EventHubConsumerClient(group, target.eventHubs.connectionString, hub, { retryOptions: QUICK_RETRY }),
  );
const newProducer = (hub = HUB) =>
  kept(new EventHubProducerClient(target.eventHubs.connectionString, hub, { retryOptions: QUICK_RETRY }));

/** Sequence of the newest event of a partition, for reading what a test is about to send. */
async function mark(partition: string): Promise<EventPosition> {
  const { lastEnqueuedSequenceNumber } = await consumer.getPartitionProperties(partition);
  return { sequenceNumber: lastEnqueuedSequenceNumber };
}

beforeAll(async () => {
  target = await startTarget();
  await makeHub(target, HUB, GROUP);
  producer = newProducer();
  consumer = newConsumer();
});

afterAll(async () => {
  await Promise.all(open.map((client) => client.close().catch(() => {})));
  if (target !== undefined) await callArm(target, 'DELETE', `/eventhubs/${HUB}`);
  await target?.close();
});

describe('a partition', () => {
  test('gives back what was sent to it, in order and numbered without a hole', async () => {
    const from = await mark('1');
    const bodies = Array.from({ length: 1000 }, (_, index) => ({ index, text: `event ${index}` }));
    await producer.sendBatch(
      bodies.map((body) => ({ body })),
      { partitionId: '1' },
    );
    const events = await receive(consumer, '1', bodies.length, from);
    expect(events.map(({ body }) => body)).toEqual(bodies);
    const first = events[0]?.sequenceNumber ?? -1;
    expect(events.map(({ sequenceNumber }) => sequenceNumber - first)).toEqual(
      bodies.map(({ index }) => index),
    );
    expect(events.every(({ offset }) => typeof offset === 'string')).toBe(true);
    expect(new Set(events.map(({ offset }) => offset)).size).toBe(bodies.length);
  });

  test('keeps the order of batches that were sent at once', async () => {
    const from = await mark('2');
    const batches = Array.from({ length: 20 }, (_, batch) =>
      Array.from({ length: 25 }, (__, index) => ({ body: batch * 25 + index })),
    );
    await Promise.all(batches.map((batch) => producer.sendBatch(batch, { partitionId: '2' })));
    const events = await receive(consumer, '2', 500, from);
    expect(events.map(({ body }) => body)).toEqual(Array.from({ length: 500 }, (_, index) => index));
  });

  test('tells where it stands', async () => {
    await producer.sendBatch([{ body: 'one' }, { body: 'two' }], { partitionId: '3' });
    const properties = await consumer.getPartitionProperties('3');
    const [newest] = await receive(consumer, '3', 1, {
      sequenceNumber: properties.lastEnqueuedSequenceNumber - 1,
    });
    expect(properties).toMatchObject({ eventHubName: HUB, partitionId: '3', isEmpty: false });
    expect(properties.lastEnqueuedOffset).toBe(newest?.offset);
    expect(properties.lastEnqueuedOnUtc).toEqual(newest?.enqueuedTimeUtc);
    expect(newest?.body).toBe('two');
  });
});

describe('a hub', () => {
  test('tells its name, its partitions and when it was made', async () => {
    const properties = await consumer.getEventHubProperties();
    expect(properties).toMatchObject({ name: HUB, partitionIds: ['0', '1', '2', '3'] });
    expect(properties.createdOn).toEqual((await producer.getEventHubProperties()).createdOn);
  });

  test('puts a key where a buffered producer puts it', async () => {
    const from = await Promise.all(['0', '1', '2', '3'].map(mark));
    const keys = Array.from(
      { length: 200 },
      (_, index) => 'schlüssel-'.repeat(index % 7) + randomUUID().slice(index % 30),
    );
    const unique = [...new Set(keys)];
    for (const partitionKey of unique) await producer.sendBatch([{ body: 'keyed' }], { partitionKey });
    const buffered = new EventHubBufferedProducerClient(target.eventHubs.connectionString, HUB, {
      onSendEventsErrorHandler: async ({ error }) => Promise.reject(error),
      retryOptions: QUICK_RETRY,
    });
    for (const partitionKey of unique)
      await buffered.enqueueEvent({ body: 'buffered', properties: { partitionKey } }, { partitionKey });
    await buffered.close({ flush: true });
    const byService = new Map<string, string>();
    const byClient = new Map<string, string>();
    for (const partition of ['0', '1', '2', '3']) {
      const start = from[Number(partition)] ?? { offset: '-1' };
      const { lastEnqueuedSequenceNumber } = await consumer.getPartitionProperties(partition);
      const count = lastEnqueuedSequenceNumber - (start.sequenceNumber ?? -1);
      for (const event of await receive(consumer, partition, count, start)) {
        if (event.body === 'keyed') byService.set(String(event.partitionKey), partition);
        else byClient.set(String(event.properties?.partitionKey), partition);
      }
    }
    expect(byService.size).toBe(unique.length);
    expect(byClient).toEqual(byService);
  });

  test('spreads batches without a key over its partitions', async () => {
    const from = await Promise.all(['0', '1', '2', '3'].map(mark));
    for (let batch = 0; batch < 16; batch++) await producer.sendBatch([{ body: batch }]);
    const after = await Promise.all(['0', '1', '2', '3'].map(mark));
    const grown = after.map(
      ({ sequenceNumber = 0 }, index) => sequenceNumber - (from[index]?.sequenceNumber ?? 0),
    );
    expect(grown.reduce((sum, events) => sum + events, 0)).toBe(16);
    expect(grown.filter((events) => events > 0).length).toBeGreaterThan(1);
  });
});

describe('an event', () => {
  test('keeps its properties, ids and content type', async () => {
    const from = await mark('0');
    const properties = {
      text: 'ä€',
      whole: 42,
      negative: -7,
      large: 2 ** 40,
      fraction: 1.5,
      yes: true,
      no: false,
    };
    const sent = {
      body: { a: 1 },
      contentType: 'application/json',
      correlationId: 'c-1',
      messageId: 'm-1',
      properties,
    };
    await producer.sendBatch([sent], { partitionId: '0' });
    const [event] = await receive(consumer, '0', 1, from);
    expect(event).toMatchObject(sent);
    expect(event?.partitionKey).toBeUndefined();
    expect(event?.enqueuedTimeUtc).toBeInstanceOf(Date);
  });

  test.each([
    ['a text', 'just text'],
    ['a number', 17],
    ['null', null],
    ['a list', [1, 'two', null]],
    ['an object', { nested: { deep: [true] } }],
  ])('keeps %s as its body', async (_name, body) => {
    const from = await mark('0');
    await producer.sendBatch([{ body }], { partitionId: '0' });
    const [event] = await receive(consumer, '0', 1, from);
    expect(event?.body).toEqual(body);
  });

  test('keeps bytes that are no text', async () => {
    const from = await mark('0');
    const body = Buffer.from([0, 255, 254, 0xc3, 0x28, 0x80, 10, 13, 0xed, 0xa0, 0x80]);
    await producer.sendBatch([{ body }, { body: Buffer.alloc(0) }], { partitionId: '0' });
    const events = await receive(consumer, '0', 2, from, { skipParsingBodyAsJson: true });
    expect(events[0]?.body).toEqual(body);
    expect(events[1]?.body).toEqual(Buffer.alloc(0));
  });

  test('keeps annotations, value and sequence bodies of an AMQP message', async () => {
    const from = await mark('0');
    const messageAnnotations = { 'x-own': 'kept' };
    await producer.sendBatch(
      [
        { body: { value: 1 }, bodyType: 'value', messageAnnotations, applicationProperties: { p: 1 } },
        { body: [1, 'two'], bodyType: 'sequence', messageAnnotations },
      ],
      { partitionId: '0' },
    );
    const [value, sequence] = await receive(consumer, '0', 2, from);
    expect(value?.getRawAmqpMessage()).toMatchObject({
      bodyType: 'value',
      messageAnnotations,
      applicationProperties: { p: 1 },
    });
    expect(value?.body).toEqual({ value: 1 });
    expect(sequence?.getRawAmqpMessage().bodyType).toBe('sequence');
    expect(sequence?.body).toEqual([1, 'two']);
  });

  test('may have 900 KB', async () => {
    const from = await mark('0');
    const body = Buffer.alloc(900_000, 'lake');
    for (let count = 0; count < 5; count++) await producer.sendBatch([{ body }], { partitionId: '0' });
    const events = await receive(consumer, '0', 5, from, { skipParsingBodyAsJson: true });
    expect(events.every((event) => body.equals(event.body))).toBe(true);
  });

  test('must not be larger than the link allows', async () => {
    const batch = await producer.createBatch({ partitionId: '0' });
    expect(batch.maxSizeInBytes).toBe(1_048_576);
    expect(batch.tryAdd({ body: Buffer.alloc(batch.maxSizeInBytes) })).toBe(false);
    const error = await refusal(
      producer.sendBatch([{ body: Buffer.alloc(1_100_000) }], { partitionId: '0' }),
    );
    expect(error.code).toBe('MessageTooLargeError');
  });
});

describe('a start position', () => {
  let positions: readonly { offset: string; sequenceNumber: number; enqueuedTimeUtc: Date }[];
  const partition = '3';
  const read = async (position: EventPosition, count: number) =>
    (await receive(consumer, partition, count, position)).map(({ body }) => body);

  beforeAll(async () => {
    const from = await mark(partition);
    for (let body = 0; body < 6; body++) {
      await producer.sendBatch([{ body }], { partitionId: partition });
      // Each has an enqueued time of its own.
      const { lastEnqueuedOnUtc } = await consumer.getPartitionProperties(partition);
      while (Date.now() <= lastEnqueuedOnUtc.getTime() + 5)
        await new Promise((resolve) => setImmediate(resolve));
    }
    positions = await receive(consumer, partition, 6, from);
  });

  test('after an offset', async () => {
    expect(await read({ offset: String(positions[2]?.offset) }, 3)).toEqual([3, 4, 5]);
  });

  test('at an offset', async () => {
    expect(await read({ offset: String(positions[2]?.offset), isInclusive: true }, 4)).toEqual([2, 3, 4, 5]);
  });

  test('after a sequence number', async () => {
    expect(await read({ sequenceNumber: positions[2]?.sequenceNumber ?? -1 }, 3)).toEqual([3, 4, 5]);
  });

  test('at a sequence number', async () => {
    const sequenceNumber = positions[2]?.sequenceNumber ?? -1;
    expect(await read({ sequenceNumber, isInclusive: true }, 4)).toEqual([2, 3, 4, 5]);
  });

  test('after an enqueued time', async () => {
    expect(await read({ enqueuedOn: positions[3]?.enqueuedTimeUtc ?? 0 }, 2)).toEqual([4, 5]);
  });

  test('the earliest event', async () => {
    const { beginningSequenceNumber } = await consumer.getPartitionProperties(partition);
    const [event] = await receive(consumer, partition, 1, { offset: '-1' });
    expect(event?.sequenceNumber).toBe(beginningSequenceNumber);
  });

  test('the latest: only what comes afterwards', async () => {
    const bodies: unknown[] = [];
    const { promise: arrived, resolve } = Promise.withResolvers<void>();
    const subscription = consumer.subscribe(
      partition,
      {
        processInitialize: async () => {},
        processEvents: async (events) => {
          bodies.push(...events.map(({ body }) => body));
          if (bodies.length > 0) resolve();
        },
        processError: async () => {},
      },
      { startPosition: { offset: '@latest' }, maxWaitTimeInSeconds: 1 },
    );
    // The link is open at some time of the first second: send until it is seen.
    let sent = 0;
    while (bodies.length === 0) {
      await producer.sendBatch([{ body: `new ${sent++}` }], { partitionId: partition });
      await Promise.race([arrived, new Promise((next) => setTimeout(next, 20))]);
    }
    await subscription.close();
    expect(bodies.every((body) => String(body).startsWith('new '))).toBe(true);
  });

  test('beyond the newest event is refused', async () => {
    const error = await refusal(receive(consumer, partition, 1, { sequenceNumber: 9_999_999 }));
    expect(error.message).toMatch(/The supplied sequence number '9999999' is invalid/);
  });
});

describe('a receiver', () => {
  test('sees all events in each consumer group', async () => {
    const from = await mark('1');
    await producer.sendBatch([{ body: 'a' }, { body: 'b' }], { partitionId: '1' });
    const [first, second] = await Promise.all([
      receive(consumer, '1', 2, from),
      receive(newConsumer(HUB, GROUP), '1', 2, from),
    ]);
    expect(first.map(({ body }) => body)).toEqual(['a', 'b']);
    expect(second.map(({ sequenceNumber }) => sequenceNumber)).toEqual(
      first.map(({ sequenceNumber }) => sequenceNumber),
    );
  });

  test.each([2, 1])('loses its partition to one of owner level %i, when its own is 1', async (ownerLevel) => {
    const { promise: lost, resolve } = Promise.withResolvers<Error>();
    const { promise: reading, resolve: isReading } = Promise.withResolvers<void>();
    const loser = newConsumer().subscribe(
      '1',
      {
        processEvents: async (events) => {
          if (events.length > 0) isReading();
        },
        processError: async (error) => resolve(error),
      },
      { startPosition: { offset: '-1' }, ownerLevel: 1, maxWaitTimeInSeconds: 1, maxBatchSize: 10 },
    );
    await reading;
    const events = await receive(newConsumer(), '1', 1, { offset: '-1' }, { ownerLevel });
    expect(events.length).toBeGreaterThan(0);
    expect(await lost).toMatchObject({ code: 'ReceiverDisconnectedError', retryable: false });
    await loser.close();
  });

  test('is refused while one of a higher owner level reads', async () => {
    const { promise: reading, resolve: isReading } = Promise.withResolvers<void>();
    const owner = newConsumer().subscribe(
      '1',
      {
        processEvents: async (events) => {
          if (events.length > 0) isReading();
        },
        processError: async () => {},
      },
      { startPosition: { offset: '-1' }, ownerLevel: 5, maxWaitTimeInSeconds: 1, maxBatchSize: 10 },
    );
    await reading;
    for (const options of [{ ownerLevel: 4 }, {}]) {
      const error = await refusal(receive(newConsumer(), '1', 1, { offset: '-1' }, options));
      expect(error.code).toBe('ReceiverDisconnectedError');
    }
    await owner.close();
  });

  test('learns of the newest event with each of its own when it asks', async () => {
    const from = await mark('2');
    await producer.sendBatch([{ body: 1 }, { body: 2 }, { body: 3 }], { partitionId: '2' });
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const subscription = consumer.subscribe(
      '2',
      {
        processEvents: async (events, context) => {
          if (events.length > 0) resolve(context.lastEnqueuedEventProperties);
        },
        processError: async (error) => reject(error),
      },
      { startPosition: from, trackLastEnqueuedEventProperties: true, maxBatchSize: 1 },
    );
    const { sequenceNumber = -1 } = from;
    expect(await promise).toMatchObject({ sequenceNumber: sequenceNumber + 3 });
    await subscription.close();
  });
});

describe('what does not exist', () => {
  test('a hub is said to be missing, to consumers, producers and readers of properties', async () => {
    const absent = `absent-${HUB}`;
    const errors = [
      await refusal(receive(newConsumer(absent), '0', 1, { offset: '-1' })),
      await refusal(newProducer(absent).sendBatch([{ body: 1 }])),
      await refusal(newConsumer(absent).getEventHubProperties()),
    ];
    for (const error of errors) {
      expect(error.code).toBe('MessagingEntityNotFoundError');
      expect(error.message).toMatch(/The messaging entity .* could not be found/);
    }
  });

  test('a consumer group is said to be missing', async () => {
    const error = await refusal(receive(newConsumer(HUB, 'absent'), '0', 1, { offset: '-1' }));
    expect(error.code).toBe('MessagingEntityNotFoundError');
  });

  test('a partition is said to be out of range', async () => {
    const pattern = /The specified partition is invalid for an EventHub partition sender or receiver/;
    const reading = await refusal(receive(newConsumer(), '17', 1, { offset: '-1' }));
    expect(reading.message).toMatch(pattern);
    expect(reading.code).toBe('ArgumentOutOfRangeError');
  });
});

describe('who may come in', () => {
  test('nobody with a wrong key', async () => {
    const wrong = target.eventHubs.connectionString.replace(
      /SharedAccessKey=[^;]*/,
      'SharedAccessKey=d3Jvbmc=',
    );
    const stranger = kept(
      new EventHubProducerClient(wrong, HUB, { retryOptions: { ...QUICK_RETRY, maxRetries: 0 } }),
    );
    const error = await refusal(stranger.sendBatch([{ body: 1 }]));
    expect(error.code).toBe('UnauthorizedError');
  });

  test('a token credential, over TLS, to send, receive and read properties', async () => {
    const { fullyQualifiedNamespace, clientOptions } = target.eventHubs;
    const options = { ...clientOptions, retryOptions: QUICK_RETRY };
    const sender = kept(new EventHubProducerClient(fullyQualifiedNamespace, HUB, target.credential, options));
    const reader = kept(
      new EventHubConsumerClient('$Default', fullyQualifiedNamespace, HUB, target.credential, options),
    );
    const { lastEnqueuedSequenceNumber } = await reader.getPartitionProperties('0');
    await sender.sendBatch([{ body: 'by token' }], { partitionId: '0' });
    const [event] = await receive(reader, '0', 1, { sequenceNumber: lastEnqueuedSequenceNumber });
    expect(event?.body).toBe('by token');
  });
});
