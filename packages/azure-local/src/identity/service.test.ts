import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HttpRequest, Identity, Secrets } from '../server/service.ts';
import { createIdentity } from './service.ts';

const tenantId = '11111111-2222-4333-8444-555555555555';
const secrets: Secrets = {
  tenantId,
  clientId: 'aaaaaaaa-0000-4000-8000-000000000001',
  clientSecret: 's3cret~+&=%',
  identityHeader: 'header-value',
  sharedAccessKeyName: 'n',
  sharedAccessKey: 'k',
  controlToken: 't',
  subscriptionId: 's',
  resourceGroup: 'g',
  agentApiId: 'bbbbbbbb-0000-4000-8000-000000000002',
  workspaceId: '00000000-0000-4000-8000-000000000000',
  storageAccountKey: () => 'a2V5',
};
let dir: string;
let identity: Identity;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lw-login-'));
  identity = await createIdentity({ dataDir: dir, secrets, now: () => 1_800_000_000_000 });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function ask(method: string, url: string, body = '', headers: Record<string, string> = {}) {
  const [rawPath = '', rawQuery = ''] = url.split('?');
  const bytes = Buffer.from(body);
  const request: HttpRequest = {
    service: 'login',
    requestId: 'r',
    method,
    rawPath,
    rawQuery,
    query: new URLSearchParams(rawQuery),
    headers,
    origin: 'https://localhost:4444',
    secure: true,
    signal: new AbortController().signal,
    stream: Readable.from([bytes]),
    body: async () => bytes,
    json: async () => JSON.parse(body),
  };
  const answer = await identity.http.handle(request);
  return { status: answer.status, json: JSON.parse(String(answer.body)) };
}

const tokenPath = `/${tenantId}/oauth2/v2.0/token`;
const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();
const good = {
  grant_type: 'client_credentials',
  client_id: secrets.clientId,
  client_secret: secrets.clientSecret,
  scope: 'https://management.azure.com/.default',
};

test('client credentials give a token for the resource of the scope', async () => {
  const { status, json } = await ask('POST', tokenPath, form(good));
  expect(status).toBe(200);
  expect(json).toMatchObject({ token_type: 'Bearer', expires_in: 3599 });
  expect(await identity.verifyToken(json.access_token, ['https://management.azure.com'])).toMatchObject({
    valid: true,
  });
});

test('the secret may come as Basic, form-encoded as RFC 6749 says', async () => {
  const pair = `${encodeURIComponent(secrets.clientId)}:${encodeURIComponent(secrets.clientSecret)}`;
  const { status } = await ask(
    'POST',
    tokenPath,
    form({ grant_type: 'client_credentials', scope: 'https://storage.azure.com/.default' }),
    { authorization: `Basic ${Buffer.from(pair).toString('base64')}` },
  );
  expect(status).toBe(200);
});

test('the double slash of the Event Hubs scope is kept in the audience and accepted by services', async () => {
  const { json } = await ask(
    'POST',
    tokenPath,
    form({ ...good, scope: 'https://eventhubs.azure.net//.default' }),
  );
  expect(await identity.verifyToken(json.access_token, ['https://eventhubs.azure.net'])).toMatchObject({
    valid: true,
    claims: { aud: 'https://eventhubs.azure.net/' },
  });
});

test.each([
  ['a wrong secret', { client_secret: 'wrong' }, 401, 'invalid_client'],
  ['an unknown application', { client_id: 'nobody' }, 400, 'unauthorized_client'],
  ['another grant', { grant_type: 'password' }, 400, 'unsupported_grant_type'],
  ['a scope without /.default', { scope: 'https://management.azure.com/read' }, 400, 'invalid_scope'],
  ['two resources', { scope: 'https://a.b/.default https://c.d/.default' }, 400, 'invalid_scope'],
  ['a scope that is no resource', { scope: 'file:///etc/.default' }, 400, 'invalid_scope'],
])('%s is refused', async (_what, change, status, error) => {
  const reply = await ask('POST', tokenPath, form({ ...good, ...change }));
  expect(reply.status).toBe(status);
  expect(reply.json.error).toBe(error);
  expect(JSON.stringify(reply.json)).not.toContain(secrets.clientSecret);
});

