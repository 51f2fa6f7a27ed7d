import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPipelineRequest } from '@azure/core-rest-pipeline';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRestHttpClient, createStorageHttpClient, routeOf } from './azure-routes.ts';

const credential = {
  getToken: async () => ({ token: 'a-token', expiresOnTimestamp: Date.now() + 3_600_000 }),
};

describe('routed clients', () => {
  const seen: IncomingMessage[] = [];
  let server: Server;
  let base = '';

  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(request);
      request.resume();
      response.writeHead(201, { etag: '"1"', 'last-modified': new Date(0).toUTCString() }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  test('a REST request goes to the mapped address, names the host that was meant, and keeps its own URL', async () => {
    const client = createRestHttpClient({ 'management.azure.com': base });
    const url = 'https://management.azure.com/subscriptions/s?api-version=1';
    const request = createPipelineRequest({ url });
    await client?.sendRequest(request);
    const [last] = seen.slice(-1);
    expect(last?.url).toBe('/subscriptions/s?api-version=1');
    expect(last?.headers['x-lakewarden-host']).toBe('management.azure.com');
    expect(request.url).toBe(url);
  });

  test('a storage client signs for its production URL and is sent to the mapped address', async () => {
    const httpClient = createStorageHttpClient({ 'acct.blob.core.windows.net': base });
    const service = new BlobServiceClient('https://acct.blob.core.windows.net', credential, {
      ...(httpClient && { httpClient }),
    });
    await service.getContainerClient('lake').getBlockBlobClient('a/b=c.json').upload('{}', 2);
    const [last] = seen.slice(-1);
    expect(last?.url).toBe('/lake/a/b%3Dc.json');
    expect(last?.headers['x-lakewarden-host']).toBe('acct.blob.core.windows.net');
    expect(last?.headers.authorization).toBe('Bearer a-token');
  });

  test('a host that is not mapped is refused before anything is sent', async () => {
    const client = createRestHttpClient({ 'management.azure.com': base });
    const before = seen.length;
    const request = createPipelineRequest({ url: 'https://login.microsoftonline.com/token' });
    await expect(client?.sendRequest(request)).rejects.toMatchObject({
      name: 'TerminalError',
      code: 'unsupported',
    });
    expect(seen.length).toBe(before);
  });
});

test('without routes the clients take their own transport', () => {
  expect(createRestHttpClient(undefined)).toBeUndefined();
  expect(createStorageHttpClient(undefined)).toBeUndefined();
});

test('the route of a mapped host is its local address', () => {
  expect(routeOf({ 'ns.servicebus.windows.net': 'amqps://localhost:1' }, 'ns.servicebus.windows.net')).toBe(
    'amqps://localhost:1',
  );
});
