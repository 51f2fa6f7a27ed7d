/** Azure Monitor metrics of the local Azure, asked by the unmodified @azure/monitor-query-metrics. Local only. */
import { randomUUID } from 'node:crypto';
import { EventHubProducerClient } from '@azure/event-hubs';
import { MetricsClient, type MetricsQueryResourcesOptions } from '@azure/monitor-query-metrics';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHub } from './support/create-hub.ts';
import { REAL_MODE } from './support/environment.ts';
import { refusal } from './support/factory-client.ts';
import {
  type ConformanceTarget,
  type LocalControls,
  localTarget,
  routingHttpClient,
} from './support/target.ts';

const HOST = 'westeurope.metrics.monitor.azure.com';
const NAMESPACE = 'microsoft.eventhub/namespaces';

describe.runIf(process.env[REAL_MODE] !== '1')('metrics of Event Hubs', () => {
  let target: ConformanceTarget & { readonly local: LocalControls };
  let client: MetricsClient;
  let resourceId: string;
  let hubs: string[];

  beforeAll(async () => {
    target = await localTarget();
    const { subscriptionId, resourceGroup } = target.arm;
    client = clientFor('https://metrics.monitor.azure.com');
    resourceId = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.EventHub/namespaces/retail-events`;
    hubs = ['orders', 'clicks', 'silent'].map((name) => `${name}-${randomUUID().slice(0, 8)}`);
    for (const hub of hubs) await createHub(target, hub, 2);
    await send(hubs[0] ?? '', 30);
    await send(hubs[1] ?? '', 7);
  });
  afterAll(async () => {
    expect(target.local.errors).toEqual([]);
    await target.close();
  });

  function clientFor(audience: string): MetricsClient {
    return new MetricsClient(`https://${HOST}`, target.credential, {
      audience: `${audience}/.default`,
      credentials: { scopes: [`${audience}/.default`] },
      httpClient: routingHttpClient({ [HOST]: target.local.azure.endpoints.metrics.http }),
      retryOptions: { maxRetries: 0 },
    });
  }

  async function send(hub: string, count: number): Promise<void> {
    const producer = new EventHubProducerClient(target.eventHubs.connectionString, hub);
    for (let body = 0; body < count; body += 1) await producer.sendBatch([{ body }]);
    await producer.close();
  }

  const ask = (
    options: MetricsQueryResourcesOptions = {},
    metrics = ['IncomingMessages'],
    ids = [resourceId],
  ) => client.queryResources(ids, metrics, NAMESPACE, { aggregation: 'total', ...options });

  const sumOf = (data: readonly { total?: number }[] | undefined) =>
    (data ?? []).reduce((sum, { total }) => sum + (total ?? 0), 0);

  test('are split by hub, as the logs of the partitions stand', async () => {
    const [result] = await ask({ filter: "EntityName eq '*'", interval: 'PT1M' });
    expect(result).toMatchObject({ resourceId, namespace: NAMESPACE, granularity: 'PT1M' });
    const [metric] = result?.metrics ?? [];
    // Real Azure localises the name, and the SDK shows that one.
    expect(metric).toMatchObject({ name: 'Incoming Messages', unit: 'Count', errorCode: 'Success' });
    const split = metric?.timeseries.map(({ metadatavalues, data }) => [
      metadatavalues?.[0]?.value,
      sumOf(data),
    ]);
    expect(split).toEqual([
      [hubs[0], 30],
      [hubs[1], 7],
    ]);
    expect(metric?.timeseries[0]?.metadatavalues?.[0]?.name).toBe('entityname');
  });

  test('are one series of the namespace without a filter, with a point for each grain', async () => {
    const endTime = new Date(Date.now() + 60_000);
    const startTime = new Date(endTime.getTime() - 10 * 60_000);
    const [result] = await ask({ startTime, endTime, interval: 'PT5M' });
    const [series] = result?.metrics[0]?.timeseries ?? [];
    expect(sumOf(series?.data)).toBe(37);
    expect(series?.data?.every(({ timeStamp }) => timeStamp.getTime() % 300_000 === 0)).toBe(true);
    const [whole] = await ask({ startTime, endTime, interval: 'FULL' });
    expect(whole?.metrics[0]?.timeseries[0]?.data?.map(({ total }) => total)).toEqual([37]);
  });

  test('of one hub, and of one that took nothing in', async () => {
    const [one] = await ask({ filter: `EntityName eq '${hubs[1]}'` });
    expect(one?.metrics[0]?.timeseries.map(({ data }) => sumOf(data))).toEqual([7]);
    const [none] = await ask({ filter: `EntityName eq '${hubs[2]}'` });
    expect(none?.metrics[0]?.timeseries).toEqual([]);
    const [top] = await ask({ filter: "EntityName eq '*'", top: 1 });
    expect(top?.metrics[0]?.timeseries).toHaveLength(1);
  });

  test('of an earlier time are zero', async () => {
    const times = { startTime: new Date('2020-01-01T00:00:00Z'), endTime: new Date('2020-01-01T01:00:00Z') };
    const [result] = await ask({ ...times, interval: 'PT1M' });
    const data = result?.metrics[0]?.timeseries[0]?.data;
    expect([data?.length, sumOf(data)]).toEqual([60, 0]);
  });

  test('that are not emulated are refused', async () => {
    const refused = async (call: Promise<unknown>) => (await refusal(call))?.status;
    expect(await refused(ask({}, ['OutgoingMessages']))).toBe(400);
    expect(await refused(ask({ aggregation: 'average' }))).toBe(400);
    expect(await refused(ask({ orderBy: 'total desc' }))).toBe(400);
    expect(await refused(ask({ rollUpBy: 'EntityName' }))).toBe(400);
    expect(await refused(ask({ interval: 'PT7M' }))).toBe(400);
    expect(await refused(ask({ filter: "OperationResult eq '*'" }))).toBe(400);
    expect(await refused(ask({}, ['IncomingMessages'], [`${resourceId}-other`]))).toBe(404);
    expect(await refused(ask({}, ['IncomingMessages'], [`${resourceId}/eventhubs/orders`]))).toBe(400);
  });

  test('are given to tokens of the metrics service or of the resource manager, not to others', async () => {
    for (const audience of ['https://metrics.monitor.azure.com', 'https://management.azure.com']) {
      const [result] = await clientFor(audience).queryResources(
        [resourceId],
        ['IncomingMessages'],
        NAMESPACE,
      );
      expect(result?.metrics).toHaveLength(1);
    }
    const call = clientFor('https://storage.azure.com').queryResources(
      [resourceId],
      ['IncomingMessages'],
      NAMESPACE,
    );
    expect(await refusal(call)).toMatchObject({ status: 403 });
  });

  test('meet faults like every request', async () => {
    await target.local.installFault({ service: 'metrics', action: { kind: 'error', status: 503 }, count: 1 });
    expect(await refusal(ask())).toMatchObject({ status: 503 });
    expect(await ask()).toHaveLength(1);
  });
});
