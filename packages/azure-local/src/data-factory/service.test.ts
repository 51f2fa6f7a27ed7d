import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FaultBoard } from '../faults/fault-board.ts';
import type { DataFactory, HttpRequest, LakeFiles, Secrets } from '../server/service.ts';
import { createDataFactory } from './service.ts';

const base = '/subscriptions/sub/resourceGroups/group/providers/Microsoft.DataFactory/factories';
const secrets: Secrets = {
  tenantId: 't',
  clientId: 'c',
  clientSecret: 's',
  identityHeader: 'h',
  sharedAccessKeyName: 'n',
  sharedAccessKey: 'k',
  controlToken: 't',
  subscriptionId: 'sub',
  resourceGroup: 'group',
  agentApiId: 'bbbbbbbb-0000-4000-8000-000000000002',
  workspaceId: '00000000-0000-4000-8000-000000000000',
  storageAccountKey: () => 'a2V5',
};
const noLake: LakeFiles = {
  list: async () => [],
  read: async () => undefined,
  write: async () => ({ bytes: 0 }),
};
let dir: string;
let factory: DataFactory;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lw-factory-'));
  const faults = new FaultBoard();
  factory = await createDataFactory({
    dataDir: dir,
    secrets,
    faults,
    now: Date.now,
    lake: noLake,
    queueDelayMs: 0,
  });
  expect((await ask('PUT', `${base}/f-1`, { location: 'x' })).status).toBe(200);
});
afterAll(async () => {
  await factory.close();
  await rm(dir, { recursive: true, force: true });
});

async function ask(method: string, path: string, body?: unknown, query = 'api-version=2018-06-01') {
  const request: HttpRequest = {
    service: 'arm',
    requestId: 'r',
    method,
    rawPath: path,
    rawQuery: query,
    query: new URLSearchParams(query),
    headers: {},
    origin: 'http://127.0.0.1:1',
    secure: false,
    signal: new AbortController().signal,
    stream: Readable.from([]),
    body: async () => Buffer.from(JSON.stringify(body) ?? ''),
    json: async () => (body === undefined ? undefined : JSON.parse(JSON.stringify(body))),
  };
  const answer = await factory.arm.handle(request);
  const text = typeof answer.body === 'string' ? answer.body : '';
  return { status: answer.status, json: text === '' ? undefined : JSON.parse(text) };
}

test('the scope and the version of a request are judged before anything else', async () => {
  expect((await ask('GET', base.replace('/sub/', '/other/'))).json.error.code).toBe('SubscriptionNotFound');
  expect((await ask('GET', base.replace('/group/', '/other/'))).json.error.code).toBe(
    'ResourceGroupNotFound',
  );
  expect((await ask('GET', base, undefined, '')).json.error.code).toBe('MissingApiVersionParameter');
  expect((await ask('GET', base, undefined, 'api-version=2017-09-01-preview')).status).toBe(400);
  expect((await ask('GET', `${base}/f-1/triggers`)).status).toBe(404);
  expect((await ask('DELETE', `${base}/f-1/pipelines`)).status).toBe(405);
});

test('names and fixed words are compared without case, and names keep their first spelling', async () => {
  await ask('PUT', `${base}/f-1/pipelines/Copy-It`, { properties: { activities: [] } });
  const upper = `${base.toUpperCase()}/F-1/PIPELINES/COPY-IT`;
  const { status, json } = await ask('GET', upper.replace('/SUB/', '/sub/'));
  expect(status).toBe(200);
  expect(json.name).toBe('Copy-It');
});

test.each(['constructor', '__proto__', 'toString', 'xü', 'a b', "o'clock"])(
  'a pipeline may be called %s',
  async (name) => {
    const path = `${base}/f-1/pipelines/${encodeURIComponent(name)}`;
    expect((await ask('GET', path)).status).toBe(404);
    expect((await ask('PUT', path, { properties: { activities: [] } })).status).toBe(200);
    expect((await ask('GET', path)).json.name).toBe(name);
    expect((await ask('POST', `${path}/createRun`)).status).toBe(200);
    expect((await ask('DELETE', path)).status).toBe(200);
    expect((await ask('DELETE', path)).status).toBe(204);
  },
);

test.each(['..%2f..%2fx', 'a%2Fb', '%00', '%', 'a%5Cb', 'x'.repeat(300), '.x'])(
  'the name %s is refused',
  async (name) => {
    const put = await ask('PUT', `${base}/f-1/pipelines/${name}`, { properties: { activities: [] } });
    expect(put.status).toBe(400);
    expect((await ask('PUT', `${base}/${name}`, { location: 'x' })).status).toBe(400);
  },
);

test('a deleted factory takes its documents and its history with it', async () => {
  await ask('PUT', `${base}/gone`, { location: 'x' });
  await ask('PUT', `${base}/gone/pipelines/p`, { properties: { activities: [] } });
  const { runId } = (await ask('POST', `${base}/gone/pipelines/p/createRun`)).json;
  expect((await ask('DELETE', `${base}/gone`)).status).toBe(200);
  expect((await ask('GET', `${base}/gone/pipelines/p`)).status).toBe(404);
  await ask('PUT', `${base}/gone`, { location: 'x' });
  expect((await ask('GET', `${base}/gone/pipelineruns/${runId}`)).status).toBe(404);
});

/** Documents that look nearly right, since wholly random ones are refused at the first field. */
const value = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    'Copy',
    'Wait',
    'Binary',
    'FileServer',
    'String',
    'Int',
    "@concat('a'",
    '@pipeline().parameters.x',
    '@{',
  ),
);
const keys = fc.constantFrom(
  'type',
  'name',
  'activities',
  'parameters',
  'variables',
  'typeProperties',
  'location',
  'linkedServiceName',
  'referenceName',
  'dependsOn',
  'policy',
  'retry',
  'timeout',
  'inputs',
  'outputs',
  'source',
  'defaultValue',
  'filters',
  'orderBy',
  'lastUpdatedAfter',
  'continuationToken',
  'concurrency',
  'runDimensions',
);
const document = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 5 },
    value,
    fc.dictionary(keys, tie('node')),
    fc.array(tie('node'), { maxLength: 3 }),
  ),
})).node;

test('no document, however odd, is more than a refusal', async () => {
  const paths = ['pipelines/x', 'datasets/x', 'linkedservices/x'].map(
    (path) => ['PUT', `${base}/f-1/${path}`] as const,
  );
  const posts = ['queryPipelineRuns', 'pipelines/x/createRun'].map(
    (path) => ['POST', `${base}/f-1/${path}`] as const,
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...paths, ...posts),
      document,
      fc.dictionary(keys, document),
      async (at, bare, fields) => {
        const [method, path] = at;
        const body = method === 'PUT' ? { properties: fields } : bare;
        expect((await ask(method, path, body)).status).toBeLessThan(500);
      },
    ),
    { numRuns: 300 },
  );
});
