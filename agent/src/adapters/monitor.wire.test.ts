import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LogQueries, MetricQueries } from '@lakewarden/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCredential } from './credential.ts';
import type { Guard } from './guard/guard.ts';
import { createLogQueries } from './monitor-logs.ts';
import { createMetricQueries } from './monitor-metrics.ts';
import { makeGuards } from './testing/guards.ts';
import { HubWorld, sendEvents } from './testing/hub-world.ts';
import { type LocalAzure, startLocalAzure } from './testing/local-azure.ts';

const never = new AbortController().signal;
const HOUR_MS = 3_600_000;

describe('Azure Monitor over the wire', () => {
  let azure: LocalAzure;
  let world: HubWorld;
  let guard: Guard;
  let logs: LogQueries;
  let metrics: MetricQueries;

  beforeAll(async () => {
    azure = await startLocalAzure();
    world = new HubWorld(azure, createCredential());
  });
  beforeEach(() => {
    guard = makeGuards().guards.monitor;
    const options = { credential: createCredential(), routes: azure.routes, guard };
    logs = createLogQueries(options);
    metrics = createMetricQueries({ ...options, region: 'westeurope' });
  });
  afterEach(async () => {
    await azure.clearFaults();
    await guard.close();
  });
  afterAll(async () => {
    await world?.close();
    await azure?.stop();
  });

  const namespaceId = (name = 'retail-events') =>
    `/subscriptions/${azure.subscriptionId}/resourceGroups/${azure.resourceGroup}/providers/Microsoft.EventHub/namespaces/${name}`;
  const ask = (kql: string, workspace = azure.workspaceId) =>
    logs.query(workspace, kql, Date.now() - HOUR_MS, Date.now() + HOUR_MS, never);

  describe('a query of the logs', () => {
    test('is answered with typed columns and plain values', async () => {
      const table = await ask(
        'Heartbeat | top 1 by TimeGenerated | project TimeGenerated, Name = "x", Count = 7, Share = 0.5, Is = true',
      );
      expect(table.columns.map(({ type }) => type)).toEqual(['datetime', 'string', 'long', 'real', 'bool']);
      expect(table.columns.map(({ name }) => name)).toEqual([
        'TimeGenerated',
        'Name',
        'Count',
        'Share',
        'Is',
      ]);
      expect(table.rows).toEqual([[expect.stringMatching(/^\d{4}-.*Z$/), 'x', 7, 0.5, true]]);
    });

    test('sees only its window', async () => {
      const old = await logs.query(azure.workspaceId, 'Heartbeat | count', 0, HOUR_MS, never);
      expect(old.rows).toEqual([[0]]);
    });

    test('that is wrong is refused once, in the words of the service', async () => {
      const before = guard.status().attempts;
      await expect(ask('Heartbeat | where Nope == 1')).rejects.toMatchObject({
        name: 'TerminalError',
        code: 'invalid',
        message: expect.stringMatching(/Nope/),
      });
      expect(guard.status()).toMatchObject({ state: 'closed', failures: 0, attempts: before + 1 });
    });

    test('of a workspace that is not there is terminal', async () => {
      await expect(ask('Heartbeat | count', '00000000-0000-0000-0000-000000000000')).rejects.toMatchObject({
        name: 'TerminalError',
        code: 'not-found',
      });
    });
  });

  describe('the count of a namespace', () => {
    test('is told by hub, as often as events were sent', async () => {
      const sent = { 'counted-a': 30, 'counted-b': 700 };
      for (const [hub, count] of Object.entries(sent)) {
        const { producer } = await world.makeHub(hub);
        await sendEvents(producer, '0', 0, count);
      }
      const until = Date.now() + 120_000;
      const counts = await metrics.incomingMessages(namespaceId(), until - HOUR_MS, until, never);
      expect(counts.get('counted-a')).toBe(30);
      expect(counts.get('counted-b')).toBe(700);
    });

    test('of no whole minute is nothing, and asks nobody', async () => {
      const minute = Math.floor(Date.now() / 60_000) * 60_000;
      expect(await metrics.incomingMessages(namespaceId(), minute + 1, minute + 59_999, never)).toEqual(
        new Map(),
      );
      expect(guard.status().calls).toBe(0);
    });

    test('of a namespace that is not there is terminal', async () => {
      const asked = metrics.incomingMessages(namespaceId('nowhere'), Date.now() - HOUR_MS, Date.now(), never);
      await expect(asked).rejects.toMatchObject({ name: 'TerminalError', code: 'not-found' });
    });
  });
});

describe('a monitor that answers as it should not', () => {
  let server: Server;
  let answer: (url: string) => { status: number; body: string; headers?: Record<string, string> } | 'never';
  let asked = 0;
  let guard: Guard;
  let logs: LogQueries;
  let metrics: MetricQueries;

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked++;
      request.resume();
      const given = answer(request.url ?? '');
      if (given === 'never') return;
      response.writeHead(given.status, { 'content-type': 'application/json', ...given.headers });
      response.end(given.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  beforeEach(() => {
    asked = 0;
    guard = makeGuards({ now: Date.now, sleep: async () => undefined }).guards.monitor;
    const local = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const routes = { 'api.loganalytics.io': local, 'westeurope.metrics.monitor.azure.com': local };
    const credential = {
      getToken: async () => ({ token: 'x', expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
    };
    const options = { credential, routes, guard, requestTimeoutMs: 500 };
    logs = createLogQueries(options);
    metrics = createMetricQueries({ ...options, region: 'westeurope' });
  });
  afterEach(() => guard.close());
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const query = () => logs.query('w', 'T | count', 0, HOUR_MS, never);
  const count = () => metrics.incomingMessages('/subscriptions/s/x/y', 0, HOUR_MS, never);

  test('in part is no answer: no verdict is made of it', async () => {
    const columns = [{ name: 'Count', type: 'long' }];
    const error = {
      code: 'PartialError',
      details: [{ code: 'E', message: 'too large' }],
    };
    answer = () => ({
      status: 200,
      body: JSON.stringify({ tables: [{ name: 'P', columns, rows: [[1]] }], error }),
    });
    await expect(query()).rejects.toMatchObject({
      name: 'TerminalError',
      code: 'limit',
      message: expect.stringContaining('too large'),
    });
    expect(asked).toBe(1);
  });

  test.each([
    ['query', () => query()],
    ['count', () => count()],
  ])("with a proxy's page is a failure of the service, not a bug (%s)", async (_, call) => {
    answer = () => ({
      status: 502,
      body: '<html>bad gateway</html>',
      headers: { 'content-type': 'text/html' },
    });
    await expect(call()).rejects.toMatchObject({ name: 'TransientError', code: 'unavailable' });
    expect(asked).toBe(4);
  });

  test.each([
    ['query', () => query()],
    ['count', () => count()],
  ])('never is a timeout within the limit (%s)', async (_, call) => {
    answer = () => 'never';
    await expect(call()).rejects.toMatchObject({ name: 'TransientError', code: 'timeout' });
  });

  test('with a throttle is asked again after the time that it named', async () => {
    answer = () =>
      asked === 1
        ? { status: 429, body: '{"error":{"code":"TooMany"}}', headers: { 'retry-after': '2' } }
        : {
            status: 200,
            body: '{"tables":[{"name":"P","columns":[{"name":"d","type":"dynamic"}],"rows":[["[1,2]"],[null]]}]}',
          };
    expect((await query()).rows).toEqual([['[1,2]'], [null]]);
    expect(asked).toBe(2);
  });
});
