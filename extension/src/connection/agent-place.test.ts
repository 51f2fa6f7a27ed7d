import { describe, expect, it } from 'vitest';
import { findAgent, type PlaceFacts, readApiFile, readToken } from './agent-place.ts';

const FILE = '/lake/.lakewarden/agent/api.json';
const API = { url: 'http://127.0.0.1:7077', tokenFile: '/lake/.lakewarden/agent/token', pid: 42 };

function facts(change: Partial<PlaceFacts> = {}): PlaceFacts {
  return {
    setting: '',
    isTrusted: true,
    hasFolder: true,
    apiFiles: [FILE],
    readText: async (path) => (path === FILE ? JSON.stringify(API) : undefined),
    isAlive: () => true,
    ...change,
  };
}

describe('where the agent is', () => {
  it('is told by what the agent of a trusted workspace has written', async () => {
    expect(await findAgent(facts())).toEqual({
      kind: 'found',
      url: API.url,
      from: 'workspace',
      local: { apiFile: FILE, url: API.url, tokenFile: API.tokenFile },
    });
  });

  it('is not looked for in a workspace that nobody trusts', async () => {
    const readText = () => Promise.reject(new Error('it was read'));
    expect(await findAgent(facts({ isTrusted: false, readText }))).toEqual({ kind: 'untrusted' });
    expect(await findAgent(facts({ isTrusted: false, hasFolder: false, readText }))).toEqual({
      kind: 'noAgent',
    });
    expect(await findAgent(facts({ isTrusted: false, setting: 'https://agent.example/', readText }))).toEqual(
      {
        kind: 'found',
        url: 'https://agent.example',
        from: 'setting',
      },
    );
  });

  it('gives the token of the workspace to the agent of the workspace alone', async () => {
    expect(await findAgent(facts({ setting: 'https://agent.example' }))).not.toHaveProperty('local');
    expect(await findAgent(facts({ setting: API.url }))).toHaveProperty('local');
  });

  it('is nowhere when the agent that wrote is gone', async () => {
    expect(await findAgent(facts({ isAlive: () => false }))).toEqual({ kind: 'noAgent' });
  });
});

describe('an API file', () => {
  const at = (change: object) => readApiFile(JSON.stringify({ ...API, ...change }), FILE, () => true);

  it.each([
    ['another machine', { url: 'https://evil.example' }],
    ['another machine over plain http', { url: 'http://10.0.0.1:80' }],
    ['a path behind the port', { url: 'http://127.0.0.1:80/x' }],
    ['a name that only looks like this machine', { url: 'http://127.0.0.1.evil.example' }],
    ['a token outside of its folder', { tokenFile: '/home/me/.ssh/id_ed25519' }],
    ['a token above its folder', { tokenFile: '../../../etc/passwd' }],
    ['no process', { pid: '42' }],
    ['every process', { pid: -1 }],
  ])('that names %s is none', (_, change) => {
    expect(at(change)).toBeUndefined();
  });

  it('may name its token relative to itself', () => {
    expect(at({ tokenFile: 'token' })?.tokenFile).toBe(API.tokenFile);
  });

  it.each(['', 'null', '[]', '{', '"x"', 'x'.repeat(20_000)])('is none when it is rubbish: %.20s', (text) => {
    expect(readApiFile(text, FILE, () => true)).toBeUndefined();
  });
});

it('a token is one word of letters that can be sent', () => {
  expect(readToken(' abc.def \n')).toBe('abc.def');
  for (const text of ['', ' ', 'a b', 'a\nb', 'ü', 'x'.repeat(5_000)])
    expect(readToken(text)).toBeUndefined();
});
