import { TransientError } from '@lakewarden/contracts';
import { ManualClock } from '@lakewarden/core/testing';
import { type JWTPayload, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DONE, fakeAnswers, startTestApi, TEST_KEY, type TestApi } from '../api/testing.ts';
import { acceptTokens, createTokenAuthority, type Verdict } from '../api/tokens.ts';
import { createSigningKeys, type KeySet } from './entra-keys.ts';
import { AZURE_MONITOR_APP_ID, PUBLIC_AUTHORITY } from './entra-names.ts';
import { createEntraTokens } from './entra-tokens.ts';
import {
  API_APP,
  alertClaims,
  appClaims,
  entraTenant,
  SOME_APP,
  SOME_OBJECT,
  TENANT,
  userClaims,
} from './testing/entra-tenant.ts';

const NOW_MS = Date.UTC(2026, 0, 15, 12);
const NOW_S = NOW_MS / 1000;
const OTHER = 'eeeeeeee-0000-4000-8000-000000000005';
const tenant = await entraTenant();
const stranger = await entraTenant();

const OPTIONS = {
  tenantId: TENANT,
  audience: [API_APP],
  authority: PUBLIC_AUTHORITY,
  webhookAppIds: [AZURE_MONITOR_APP_ID],
};
const directoryOf = (read: () => Promise<KeySet>, authority = PUBLIC_AUTHORITY) =>
  createEntraTokens({ ...OPTIONS, authority, keys: createSigningKeys({ read, emit: () => undefined }) });
const directory = () => directoryOf(async () => tenant.keys);

const admin = (other: JWTPayload = {}) => appClaims(NOW_MS, ['Admin'], other);
const without = (claim: string) => {
  const { [claim]: _left, ...rest } = admin();
  return rest;
};
const base64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const hs256 = (secret: string, header: object = {}) =>
  new SignJWT(admin())
    .setProtectedHeader({ alg: 'HS256', kid: tenant.kid, ...header })
    .sign(Buffer.from(secret));
const good = await tenant.sign(admin());
const [goodHeader = '', goodPayload = '', goodMac = ''] = good.split('.');
/** Signed by the tenant as it stands: JSON in which a key may stand twice, or be called `__proto__`. */
const polluted = { ...JSON.parse(`{"__proto__":{"roles":["Admin"],"ver":"2.0"}}`), ...without('roles') };

const signed = (claims: JWTPayload, header: object = {}) => tenant.sign(claims, header);
const unfit = (claim: string) => ({ kind: 'unfit', claim });
const FORGED = { kind: 'forged' };

