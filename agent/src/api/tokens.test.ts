import { createHmac } from 'node:crypto';
import { ROLES } from '@lakewarden/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TEST_KEY } from './testing.ts';
import { acceptTokens, createTokenAuthority, TOKEN_TTL_MS_MAX } from './tokens.ts';

const NOW_MS = Date.UTC(2026, 0, 15, 12);
const HOUR_MS = 3_600_000;
const authority = createTokenAuthority(TEST_KEY, () => NOW_MS);
const good = authority.issue({ subject: 'ann', role: 'operator', ttlMs: HOUR_MS });
const [, goodPayload = '', goodMac = ''] = good.split('.');

const base64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const mac = (signed: string, key: Uint8Array = TEST_KEY, algorithm = 'sha256') =>
  createHmac(algorithm, key).update(signed).digest('base64url');
/** Signed with the right key, whatever it says. */
const sign = (payload: unknown, prefix = 'lw1') => {
  const signed = `${prefix}.${base64(payload)}`;
  return `${signed}.${mac(signed)}`;
};
const claims = (other: object = {}) => ({
  sub: 'ann',
  role: 'admin',
  iat: NOW_MS,
  exp: NOW_MS + HOUR_MS,
  ...other,
});
const { iat: _iat, ...withoutIat } = claims();
const { exp: _exp, ...withoutExp } = claims();
const flipped = goodMac.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'));
/** The last character of 43 holds two bits that no byte uses: another spelling of the same bytes. */
const respelled = (text: string) => {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return text.slice(0, -1) + letters[letters.indexOf(text.at(-1) ?? 'A') ^ 1];
};

const FORGED: Readonly<Record<string, string>> = {
  nothing: '',
  'a word': 'token',
  'no mac': `lw1.${goodPayload}`,
  'an empty mac': `lw1.${goodPayload}.`,
  'an empty payload': `lw1..${goodMac}`,
  'a payload of another token': `lw1.${base64(claims())}.${goodMac}`,
  'one bit of the mac changed': `lw1.${goodPayload}.${flipped}`,
  'the mac cut short': `lw1.${goodPayload}.${goodMac.slice(0, -1)}`,
  'the mac too long': `lw1.${goodPayload}.${goodMac}A`,
  'the same mac spelled otherwise': `lw1.${goodPayload}.${respelled(goodMac)}`,
  'the mac in plain base64': `lw1.${goodPayload}.${goodMac.replaceAll('-', '+').replaceAll('_', '/')}=`,
  'one letter of the payload changed': `lw1.${goodPayload.replace(/.$/, (last) => (last === 'Q' ? 'R' : 'Q'))}.${goodMac}`,
  'a fourth part': `${good}.${goodMac}`,
  'another version': good.replace('lw1.', 'lw2.'),
  'another version, signed': sign(claims(), 'lw2'),
  'upper-case version': good.replace('lw1.', 'LW1.'),
  'space in front': ` ${good}`,
  'a line break at the end': `${good}\n`,
  'NUL inside': good.replace('.', '.\0'),
  'another key': `lw1.${base64(claims())}.${mac(`lw1.${base64(claims())}`, Buffer.alloc(32, 8))}`,
  'an empty key': `lw1.${base64(claims())}.${mac(`lw1.${base64(claims())}`, Buffer.alloc(0))}`,
  'a mac over the payload alone': `lw1.${base64(claims())}.${mac(base64(claims()))}`,
  'another hash of the right length': `lw1.${base64(claims())}.${mac(`lw1.${base64(claims())}`, TEST_KEY, 'sha3-256')}`,
  'a JWT without algorithm': `${base64({ alg: 'none', typ: 'JWT' })}.${base64(claims())}.`,
  'a JWT signed with our key': `${base64({ alg: 'HS256' })}.${base64(claims())}.${mac(`${base64({ alg: 'HS256' })}.${base64(claims())}`)}`,
  'ten thousand characters': `lw1.${'A'.repeat(10_000)}.${goodMac}`,
  'a payload that is no JSON': sign('{"sub":'),
  'a payload that is a list': sign('[]'),
  'a payload that is null': sign('null'),
  'a role that is none': sign(claims({ role: 'root' })),
  'a role of the prototype': sign(claims({ role: 'constructor' })),
  'roles instead of a role': sign({ ...claims(), role: ['admin'] }),
  'no subject': sign(claims({ sub: '' })),
  'a subject with a line break': sign(claims({ sub: 'ann\nadmin' })),
  'one claim too many': sign(claims({ scope: 'all' })),
  'no expiry': sign(withoutExp),
  'no time of issue': sign(withoutIat),
  'an expiry as text': sign(claims({ exp: String(NOW_MS + HOUR_MS) })),
  'an expiry beyond numbers': sign(JSON.stringify(claims()).replace(/"exp":\d+/, '"exp":1e999')),
  'an expiry before its issue': sign(claims({ exp: NOW_MS - 1, iat: NOW_MS })),
  'a lifetime without end': sign(claims({ exp: NOW_MS + TOKEN_TTL_MS_MAX + 1 })),
  'a time of issue far ahead': sign(claims({ iat: NOW_MS + 120_000 })),
};

