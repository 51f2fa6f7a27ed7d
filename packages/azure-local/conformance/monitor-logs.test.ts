/** Log Analytics of the local Azure, asked by the unmodified @azure/monitor-query-logs. Local only: the tables are known. */
import { randomUUID } from 'node:crypto';
import { EventHubProducerClient } from '@azure/event-hubs';
import { LogsQueryClient, type LogsQueryResult, type LogsTable } from '@azure/monitor-query-logs';
import { DataLakeServiceClient, StorageSharedKeyCredential } from '@azure/storage-file-datalake';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createHub } from './support/create-hub.ts';
import { REAL_MODE } from './support/environment.ts';
import { type FactoryClient, factoryClient, refusal } from './support/factory-client.ts';
import {
  type ConformanceTarget,
  type LocalControls,
  localTarget,
  routingHttpClient,
} from './support/target.ts';

const HOUR = { duration: 'PT1H' };

describe.runIf(process.env[REAL_MODE] !== '1')('Log Analytics', () => {
  let target: ConformanceTarget & { readonly local: LocalControls };
  let arm: FactoryClient;
  let logs: LogsQueryClient;
  let workspaceId: string;

  beforeAll(async () => {
    target = await localTarget();
    arm = factoryClient(target);
    const { endpoints } = target.local.azure;
    workspaceId = endpoints.workspaceId;
    logs = new LogsQueryClient(target.credential, {
      httpClient: routingHttpClient({ 'api.loganalytics.io': endpoints.logAnalytics.http }),
      retryOptions: { maxRetries: 0 },
    });
  });
  afterEach(() => target.local.removeFault());
  afterAll(async () => {
    expect(target.local.errors).toEqual([]);
    await target.close();
  });

  function tableOf(result: LogsQueryResult): LogsTable {
    const table = result.status === 'Success' ? result.tables[0] : undefined;
    if (table === undefined) throw new Error(`the query ended ${result.status}`);
    return table;
  }

  async function ask(query: string, timespan: { duration: string } = HOUR): Promise<LogsTable> {
    return tableOf(await logs.queryWorkspace(workspaceId, query, timespan));
  }

  async function runOnce(pipeline: string, activities: object[], parameters: object = {}): Promise<string> {
    const { client, group, factory } = arm;
    await client.factories.createOrUpdate(group, factory, { location: 'westeurope' });
    await client.pipelines.createOrUpdate(group, factory, pipeline, {
      parameters: {
        day: { type: 'String', defaultValue: '' },
        key: { type: 'SecureString', defaultValue: '' },
      },
      variables: { v: { type: 'String' } },
      activities: activities as never,
    });
    const { runId } = await client.pipelines.createRun(group, factory, pipeline, {
      parameters: parameters as never,
    });
    await arm.until(runId, 'Succeeded', 'Failed');
    return runId;
  }

  const setVariable = { name: 'set', type: 'SetVariable', variableName: 'v', value: 'x' };

  test('a pipeline run is there, state by state, with its parameters and without its secrets', async () => {
    const runId = await runOnce('good', [setVariable], { day: '2026-11-22', key: 'hidden-word' });
    const { columnDescriptors, rows } = await ask(
      `ADFPipelineRun | where RunId == '${runId}' | project TimeGenerated, Status, Start, End, Parameters`,
    );
    expect(columnDescriptors.map(({ name, type }) => `${name}:${type}`)).toEqual([
      'TimeGenerated:datetime',
      'Status:string',
      'Start:datetime',
      'End:datetime',
      'Parameters:string',
    ]);
    expect(rows.map((row) => row[1])).toEqual(['Queued', 'InProgress', 'Succeeded']);
    const run = await arm.client.pipelineRuns.get(arm.group, arm.factory, runId);
    expect(rows[2]?.slice(2, 4)).toEqual([run.runStart, run.runEnd]);
    expect(JSON.parse(String(rows[2]?.[4]))).toEqual({ day: '2026-11-22', key: '**********' });
  });

  test('a failed run says why, and which activity', async () => {
    await target.local.installFault({
      service: 'data-factory',
      action: { kind: 'error', status: 500, code: 'Broken' },
    });
    const runId = await runOnce('bad', [setVariable]);
    const runs = await ask(
      `ADFPipelineRun | where RunId == '${runId}' and Status == 'Failed' | project ErrorMessage, ErrorCode, FailureType`,
    );
    expect(runs.rows).toEqual([[expect.stringContaining('target set failed'), 'Broken', 'SystemError']]);
    const activities = await ask(
      `ADFActivityRun | where PipelineRunId == '${runId}' | project ActivityName, ActivityType, Status`,
    );
    expect(activities.rows).toEqual([
      ['set', 'SetVariable', 'InProgress'],
      ['set', 'SetVariable', 'Failed'],
    ]);
  });

  test('a run that is stuck can be told from one that has ended', async () => {
    const ended = await runOnce('ended', [setVariable]);
    await target.local.installFault({
      service: 'data-factory',
      match: { path: '/pipelines/ended$' },
      action: { kind: 'stuck-run' },
    });
    const { runId } = await arm.client.pipelines.createRun(arm.group, arm.factory, 'ended');
    await arm.until(runId, 'InProgress');
    const { rows } = await ask(
      "ADFPipelineRun | where PipelineName == 'ended'" +
        " | summarize Ended = countif(Status in ('Succeeded', 'Failed', 'Cancelled')), Start = min(Start) by RunId" +
        ' | where Ended == 0 and Start < now() | project RunId',
    );
    expect(rows).toEqual([[runId]]);
    expect(rows).not.toContainEqual([ended]);
    await arm.client.pipelineRuns.cancel(arm.group, arm.factory, runId);
    await arm.until(runId, 'Cancelled');
  });

  test('what hubs took in is counted by hub', async () => {
    const hub = `orders-${randomUUID().slice(0, 8)}`;
    await createHub(target, hub, 4);
    const producer = new EventHubProducerClient(target.eventHubs.connectionString, hub);
    for (const partitionId of ['0', '3'])
      await producer.sendBatch(
        Array.from({ length: 50 }, (_, body) => ({ body })),
        { partitionId },
      );
    await producer.close();
    const { rows, columnDescriptors } = await ask(
      "AzureMetrics | where MetricName == 'IncomingMessages' | summarize Total = sum(Total) by EntityName, Resource, ResourceId",
    );
    const resourceId = `/subscriptions/${target.arm.subscriptionId}/resourceGroups/${target.arm.resourceGroup}/providers/Microsoft.EventHub/namespaces/retail-events`;
    expect(rows).toEqual([[hub, 'RETAIL-EVENTS', resourceId.toUpperCase(), 100]]);
    expect(columnDescriptors[3]).toEqual({ name: 'Total', type: 'real' });
  });

  test('requests to storage are logged as the client saw them, without the query', async () => {
    const credential = new StorageSharedKeyCredential(target.storage.account, target.storage.accountKey);
    const lake = new DataLakeServiceClient(target.storage.dfsUrl, credential, {
      retryOptions: { maxTries: 1 },
    });
    const files = lake.getFileSystemClient('logged');
    await files.create();
    await files.getFileClient('a.txt').upload(Buffer.from('x'));
    await refusal(files.getFileClient('none.txt').read());
    await target.local.installFault({ service: 'storage', action: { kind: 'error', status: 503 } });
    await refusal(files.getFileClient('a.txt').read());
    await target.local.removeFault();
    const { rows } = await ask(
      "StorageBlobLogs | where Uri has 'logged' | project OperationName, StatusCode, StatusText, AccountName, Uri",
    );
    const seen = rows.map(([operation, status, text]) => `${operation} ${status} ${text}`);
    expect(seen).toContain('CreatePathFile 201 Success');
    expect(seen.filter((line) => / 404 /.test(line))).toHaveLength(1);
    expect(seen.filter((line) => / 503 ServerBusy/.test(line))).toHaveLength(1);
    expect(rows.every(([, , , account, uri]) => account === 'retaillake' && !String(uri).includes('?'))).toBe(
      true,
    );
    const busy = await ask("StorageBlobLogs | where StatusCode == '503' | count");
    expect(busy.rows).toEqual([[1]]);
  });

  test('the heart beats, and the timespan of the request counts', async () => {
    const { rows } = await ask(
      'Heartbeat | summarize Beats = count(), Last = max(TimeGenerated) by Computer',
    );
    expect(rows[0]?.[0]).toBe('local-azure');
    expect(rows[0]?.[2]).toBeInstanceOf(Date);
    const past = await logs.queryWorkspace(workspaceId, 'Heartbeat | count', {
      startTime: new Date('2020-01-01'),
      endTime: new Date('2020-01-02'),
    });
    expect(tableOf(past).rows).toEqual([[0]]);
  });

  test('statistics and visualization come when they are asked for', async () => {
    const result = await logs.queryWorkspace(workspaceId, 'Heartbeat | take 1', HOUR, {
      includeQueryStatistics: true,
      includeVisualization: true,
      serverTimeoutInSeconds: 30,
    });
    expect(result.statistics).toMatchObject({ query: { datasetStatistics: [{ tableRowCount: 1 }] } });
    expect(result.visualization).toEqual({ visualization: null });
  });

  test('a query that is wrong, or not emulated, is a bad argument', async () => {
    const error = async (query: string) => {
      const thrown = await logs.queryWorkspace(workspaceId, query, HOUR).then(
        () => undefined,
        (reason: unknown) => reason as { statusCode: number; details: { error: Record<string, unknown> } },
      );
      return { status: thrown?.statusCode, ...thrown?.details.error };
    };
    expect(await error('Heartbeat | wher x')).toMatchObject({
      status: 400,
      code: 'BadArgumentError',
      innererror: { code: 'SyntaxError' },
    });
    expect(await error('Heartbeat | where Nothing == 1')).toMatchObject({
      code: 'BadArgumentError',
      innererror: { code: 'SemanticError', innererror: { code: 'KS142' } },
    });
    expect(await error('Heartbeat | join kind=inner (Heartbeat) on Computer')).toMatchObject({
      status: 400,
      innererror: { code: 'SemanticError', innererror: { code: 'NotEmulated' } },
    });
  });

  test('a batch answers each query by itself', async () => {
    const [good, bad] = await logs.queryBatch([
      { workspaceId, query: 'Heartbeat | count', timespan: HOUR },
      { workspaceId, query: 'Heartbeat | nonsense', timespan: HOUR },
    ]);
    expect(good).toMatchObject({ status: 'Success', tables: [{ columnDescriptors: [{ name: 'Count' }] }] });
    expect(bad).toMatchObject({ status: 'PartialFailure', partialError: { code: 'BadArgumentError' } });
  });

  test('another workspace, other workspaces and a wrong token are refused', async () => {
    expect(await refusal(logs.queryWorkspace(randomUUID(), 'Heartbeat', HOUR))).toMatchObject({
      status: 404,
    });
    const also = logs.queryWorkspace(workspaceId, 'Heartbeat', HOUR, { additionalWorkspaces: ['b'] });
    expect(await refusal(also)).toMatchObject({ status: 400 });
    const stranger = new LogsQueryClient(target.credential, {
      httpClient: routingHttpClient({
        'api.loganalytics.io': target.local.azure.endpoints.logAnalytics.http,
      }),
      credentials: { scopes: ['https://storage.azure.com/.default'] },
    });
    expect(await refusal(stranger.queryWorkspace(workspaceId, 'Heartbeat', HOUR))).toMatchObject({
      status: 403,
    });
  });

  test('every kind of fault strikes queries', async () => {
    await target.local.installFault({
      service: 'log-analytics',
      match: { operation: 'query' },
      action: { kind: 'error', status: 429, retryAfterS: 3 },
      count: 1,
    });
    expect(await refusal(logs.queryWorkspace(workspaceId, 'Heartbeat', HOUR))).toMatchObject({ status: 429 });
    await target.local.installFault({
      service: 'log-analytics',
      action: { kind: 'drop', when: 'after' },
      count: 1,
    });
    expect(await refusal(logs.queryWorkspace(workspaceId, 'Heartbeat', HOUR))).toBeDefined();
    expect((await ask('Heartbeat | count')).rows).toHaveLength(1);
  });
});
