import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HttpService } from '../../server/service.ts';
import { HubStore } from '../hub-store.ts';
import { createEventHubsArm } from './routes.ts';

let dir: string;
let store: HubStore;
let arm: HttpService;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'event-hubs-arm-'));
  store = await HubStore.open({ dir, now: () => 1_700_000_000_000 });
  arm = createEventHubsArm(store);
});
afterEach(async () => {
  await store.close();
  await rm(dir, { recursive: true, force: true });
});

async function call(method: string, path: string, body?: unknown, query = 'api-version=2024-01-01') {
  const answer = await arm.handle({
    service: 'arm',
    requestId: 'r',
    method,
    rawPath: `/subscriptions/s/resourceGroups/g/providers/Microsoft.EventHub/namespaces${path}`,
    rawQuery: query,
    query: new URLSearchParams(query),
    headers: {},
    origin: 'http://127.0.0.1',
    secure: false,
    signal: new AbortController().signal,
    stream: Readable.from([]),
    body: async () => Buffer.alloc(0),
    json: async () => body,
  });
  const text = typeof answer.body === 'string' ? answer.body : '';
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
}

describe('an event hub', () => {
  test('is made with its namespace, shown, listed and removed', async () => {
    const properties = {
      partitionCount: 2,
      retentionDescription: { cleanupPolicy: 'Delete', retentionTimeInHours: 48 },
    };
    const made = await call('PUT', '/ns1/eventhubs/Orders', { properties });
    expect(made).toMatchObject({
      status: 200,
      body: {
        id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.EventHub/namespaces/ns1/eventhubs/Orders',
        name: 'Orders',
        type: 'Microsoft.EventHub/namespaces/eventhubs',
        properties: {
          partitionCount: 2,
          partitionIds: ['0', '1'],
          messageRetentionInDays: 2,
          createdAt: '2023-11-14T22:13:20.000Z',
          status: 'Active',
        },
      },
    });
    expect(await call('GET', '/ns1/eventhubs/orders')).toEqual(made);
    expect((await call('GET', '/ns1/eventhubs')).body.value).toEqual([made.body]);
    expect((await call('GET', '')).body.value).toHaveLength(1);
    expect((await call('DELETE', '/ns1/eventhubs/orders')).status).toBe(200);
    expect((await call('DELETE', '/ns1/eventhubs/orders')).status).toBe(204);
    expect(await call('GET', '/ns1/eventhubs/orders')).toMatchObject({
      status: 404,
      body: { error: { code: 'NotFound' } },
    });
    expect((await call('GET', '/absent/eventhubs/orders')).body.error.code).toBe('ParentResourceNotFound');
  });

  test.each([-1, Number('9223372036854775807')])(
    'keeps everything when its retention is %i hours',
    async (hours) => {
      const properties = { partitionCount: 1, retentionDescription: { retentionTimeInHours: hours } };
      const { body } = await call('PUT', '/ns1/eventhubs/orders', { properties });
      expect(body.properties.retentionDescription.retentionTimeInHours).toBe(-1);
      expect(store.find('ns1', 'orders')?.record.retentionHours).toBeNull();
    },
  );

  test('can change its retention but not its partitions', async () => {
    await call('PUT', '/ns1/eventhubs/orders', {
      properties: { partitionCount: 2, messageRetentionInDays: 1 },
    });
    const changed = await call('PUT', '/ns1/eventhubs/orders', { properties: { messageRetentionInDays: 3 } });
    expect(changed.body.properties).toMatchObject({ partitionCount: 2, messageRetentionInDays: 3 });
    expect(await call('PUT', '/ns1/eventhubs/orders', { properties: { partitionCount: 4 } })).toMatchObject({
      status: 400,
    });
  });

  test.each([0, 33, 1.5, 'four'])('cannot have %s partitions', async (partitionCount) => {
    const { status, body } = await call('PUT', '/ns1/eventhubs/orders', { properties: { partitionCount } });
    expect({ status, code: body.error.code }).toEqual({ status: 400, code: 'BadRequest' });
    expect(store.find('ns1', 'orders')).toBeUndefined();
  });

  test.each(['..', '%2e%2e', 'a%2fb', '.hidden', 'x'.repeat(300)])('cannot be called %s', async (name) => {
    expect((await call('PUT', `/ns1/eventhubs/${name}`, { properties: {} })).status).toBeGreaterThanOrEqual(
      400,
    );
    expect(store.allHubs()).toEqual([]);
  });
});

test('a consumer group is made, listed and removed; the default one stays', async () => {
  await call('PUT', '/ns1/eventhubs/orders', { properties: {} });
  const groups = '/ns1/eventhubs/orders/consumergroups';
  expect(await call('PUT', `${groups}/second`, { properties: { userMetadata: 'mine' } })).toMatchObject({
    status: 200,
    body: { name: 'second', properties: { userMetadata: 'mine' } },
  });
  const names = async () => (await call('GET', groups)).body.value.map(({ name }: { name: string }) => name);
  expect(await names()).toEqual(['$Default', 'second']);
  expect((await call('DELETE', `${groups}/second`)).status).toBe(200);
  expect((await call('DELETE', `${groups}/$Default`)).status).toBe(400);
  expect(await names()).toEqual(['$Default']);
});

test('a namespace is made once and removed with its hubs', async () => {
  expect(await call('PUT', '/ns1', { location: 'westeurope' })).toMatchObject({
    status: 201,
    body: { location: 'westeurope' },
  });
  expect((await call('PUT', '/ns1', {})).status).toBe(200);
  await call('PUT', '/ns1/eventhubs/orders', { properties: {} });
  expect((await call('DELETE', '/ns1')).status).toBe(200);
  expect((await call('GET', '/ns1')).status).toBe(404);
});

test('a request without api-version is refused', async () => {
  expect((await call('GET', '/ns1', undefined, '')).body.error.code).toBe('MissingApiVersionParameter');
});