describe('a token', () => {
  test('says who it is for until it expires', () => {
    for (const role of ROLES) {
      const token = authority.issue({ subject: 'ann', role, ttlMs: HOUR_MS });
      const expected = { kind: 'principal', principal: { id: 'ann', role }, expiresAtMs: NOW_MS + HOUR_MS };
      expect(authority.verify(token, NOW_MS)).toEqual(expected);
      expect(authority.verify(token, NOW_MS + HOUR_MS - 1)).toEqual(expected);
      expect(authority.verify(token, NOW_MS + HOUR_MS)).toEqual({ kind: 'expired' });
      expect(authority.verify(token, Number.MAX_SAFE_INTEGER)).toEqual({ kind: 'expired' });
    }
  });

  test.each(Object.entries(FORGED))('with %s is forged', (_what, token) => {
    expect(authority.verify(token, NOW_MS)).toEqual({ kind: 'forged' });
  });

  test('of another agent is forged', () => {
    const other = createTokenAuthority(Buffer.alloc(32, 9), () => NOW_MS);
    expect(other.verify(good, NOW_MS)).toEqual({ kind: 'forged' });
  });

  test('with anything changed in it is forged', () => {
    const edit = fc.tuple(fc.nat(good.length - 1), fc.string({ minLength: 1, maxLength: 1 }));
    fc.assert(
      fc.property(edit, ([at, letter]) => {
        const changed = good.slice(0, at) + letter + good.slice(at + 1);
        fc.pre(changed !== good);
        expect(authority.verify(changed, NOW_MS)).toEqual({ kind: 'forged' });
      }),
      { numRuns: 500, seed: 3 },
    );
  });

  test('is not made for a subject or a lifetime that is none', () => {
    const issue = (subject: string, ttlMs: number) => () =>
      authority.issue({ subject, role: 'viewer', ttlMs });
    for (const refused of [
      issue('', 1),
      issue('a b', 1),
      issue('ann', 0),
      issue('ann', TOKEN_TTL_MS_MAX + 1),
    ]) {
      expect(refused).toThrow(expect.objectContaining({ name: 'TerminalError', code: 'invalid' }));
    }
    expect(() => createTokenAuthority(Buffer.alloc(16), () => 0)).toThrow(
      expect.objectContaining({ code: 'corrupt' }),
    );
  });
});

describe('beside a directory', () => {
  const foreign = { kind: 'powerless', id: 'app/x' } as const;
  const both = acceptTokens(authority, { verify: () => foreign });

  test('the agent judges what begins as its own tokens do, and nobody else does', () => {
    expect(both.verify(good, NOW_MS)).toMatchObject({ kind: 'principal' });
    expect(both.verify(`${good}x`, NOW_MS)).toEqual({ kind: 'forged' });
  });

  test('the directory judges all others', () => {
    expect(both.verify('eyJ.e30.x', NOW_MS)).toEqual(foreign);
    expect(both.verify('LW1.a.b', NOW_MS)).toEqual(foreign);
    expect(acceptTokens(authority, undefined).verify('eyJ.e30.x', NOW_MS)).toEqual({ kind: 'forged' });
  });
});