test('the managed-identity endpoint needs its header, its version and a resource', async () => {
  const url = '/msi/token?api-version=2019-08-01&resource=https://storage.azure.com';
  const header = { 'x-identity-header': secrets.identityHeader };
  expect((await ask('GET', url)).status).toBe(401);
  expect((await ask('GET', url, '', { 'x-identity-header': 'other' })).status).toBe(401);
  expect((await ask('GET', '/msi/token?resource=https://a.b', '', header)).status).toBe(400);
  expect((await ask('GET', '/msi/token?api-version=2019-08-01', '', header)).status).toBe(400);
  expect((await ask('GET', `${url}&client_id=somebody-else`, '', header)).status).toBe(400);
  expect((await ask('POST', url, '', header)).status).toBe(405);
  const { status, json } = await ask('GET', url, '', header);
  expect(status).toBe(200);
  expect(json).toMatchObject({
    expires_on: String(1_800_000_000 + 86_400),
    resource: 'https://storage.azure.com',
    token_type: 'Bearer',
  });
  expect(await identity.verifyToken(json.access_token, ['https://storage.azure.com/'])).toMatchObject({
    valid: true,
  });
});

test('the metadata names endpoints under the origin that the caller used, or under the routed host', async () => {
  const path = `/${tenantId}/v2.0/.well-known/openid-configuration`;
  const direct = await ask('GET', path);
  expect(direct.json.token_endpoint).toBe(`https://localhost:4444${tokenPath}`);
  expect(direct.json.issuer).toBe(`https://login.microsoftonline.com/${tenantId}/v2.0`);
  const routed = await ask('GET', path, '', { 'x-lakewarden-host': 'login.microsoftonline.com' });
  expect(routed.json.token_endpoint).toBe(`https://login.microsoftonline.com${tokenPath}`);
  const keys = await ask('GET', new URL(direct.json.jwks_uri).pathname);
  expect(keys.json.keys).toHaveLength(1);
});

test.each([
  ['the application', secrets.clientId, ['Admin']],
  ['Azure Monitor', '461e8683-5575-4561-ac7f-899cc907d62a', ['Alert.Send']],
])('a token of %s for the registered API is of v2.0, with its app roles', async (_who, clientId, roles) => {
  for (const resource of [`api://${secrets.agentApiId}`, secrets.agentApiId]) {
    const asked = form({ ...good, client_id: clientId, scope: `${resource}/.default` });
    const { json } = await ask('POST', tokenPath, asked);
    const claims = JSON.parse(Buffer.from(json.access_token.split('.')[1], 'base64url').toString('utf8'));
    expect(claims).toMatchObject({
      aud: secrets.agentApiId,
      iss: `https://login.microsoftonline.com/${tenantId}/v2.0`,
      ver: '2.0',
      azp: clientId,
      roles,
    });
    expect(claims.sub).toBe(claims.oid);
    // Services of Azure are other resources, and take tokens of v1.0.
    expect(await identity.verifyToken(json.access_token, [secrets.agentApiId])).toMatchObject({
      valid: false,
    });
  }
});

test('an identity without a role gets a token for the registered API without roles', async () => {
  const url = `/msi/token?api-version=2019-08-01&resource=api://${secrets.agentApiId}`;
  const { json } = await ask('GET', url, '', { 'x-identity-header': secrets.identityHeader });
  const claims = JSON.parse(Buffer.from(json.access_token.split('.')[1], 'base64url').toString('utf8'));
  expect(claims).toMatchObject({ ver: '2.0', aud: secrets.agentApiId });
  expect(claims.roles).toBeUndefined();
});

test('unknown tenants and paths are said, not served', async () => {
  expect((await ask('POST', '/other-tenant/oauth2/v2.0/token', form(good))).json.error_codes).toEqual([
    90002,
  ]);
  for (const path of ['/', '/a', `/${tenantId}/oauth2/token/..`, `/${tenantId}/secrets.json`]) {
    expect((await ask('GET', path)).status).toBe(404);
  }
  expect((await ask('GET', tokenPath)).status).toBe(405);
});
