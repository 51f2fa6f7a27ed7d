import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NAMESPACE, receive, receiveAll, startWorld, type World } from './event-hubs-world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.service.createHub({ namespace: NAMESPACE, name: 'orders', partitionCount: 4 });
});
afterAll(() => world.end());

describe('a hub', () => {
  test('gives back what was sent to one of its partitions, in order', async () => {
    const producer = world.producer('orders');
    const events = Array.from({ length: 1000 }, (_, index) => ({ body: { index } }));
    await producer.sendBatch(events, { partitionId: '1' });
    const received = await receiveAll(world, 'orders', '1');
    expect(received.map(({ body }) => body.index)).toEqual(events.map(({ body }) => body.index));
    expect(received.map(({ sequenceNumber }) => sequenceNumber)).toEqual(
      events.map(({ body }) => body.index),
    );
  });

  test('tells its name, partitions and creation time', async () => {
    const properties = await world.consumer('orders').getEventHubProperties();
    expect(properties).toMatchObject({ name: 'orders', partitionIds: ['0', '1', '2', '3'] });
    expect(properties.createdOn.getTime()).toBeGreaterThan(0);
  });

  test('hands over from the middle', async () => {
    const client = world.consumer('orders');
    const [event] = await receive(client, '1', 1, { sequenceNumber: 499 });
    expect(event?.sequenceNumber).toBe(500);
  });
});