/** What it is, the token, what is said of it. */
const HOSTILE: readonly (readonly [string, string | Promise<string>, object])[] = [
  ['nothing', '', FORGED],
  ['a word', 'token', FORGED],
  ['dots alone', '..', FORGED],
  ['another alphabet', 'ä.ö.ü', FORGED],
  ['JSON that is none', `${base64('{')}.${goodPayload}.${goodMac}`, FORGED],
  ['a header that is a list', `${base64('[]')}.${goodPayload}.${goodMac}`, FORGED],
  ['five parts', `${good}.${goodMac}.${goodMac}`, FORGED],
  ['the huge', `${goodHeader}.${'A'.repeat(1_000_000)}.${goodMac}`, FORGED],
  ['alg none', `${base64({ alg: 'none', kid: tenant.kid })}.${goodPayload}.`, FORGED],
  [
    'alg none with a signature',
    `${base64({ alg: 'none', kid: tenant.kid })}.${goodPayload}.${goodMac}`,
    FORGED,
  ],
  ['alg NONE', `${base64({ alg: 'NONE', kid: tenant.kid })}.${goodPayload}.`, FORGED],
  ['HS256 by the public key', hs256(tenant.publicPem), FORGED],
  ['HS256 by the name of the key', hs256(tenant.kid.padEnd(32)), FORGED],
  [
    'the header of RS256 over a mac',
    hs256(tenant.publicPem).then((t) => `${goodHeader}.${t.split('.').slice(1).join('.')}`),
    FORGED,
  ],
  ['PS256 claimed', `${base64({ alg: 'PS256', kid: tenant.kid })}.${goodPayload}.${goodMac}`, FORGED],
  ['the key of a stranger', stranger.sign(admin()), FORGED],
  ['a key that nobody has', signed(admin(), { kid: 'unknown' }), FORGED],
  ['no key named', signed(admin(), { kid: undefined }), FORGED],
  ['a key of the prototype', signed(admin(), { kid: '__proto__' }), FORGED],
  ['a key that is no text', `${base64({ alg: 'RS256', kid: 7 })}.${goodPayload}.${goodMac}`, FORGED],
  [
    'a key of its own',
    stranger.sign(admin(), { jwk: { kty: 'RSA' }, jku: 'https://evil.example/keys' }),
    FORGED,
  ],
  [
    'an unknown critical header',
    `${base64({ alg: 'RS256', kid: tenant.kid, crit: ['x'], x: 1 })}.${goodPayload}.${goodMac}`,
    FORGED,
  ],
  [
    'other claims under the same signature',
    `${goodHeader}.${base64(admin({ exp: NOW_S + 9_999 }))}.${goodMac}`,
    FORGED,
  ],
  ['a local token of another agent', `lw1.${goodPayload}.${'A'.repeat(43)}`, FORGED],
  ['the API of somebody else', signed(admin({ aud: OTHER })), unfit('aud')],
  ['the URI of the API', signed(admin({ aud: `api://${API_APP}` })), unfit('aud')],
  ['two audiences', signed(admin({ aud: [API_APP, OTHER] })), unfit('aud')],
  ['no audience', signed(without('aud')), unfit('aud')],
  ['another tenant', signed(admin({ iss: `${PUBLIC_AUTHORITY}/${OTHER}/v2.0`, tid: OTHER })), unfit('iss')],
  ['v1.0', signed(admin({ iss: `https://sts.windows.net/${TENANT}/`, ver: '1.0' })), unfit('iss')],
  [
    'an issuer with a slash more',
    signed(admin({ iss: `${PUBLIC_AUTHORITY}/${TENANT}/v2.0/` })),
    unfit('iss'),
  ],
  ['no issuer', signed(without('iss')), unfit('iss')],
  ['the tenant of another', signed(admin({ tid: OTHER })), unfit('tid')],
  ['no tenant', signed(without('tid')), unfit('tid')],
  ['ver 1.0', signed(admin({ ver: '1.0' })), unfit('ver')],
  ['ver as a number', signed(admin({ ver: 2 })), unfit('ver')],
  ['no version', signed(without('ver')), unfit('ver')],
  ['the past', signed(admin({ exp: NOW_S - 60 })), { kind: 'expired' }],
  ['no expiry', signed(without('exp')), unfit('exp')],
  ['an expiry as text', signed(admin({ exp: `${NOW_S + 60}` as unknown as number })), unfit('exp')],
  ['the future', signed(admin({ nbf: NOW_S + 61 })), unfit('nbf')],
  ['no beginning', signed(without('nbf')), unfit('nbf')],
  ['an issue in the future', signed(admin({ iat: NOW_S + 61 })), unfit('iat')],
  ['no time of issue', signed(without('iat')), unfit('iat')],
  ['an ID token', signed({ ...without('azp'), sub: 'pAirWise-subject', nonce: 'n' }), unfit('azp')],
  ['a user without a scope', signed(admin({ sub: 'pAirWise-subject' })), unfit('scp')],
  ['a user who says that it is an app', signed(admin({ idtyp: 'user' })), unfit('scp')],
  ['no object', signed(without('oid')), unfit('other')],
  ['roles as text', signed(admin({ roles: 'Admin' })), unfit('other')],
  ['no role', signed(without('roles')), { kind: 'powerless', id: `app/${SOME_APP}` }],
  ['roles by the prototype', signed(polluted), { kind: 'powerless', id: `app/${SOME_APP}` }],
  [
    'roles of the prototype',
    signed(admin({ roles: ['__proto__', 'constructor', 'admin', 'ADMIN'] })),
    { kind: 'powerless', id: `app/${SOME_APP}` },
  ],
  [
    'a user with a scope and no role',
    signed(userClaims(NOW_MS, [])),
    { kind: 'powerless', id: `user/${SOME_OBJECT}` },
  ],
  [
    'a scope that is called like a role',
    signed(userClaims(NOW_MS, [], { scp: 'Admin Alert.Send' })),
    { kind: 'powerless', id: `user/${SOME_OBJECT}` },
  ],
  [
    'Alert.Send of an app that is not on the list',
    signed(appClaims(NOW_MS, ['Alert.Send'])),
    { kind: 'powerless', id: `app/${SOME_APP}` },
  ],
  [
    'Alert.Send of a user',
    signed(userClaims(NOW_MS, ['Alert.Send'], { azp: AZURE_MONITOR_APP_ID })),
    { kind: 'powerless', id: `user/${SOME_OBJECT}` },
  ],
];

