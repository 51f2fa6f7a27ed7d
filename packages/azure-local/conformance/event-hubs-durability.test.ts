/** What a restart, a kill, retention and a deleted hub leave behind. Local only: the service's process is ours. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventHubConsumerClient, EventHubProducerClient, type ReceivedEventData } from '@azure/event-hubs';
import { afterEach, describe, expect, test } from 'vitest';
import { QUICK_RETRY, receive, refusal } from './event-hubs-clients.ts';
import { NAMESPACE, receiveAll, startWorld, type World } from './event-hubs-world.ts';

const HUB = 'orders';
let world: World | undefined;
afterEach(async () => {
  await world?.end();
  world = undefined;
});

const coordinates = (events: readonly ReceivedEventData[]) =>
  events.map(({ sequenceNumber, offset, enqueuedTimeUtc, body }) => ({
    sequenceNumber,
    offset,
    enqueuedTimeUtc,
    body,
  }));

async function send(target: World, from: number, count: number, partitionId = '0'): Promise<void> {
  const producer = target.producer(HUB);
  for (let at = from; at < from + count; at += 50)
    await producer.sendBatch(
      Array.from({ length: Math.min(50, from + count - at) }, (_, index) => ({ body: at + index })),
      { partitionId },
    );
}

describe('a restart', () => {
  test('keeps every event with its sequence number, offset and time, and goes on from there', async () => {
    world = await startWorld({ segmentBytesMax: 20_000 });
    const hub = await world.service.createHub({ namespace: NAMESPACE, name: HUB, partitionCount: 2 });
    await send(world, 0, 700);
    const before = coordinates(await receiveAll(world, HUB, '0'));
    const { createdOn } = await world.consumer(HUB).getEventHubProperties();
    expect(hub.partitions[0]?.segments.length).toBeGreaterThan(3);

    world = await world.restart();
    expect(coordinates(await receiveAll(world, HUB, '0'))).toEqual(before);
    expect((await world.consumer(HUB).getEventHubProperties()).createdOn).toEqual(createdOn);
    await send(world, 700, 10);
    const after = await receiveAll(world, HUB, '0');
    expect(after.map(({ sequenceNumber }) => sequenceNumber)).toEqual(after.map((_, index) => index));
    expect(after.map(({ body }) => body)).toEqual(after.map((_, index) => index));
  });

  test('cuts a torn end, which nobody was told to be safe', async () => {
    world = await startWorld();
    await world.service.createHub({ namespace: NAMESPACE, name: HUB, partitionCount: 1 });
    await send(world, 0, 100);
    const dir = join(world.dataDir, 'eventhubs', NAMESPACE, HUB, 'partitions', '0');
    await world.service.close();
    const [segment = ''] = (await readdir(dir)).filter((name) => name.endsWith('.log'));
    const handle = await open(join(dir, segment), 'a');
    await handle.write(Buffer.from([0, 0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8]));
    await handle.close();

    world = await world.restart();
    await send(world, 100, 5);
    const events = await receiveAll(world, HUB, '0');
    expect(events.map(({ body }) => body)).toEqual(Array.from({ length: 105 }, (_, index) => index));
  });
});

describe('kill -9 under concurrent sends', () => {
  test('loses nothing that was acknowledged, and tears no batch', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'lakewarden-event-hubs-kill-'));
    const key = Buffer.from('a key for this test').toString('base64');
    const acknowledged = new Set<string>();
    let server = await startServer(dataDir, key);
    for (let round = 0; round < 3; round++) {
      const target = 40 + round * 40;
      await sendUntilKilled(server, key, round, acknowledged, target);
      server = await startServer(dataDir, key);
    }
    const client = new EventHubConsumerClient('$Default', connection(server.port, key), {
      retryOptions: QUICK_RETRY,
    });
    const found: string[] = [];
    for (const partition of ['0', '1']) {
      const { lastEnqueuedSequenceNumber } = await client.getPartitionProperties(partition);
      const events = await receive(client, partition, lastEnqueuedSequenceNumber + 1, { offset: '-1' });
      expect(events.map(({ sequenceNumber }) => sequenceNumber)).toEqual(events.map((_, index) => index));
      found.push(...events.map(({ body }) => body as string));
    }
    await client.close();
    server.child.kill('SIGKILL');
    await rm(dataDir, { recursive: true, force: true });

    const events = new Set(found);
    expect(events.size).toBe(found.length);
    expect([...acknowledged].filter((batch) => !events.has(`${batch}/0`))).toEqual([]);
    const batches = new Set(found.map((id) => id.slice(0, id.lastIndexOf('/'))));
    expect(found.length).toBe(batches.size * BATCH);
  });
});

const BATCH = 20;
type Server = { readonly child: ChildProcess; readonly port: number };

const connection = (port: number, key: string) =>
  `Endpoint=sb://127.0.0.1:${port};SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=${key};EntityPath=${HUB};UseDevelopmentEmulator=true`;

async function startServer(dataDir: string, key: string): Promise<Server> {
  const child = fork(join(import.meta.dirname, 'event-hubs-server.ts'), [dataDir, key]);
  const [{ amqpPort }] = (await once(child, 'message')) as [{ amqpPort: number }];
  return { child, port: amqpPort };
}

/** Eight lanes send batches; when `target` batches are acknowledged the server is killed, whatever is under way. */
async function sendUntilKilled(
  { child, port }: Server,
  key: string,
  round: number,
  acknowledged: Set<string>,
  target: number,
): Promise<void> {
  const producer = new EventHubProducerClient(connection(port, key), {
    retryOptions: { maxRetries: 0, timeoutInMs: 2_000 },
  });
  const exited = once(child, 'exit');
  const start = acknowledged.size;
  const lane = async (name: number) => {
    for (let count = 0; ; count++) {
      const id = `${round}/${name}/${count}`;
      const events = Array.from({ length: BATCH }, (_, index) => ({ body: `${id}/${index}` }));
      await producer.sendBatch(events, { partitionId: String(name % 2) });
      acknowledged.add(id);
      if (acknowledged.size - start >= target) child.kill('SIGKILL');
    }
  };
  await Promise.allSettled(Array.from({ length: 8 }, (_, name) => lane(name)));
  await exited;
  await producer.close().catch(() => {});
}

