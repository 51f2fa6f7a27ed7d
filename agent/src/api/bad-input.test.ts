import { ACTION_PATH, ALERTS_PATH, problemDocumentSchema } from '@lakewarden/contracts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fakeAnswers, sendRaw, startTestApi, type TestApi } from './testing.ts';

const PAUSE = `${ACTION_PATH}/pause`;
const INPUT = '{"input":{"target":"source:orders","reason":"a test"}}';

describe('what is not taken', () => {
  let api: TestApi;
  let acts = 0;
  const calls: { name: string; args: unknown }[] = [];
  beforeAll(async () => {
    api = await startTestApi({
      answers: fakeAnswers(calls),
      perform: async () => {
        acts++;
        return { kind: 'refused', code: 'x', message: 'x', remedy: 'x' };
      },
      receiveAlert: async () => {
        acts++;
        return { kind: 'refused', code: 'x', message: 'x', remedy: 'x' };
      },
    });
  });
  afterAll(async () => {
    expect(acts).toBe(0);
    expect(api.facts.filter(({ type }) => type === 'RequestFailed')).toEqual([]);
    await api.close();
  });

  const post = (body: string | Buffer, headers: Record<string, string> = {}, path = PAUSE) =>
    api.send({
      method: 'POST',
      path,
      body,
      headers: { 'content-type': 'application/json', 'idempotency-key': 'a-test-key', ...headers },
    });
  const refused = async (told: ReturnType<typeof post>, status: number, code: string) => {
    const { status: actual, headers, json } = await told;
    expect([actual, json?.code]).toEqual([status, code]);
    expect(headers['content-type']).toContain('application/problem+json');
    expect(problemDocumentSchema.parse(json).remedy).not.toBe('');
  };

  test.each([
    ['nothing', ''],
    ['half of it', '{"input":{"target":'],
    ['a trailing comma', '{"input":{},}'],
    ['two values', '{}{}'],
    ['NaN', '{"input":{"a":NaN}}'],
    ['a comment', '{/*x*/"input":{}}'],
    ['single quotes', "{'input':{}}"],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ['UTF-16', Buffer.from(INPUT, 'utf16le')],
    ['the same key twice', '{"input":{},"dryRun":true,"dryRun":false}'],
    ['the same key in two spellings', '{"input":{"target":"gold","t\\u0061rget":"silver"}}'],
    ['__proto__', '{"input":{"__proto__":{"role":"admin"}}}'],
    ['__proto__ at the top', '{"__proto__":{"dryRun":true},"input":{}}'],
    ['__proto__ in escapes', '{"input":{"\\u005f_proto__":{"role":"admin"}}}'],
    ['a constructor with a prototype', '{"input":{"constructor":{"prototype":{"x":1}}}}'],
    ['lists 100 deep', `{"input":${'['.repeat(100)}${']'.repeat(100)}}`],
    ['objects 100 deep', `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`],
    ['lists 100,000 deep', '['.repeat(100_000)],
  ])('of JSON: %s', async (_what, body) => {
    await refused(post(body), 400, 'malformed');
    await refused(post(body, {}, ALERTS_PATH), 400, 'malformed');
    expect(({} as Record<string, unknown>).role).toBeUndefined();
  });

  test.each([
    ['null', 'null'],
    ['a list', '[]'],
    ['a text', '"pause"'],
    ['no input', '{}'],
    ['an input that is a list', '{"input":[]}'],
    ['an unknown key', '{"input":{"target":"source:orders","reason":"a test"},"force":true}'],
    ['an unknown input', '{"input":{"target":"source:orders","reason":"a test","force":true}}'],
    ['a key of every object', '{"input":{"target":"source:orders","reason":"a test","toString":1}}'],
    ['a missing input', '{"input":{"target":"source:orders"}}'],
    ['a target of another kind', '{"input":{"target":"gold","reason":"a test"}}'],
    ['a number for a text', '{"input":{"target":1,"reason":"a test"}}'],
    ['a text for a yes', `${INPUT.slice(0, -1)},"dryRun":"true"}`],
    ['a path as a target', '{"input":{"target":"source:../../etc","reason":"a test"}}'],
    ['colours for a terminal', '{"input":{"target":"source:orders","reason":"all \\u001b[32mwell"}}'],
    ['NUL', '{"input":{"target":"source:orders","reason":"a\\u0000test"}}'],
    ['text that runs backwards', '{"input":{"target":"source:orders","reason":"a \\u202etest"}}'],
    ['half a character', '{"input":{"target":"source:orders","reason":"a \\ud800 test"}}'],
    ['a reason without end', `{"input":{"target":"source:orders","reason":"${'a'.repeat(501)}"}}`],
  ])('of an action: %s', async (_what, body) => {
    await refused(post(body), 422, 'invalid');
  });

  test.each([
    ['none', ''],
    ['text', 'text/plain'],
    ['a form', 'application/x-www-form-urlencoded'],
    ['a file', 'multipart/form-data; boundary=x'],
    ['something like JSON', 'application/jsonp'],
    ['JSON in another charset', 'application/json; charset=utf-16'],
    ['JSON of another kind', 'application/ld+json'],
    ['two', 'application/json, text/plain'],
    ['JSON behind text', 'text/plain; application/json'],
  ])('of content types: %s', async (_what, type) => {
    await refused(post(INPUT, { 'content-type': type }), 415, 'not-json');
  });

  test('of codings: a compressed body', async () => {
    await refused(post(INPUT, { 'content-encoding': 'gzip' }), 415, 'not-json');
  });

  test('of sizes: 10 MB, said or not', async () => {
    const body = Buffer.alloc(10 * 1024 * 1024, 0x20);
    for (const path of [PAUSE, ALERTS_PATH]) {
      await refused(post(body, {}, path), 413, 'too-large');
      const unsaid = await post(body, { 'transfer-encoding': 'chunked' }, path);
      expect(unsaid.status).toBe(413);
      // Closing at once would reset the connection, often before the answer has been read.
      expect(unsaid.headers.connection).not.toBe('close');
      const told = await sendChunked(api, path, body);
      expect(told).toContain('HTTP/1.1 413');
      expect(told).toContain('"code":"too-large"');
    }
    await refused(post(Buffer.alloc(256 * 1024 + 1, 0x20)), 413, 'too-large');
    await refused(post(Buffer.alloc(256 * 1024, 0x20)), 400, 'malformed');
  });

  test('of keys: what is no Idempotency-Key', async () => {
    for (const key of ['', 'short', 'a'.repeat(129), 'a key with spaces', 'söme-key-1']) {
      await refused(post(INPUT, { 'idempotency-key': key }), 400, 'idempotency-key');
    }
  });

  test.each([
    '/api/v1/datasets/..%2f..%2fetc%2fpasswd',
    '/api/v1/datasets/..%5c..%5cetc',
    '/api/v1/datasets/silver.orders%00',
    '/api/v1/datasets/%00',
    '/api/v1/datasets/.hidden',
    '/api/v1/datasets/a%2f..%2fb',
    '/api/v1/datasets/%2fetc',
    '/api/v1/datasets/a%2f%2fb',
    '/api/v1/datasets/caf%C3%A9',
    '/api/v1/datasets/%EF%BC%8E%EF%BC%8E%EF%BC%8F',
    '/api/v1/datasets/%E2%80%AE',
    '/api/v1/slices/silver.orders@2011-11-11%0d%0aX:1',
    '/api/v1/runbooks/..%2f..%2fpackage.json',
    `/api/v1/datasets/${'a'.repeat(129)}`,
    '/api/v1/datasets/a/rows?of=secrets',
    '/api/v1/datasets/a/rows?limit=1001',
    '/api/v1/datasets/a/rows?limit=0',
    '/api/v1/datasets/a/rows?limit=1&limit=2',
    '/api/v1/datasets/a/rows?limit=NaN',
    '/api/v1/datasets/a/rows?slice=%1b%5b31m',
    '/api/v1/datasets/a/rows?dataset=b',
    '/api/v1/datasets?cursor=%00',
    '/api/v1/datasets?sort=name',
    '/api/v1/datasets?__proto__=x',
    '/api/v1/datasets?constructor=x',
    '/api/v1/datasets?layer[]=gold',
    '/api/v1/overview?x',
    `/api/v1/lineage?focus=${'a'.repeat(200)}`,
  ])('of addresses: %s', async (path) => {
    await refused(api.send({ path }), 400, 'invalid');
  });

  test('of addresses: what cannot be decoded, what is too long, what is not there', async () => {
    await refused(api.send({ path: '/api/v1/datasets/%zz' }), 400, 'malformed');
    await refused(api.send({ path: '/api/v1/datasets/%C0%AE' }), 400, 'malformed');
    await refused(api.send({ path: `/api/v1/datasets/${'a'.repeat(1000)}` }), 400, 'malformed');
    await refused(api.send({ path: `/api/v1/datasets?cursor=${'a'.repeat(5000)}` }), 414, 'address-too-long');
    for (const path of [
      '/api',
      '/api/v1',
      '/api/v1/actions/sudo',
      '/api/v1/datasets/a/../../audit',
      '//',
      '/metrics/',
      '/API/v1/overview',
    ]) {
      await refused(api.send({ path }), 404, 'not-found');
    }
    await refused(post(INPUT, {}, '/api/v1/actions/sudo'), 404, 'not-found');
    expect(calls).toEqual([]);
  });

  test('of methods: all but those of the address', async () => {
    for (const method of ['OPTIONS', 'TRACE', 'PUT', 'PATCH', 'DELETE', 'POST', 'QUERY', 'PROPFIND']) {
      const told = await api.send({ method, path: '/api/v1/audit', headers: { 'content-length': '0' } });
      expect([method, told.status, told.headers.allow]).toEqual([method, 405, 'GET, HEAD']);
    }
    await refused(api.send({ path: PAUSE }), 405, 'method-not-allowed');
    expect((await api.send({ path: PAUSE, method: 'OPTIONS', token: null })).headers.allow).toBe('POST');
    expect(await api.send({ path: '/healthz', method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
    expect(await api.send({ path: '/api/v1/events', method: 'HEAD' })).toMatchObject({ status: 405 });
  });

  test('of GET: a body', async () => {
    await refused(api.send({ path: '/api/v1/overview', body: '{}' }), 400, 'malformed');
  });

  test('of heads: what is too large or is no HTTP', async () => {
    const { port } = api;
    const large = await sendRaw(
      port,
      `GET /healthz HTTP/1.1\r\nhost: localhost:${port}\r\nx: ${'a'.repeat(64_000)}\r\n\r\n`,
    );
    expect(large).toContain('HTTP/1.1 431');
    expect(large).toContain('"code":"head-too-large"');
    const many = await sendRaw(
      port,
      `GET /healthz HTTP/1.1\r\nhost: localhost:${port}\r\n${'x: y\r\n'.repeat(20_000)}\r\n`,
    );
    expect(many).toContain('HTTP/1.1 431');
    for (const text of [
      'hello\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      `GET /healthz HTTP/1.1\r\nhost: localhost:${port}\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n`,
      `POST /healthz HTTP/1.1\r\nhost: localhost:${port}\r\ntransfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n`,
      `GET /healthz HTTP/1.1\r\nhost : localhost:${port}\r\n\r\n`,
      'GET /healthz HTTP/1.1\r\n\r\n',
    ]) {
      const told = await sendRaw(port, text);
      expect([text, told.slice(0, 12)]).toEqual([text, 'HTTP/1.1 400']);
    }
  });
});

describe('who does not come to an end', () => {
  test('is told so, and its connection is closed', async () => {
    const api = await startTestApi({}, { headMsMax: 200, requestMsMax: 400 });
    const { port } = api;
    const head = await sendRaw(port, 'GET /healthz HTTP/1.1\r\n');
    expect(head).toContain('HTTP/1.1 408');
    const body = await sendRaw(
      port,
      `POST ${PAUSE} HTTP/1.1\r\nhost: localhost:${port}\r\nauthorization: Bearer ${api.token('admin')}\r\n`,
      'content-type: application/json\r\ncontent-length: 100\r\n\r\n{"input":',
    );
    expect(body).toContain('408');
    const { status } = await api.send({ path: '/healthz' });
    expect(status).toBe(200);
    await api.close();
  });
});

describe('anything at all', () => {
  const SEED = 20_260_115;

  test('gets an answer that is no mistake of ours', async () => {
    const api = await startTestApi();
    const json = fc.oneof(fc.json({ maxDepth: 4 }), fc.string({ maxLength: 200 }), fc.constant(INPUT));
    const part = fc.oneof(
      fc.string({ maxLength: 40, unit: 'binary' }),
      fc.constantFrom('orders', '..', '__proto__'),
    );
    const known = fc.constantFrom(
      ...api.api.routes.filter(({ id }) => id !== 'events').map(({ path }) => path),
    );
    const request = fc.record({
      method: fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'),
      path: fc.tuple(known, part, part, part).map(([path, name, key, value]) => {
        const text = path.replaceAll(/:[a-z]+/g, () => encode(name));
        return key === '' ? text : `${text}?${encode(key)}=${encode(value)}`;
      }),
      body: fc.option(json, { nil: undefined }),
      headers: fc.record(
        {
          'content-type': fc.constantFrom('application/json', 'text/plain', 'application/json; charset=x'),
          'idempotency-key': fc.string({ maxLength: 20 }).map((text) => encode(text)),
          'last-event-id': fc.string({ maxLength: 20 }).map((text) => encode(text)),
          origin: fc.constantFrom('null', 'http://evil.example'),
        },
        { requiredKeys: [] },
      ),
      as: fc.constantFrom('viewer', 'operator', 'admin', 'alert-sender', null),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(request, async ({ as, ...asked }) => {
        // A principal of its own every time, or the limits would answer before anything else does.
        const told = await api.send({ ...asked, token: as === null ? null : tokenOf(api, as, run++) });
        expect(told.status).toBeLessThan(500);
        if (told.status >= 400 && asked.method !== 'HEAD') problemDocumentSchema.parse(told.json);
      }),
      { numRuns: 1_500, seed: SEED },
    );
    expect(api.facts.filter(({ type }) => type === 'RequestFailed')).toEqual([]);
    await api.close();
  });

  test('on the wire leaves the server standing', async () => {
    const api = await startTestApi({}, { headMsMax: 100, requestMsMax: 200 });
    const line = fc.oneof(
      fc.constantFrom(
        'GET / HTTP/1.1',
        'POST /api/v1/alerts HTTP/1.1',
        `host: localhost:${api.port}`,
        'content-length: 5',
      ),
      fc.string({ unit: 'binary', maxLength: 60 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 6 }), async (lines) => {
        const told = await sendRaw(
          api.port,
          Buffer.from(`${lines.join('\r\n')}\r\n\r\n`),
          'HTTP/1.1\r\n\r\n',
        );
        expect(told).not.toMatch(/^HTTP\/1\.1 5/);
      }),
      { numRuns: 40, seed: SEED },
    );
    expect((await api.send({ path: '/healthz' })).status).toBe(200);
    await api.close();
  });
});

const tokens = new Map<string, string>();
function tokenOf(api: TestApi, role: 'viewer' | 'operator' | 'admin' | 'alert-sender', run: number): string {
  const key = `${role}-${run % 40}`;
  const known = tokens.get(key) ?? api.issue(key, role);
  tokens.set(key, known);
  return known;
}

/** Percent-encoded; what cannot be is left out. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function sendChunked(api: TestApi, path: string, body: Buffer): Promise<string> {
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: 127.0.0.1:${api.port}`,
    `authorization: Bearer ${api.token('admin')}`,
    'content-type: application/json',
    'transfer-encoding: chunked',
    'connection: close',
  ].join('\r\n');
  return sendRaw(api.port, `${head}\r\n\r\n${body.length.toString(16)}\r\n`, body, '\r\n0\r\n\r\n');
}
