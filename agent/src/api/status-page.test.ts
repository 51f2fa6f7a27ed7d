import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statusPageRoutes } from './status-page.ts';
import { PLAIN_PAGE, startTestApi, type TestApi } from './testing.ts';

describe('the status page', () => {
  let folder: string;
  let api: TestApi;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'status-page-'));
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>x</title>');
    writeFileSync(join(folder, 'status.js'), 'export {};');
    writeFileSync(join(folder, 'status.js.map'), '{}');
    writeFileSync(join(folder, '.env.js'), 'secret');
    mkdirSync(join(folder, 'inner'));
    writeFileSync(join(folder, 'inner', 'deep.js'), 'export {};');
    symlinkSync('/etc/passwd', join(folder, 'link.js'));
    api = await startTestApi({ statusPage: folder });
  });
  afterAll(async () => {
    await api.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('is shown to everybody, and may only run its own scripts', async () => {
    const { status, text, headers } = await api.send({ path: '/', token: null });
    expect([status, text]).toEqual([200, '<!doctype html><title>x</title>']);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; worker-src blob:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  test('comes with its files, each by its exact name', async () => {
    const { status, text, headers } = await api.send({ path: '/status.js?v=1', token: null });
    expect([status, text, headers['content-type']]).toEqual([
      200,
      'export {};',
      'text/javascript; charset=utf-8',
    ]);
  });

  test('leads nowhere else on the disk', async () => {
    const paths = [
      '/index.html',
      '/status.js.map',
      '/.env.js',
      '/link.js',
      '/inner/deep.js',
      '/deep.js',
      '/STATUS.JS',
      '/./status.css',
      '/../package.json',
      '/%2e%2e/package.json',
      '/..%2fstatus.js',
      '/status.js/',
      '//status.js',
      '/status.js%00',
    ];
    for (const path of paths) {
      const { status, headers } = await api.send({ path, token: null });
      expect([path, status >= 400 && status < 500]).toEqual([path, true]);
      expect(headers['content-type']).toContain('application/problem+json');
    }
  });

  test('is only read', async () => {
    expect(await api.send({ path: '/', method: 'HEAD', token: null })).toMatchObject({
      status: 200,
      text: '',
    });
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await api.send({ path: '/', method, token: null });
      expect([method, status, headers.allow]).toEqual([method, 405, 'GET, HEAD']);
    }
  });

  test('is told apart from other names of this machine and from pages elsewhere', async () => {
    for (const headers of [{ host: 'evil.example' }, { origin: 'https://evil.example' }]) {
      expect((await api.send({ path: '/', token: null, headers })).status).toBe(403);
    }
  });

  test('is not sent again to a browser that has it', async () => {
    const { etag = '' } = (await api.send({ path: '/', token: null })).headers;
    const again = await api.send({
      path: '/',
      token: null,
      headers: { 'if-none-match': `W/"other", ${etag}` },
    });
    expect([again.status, again.text, again.headers.etag]).toEqual([304, '', etag]);
    const changed = await api.send({ path: '/', token: null, headers: { 'if-none-match': '"other"' } });
    expect(changed.status).toBe(200);
  });
});

test('a folder that is no page is refused by name, before anything listens', () => {
  const folder = mkdtempSync(join(tmpdir(), 'no-page-'));
  expect(() => statusPageRoutes(folder)).toThrow(`${folder}: holds no index.html`);
  rmSync(folder, { recursive: true });
  expect(() => statusPageRoutes(folder)).toThrow('holds no index.html');
});

test('there is a page without any build', () => {
  const paths = statusPageRoutes(PLAIN_PAGE).map(({ path }) => path);
  expect(paths.toSorted()).toEqual(['/', '/status.css', '/status.js']);
  expect(statusPageRoutes().map(({ path }) => path)).toContain('/');
});