describe('a hub that is deleted and made again', () => {
  test('has another generation, no events, and its readers are told', async () => {
    world = await startWorld();
    const make = () => world?.service.createHub({ namespace: NAMESPACE, name: HUB, partitionCount: 1 });
    await make();
    await send(world, 0, 10);
    const { createdOn } = await world.consumer(HUB).getEventHubProperties();
    const reading = receive(world.consumer(HUB), '0', 11, { offset: '-1' });
    const ended = refusal(reading);
    expect(await world.arm('DELETE', `/${NAMESPACE}/eventhubs/${HUB}`)).toMatchObject({ status: 200 });
    expect((await ended).code).toBe('MessagingEntityNotFoundError');
    await make();
    const again = await world.consumer(HUB).getEventHubProperties();
    expect(again.createdOn.getTime()).toBeGreaterThan(createdOn.getTime());
    const { isEmpty, lastEnqueuedSequenceNumber } = await world.consumer(HUB).getPartitionProperties('0');
    expect({ isEmpty, lastEnqueuedSequenceNumber }).toEqual({
      isEmpty: true,
      lastEnqueuedSequenceNumber: -1,
    });
  });
});

describe('retention', () => {
  test('drops old events, keeps numbering, and moves readers to the oldest that is left', async () => {
    let now = Date.UTC(2026, 0, 1);
    world = await startWorld({ now: () => now, segmentBytesMax: 4_000 });
    await world.service.createHub({ namespace: NAMESPACE, name: HUB, partitionCount: 1, retentionHours: 24 });
    await send(world, 0, 200);
    now += 23 * 3_600_000;
    await send(world, 200, 100);
    now += 2 * 3_600_000;
    await world.service.maintain();
    const properties = await world.consumer(HUB).getPartitionProperties('0');
    expect(properties).toMatchObject({ beginningSequenceNumber: 200, lastEnqueuedSequenceNumber: 299 });
    const events = await receive(world.consumer(HUB), '0', 100, { sequenceNumber: 5 });
    expect(events.map(({ body }) => body)).toEqual(Array.from({ length: 100 }, (_, index) => 200 + index));

    now += 48 * 3_600_000;
    await world.service.maintain();
    const { isEmpty, lastEnqueuedSequenceNumber } = await world.consumer(HUB).getPartitionProperties('0');
    expect({ isEmpty, lastEnqueuedSequenceNumber }).toEqual({
      isEmpty: true,
      lastEnqueuedSequenceNumber: 299,
    });
    await send(world, 300, 1);
    const [event] = await receive(world.consumer(HUB), '0', 1, { offset: '-1' });
    expect(event?.sequenceNumber).toBe(300);
  });
});
