import { ManualClock } from '@lakewarden/core/testing';
import { describe, expect, test } from 'vitest';
import { sendRaw, startTestApi } from './testing.ts';

describe('the names of the agent', () => {
  test('are the loopback ones with its port, and those that were given to it', async () => {
    const api = await startTestApi({ publicHosts: ['Lake.example.net'] });
    const { port } = api;
    const good = [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      `LOCALHOST:${port}`,
      `[::1]:${port}`,
      'lake.example.net',
    ];
    for (const host of good) {
      expect([host, (await api.send({ path: '/api/v1/overview', headers: { host } })).status]).toEqual([
        host,
        200,
      ]);
    }
    const evil = [
      'evil.example',
      `evil.example:${port}`,
      '127.0.0.1',
      'localhost',
      `localhost:${port + 1}`,
      `localhost.:${port}`,
      `localhost.evil.example:${port}`,
      `127.0.0.1.nip.io:${port}`,
      `127.1:${port}`,
      `0.0.0.0:${port}`,
      `user@localhost:${port}`,
      `lake.example.net:${port}`,
      'x.lake.example.net',
    ];
    for (const host of evil) {
      for (const path of ['/api/v1/overview', '/healthz', '/nowhere']) {
        const { status, json } = await api.send({ path, headers: { host } });
        expect([host, status, json.code]).toEqual([host, 403, 'wrong-host']);
      }
    }
    await api.close();
  });

  test('stand once in a request, and not in its address', async () => {
    const api = await startTestApi();
    const own = `localhost:${api.port}`;
    const head = `host: ${own}\r\nauthorization: Bearer ${api.token('viewer')}\r\nconnection: close\r\n`;
    const twice = await sendRaw(api.port, `GET /healthz HTTP/1.1\r\n${head}host: evil.example\r\n\r\n`);
    expect(twice).toMatch(/^HTTP\/1\.1 40[03]/);
    const other = await sendRaw(api.port, `GET http://evil.example/api/v1/overview HTTP/1.1\r\n${head}\r\n`);
    expect(other).toMatch(/^HTTP\/1\.1 400/);
    const empty = await sendRaw(api.port, 'GET /healthz HTTP/1.1\r\nhost:\r\nconnection: close\r\n\r\n');
    expect(empty).toMatch(/^HTTP\/1\.1 403/);
    const old = await sendRaw(api.port, 'GET /healthz HTTP/1.0\r\n\r\n');
    expect(old).toMatch(/^HTTP\/1\.1 403/);
    await api.close();
  });

  test('are the only origins whose pages may ask', async () => {
    const api = await startTestApi({ publicHosts: ['lake.example.net'] });
    const { port } = api;
    const ask = (origin: string, method = 'GET') =>
      api.send({ path: '/api/v1/overview', method, headers: { origin } });
    for (const origin of [
      `http://127.0.0.1:${port}`,
      `http://localhost:${port}`,
      'https://lake.example.net',
    ]) {
      expect([origin, (await ask(origin)).status]).toEqual([origin, 200]);
    }
    const evil = [
      'http://evil.example',
      'null',
      '',
      'file://',
      `https://localhost:${port}`,
      'http://localhost',
      `http://localhost:${port}.evil.example`,
      'http://lake.example.net',
      'vscode-webview://abc',
      `http://localhost:${port}/`,
    ];
    for (const origin of evil) {
      const { status, json, headers } = await ask(origin);
      expect([origin, status, json.code]).toEqual([origin, 403, 'wrong-origin']);
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
    // What a browser asks before a request with a header of its own.
    const preflight = await ask('http://evil.example', 'OPTIONS');
    expect(preflight.status).toBe(403);
    // What a page can send without asking first: a form.
    const form = await api.send({
      method: 'POST',
      path: '/api/v1/actions/pause',
      body: '{"input":{}}',
      headers: { 'content-type': 'text/plain', origin: 'http://evil.example' },
    });
    expect(form.status).toBe(403);
    await api.close();
  });
});

describe('a token on the wire', () => {
  test('is a bearer token in its header, and nowhere else', async () => {
    const api = await startTestApi();
    const token = api.token('viewer');
    const ask = (authorization: string, path = '/api/v1/overview') =>
      api.send({ path, token: null, headers: authorization === '' ? {} : { authorization } });
    expect((await ask(`Bearer ${token}`)).status).toBe(200);
    expect((await ask(`bearer ${token}`)).status).toBe(200);
    for (const wrong of [
      '',
      token,
      `Basic ${token}`,
      `Bearer${token}`,
      `Bearer  ${token}`,
      `Bearer ${token} x`,
      `Bearer ${token},`,
      'Bearer ',
    ]) {
      const { status, headers, json } = await ask(wrong);
      expect([wrong, status, json.code]).toEqual([wrong, 401, 'unauthenticated']);
      expect(headers['www-authenticate']).toContain('Bearer');
    }
    expect((await ask('', `/api/v1/overview?token=${token}`)).status).toBe(401);
    expect(
      (await api.send({ path: '/api/v1/overview', token: null, headers: { cookie: `token=${token}` } }))
        .status,
    ).toBe(401);
    await api.close();
  });

  test('that has expired is told apart from one that is none', async () => {
    const api = await startTestApi();
    const clock = new ManualClock();
    const later = await startTestApi({ clock });
    clock.nowMs = Date.now() + 2 * 3_600_000;
    const asked = { path: '/api/v1/overview', token: later.token('viewer') };
    expect((await later.send(asked)).json.detail).toContain('expired');
    expect((await api.send({ ...asked, token: 'lw1.a.b' })).json.detail).toContain('none of this agent');
    await Promise.all([api.close(), later.close()]);
  });

  test('that is missing or too weak is told once, and then counted', async () => {
    const clock = new ManualClock(Date.now());
    const api = await startTestApi({ clock });
    for (let n = 0; n < 50; n++) await api.send({ path: '/api/v1/audit', token: null });
    expect(api.facts.filter(({ type }) => type === 'RequestRefused')).toHaveLength(20);
    clock.nowMs += 1_000;
    const weak = { method: 'POST', path: '/api/v1/actions/waive', json: {}, token: api.token('operator') };
    expect((await api.send(weak)).json.detail).toBe('a-operator is operator; this needs admin.');
    expect(api.facts.at(-1)).toEqual({
      type: 'RequestRefused',
      route: 'POST /api/v1/actions/waive',
      status: 403,
      code: 'forbidden',
      principal: 'a-operator',
      suppressed: 30,
    });
    await api.close();
  });
});
