/** The process of the local Azure is killed while runs are created and at work; what was answered must hold. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Endpoints } from '../src/server/endpoints.ts';
import { REAL_MODE } from './support/environment.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const version = 'api-version=2018-06-01';
const killCount = 4;
const runsBetweenKills = 6;
const rowsOfFile = 20_000;

describe.runIf(process.env[REAL_MODE] !== '1')('Data Factory under kill -9', () => {
  let dir: string;
  let child: ChildProcess;
  let endpoints: Endpoints;
  let token: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'azure-kill-'));
    await mkdir(join(dir, 'files'));
    const rows = Array.from({ length: rowsOfFile }, (_, row) => `${row},"row ${row}"\n`).join('');
    await writeFile(join(dir, 'files', 'a.csv'), `id,text\n${rows}`);
    await start();
  });
  afterAll(async () => {
    await kill();
    await rm(dir, { recursive: true, force: true });
  });

  async function start(): Promise<void> {
    child = spawn(process.execPath, [main, '--data', join(dir, 'azure')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const { stdout } = child;
    if (stdout === null) throw new Error('stdout is piped');
    const first = await new Promise<string>((resolve, reject) => {
      createInterface(stdout).once('line', resolve);
      child.once('exit', (code) =>
        reject(new Error(`the local Azure ended with ${code} before it was ready`)),
      );
    });
    const ready = JSON.parse(first) as { endpoints: string };
    endpoints = JSON.parse(await readFile(ready.endpoints, 'utf8')) as Endpoints;
    const { identity } = endpoints;
    const url = `${identity.endpoint}?api-version=2019-08-01&resource=https://management.azure.com`;
    const answer = await fetch(url, { headers: { 'x-identity-header': identity.header } });
    token = ((await answer.json()) as { access_token: string }).access_token;
  }

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async function ask(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const { arm, subscriptionId, resourceGroup } = endpoints;
    const scope = `${arm.http}/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
    const answer = await fetch(
      `${scope}/providers/Microsoft.DataFactory/factories/kill-factory${path}?${version}`,
      {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      },
    );
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  }

  async function provision(): Promise<void> {
    const reference = { type: 'LinkedServiceReference' };
    const parameters = { folder: { type: 'String' } };
    await ask('PUT', '', { location: 'x' });
    const host = join(dir, 'files');
    await ask('PUT', '/linkedservices/files', {
      properties: { type: 'FileServer', typeProperties: { host } },
    });
    const url = 'https://retaillake.dfs.core.windows.net';
    await ask('PUT', '/linkedservices/lake', {
      properties: { type: 'AzureBlobFS', typeProperties: { url } },
    });
    const csv = { escapeChar: '"', firstRowAsHeader: true };
    const source = { location: { type: 'FileServerLocation', fileName: 'a.csv' }, ...csv };
    const folderPath = { type: 'Expression', value: '@dataset().folder' };
    const sink = { location: { type: 'AzureBlobFSLocation', fileSystem: 'lake', folderPath }, ...csv };
    await ask('PUT', '/datasets/source', {
      properties: {
        type: 'DelimitedText',
        linkedServiceName: { ...reference, referenceName: 'files' },
        typeProperties: source,
      },
    });
    await ask('PUT', '/datasets/sink', {
      properties: {
        type: 'DelimitedText',
        parameters,
        linkedServiceName: { ...reference, referenceName: 'lake' },
        typeProperties: sink,
      },
    });
    const dataset = { type: 'DatasetReference' };
    await ask('PUT', '/pipelines/copy', {
      properties: {
        parameters,
        activities: [
          {
            name: 'copy',
            type: 'Copy',
            inputs: [{ ...dataset, referenceName: 'source' }],
            outputs: [
              { ...dataset, referenceName: 'sink', parameters: { folder: '@pipeline().parameters.folder' } },
            ],
            typeProperties: { source: { type: 'DelimitedTextSource' }, sink: { type: 'DelimitedTextSink' } },
          },
        ],
      },
    });
  }

  test('every run that was answered is there and reaches its end, its file whole', async () => {
    await provision();
    const answered: { runId: string; folder: string }[] = [];
    for (let round = 0; round < killCount; round += 1) {
      // Some are cut off in the middle of createRun, some while they copy; which ones is left to chance.
      const creations = Array.from({ length: runsBetweenKills }, async (_, index) => {
        const folder = `killed/${round}-${index}`;
        const { runId } = await ask('POST', '/pipelines/copy/createRun', { folder });
        answered.push({ runId: String(runId), folder });
      });
      await Promise.any(creations);
      await kill();
      await Promise.allSettled(creations);
      await start();
    }
    const original = await readFile(join(dir, 'files', 'a.csv'), 'utf8');
    expect(answered.length).toBeGreaterThanOrEqual(killCount);
    for (const { runId, folder } of answered) {
      const run = await endOf(runId);
      expect(run).toMatchObject({ status: 'Succeeded', parameters: { folder } });
      const { value } = await ask('POST', `/pipelineruns/${runId}/queryActivityruns`, span);
      expect(value).toHaveLength(1);
      expect(value).toMatchObject([{ status: 'Succeeded', output: { rowsCopied: rowsOfFile } }]);
      const copied = await readFile(
        join(dir, 'azure', 'storage', 'retaillake', 'lake', folder, 'a.csv'),
        'utf8',
      );
      expect(copied === original).toBe(true);
    }
  });

  async function endOf(runId: string): Promise<Record<string, unknown>> {
    for (let polls = 0; polls < 2000; polls += 1) {
      const run = await ask('GET', `/pipelineruns/${runId}`);
      if (run.runEnd !== null) return run;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`run ${runId} does not end`);
  }
});

const span = { lastUpdatedAfter: '2000-01-01T00:00:00Z', lastUpdatedBefore: '2100-01-01T00:00:00Z' };
