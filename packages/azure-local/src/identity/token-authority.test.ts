import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose';
import { afterEach, expect, test } from 'vitest';
import { registerApi } from './api-registration.ts';
import { openTokenAuthority } from './token-authority.ts';

const tenantId = '11111111-2222-4333-8444-555555555555';
const subject = { clientId: 'aaaaaaaa-0000-4000-8000-000000000001', objectId: 'o-1' };
const storage = 'https://storage.azure.com';
const api = registerApi('bbbbbbbb-0000-4000-8000-000000000002', subject.clientId);
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(folders.splice(0).map((dir) => rm(dir, { recursive: true, force: true })));
});

async function world(startMs = 1_800_000_000_000) {
  const dir = await mkdtemp(join(tmpdir(), 'lw-identity-'));
  folders.push(dir);
  const clock = { nowMs: startMs };
  const open = () => openTokenAuthority({ dir, tenantId, api, now: () => clock.nowMs });
  return { dir, clock, open, authority: await open() };
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

test('a token is good for its audience, whatever the trailing slash', async () => {
  const { authority } = await world();
  const { token } = await authority.issue(`${storage}/`, subject, 3600);
  const verdict = await authority.verifyToken(token, [storage]);
  expect(verdict).toMatchObject({ valid: true, claims: { appid: subject.clientId, aud: `${storage}/` } });
  expect(await authority.verifyToken(token, ['https://management.azure.com'])).toEqual({
    valid: false,
    reason: 'audience',
  });
});

test('a token stays good over a restart and ends at its second', async () => {
  const { authority, open, clock } = await world();
  const { token } = await authority.issue(storage, subject, 3600);
  const again = await open();
  expect(await again.verifyToken(token, [storage])).toMatchObject({ valid: true });
  clock.nowMs += 3_600_000;
  // Once remembered as verified, once met for the first time.
  expect(await again.verifyToken(token, [storage])).toEqual({ valid: false, reason: 'expired' });
  expect(await authority.verifyToken(token, [storage])).toEqual({ valid: false, reason: 'expired' });
});

test('alg none, HS256 keyed with the public key, and a foreign key are refused', async () => {
  const { authority, clock } = await world();
  const nowS = Math.floor(clock.nowMs / 1000);
  const { token } = await authority.issue(storage, subject, 3600);
  const [, payload = '', signature = ''] = token.split('.');
  const kid = authority.jwks[0]?.kid ?? '';
  const none = `${base64url({ alg: 'none', typ: 'JWT' })}.${payload}.`;
  const noneSigned = `${base64url({ alg: 'none', kid })}.${payload}.${signature}`;
  const publicKey = await importJWK({ ...authority.jwks[0] }, 'RS256', { extractable: true });
  if (publicKey instanceof Uint8Array) throw new Error('expected an RSA key');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  const confused = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', kid })
    .sign(new TextEncoder().encode(await exportSPKI(publicKey)));
  const foreign = await generateKeyPair('RS256');
  const forged = await new SignJWT({ ...claims, exp: nowS + 9999 })
    .setProtectedHeader({ alg: 'RS256', kid })
    .sign(foreign.privateKey);
  const unknownKid = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', kid: 'other' })
    .sign(foreign.privateKey);
  const changed = `${token.split('.')[0]}.${base64url({ ...claims, exp: nowS + 99_999 })}.${signature}`;
  for (const attack of [none, noneSigned, confused, forged, unknownKid, changed]) {
    expect(await authority.verifyToken(attack, [storage])).toEqual({ valid: false, reason: 'signature' });
  }
});

test('whatever is not a token is malformed, and never throws', async () => {
  const { authority } = await world();
  for (const text of ['', '.', '..', 'a.b.c', 'null', `${'x'.repeat(20_000)}`, 'ä.ö.ü', '{}.{}.{}']) {
    expect(await authority.verifyToken(text, [storage])).toEqual({ valid: false, reason: 'malformed' });
  }
});

test('a token of another tenant, one from the future and one without expiry are refused', async () => {
  const { authority, dir, clock } = await world();
  const stored = JSON.parse(await readFile(join(dir, 'signing-keys.json'), 'utf8')).keys[0];
  const key = await importJWK(stored, 'RS256');
  const nowS = Math.floor(clock.nowMs / 1000);
  const sign = (claims: Record<string, unknown>) =>
    new SignJWT({ aud: storage, appid: 'a', oid: 'o', iss: authority.issuer, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: stored.kid })
      .sign(key);
  const otherTenant = await sign({ iss: 'https://sts.windows.net/other/', nbf: nowS, exp: nowS + 60 });
  const future = await sign({ nbf: nowS + 60, exp: nowS + 120 });
  const endless = await sign({ nbf: nowS });
  const reasons = await Promise.all(
    [otherTenant, future, endless].map((token) => authority.verifyToken(token, [storage])),
  );
  expect(reasons.map((verdict) => !verdict.valid && verdict.reason)).toEqual([
    'issuer',
    'expired',
    'malformed',
  ]);
});

test('the private key is readable by its owner only and is not in the published set', async () => {
  const { authority, dir } = await world();
  expect((await stat(join(dir, 'signing-keys.json'))).mode & 0o077).toBe(0);
  for (const jwk of authority.jwks) {
    expect(Object.keys(jwk).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  }
});