describe('a token of the tenant', () => {
  const principal = (id: string, role: string): Verdict =>
    ({ kind: 'principal', principal: { id, role }, expiresAtMs: (NOW_S + 3_599 + 60) * 1000 }) as Verdict;

  test.each([
    ['an app', appClaims(NOW_MS, ['Viewer']), `app/${SOME_APP}`, 'viewer'],
    [
      'an app that says so',
      appClaims(NOW_MS, ['Operator'], { idtyp: 'app', sub: 'x' }),
      `app/${SOME_APP}`,
      'operator',
    ],
    ['a user', userClaims(NOW_MS, ['Operator']), `user/${SOME_OBJECT}`, 'operator'],
    [
      'several roles: the highest',
      userClaims(NOW_MS, ['Viewer', 'Admin', 'Else']),
      `user/${SOME_OBJECT}`,
      'admin',
    ],
    ['Azure Monitor', alertClaims(NOW_MS), `app/${AZURE_MONITOR_APP_ID}`, 'alert-sender'],
    [
      'Azure Monitor with more',
      alertClaims(NOW_MS, { roles: ['Alert.Send', 'Viewer'] }),
      `app/${AZURE_MONITOR_APP_ID}`,
      'viewer',
    ],
  ])('says who it is for: %s', async (_who, claims, id, role) => {
    expect(await directory().verify(await tenant.sign(claims), NOW_MS)).toEqual(principal(id, role));
  });

  test.each(HOSTILE)('is not taken from %s', async (_what, token, verdict) => {
    expect(await directory().verify(await token, NOW_MS)).toEqual(verdict);
  });

  test('may be a minute early or late, and no more', async () => {
    const { exp = 0 } = admin();
    for (const [nowMs, kind] of [
      [(exp + 59) * 1000, 'principal'],
      [(exp + 60) * 1000, 'expired'],
      [NOW_MS - 60_000, 'principal'],
      [NOW_MS - 61_000, 'unfit'],
    ] as const) {
      expect((await directory().verify(good, nowMs)).kind).toBe(kind);
    }
  });

  test('is of the cloud whose authority was configured; one on loopback stands for the public cloud', async () => {
    const read = async () => tenant.keys;
    const china = 'https://login.partner.microsoftonline.cn';
    const theirs = await tenant.sign(admin({ iss: `${china}/${TENANT}/v2.0` }));
    expect((await directoryOf(read, china).verify(theirs, NOW_MS)).kind).toBe('principal');
    expect((await directoryOf(read, china).verify(good, NOW_MS)).kind).toBe('unfit');
    expect((await directoryOf(read, 'http://127.0.0.1:4711').verify(good, NOW_MS)).kind).toBe('principal');
  });

  test('cannot be judged while its keys cannot be read', async () => {
    const away = directoryOf(async () => {
      throw new TransientError('timeout', 'no answer');
    });
    expect(await away.verify(good, NOW_MS)).toEqual({ kind: 'unavailable', retryAfterMs: 30_000 });
    expect(await away.verify('rubbish', NOW_MS)).toEqual(FORGED);
  });
});

