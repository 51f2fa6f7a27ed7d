/** Copies of the local Data Factory: real files and HTTP sources into the lake, restarts, faults, hostile names. */

import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import armDataFactory, { type DatasetResource } from '@azure/arm-datafactory';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { REAL_MODE } from './support/environment.ts';
import { type FactoryClient, factoryClient, refusal } from './support/factory-client.ts';
import { type ConformanceTarget, type LocalControls, localTarget } from './support/target.ts';

type Format = 'Binary' | 'DelimitedText' | 'Json';
type Local = ConformanceTarget & { readonly local: LocalControls };

describe.runIf(process.env[REAL_MODE] !== '1')('Copy of the local Data Factory', () => {
  let dataDir: string;
  let files: string;
  let web: Server;
  let target: Local;
  let arm: FactoryClient;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'azure-copy-'));
    files = await mkdtemp(join(tmpdir(), 'azure-files-'));
    web = createServer(answerWeb);
    web.listen(0, '127.0.0.1');
    await new Promise((resolve) => web.once('listening', resolve));
    await open();
    await arm.client.factories.createOrUpdate(arm.group, arm.factory, { location: 'westeurope' });
    await provision();
  });
  afterEach(() => target.local.removeFault());
  afterAll(async () => {
    expect(target.local.errors).toEqual([]);
    await target.close();
    web.closeAllConnections();
    web.close();
    await rm(dataDir, { recursive: true, force: true });
    await rm(files, { recursive: true, force: true });
  });

  async function open(): Promise<void> {
    target = await localTarget(dataDir);
    arm = factoryClient(target);
  }

  function inLake(path: string): string {
    return join(dataDir, 'storage', target.storage.account, 'lake', path);
  }

  async function provision(): Promise<void> {
    const { client, group, factory } = arm;
    const { port } = web.address() as AddressInfo;
    await client.linkedServices.createOrUpdate(group, factory, 'files', {
      properties: {
        type: 'FileServer',
        host: files,
        password: { type: 'SecureString', value: 'hidden-word' },
      },
    });
    await client.linkedServices.createOrUpdate(group, factory, 'web', {
      properties: {
        type: 'HttpServer',
        url: `http://127.0.0.1:${port}/data/`,
        authenticationType: 'Anonymous',
      },
    });
    await client.linkedServices.createOrUpdate(group, factory, 'lake', {
      properties: { type: 'AzureBlobFS', url: `https://${target.storage.account}.dfs.core.windows.net` },
    });
    for (const format of ['Binary', 'DelimitedText', 'Json'] as const) {
      await putDataset(`files_${format}`, format, 'files', { type: 'FileServerLocation' });
      await putDataset(`lake_${format}`, format, 'lake', { type: 'AzureBlobFSLocation', fileSystem: 'lake' });
      await putDataset(`web_${format}`, format, 'web', { type: 'HttpServerLocation' });
      for (const source of ['files', 'web', 'lake']) await putPipeline(`${source}_${format}`, source, format);
    }
  }

  function parameter(name: string) {
    return { value: `@dataset().${name}`, type: 'Expression' };
  }

  async function putDataset(name: string, format: Format, service: string, location: object): Promise<void> {
    const isWeb = service === 'web';
    const place = isWeb
      ? { relativeUrl: parameter('file') }
      : { folderPath: parameter('folder'), fileName: parameter('file') };
    const csv = { columnDelimiter: ',', quoteChar: '"', escapeChar: '"', firstRowAsHeader: true };
    const dataset = {
      type: format,
      linkedServiceName: { type: 'LinkedServiceReference', referenceName: service },
      parameters: {
        folder: { type: 'String', defaultValue: '' },
        file: { type: 'String', defaultValue: '' },
      },
      location: { ...location, ...place },
      ...(format === 'DelimitedText' ? csv : {}),
    };
    await arm.client.datasets.createOrUpdate(arm.group, arm.factory, name, {
      properties: dataset as unknown as DatasetResource['properties'],
    });
  }

  async function putPipeline(name: string, source: string, format: Format): Promise<void> {
    const settings = {
      files: 'FileServerReadSettings',
      web: 'HttpReadSettings',
      lake: 'AzureBlobFSReadSettings',
    };
    const wild = source === 'web' ? {} : { wildcardFileName: '@pipeline().parameters.wildcard' };
    const reference = (dataset: string, folder: string, file: string) => ({
      type: 'DatasetReference' as const,
      referenceName: dataset,
      parameters: { folder: `@pipeline().parameters.${folder}`, file: `@pipeline().parameters.${file}` },
    });
    const text = { type: 'String' as const, defaultValue: '' };
    await arm.client.pipelines.createOrUpdate(arm.group, arm.factory, name, {
      parameters: { folder: text, file: text, wildcard: text, output: { type: 'String' }, outputFile: text },
      activities: [
        {
          name: 'copy',
          type: 'Copy',
          inputs: [reference(`${source}_${format}`, 'folder', 'file')],
          outputs: [reference(`lake_${format}`, 'output', 'outputFile')],
          source: {
            type: `${format}Source`,
            storeSettings: { type: settings[source as keyof typeof settings], ...wild },
          } as never,
          sink: { type: `${format}Sink`, storeSettings: { type: 'AzureBlobFSWriteSettings' } } as never,
        },
      ],
    });
  }

  async function copy(pipeline: string, parameters: Record<string, string>) {
    const { runId } = await arm.client.pipelines.createRun(arm.group, arm.factory, pipeline, { parameters });
    const run = await arm.until(runId, 'Succeeded', 'Failed');
    const [activity] = await arm.activities(runId);
    return {
      run,
      runId,
      output: activity?.output as Record<string, unknown>,
      error: activity?.error as { message?: string },
    };
  }

  async function source(path: string, content: string | Uint8Array): Promise<void> {
    await mkdir(join(files, path, '..'), { recursive: true });
    await writeFile(join(files, path), content);
  }

  test('a file is copied byte for byte, under its own name on disk, with its rows counted', async () => {
    const text = 'id,name\r\n1,"a, ""b""\r\nc"\r\n2,ü\r\n';
    await source('shops/shops.csv', text);
    const { run, output } = await copy('files_DelimitedText', {
      folder: 'shops',
      file: 'shops.csv',
      output: 'landing/shops/1',
    });
    expect(run.status).toBe('Succeeded');
    expect(await readFile(inLake('landing/shops/1/shops.csv'), 'utf8')).toBe(text);
    const bytes = Buffer.byteLength(text);
    expect(output).toMatchObject({
      rowsRead: 2,
      rowsCopied: 2,
      filesRead: 1,
      filesWritten: 1,
      dataRead: bytes,
      dataWritten: bytes,
      errors: [],
    });
    expect(output.copyDuration).toBeGreaterThan(0);
  });

  test('what was copied is a file of the lake for the storage service too', async () => {
    await source('one.json', '[{"a":1},{"a":2},{"a":3}]');
    const { output } = await copy('files_Json', {
      file: 'one.json',
      output: 'landing/json',
      outputFile: 'renamed.json',
    });
    expect(output.rowsCopied).toBe(3);
    const { DataLakeServiceClient, StorageSharedKeyCredential } = await import(
      '@azure/storage-file-datalake'
    );
    const credential = new StorageSharedKeyCredential(target.storage.account, target.storage.accountKey);
    const lake = new DataLakeServiceClient(target.storage.dfsUrl, credential).getFileSystemClient('lake');
    const read = await lake.getFileClient('landing/json/renamed.json').readToBuffer();
    expect(read.toString('utf8')).toBe('[{"a":1},{"a":2},{"a":3}]');
  });

  test('a folder is copied with all below it, a wildcard takes what matches, bytes are never judged', async () => {
    await source('tree/a.bin', Buffer.from([0, 255, 10, 34]));
    await source('tree/deep/b.bin', 'b');
    await source('tree/deep/c.txt', 'c');
    const whole = await copy('files_Binary', { folder: 'tree', output: 'landing/tree' });
    expect(whole.output).toMatchObject({ filesWritten: 3, dataWritten: 6 });
    expect(whole.output.rowsCopied).toBeUndefined();
    expect(await readFile(inLake('landing/tree/a.bin'))).toEqual(Buffer.from([0, 255, 10, 34]));
    expect(await readFile(inLake('landing/tree/deep/b.bin'), 'utf8')).toBe('b');
    const some = await copy('files_Binary', { folder: 'tree', wildcard: '*.bin', output: 'landing/bins' });
    expect(some.output.filesWritten).toBe(2);
    expect((await readdir(inLake('landing/bins'))).toSorted()).toEqual(['a.bin', 'deep']);
    const none = await copy('files_Binary', { folder: 'tree', wildcard: '*.pdf', output: 'landing/none' });
    expect(none.run.status).toBe('Succeeded');
    expect(none.output.filesWritten).toBe(0);
  });

  test('files of the lake can be a source', async () => {
    await source('again.csv', 'x\n1\n2\n');
    await copy('files_DelimitedText', { file: 'again.csv', output: 'landing/again' });
    const { output } = await copy('lake_DelimitedText', { folder: 'landing/again', output: 'copied' });
    expect(output).toMatchObject({ rowsCopied: 2, filesWritten: 1 });
    expect(await readFile(inLake('copied/again.csv'), 'utf8')).toBe('x\n1\n2\n');
    const missing = await copy('lake_DelimitedText', { folder: 'nowhere', output: 'copied' });
    expect(missing.error.message).toContain('ErrorCode=UserErrorFileNotFound');
  });

  test('an empty file succeeds with no rows, a missing one fails as the service says it', async () => {
    await source('empty.csv', '');
    const empty = await copy('files_DelimitedText', { file: 'empty.csv', output: 'landing/empty' });
    expect(empty.run.status).toBe('Succeeded');
    expect(empty.output).toMatchObject({ rowsCopied: 0, filesWritten: 1 });
    const missing = await copy('files_DelimitedText', { file: 'gone.csv', output: 'landing/gone' });
    expect(missing.run).toMatchObject({ status: 'Failed' });
    expect(missing.run.message).toContain('Operation on target copy failed');
    expect(missing.error).toMatchObject({ errorCode: '2200', failureType: 'UserError', target: 'copy' });
    expect(missing.error.message).toContain('ErrorCode=UserErrorFileNotFound');
    await expect(stat(inLake('landing/gone'))).rejects.toThrow('ENOENT');
  });

  test('an HTTP source is fetched; a status, a broken body and a dead port fail the run and leave no file', async () => {
    const good = await copy('web_DelimitedText', { file: 'good.csv', output: 'landing/web' });
    expect(good.output).toMatchObject({ rowsCopied: 2, dataRead: 12 });
    expect(await readFile(inLake('landing/web/good.csv'), 'utf8')).toBe('a,b\n1,2\n3,4\n');
    for (const file of ['status-503', 'broken', 'missing', 'elsewhere']) {
      const bad = await copy('web_Binary', { file, output: 'landing/broken' });
      expect(bad.run.status).toBe('Failed');
      expect(bad.error.message).toContain('ErrorCode=HttpFileFailedToRead');
    }
    await expect(stat(inLake('landing/broken/broken'))).rejects.toThrow('ENOENT');
    const { port } = web.address() as AddressInfo;
    await arm.client.linkedServices.createOrUpdate(arm.group, arm.factory, 'web', {
      properties: { type: 'HttpServer', url: 'http://127.0.0.1:9/data/' },
    });
    const dead = await copy('web_Binary', { file: 'good.csv', output: 'landing/dead' });
    expect(dead.error.message).toContain('ErrorCode=HttpFileFailedToRead');
    await arm.client.linkedServices.createOrUpdate(arm.group, arm.factory, 'web', {
      properties: { type: 'HttpServer', url: `http://127.0.0.1:${port}/data/` },
    });
  });

  test('no name leads out of the linked service or out of the file system', async () => {
    await source('inside/ok.txt', 'ok');
    await writeFile(join(dataDir, 'outside.txt'), 'secret');
    await symlink(join(dataDir, 'outside.txt'), join(files, 'inside', 'link.txt'));
    const sources: Record<string, string>[] = [
      { folder: '..', file: 'outside.txt' },
      { folder: '/inside/../..', file: 'outside.txt' },
      { folder: 'inside', file: '..\\..\\outside.txt' },
      { folder: 'inside', file: 'link.txt' },
      { folder: 'inside', wildcard: 'link*' },
    ];
    for (const hostile of sources) {
      const { run, error } = await copy('files_Binary', { ...hostile, output: 'landing/hostile' });
      expect(run.status).toBe('Failed');
      expect(error.message).toMatch(/UserErrorInvalidPath|UserErrorFileNotFound/);
    }
    for (const output of ['../../x', 'a/../../../x', '..', 'a\\..\\..\\..\\x']) {
      const { run } = await copy('files_Binary', { folder: 'inside', file: 'ok.txt', output });
      expect(run.status).toBe('Failed');
    }
    const up = await copy('web_Binary', { file: '../private', output: 'landing/hostile' });
    const away = await copy('web_Binary', { file: '//example.invalid/x', output: 'landing/hostile' });
    expect([up.run.status, away.run.status]).toEqual(['Failed', 'Failed']);
    expect(await readdir(dataDir)).not.toContain('x');
    await expect(stat(inLake('landing/hostile'))).rejects.toThrow('ENOENT');
  });

  test('what is not emulated is refused when it is put, not ignored', async () => {
    const base = { name: 'a', dependsOn: [], typeProperties: {} };
    const bad = [
      { ...base, type: 'ExecutePipeline', pipeline: { type: 'PipelineReference', referenceName: 'x' } },
      {
        ...base,
        type: 'Copy',
        inputs: [{ type: 'DatasetReference', referenceName: 'files_Binary' }],
        outputs: [{ type: 'DatasetReference', referenceName: 'lake_Binary' }],
        source: {
          type: 'BinarySource',
          storeSettings: { type: 'FileServerReadSettings', deleteFilesAfterCompletion: true },
        },
        sink: { type: 'BinarySink', storeSettings: { type: 'AzureBlobFSWriteSettings' } },
      },
    ];
    for (const activity of bad) {
      const put = arm.client.pipelines.createOrUpdate(arm.group, arm.factory, 'bad', {
        activities: [activity as never],
      });
      expect((await refusal(put))?.status).toBe(400);
    }
    const removed = arm.client.datasets.delete(arm.group, arm.factory, 'files_Binary');
    expect((await refusal(removed))?.status).toBe(400);
  });

  test('a secret of a linked service never comes back', async () => {
    const read = await arm.client.linkedServices.get(arm.group, arm.factory, 'files');
    expect(JSON.stringify(read)).not.toContain('hidden-word');
    expect((await stat(join(dataDir, 'datafactory', arm.factory, 'resources.json'))).mode & 0o077).toBe(0);
  });

  test('a createRun whose answer is lost has started a run that its parameters find', async () => {
    await source('lost.csv', 'x\n1\n');
    await target.local.installFault({
      service: 'arm',
      match: { operation: 'create-run' },
      action: { kind: 'drop', when: 'after' },
      count: 1,
    });
    const parameters = { file: 'lost.csv', output: 'landing/lost/1-nonce' };
    const lost = arm.client.pipelines.createRun(arm.group, arm.factory, 'files_DelimitedText', {
      parameters,
    });
    await expect(lost).rejects.toThrow();
    const { value } = await arm.client.pipelineRuns.queryByFactory(arm.group, arm.factory, arm.span);
    const found = value.filter((run) => run.parameters?.output === 'landing/lost/1-nonce');
    expect(found).toHaveLength(1);
    await arm.until(found[0]?.runId ?? '', 'Succeeded');
  });

  test('a lost answer before the effect has started nothing', async () => {
    await target.local.installFault({
      service: 'arm',
      match: { operation: 'create-run' },
      action: { kind: 'drop', when: 'before' },
      count: 1,
    });
    const parameters = { file: 'lost.csv', output: 'landing/never' };
    await expect(
      arm.client.pipelines.createRun(arm.group, arm.factory, 'files_DelimitedText', { parameters }),
    ).rejects.toThrow();
    const { value } = await arm.client.pipelineRuns.queryByFactory(arm.group, arm.factory, arm.span);
    expect(value.filter((run) => run.parameters?.output === 'landing/never')).toEqual([]);
  });

  test('a run can be made to stick and to fail', async () => {
    const match = { path: 'pipelines/files_DelimitedText/' };
    const id = await target.local.installFault({
      service: 'data-factory',
      match,
      action: { kind: 'hold', when: 'before' },
    });
    const parameters = { file: 'lost.csv', output: 'landing/stuck' };
    const { runId } = await arm.client.pipelines.createRun(arm.group, arm.factory, 'files_DelimitedText', {
      parameters,
    });
    await target.local.faults('?wait=1');
    expect((await arm.client.pipelineRuns.get(arm.group, arm.factory, runId)).status).toBe('InProgress');
    await arm.client.pipelineRuns.cancel(arm.group, arm.factory, runId);
    await arm.until(runId, 'Cancelled');
    await target.local.removeFault(id);
    await target.local.installFault({
      service: 'data-factory',
      match,
      action: { kind: 'error', status: 500, code: 'BadGateway' },
      count: 1,
    });
    const failed = await copy('files_DelimitedText', parameters);
    expect(failed.run.status).toBe('Failed');
    expect(failed.error).toMatchObject({ errorCode: 'BadGateway', failureType: 'SystemError' });
  });

  test('lists come in pages, and continuation tokens lead through all runs once', async () => {
    for (let count = 0; count < 60; count += 1) {
      await arm.client.pipelines.createOrUpdate(arm.group, arm.factory, `many-${count}`, { activities: [] });
    }
    const names = new Set<string | undefined>();
    let pages = 0;
    for await (const page of arm.client.pipelines.listByFactory(arm.group, arm.factory).byPage()) {
      pages += 1;
      for (const { name } of page) names.add(name);
    }
    expect(pages).toBe(2);
    expect(names.size).toBe(69);
    const ids: string[] = [];
    for (let count = 0; count < 230; count += 1) {
      ids.push((await arm.client.pipelines.createRun(arm.group, arm.factory, 'many-0')).runId);
    }
    // By TLS under the local CA the links lead back to where the client came from.
    const { endpoints } = target.local.azure;
    const { DataFactoryManagementClient } = armDataFactory;
    const secure = new DataFactoryManagementClient(target.credential, target.arm.subscriptionId, {
      endpoint: endpoints.arm.https,
      // Otherwise the client asks for a token for localhost, which ARM rightly refuses.
      credentialScopes: 'https://management.azure.com/.default',
    });
    let bySecure = 0;
    for await (const _pipeline of secure.pipelines.listByFactory(arm.group, arm.factory)) bySecure += 1;
    expect(bySecure).toBe(69);
    const query = {
      ...arm.span,
      filters: [{ operand: 'PipelineName', operator: 'Equals', values: ['many-0'] }],
    };
    const seen: (string | undefined)[] = [];
    let token: string | undefined;
    do {
      const page = await arm.client.pipelineRuns.queryByFactory(arm.group, arm.factory, {
        ...query,
        ...(token === undefined ? {} : { continuationToken: token }),
      });
      expect(page.value.length).toBeLessThanOrEqual(100);
      seen.push(...page.value.map(({ runId }) => runId));
      token = page.continuationToken;
    } while (token !== undefined);
    expect(seen.toSorted()).toEqual(ids.toSorted());
    const forged = arm.client.pipelineRuns.queryByFactory(arm.group, arm.factory, {
      ...query,
      continuationToken: 'x',
    });
    expect((await refusal(forged))?.status).toBe(400);
  });

  test('after a restart all is as it was: documents, history, and a run in flight goes on to its end', async () => {
    await source('slow.csv', 'x\n1\n2\n3\n');
    const before = await arm.client.pipelineRuns.queryByFactory(arm.group, arm.factory, {
      ...arm.span,
      filters: [{ operand: 'PipelineName', operator: 'Equals', values: ['web_Binary'] }],
    });
    await target.local.installFault({ service: 'data-factory', action: { kind: 'hold', when: 'before' } });
    const parameters = { file: 'slow.csv', output: 'landing/slow' };
    const { runId } = await arm.client.pipelines.createRun(arm.group, arm.factory, 'files_DelimitedText', {
      parameters,
    });
    const canceled = await arm.client.pipelines.createRun(arm.group, arm.factory, 'files_DelimitedText', {
      parameters: { ...parameters, output: 'landing/canceled' },
    });
    await arm.until(runId, 'InProgress');
    await target.close();

    await open();
    const after = await arm.client.pipelineRuns.queryByFactory(arm.group, arm.factory, {
      ...arm.span,
      filters: [{ operand: 'PipelineName', operator: 'Equals', values: ['web_Binary'] }],
    });
    expect(after.value).toEqual(before.value);
    expect((await arm.client.datasets.get(arm.group, arm.factory, 'lake_Json')).name).toBe('lake_Json');
    await arm.until(runId, 'Succeeded');
    await arm.until(canceled.runId, 'Succeeded');
    const activities = await arm.activities(runId);
    expect(activities).toHaveLength(1);
    expect(activities[0]?.output).toMatchObject({ rowsCopied: 3 });
    expect(await readFile(inLake('landing/slow/slow.csv'), 'utf8')).toBe('x\n1\n2\n3\n');
  });

  test('no temporary file is left in the lake', async () => {
    const names = await readdir(inLake(''), { recursive: true });
    expect(names.filter((name) => /tmp|\.part/i.test(name))).toEqual([]);
  });
});

function answerWeb(request: IncomingMessage, response: ServerResponse): void {
  switch (request.url) {
    case '/data/good.csv':
      response.end('a,b\n1,2\n3,4\n');
      return;
    case '/data/elsewhere':
      response.writeHead(302, { location: 'http://127.0.0.1:9/other-host' }).end();
      return;
    case '/data/status-503':
      response.writeHead(503).end('busy');
      return;
    case '/data/broken':
      response.writeHead(200, { 'content-length': '1000' });
      response.write('only a part', () => response.destroy());
      return;
    default:
      response.writeHead(404).end();
  }
}
