import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig } from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'lw-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(entra: unknown) {
  const file = join(folder, 'agent.json');
  const config = {
    pipeline: 'pipeline.yaml',
    stateDir: 'state',
    storage: { account: 'retaillake', fileSystem: 'lake' },
    dataFactory: { subscriptionId: 's', resourceGroup: 'g' },
    api: { entra },
  };
  writeFileSync(file, JSON.stringify(config));
  return loadConfig(file).api.entra;
}

describe('api.entra of the agent file', () => {
  const tenantId = '11111111-2222-4333-8444-555555555555';
  const api = 'bbbbbbbb-0000-4000-8000-000000000002';
  const entra = { tenantId, audience: [api] };

  test('may be absent', () => {
    expect(load(undefined)).toBeUndefined();
  });

  test('needs a tenant and the id of its API; the rest is that of the public cloud', () => {
    expect(load({ tenantId: tenantId.toUpperCase(), audience: [api.toUpperCase()] })).toEqual({
      ...entra,
      webhookAppIds: ['461e8683-5575-4561-ac7f-899cc907d62a'],
      authority: 'https://login.microsoftonline.com',
    });
  });

  test.each([
    'https://login.microsoftonline.us',
    'http://127.0.0.1:4711',
    'http://localhost:4711',
    'http://[::1]:4711',
  ])('may name the authority %s', (authority) =>
    expect(load({ ...entra, authority })).toMatchObject({ authority }),
  );

  test.each([
    ['a domain as the tenant', { tenantId: 'contoso.com' }, 'api.entra.tenantId'],
    ['the URI of the API', { audience: [`api://${api}`] }, 'api.entra.audience.0'],
    ['no API', { audience: [] }, 'api.entra.audience'],
    ['keys without TLS', { authority: 'http://login.microsoftonline.com' }, 'api.entra.authority'],
    ['keys by way of a user', { authority: 'https://a@evil.example' }, 'api.entra.authority'],
    ['a path', { authority: 'https://login.microsoftonline.com/common' }, 'api.entra.authority'],
    ['a loopback look-alike', { authority: 'http://127.0.0.1.evil.example:80' }, 'api.entra.authority'],
    ['what nobody knows', { clientSecret: 'x' }, 'api.entra'],
  ])('is refused with %s', (_what, change, field) => {
    expect(() => load({ ...entra, ...change })).toThrow(`${field}: `);
  });
});
