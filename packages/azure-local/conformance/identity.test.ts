import { Readable } from 'node:stream';
import { ClientSecretCredential, DefaultAzureCredential, ManagedIdentityCredential } from '@azure/identity';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REAL_MODE } from './support/environment.ts';
import { type ConformanceTarget, type LocalControls, localTarget } from './support/target.ts';

const management = 'https://management.azure.com/.default';

describe.runIf(process.env[REAL_MODE] !== '1')('tokens of the local Azure, by @azure/identity', () => {
  let target: ConformanceTarget & { readonly local: LocalControls };
  const saved = { ...process.env };

  beforeAll(async () => {
    target = await localTarget();
    const { identity } = target.local.azure.endpoints;
    process.env.IDENTITY_ENDPOINT = identity.endpoint;
    process.env.IDENTITY_HEADER = identity.header;
    process.env.AZURE_TOKEN_CREDENTIALS = 'ManagedIdentityCredential';
  });
  afterAll(async () => {
    for (const name of ['IDENTITY_ENDPOINT', 'IDENTITY_HEADER', 'AZURE_TOKEN_CREDENTIALS']) {
      if (saved[name] === undefined) delete process.env[name];
      else process.env[name] = saved[name];
    }
    await target.close();
  });

  /** Asks ARM something with a token, as a service would be asked. */
  async function askArm(token: string | undefined): Promise<{ status: number; code: string | undefined }> {
    const { endpoints } = target.local.azure;
    const url = `${endpoints.arm.http}/subscriptions/${endpoints.subscriptionId}/providers/Microsoft.DataFactory/factories?api-version=2018-06-01`;
    const answer = await fetch(url, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    const body = (await answer.json()) as { error?: { code?: string } };
    return { status: answer.status, code: body.error?.code };
  }

  test('ClientSecretCredential gets a token by the TLS authority, and ARM takes it', async () => {
    const token = await target.credential.getToken(management);
    expect(await askArm(token?.token)).toEqual({ status: 200, code: undefined });
  });

  test('ManagedIdentityCredential and DefaultAzureCredential get a token by the endpoint of Container Apps', async () => {
    for (const credential of [new ManagedIdentityCredential(), new DefaultAzureCredential()]) {
      const { token, expiresOnTimestamp } = await credential.getToken(management);
      expect(await askArm(token)).toMatchObject({ status: 200 });
      const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
      expect(Math.floor(expiresOnTimestamp / 1000)).toBe(claims.exp);
      expect(claims).toMatchObject({ aud: 'https://management.azure.com', ver: '1.0', idtyp: 'app' });
    }
  });

  test('a wrong secret is an authentication error that does not tell the right one', async () => {
    const { endpoints } = target.local.azure;
    const credential = new ClientSecretCredential(endpoints.tenantId, endpoints.clientId, 'wrong', {
      authorityHost: endpoints.login.https,
      disableInstanceDiscovery: true,
    });
    await expect(credential.getToken(management)).rejects.toThrow('AADSTS7000215');
  });

  test('forged, unsigned, foreign and missing tokens get 401 from ARM', async () => {
    const token = (await target.credential.getToken(management))?.token ?? '';
    const [header = '', payload = '', signature = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const confused = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from('x'.repeat(32)));
    const storage = await target.credential.getToken('https://storage.azure.com/.default');
    for (const attack of [
      undefined,
      'rubbish',
      `${encode({ alg: 'none' })}.${payload}.`,
      `${encode({ alg: 'none' })}.${payload}.${signature}`,
      `${header}.${encode({ ...claims, exp: claims.exp + 1000 })}.${signature}`,
      confused,
      storage?.token,
    ]) {
      expect((await askArm(attack)).status).toBe(401);
    }
    expect((await askArm(storage?.token)).code).toBe('InvalidAuthenticationTokenAudience');
  });

  test('an error of the login service is retried by the credential', async () => {
    const id = await target.local.installFault({
      service: 'login',
      match: { operation: 'managed-identity-token' },
      action: { kind: 'error', status: 500 },
      count: 1,
    });
    const token = await new ManagedIdentityCredential().getToken('https://vault.azure.net/.default');
    expect(token.token).not.toBe('');
    expect((await target.local.faults()).find((fault) => fault.id === id)?.hits).toBe(1);
    await target.local.removeFault(id);
  });

  test('a body without end is cut, not collected', async () => {
    const { endpoints } = target.local.azure;
    const endless = Readable.from(
      (function* () {
        for (let sent = 0; sent < 40; sent += 1) yield Buffer.alloc(4096, 0x61);
      })(),
    );
    const answer = await fetch(`${endpoints.login.http}/${endpoints.tenantId}/oauth2/v2.0/token`, {
      method: 'POST',
      body: Readable.toWeb(endless) as ReadableStream,
      duplex: 'half',
    } as RequestInit);
    expect(answer.status).toBe(413);
  });
});