describe('the API with a tenant', () => {
  const authority = createTokenAuthority(TEST_KEY, () => NOW_MS);
  const acts: string[] = [];
  let keys: () => Promise<KeySet>;
  let api: TestApi;

  beforeEach(async () => {
    acts.length = 0;
    keys = async () => tenant.keys;
    const clock = new ManualClock(NOW_MS);
    const act = (what: string) => acts.push(what);
    api = await startTestApi({
      clock,
      tokens: acceptTokens(
        createTokenAuthority(TEST_KEY, clock.now),
        directoryOf(() => keys()),
      ),
      answers: fakeAnswers(),
      perform: async (name) => {
        act(name);
        return { kind: 'ok', result: DONE };
      },
      receiveAlert: async (_body, caller) => {
        act(`alert of ${caller.id}`);
        return { kind: 'accepted', receipt: { alert: 'a', duplicate: false, targets: [] } };
      },
    });
  });
  afterEach(() => api.close());

  const pause = (token: string) =>
    api.send({
      method: 'POST',
      path: '/api/v1/actions/pause',
      json: { input: { target: 'silver.orders', reason: 'a test' } },
      token,
    });
  const alert = (token: string) => api.send({ method: 'POST', path: '/api/v1/alerts', json: {}, token });

  test('takes an alert of Azure Monitor, and nothing else of it', async () => {
    const token = await tenant.sign(alertClaims(NOW_MS));
    expect((await alert(token)).status).toBe(202);
    expect((await pause(token)).status).toBe(403);
    expect((await api.send({ path: '/api/v1/overview', token })).status).toBe(403);
    expect(acts).toEqual([`alert of app/${AZURE_MONITOR_APP_ID}`]);
  });

  test('knows people and programs by the role that the directory gives', async () => {
    const operator = await tenant.sign(userClaims(NOW_MS, ['Operator']));
    expect((await pause(operator)).status).toBe(200);
    expect((await alert(operator)).status).toBe(403);
    const viewer = await tenant.sign(appClaims(NOW_MS, ['Viewer']));
    expect((await api.send({ path: '/api/v1/overview', token: viewer })).status).toBe(200);
    const refused = await pause(viewer);
    expect([refused.status, refused.json.detail]).toEqual([
      403,
      `app/${SOME_APP} is viewer; this needs operator.`,
    ]);
    expect(acts).toEqual(['pause']);
  });

  test('does nothing for a hostile token, and repeats none of it', async () => {
    for (const [what, hostile] of HOSTILE) {
      const token = await hostile;
      if (token.length > 8_192 || !/^[\x21-\x7e]+$/.test(token)) continue;
      const { status, text, headers } = await pause(token);
      expect([what, [401, 403].includes(status)]).toEqual([what, true]);
      if (status === 401) expect(headers['www-authenticate']).toContain('Bearer');
      if (token.length > 20) expect(text).not.toContain(token.slice(0, 20));
    }
    expect(acts).toEqual([]);
    expect(JSON.stringify(api.facts)).not.toContain(goodPayload.slice(0, 20));
  });

  test('says what a token of its tenant lacks', async () => {
    const v1 = await alert(
      await tenant.sign(admin({ iss: `https://sts.windows.net/${TENANT}/`, ver: '1.0' })),
    );
    expect(v1.json).toMatchObject({ status: 401, code: 'token-iss' });
    expect(v1.json.remedy).toContain('requestedAccessTokenVersion');
    const roleless = await alert(await tenant.sign(without('roles')));
    expect(roleless.json).toMatchObject({ status: 403, code: 'forbidden' });
    expect(roleless.json.remedy).toContain('app role');
    expect(api.facts.filter(({ type }) => type === 'RequestRefused')).toMatchObject([
      { status: 401, code: 'token-iss', principal: 'nobody' },
      { status: 403, code: 'forbidden', principal: `app/${SOME_APP}` },
    ]);
  });

  test('asks to come back while the keys of the tenant cannot be read; its own tokens serve', async () => {
    keys = async () => {
      throw new TransientError('unavailable', 'no answer');
    };
    const { status, headers, json } = await alert(await tenant.sign(alertClaims(NOW_MS)));
    expect([status, headers['retry-after'], json.code]).toEqual([503, '30', 'unavailable']);
    expect(json.remedy).toContain('Retry-After');
    const own = authority.issue({ subject: 'local', role: 'admin', ttlMs: 60_000 });
    expect((await pause(own)).status).toBe(200);
    expect(acts).toEqual(['pause']);
  });

  test('turns a flood of keys that nobody has away by its rate', async () => {
    const token = await tenant.sign(admin(), { kid: 'unknown' });
    const statuses = new Set<number>();
    for (let n = 0; n < 70; n++) statuses.add((await pause(token)).status);
    expect([...statuses]).toEqual([401, 429]);
    expect((await pause(good)).status).toBe(200);
  });

  test('without a tenant knows only tokens of its own', async () => {
    const alone = await startTestApi();
    const { status, json } = await alone.send({ path: '/api/v1/overview', token: good });
    expect([status, json.code]).toEqual([401, 'unauthenticated']);
    await alone.close();
  });
});
