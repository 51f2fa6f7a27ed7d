import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataFactoryManagementClient } from '@azure/arm-datafactory';
import { DataLakeServiceClient } from '@azure/storage-file-datalake';
import type { BatchSource } from '@lakewarden/compute';
import type { CopyJob, CopyState, JobRunner } from '@lakewarden/core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createRestHttpClient, createStorageHttpClient } from './azure-routes.ts';
import { createCredential } from './credential.ts';
import { createDataFactory } from './data-factory.ts';
import { systemClock } from './system-clock.ts';
import { systemRandom } from './system-random.ts';
import { makeGuards } from './testing/guards.ts';
import { type LocalAzure, startLocalAzure } from './testing/local-azure.ts';

const never = new AbortController().signal;
const FACTORY = 'retail-factory';

describe('Data Factory over the wire', () => {
  let azure: LocalAzure;
  let arm: DataFactoryManagementClient;
  let jobs: JobRunner;
  let dir = '';

  beforeAll(async () => {
    azure = await startLocalAzure();
    dir = await mkdtemp(join(tmpdir(), 'factory-wire-'));
    await writeFile(join(dir, 'stores.json'), '[{"id":1},{"id":2},{"id":3}]');
    const { routes, subscriptionId, resourceGroup } = azure;
    const credential = createCredential();
    const [httpClient, storageClient] = [createRestHttpClient(routes), createStorageHttpClient(routes)];
    arm = new DataFactoryManagementClient(credential, subscriptionId, { ...(httpClient && { httpClient }) });
    const lake = new DataLakeServiceClient('https://retaillake.dfs.core.windows.net', credential, {
      ...(storageClient && { httpClient: storageClient }),
    });
    await lake.getFileSystemClient('lake').createIfNotExists();
    await defineFactory();
    jobs = createDataFactory({
      subscriptionId,
      resourceGroup,
      credential,
      routes,
      clock: systemClock,
      guard: makeGuards().guards.dataFactory,
      listingLagMs: 20,
    });
  });
  afterEach(() => azure.clearFaults());
  afterAll(async () => {
    await azure?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  async function defineFactory(): Promise<void> {
    const group = azure.resourceGroup;
    await arm.factories.createOrUpdate(group, FACTORY, { location: 'westeurope' });
    await arm.linkedServices.createOrUpdate(group, FACTORY, 'files', {
      properties: { type: 'FileServer', host: dir },
    });
    await arm.linkedServices.createOrUpdate(group, FACTORY, 'lake', {
      properties: { type: 'AzureBlobFS', url: 'https://retaillake.dfs.core.windows.net' },
    });
    const reference = (referenceName: string) => ({ type: 'LinkedServiceReference' as const, referenceName });
    await arm.datasets.createOrUpdate(group, FACTORY, 'stores', {
      properties: {
        type: 'Json',
        linkedServiceName: reference('files'),
        location: { type: 'FileServerLocation', fileName: 'stores.json' },
      },
    });
    await arm.datasets.createOrUpdate(group, FACTORY, 'landed', {
      properties: {
        type: 'Json',
        linkedServiceName: reference('lake'),
        parameters: { folder: { type: 'String' } },
        location: {
          type: 'AzureBlobFSLocation',
          fileSystem: 'lake',
          folderPath: { value: '@dataset().folder', type: 'Expression' },
          fileName: 'stores.json',
        },
      },
    });
    const parameters = { window: { type: 'String' as const }, output: { type: 'String' as const } };
    await arm.pipelines.createOrUpdate(group, FACTORY, 'copy-stores', {
      parameters,
      activities: [
        {
          name: 'copy',
          type: 'Copy',
          inputs: [{ type: 'DatasetReference', referenceName: 'stores' }],
          outputs: [
            {
              type: 'DatasetReference',
              referenceName: 'landed',
              parameters: { folder: { value: '@pipeline().parameters.output', type: 'Expression' } },
            },
          ],
          source: { type: 'JsonSource' },
          sink: { type: 'JsonSink' },
        },
      ],
    });
    await arm.pipelines.createOrUpdate(group, FACTORY, 'wait', {
      parameters,
      activities: [{ name: 'wait', type: 'Wait', waitTimeInSeconds: 600 }],
    });
  }

  function source(pipeline: string): BatchSource {
    return {
      kind: 'data-factory',
      name: 'stores',
      factory: FACTORY,
      pipeline,
      everyMs: 86_400_000,
      format: { kind: 'json-array' },
      allowEmpty: false,
    };
  }

  function makeJob(window: string, attempt: number, pipeline = 'wait'): CopyJob {
    const output = `landing/stores/${window}/${attempt}-${systemRandom.uuid()}`;
    return { source: source(pipeline), window, attempt, output };
  }

  /** The runs of one window, by id. */
  async function runsOf(window: string): Promise<Map<string, string>> {
    const { value } = await arm.pipelineRuns.queryByFactory(azure.resourceGroup, FACTORY, {
      lastUpdatedAfter: new Date(Date.now() - 86_400_000),
      lastUpdatedBefore: new Date(Date.now() + 86_400_000),
    });
    const own = value.filter((run) => run.parameters?.window === window);
    return new Map(own.map((run) => [run.runId ?? '', run.status ?? '']));
  }

  async function ended(job: CopyJob, runId: string): Promise<CopyState> {
    for (;;) {
      const state = await jobs.poll(job.source, runId, never);
      if (state.kind !== 'running') return state;
    }
  }

  const createRunFault = (action: object, count = 1) =>
    azure.fault({ service: 'arm', match: { method: 'POST', path: 'createRun' }, action, count });

  test('a job becomes one run, which is followed to its end with the rows it copied', async () => {
    const job = makeJob('2011-12-01', 1, 'copy-stores');
    const run = await jobs.submit(job, never);
    expect(run.output).toBe(job.output);
    expect(await ended(job, run.runId)).toEqual({ kind: 'succeeded', rowsCopied: 3 });
  });

  test('submitting again adopts the run that is there, with its own output folder', async () => {
    const first = makeJob('2011-12-02', 1);
    const run = await jobs.submit(first, never);
    expect(await jobs.submit(makeJob('2011-12-02', 1), never)).toEqual({
      runId: run.runId,
      output: first.output,
    });
    expect((await runsOf('2011-12-02')).size).toBe(1);
  });

  test('another attempt and another window are other runs', async () => {
    const one = await jobs.submit(makeJob('2011-12-03', 1), never);
    const two = await jobs.submit(makeJob('2011-12-03', 2), never);
    const eleven = await jobs.submit(makeJob('2011-12-03', 11), never);
    const other = await jobs.submit(makeJob('2011-12-04', 1), never);
    expect(new Set([one, two, eleven, other].map((run) => run.runId)).size).toBe(4);
  });

  test('a run whose answer was lost is found, not started twice (I20)', async () => {
    await createRunFault({ kind: 'drop', when: 'after' });
    const run = await jobs.submit(makeJob('2011-12-05', 1), never);
    expect([...(await runsOf('2011-12-05')).keys()]).toEqual([run.runId]);
  });

  test('a caller who left before the answer came finds its run later, though it is listed late (I20)', async () => {
    const { subscriptionId, resourceGroup, routes } = azure;
    const patient = createDataFactory({
      subscriptionId,
      resourceGroup,
      credential: createCredential(),
      routes,
      clock: systemClock,
      guard: makeGuards().guards.dataFactory,
      listingLagMs: 600,
    });
    await azure.fault({ service: 'data-factory', action: { kind: 'listing-lag', lagMs: 500 } });
    await createRunFault({ kind: 'hold', when: 'after' });
    const left = new AbortController();
    const first = patient.submit(makeJob('2011-12-12', 1), left.signal);
    first.catch(() => undefined);
    await azure.held();
    left.abort();
    await expect(first).rejects.toMatchObject({ code: 'cancelled' });
    const run = await patient.submit(makeJob('2011-12-12', 1), never);
    expect([...(await runsOf('2011-12-12')).keys()]).toEqual([run.runId]);
  });

  test('a run that never reached the service is started again', async () => {
    await createRunFault({ kind: 'drop', when: 'before' }, 2);
    const run = await jobs.submit(makeJob('2011-12-06', 1), never);
    expect([...(await runsOf('2011-12-06')).keys()]).toEqual([run.runId]);
  });

  test('after four attempts it is left for the next round (I8)', async () => {
    await createRunFault({ kind: 'error', status: 503 }, 10);
    await expect(jobs.submit(makeJob('2011-12-07', 1), never)).rejects.toMatchObject({
      name: 'TransientError',
    });
    expect((await runsOf('2011-12-07')).size).toBe(0);
  });

  test('of several runs of one attempt the oldest is adopted and the others are cancelled', async () => {
    const outputs = [makeJob('2011-12-08', 1), makeJob('2011-12-08', 1)].map((job) => job.output);
    const started: string[] = [];
    for (const output of outputs) {
      const { runId } = await arm.pipelines.createRun(azure.resourceGroup, FACTORY, 'wait', {
        parameters: { window: '2011-12-08', output },
      });
      started.push(runId);
      // The order is told by the start, so each is let start before the next one.
      while ((await runsOf('2011-12-08')).get(runId) === 'Queued');
    }
    const run = await jobs.submit(makeJob('2011-12-08', 1), never);
    expect(run).toEqual({ runId: started[0], output: outputs[0] });
    expect(await ended(makeJob('2011-12-08', 1), started[1] ?? '')).toMatchObject({ kind: 'failed' });
  });

  test('a failed or cancelled run is not adopted', async () => {
    const job = makeJob('2011-12-09', 1);
    const run = await jobs.submit(job, never);
    await jobs.cancel(job.source, run.runId, never);
    expect(await ended(job, run.runId)).toMatchObject({ kind: 'failed' });
    const again = await jobs.submit(makeJob('2011-12-09', 1), never);
    expect(again.runId).not.toBe(run.runId);
  });

  test('cancelling is harmless for a run that has ended or never was', async () => {
    const job = makeJob('2011-12-10', 1, 'copy-stores');
    const run = await jobs.submit(job, never);
    await ended(job, run.runId);
    await jobs.cancel(job.source, run.runId, never);
    await jobs.cancel(job.source, systemRandom.uuid(), never);
    expect(await ended(job, run.runId)).toMatchObject({ kind: 'succeeded' });
  });

  test('a run that nobody knows is not found, which may pass', async () => {
    const unknown = jobs.poll(source('wait'), systemRandom.uuid(), never);
    await expect(unknown).rejects.toMatchObject({ name: 'TransientError', code: 'not-found' });
  });

  test('a pipeline that is not there is a terminal failure', async () => {
    await expect(jobs.submit(makeJob('2011-12-11', 1, 'nowhere'), never)).rejects.toMatchObject({
      name: 'TerminalError',
      code: 'not-found',
    });
  });
});
