import { ClientSecretCredential, ManagedIdentityCredential } from '@azure/identity';
import { recordedFacts } from '@lakewarden/core/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../api/testing.ts';
import { openEntraDirectory } from './entra-directory.ts';
import { keyDocumentReader } from './entra-keys.ts';
import { AZURE_MONITOR_APP_ID, PUBLIC_AUTHORITY } from './entra-names.ts';
import { type LocalAzure, startLocalAzure } from './testing/local-azure.ts';

describe('tokens of Microsoft Entra ID over the wire', () => {
  let azure: LocalAzure;
  let api: TestApi;
  let alerts: string[];
  const stopping = new AbortController();
  const recorded = recordedFacts();
  const failures = () => recorded.facts.filter(({ type }) => type === 'SigningKeysFailed');

  beforeAll(async () => {
    azure = await startLocalAzure();
  });
  beforeEach(async () => {
    alerts = [];
    recorded.facts.length = 0;
    api = await startApi();
  });
  afterEach(async () => {
    await azure.clearFaults();
    await api.close();
  });
  afterAll(async () => {
    stopping.abort();
    await azure?.stop();
  });

  function startApi(authority = PUBLIC_AUTHORITY): Promise<TestApi> {
    const { tenantId, agentApiId } = azure.directory;
    const tokens = openEntraDirectory({
      tenantId,
      audience: [agentApiId],
      authority,
      webhookAppIds: [AZURE_MONITOR_APP_ID],
      routes: azure.routes,
      emit: recorded.emit,
      signal: stopping.signal,
    });
    return startTestApi({
      tokens,
      receiveAlert: async (_body, { id }) => {
        alerts.push(id);
        return { kind: 'accepted', receipt: { alert: 'a', duplicate: false, targets: [] } };
      },
    });
  }

  /** Microsoft's own client, as whoever has the secret. */
  async function tokenAs(clientId: string): Promise<string> {
    const { tenantId, agentApiId, clientSecret, authorityHost } = azure.directory;
    const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, {
      authorityHost,
      disableInstanceDiscovery: true,
    });
    return (await credential.getToken(`api://${agentApiId}/.default`)).token;
  }
  const alert = (token: string, to = api) =>
    to.send({ method: 'POST', path: '/api/v1/alerts', json: {}, token });

  test('an alert of Azure Monitor is accepted', async () => {
    const { status } = await alert(await tokenAs(AZURE_MONITOR_APP_ID));
    expect(status).toBe(202);
    expect(alerts).toEqual([`app/${AZURE_MONITOR_APP_ID}`]);
    expect(recorded.facts).toEqual([{ type: 'SigningKeysRead', keys: 1 }]);
  });

  test('an application has the role that it was assigned', async () => {
    const token = await tokenAs(azure.directory.clientId);
    expect((await api.send({ path: '/api/v1/audit', token })).status).toBe(200);
  });

  test('an identity without a role gets nowhere, nor does a token for another service', async () => {
    const identity = new ManagedIdentityCredential();
    const { agentApiId } = azure.directory;
    const roleless = await identity.getToken(`api://${agentApiId}/.default`);
    expect((await alert(roleless.token)).status).toBe(403);
    const foreign = await identity.getToken('https://management.azure.com/.default');
    expect((await alert(foreign.token)).status).toBe(401);
    expect(alerts).toEqual([]);
  });

  test('the keys may be asked for at the local Azure itself', async () => {
    const direct = await startApi(azure.routes['login.microsoftonline.com']);
    expect((await alert(await tokenAs(AZURE_MONITOR_APP_ID), direct)).status).toBe(202);
    await direct.close();
  });

  test.each([
    ['fails', { kind: 'error', status: 500 }],
    ['is gone', { kind: 'drop', when: 'before' }],
    ['knows no such tenant', { kind: 'error', status: 404 }],
  ])('while the directory %s the sender is asked to come back', async (_how, action) => {
    const token = await tokenAs(AZURE_MONITOR_APP_ID);
    await azure.fault({ service: 'login', match: { operation: 'keys' }, action });
    const { status, headers } = await alert(token);
    expect([status, Number(headers['retry-after']) > 0]).toEqual([503, true]);
    expect(failures()).toHaveLength(1);
    expect(JSON.stringify(recorded.facts)).not.toContain(token.slice(0, 20));
    expect(alerts).toEqual([]);
  });

  test('a directory that does not answer is given up after its time', async () => {
    await azure.fault({
      service: 'login',
      match: { operation: 'keys' },
      action: { kind: 'hold', when: 'before' },
    });
    const { tenantId } = azure.directory;
    const url = `${PUBLIC_AUTHORITY}/${tenantId}/discovery/v2.0/keys`;
    const read = keyDocumentReader({ url, routes: azure.routes, signal: stopping.signal, readMsMax: 50 });
    await expect(read()).rejects.toMatchObject({ name: 'TransientError', code: 'timeout' });
  });

  test('what is no key document is none', async () => {
    const url = `${PUBLIC_AUTHORITY}/${azure.directory.tenantId}/v2.0/.well-known/openid-configuration`;
    const read = keyDocumentReader({ url, routes: azure.routes, signal: stopping.signal });
    await expect(read()).rejects.toMatchObject({ name: 'TransientError', code: 'unavailable' });
  });
});
