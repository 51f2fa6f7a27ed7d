/** A Data Factory that lies, stands still and lags, as @azure/arm-datafactory sees it. Local only. */
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatasetResource } from '@azure/arm-datafactory';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { REAL_MODE } from './support/environment.ts';
import { type FactoryClient, factoryClient } from './support/factory-client.ts';
import { type ConformanceTarget, type LocalControls, localTarget } from './support/target.ts';

describe.runIf(process.env[REAL_MODE] !== '1')('faults of the local Data Factory', () => {
  let files: string;
  let target: ConformanceTarget & { readonly local: LocalControls };
  let arm: FactoryClient;
  let windows = 0;

  beforeAll(async () => {
    files = await mkdtemp(join(tmpdir(), 'azure-files-'));
    await mkdir(join(files, 'in'));
    for (const name of ['a', 'b', 'c', 'd']) await writeFile(join(files, 'in', `${name}.csv`), 'x\n1\n2\n');
    target = await localTarget();
    arm = factoryClient(target);
    await provision();
  });
  afterEach(() => target.local.removeFault());
  afterAll(async () => {
    expect(target.local.errors).toEqual([]);
    await target.close();
    await rm(files, { recursive: true, force: true });
  });

  async function provision(): Promise<void> {
    const { client, group, factory } = arm;
    await client.factories.createOrUpdate(group, factory, { location: 'westeurope' });
    await client.linkedServices.createOrUpdate(group, factory, 'files', {
      properties: { type: 'FileServer', host: files },
    });
    await client.linkedServices.createOrUpdate(group, factory, 'lake', {
      properties: { type: 'AzureBlobFS', url: `https://${target.storage.account}.dfs.core.windows.net` },
    });
    await putDataset('in', 'files', { type: 'FileServerLocation', folderPath: 'in' });
    const folderPath = { value: '@dataset().folder', type: 'Expression' };
    await putDataset('out', 'lake', { type: 'AzureBlobFSLocation', fileSystem: 'lake', folderPath });
    await client.pipelines.createOrUpdate(group, factory, 'land', {
      parameters: { folder: { type: 'String' } },
      activities: [
        {
          name: 'copy',
          type: 'Copy',
          inputs: [{ type: 'DatasetReference', referenceName: 'in' }],
          outputs: [
            {
              type: 'DatasetReference',
              referenceName: 'out',
              parameters: { folder: '@pipeline().parameters.folder' },
            },
          ],
          source: {
            type: 'DelimitedTextSource',
            storeSettings: { type: 'FileServerReadSettings', wildcardFileName: '*.csv' },
          } as never,
          sink: {
            type: 'DelimitedTextSink',
            storeSettings: { type: 'AzureBlobFSWriteSettings' },
          } as never,
        },
      ],
    });
  }

  async function putDataset(name: string, service: string, location: object): Promise<void> {
    const dataset = {
      type: 'DelimitedText',
      linkedServiceName: { type: 'LinkedServiceReference', referenceName: service },
      parameters: { folder: { type: 'String', defaultValue: '' } },
      location,
      columnDelimiter: ',',
      quoteChar: '"',
      escapeChar: '"',
      firstRowAsHeader: true,
    };
    await arm.client.datasets.createOrUpdate(arm.group, arm.factory, name, {
      properties: dataset as unknown as DatasetResource['properties'],
    });
  }

  async function start(): Promise<{ runId: string; folder: string }> {
    windows += 1;
    const folder = `landing/${windows}`;
    const { client, group, factory } = arm;
    const { runId } = await client.pipelines.createRun(group, factory, 'land', { parameters: { folder } });
    return { runId, folder };
  }

  async function copyOnce() {
    const { runId, folder } = await start();
    const run = await arm.until(runId, 'Succeeded', 'Failed');
    const [activity] = await arm.activities(runId);
    return { status: run.status, output: activity?.output as Record<string, unknown>, folder };
  }

  async function arrived(folder: string): Promise<string[]> {
    const names = ['a.csv', 'b.csv', 'c.csv', 'd.csv'];
    const root = join(target.local.dataDir, 'storage', target.storage.account, 'lake', folder);
    const there = await Promise.all(
      names.map((name) =>
        access(join(root, name)).then(
          () => true,
          () => false,
        ),
      ),
    );
    return names.filter((_, index) => there[index]);
  }

  const fault = (action: object, more: object = {}) =>
    target.local.installFault({ service: 'data-factory', action, ...more });

  async function listed(runId: string): Promise<boolean> {
    const { value } = await arm.client.pipelineRuns.queryByFactory(arm.group, arm.factory, arm.span);
    return value.some((run) => run.runId === runId);
  }

  test('a copy succeeds with no rows and no files', async () => {
    await fault({ kind: 'distort-copy', what: 'zero-rows' }, { count: 1 });
    const lied = await copyOnce();
    expect(lied).toMatchObject({ status: 'Succeeded', output: { rowsCopied: 0, filesWritten: 0 } });
    expect(await arrived(lied.folder)).toEqual([]);
    const honest = await copyOnce();
    expect(honest.output).toMatchObject({ rowsCopied: 8, filesWritten: 4 });
    expect(await arrived(honest.folder)).toHaveLength(4);
  });

  test('a copy reports all files and brings half of them, or as many as asked', async () => {
    const id = await fault({ kind: 'distort-copy', what: 'partial' });
    const half = await copyOnce();
    expect(half).toMatchObject({ status: 'Succeeded', output: { rowsCopied: 8, filesWritten: 4 } });
    expect(await arrived(half.folder)).toEqual(['a.csv', 'b.csv']);
    await target.local.removeFault(id);
    await fault(
      { kind: 'distort-copy', what: 'partial', fileCount: 3 },
      { match: { path: '/pipelines/land/' } },
    );
    expect(await arrived((await copyOnce()).folder)).toHaveLength(3);
    expect(await target.local.faults()).toMatchObject([{ hits: 1 }]);
  });

  test('a stuck run is InProgress until it is cancelled', async () => {
    const id = await fault({ kind: 'stuck-run' }, { match: { path: '/pipelines/land$' } });
    const { runId, folder } = await start();
    await arm.until(runId, 'InProgress');
    await target.local.faults('?wait=1');
    expect(await arm.activities(runId)).toEqual([]);
    await arm.client.pipelineRuns.cancel(arm.group, arm.factory, runId);
    expect((await arm.until(runId, 'Cancelled')).message).toBe('Cancelled by user.');
    expect(await arrived(folder)).toEqual([]);
    // The fault stands: what is started next is stuck too, until it is deleted.
    const next = await start();
    await target.local.faults('?wait=1');
    await target.local.removeFault(id);
    await arm.until(next.runId, 'Succeeded');
    expect(await arrived(next.folder)).toHaveLength(4);
  });

  test('a young run is not listed while the list lags, but is found by its id', async () => {
    const id = await fault({ kind: 'listing-lag', lagMs: 600_000 });
    const { runId } = await start();
    await arm.until(runId, 'Succeeded');
    expect(await listed(runId)).toBe(false);
    await target.local.removeFault(id);
    expect(await listed(runId)).toBe(true);
  });
});
