import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ACTION_NAMES, API_VERSION, QUERY_NAMES } from '@lakewarden/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import {
  AgentBroken,
  AgentRefused,
  AgentTooNew,
  AgentTooOld,
  AgentUnreachable,
  type ClientOptions,
  createClient,
} from './index.ts';
import { aDataset, anOverview, aProblem, aSlice, type FakeAgentOptions, startFakeAgent } from './testing.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function agent(options: FakeAgentOptions = {}, client: Partial<ClientOptions> = {}) {
  const fake = await startFakeAgent(options);
  closing.push(() => fake.close());
  return { fake, client: createClient({ url: fake.url, token: fake.token, ...client }) };
}

/** A server that is no agent at all. */
async function stranger(listener: RequestListener, client: Partial<ClientOptions> = {}) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return createClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ...client });
}

const answering = (text: string, status = 200): RequestListener => {
  return (_, response) => void response.writeHead(status, { 'content-type': 'application/json' }).end(text);
};

describe('a query', () => {
  it('fills and encodes its path, and sends the rest in the query string', async () => {
    const { fake, client } = await agent({ queries: { slices: { items: [aSlice()] }, slice: aSlice() } });
    await client.query('slices', { dataset: 'silver.orders', state: 'failed', limit: 5 });
    await client.query('slice', { slice: 'silver.orders@2011-11-11/é?' });
    expect(fake.requests).toEqual([
      'GET /api/v1/datasets/silver.orders/slices?state=failed&limit=5',
      'GET /api/v1/slices/silver.orders%402011-11-11%2F%C3%A9%3F',
    ]);
  });

  it.each(['', '.', '..'])('never leaves its path for an id that is "%s"', async (slice) => {
    const { fake, client } = await agent();
    await expect(client.query('slice', { slice })).rejects.toMatchObject({
      problem: { code: 'invalid', status: 400 },
    });
    expect(fake.requests).toEqual([]);
  });

  it('refuses what the contract refuses before anything is sent', async () => {
    const { fake, client } = await agent();
    await expect(client.query('runs', { limit: 501 })).rejects.toThrow(AgentRefused);
    await expect(client.query('lineage', { sideways: 1 } as never)).rejects.toThrow(/sideways/);
    expect(fake.requests).toEqual([]);
  });

  it('walks every page, asking for the next one only when it is read', async () => {
    const pages = (asked: Readonly<Record<string, string>>) =>
      asked.cursor === undefined
        ? { items: [aDataset({ name: 'a' }), aDataset({ name: 'b' })], next: 'b' }
        : { items: [aDataset({ name: 'c' })] };
    const { fake, client } = await agent({ queries: { datasets: pages } });
    const seen: string[] = [];
    for await (const dataset of client.all('datasets', { layer: 'silver' })) seen.push(dataset.name);
    expect(seen).toEqual(['a', 'b', 'c']);
    for await (const _ of client.all('datasets', {})) break;
    expect(fake.requests.slice(2)).toEqual(['GET /api/v1/datasets']);
  });

  it('does not walk in a circle of pages', async () => {
    const { client } = await agent({ queries: { datasets: { items: [], next: 'same' } } });
    const walk = async () => {
      for await (const _ of client.all('datasets', {}));
    };
    await expect(walk()).rejects.toThrow(AgentBroken);
  });

  it('checks a sample of a long page only, when it may', async () => {
    const items = Array.from({ length: 400 }, (_, index) => ({ ...aDataset(), rows: index }));
    const { client } = await agent({ queries: { datasets: { items } } }, { check: 'sampled' });
    expect((await client.query('datasets', {})).items).toHaveLength(400);
    items[399] = {} as never;
    await expect(client.query('datasets', {})).rejects.toThrow(AgentBroken);
  });

  it('ends with the reason of its signal', async () => {
    const { client } = await agent({ intercept: () => true });
    const stop = new AbortController();
    const asked = client.query('overview', {}, stop.signal);
    stop.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
  });

  it('asks for the token before every request', async () => {
    let token = 'old';
    const { fake, client } = await agent({ token: 'new' }, { token: () => token });
    await expect(client.query('overview', {})).rejects.toMatchObject({ problem: { status: 401 } });
    token = fake.token;
    expect(await client.query('overview', {})).toEqual(anOverview());
  });
});

describe('an act', () => {
  it('is sent with its input, dry run and idempotency key', async () => {
    const { fake, client } = await agent({}, { uuid: () => 'key-1' });
    const target = 'source:orders';
    expect(await client.act('resume', { target }, { dryRun: true })).toMatchObject({ outcome: 'would' });
    expect(await client.act('resume', { target })).toMatchObject({ action: 'resume', outcome: 'done' });
    expect(await client.act('resume', { target }, { idempotencyKey: 'key-1' })).toMatchObject({
      outcome: 'unchanged',
    });
    expect(fake.acts).toEqual([{ action: 'resume', input: { target }, dryRun: false, key: 'key-1' }]);
  });

  it('is sent once more after a cut connection, with the same key', async () => {
    const keys: unknown[] = [];
    const { fake, client } = await agent({
      intercept(request) {
        if (request.method !== 'POST') return false;
        keys.push(request.headers['idempotency-key']);
        if (keys.length === 1) request.socket.destroy();
        return keys.length === 1;
      },
    });
    expect(await client.act('resume', { target: 'source:orders' })).toMatchObject({ outcome: 'done' });
    expect(keys).toEqual([keys[0], keys[0]]);
    expect(fake.acts).toHaveLength(1);
  });

  it('is given up after the second cut connection', async () => {
    const { fake, client } = await agent({
      intercept(request) {
        if (request.method === 'POST') request.socket.destroy();
        return request.method === 'POST';
      },
    });
    await expect(client.act('resume', { target: 'source:orders' })).rejects.toMatchObject({
      reason: 'connection',
    });
    expect(fake.requests.filter((text) => text.startsWith('POST'))).toHaveLength(2);
  });

  it('is never sent again after a refusal, whose problem it hands out', async () => {
    const { fake, client } = await agent({ actions: { apply: aProblem() } });
    const refused = await client.act('apply', { plan: '7c1e' }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(AgentRefused);
    expect((refused as AgentRefused).problem).toEqual(aProblem());
    expect((refused as AgentRefused).message).toBe(
      'the world moved since the plan was made · POST /api/v1/actions/apply · make the plan again',
    );
    expect(fake.requests.filter((text) => text.startsWith('POST'))).toHaveLength(1);
  });

  it.each([
    [API_VERSION - 1, AgentTooOld],
    [API_VERSION + 1, AgentTooNew],
  ])('is never asked of an agent of another contract (%i)', async (api, error) => {
    const overview = anOverview();
    const { fake, client } = await agent({
      queries: { overview: { ...overview, agent: { ...overview.agent, api } } },
    });
    await expect(client.act('resume', { target: 'source:orders' })).rejects.toThrow(error);
    expect(fake.requests).toEqual(['GET /api/v1/overview']);
  });
});

describe('an agent of another version', () => {
  it('is named as such when its answers are not understood', async () => {
    const overview = {
      ...anOverview(),
      layers: 'none' as never,
      agent: { ...anOverview().agent, api: API_VERSION + 1 },
    };
    const { client } = await agent({ queries: { overview, datasets: { pages: [] } as never } });
    await expect(client.query('datasets', {})).rejects.toThrow(AgentTooNew);
    await expect(client.query('overview', {})).rejects.toThrow(AgentTooNew);
    await expect(client.query('lag', {})).rejects.toThrow(AgentTooNew);
    await expect(client.hello()).rejects.toThrow('update Lakewarden here');
  });

  it('says who it is when it is ours', async () => {
    const { client } = await agent();
    expect(await client.hello()).toMatchObject({ api: API_VERSION, version: '0.1.0', ready: true });
    expect((await client.hello()).agentMs).toBeTypeOf('number');
  });
});

describe('what is not an agent', () => {
  it.each([
    ['no JSON', answering('<html>')],
    ['JSON that ends too early', answering('{"layers": [')],
    ['another JSON', answering('{"hello": true}')],
    ['an error without words', answering('oops', 500)],
    [
      'a redirect',
      ((_, response) =>
        void response.writeHead(302, { location: 'http://example.com/' }).end()) as RequestListener,
    ],
    ['nothing at all', ((_, response) => void response.writeHead(200).end()) as RequestListener],
  ])('is broken when it answers %s', async (_, listener) => {
    await expect((await stranger(listener)).query('overview', {})).rejects.toThrow(AgentBroken);
  });

  it('is broken when its answer has no end', async () => {
    const endless: RequestListener = (_, response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    };
    const client = await stranger(endless, { limits: { answerBytes: 1_000_000 } });
    await expect(client.query('overview', {})).rejects.toThrow('longer than 1000000 bytes');
  });

  it('is unreachable when nobody listens, when it says nothing, and when it hangs up half-way', async () => {
    const gone = await startFakeAgent();
    await gone.close();
    const nobody = createClient({ url: gone.url });
    const refused = await nobody.query('overview', {}).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(AgentUnreachable);
    expect((refused as Error).message).toMatch(
      /^the agent is not reachable \(ECONNREFUSED\) · http:\/\/127\.0\.0\.1:\d+ · /,
    );
    const silent = await stranger(() => undefined, { limits: { requestMs: 30 } });
    await expect(silent.query('overview', {})).rejects.toMatchObject({ reason: 'timeout' });
    const slow = await stranger((_, response) => void response.writeHead(200).write('{'), {
      limits: { requestMs: 30 },
    });
    await expect(slow.query('overview', {})).rejects.toMatchObject({ reason: 'timeout' });
    const half = await stranger((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{');
      setImmediate(() => response.destroy());
    });
    await expect(half.query('overview', {})).rejects.toMatchObject({ reason: 'connection' });
    const gateway = await stranger(answering('<h1>Bad Gateway</h1>', 502));
    await expect(gateway.query('overview', {})).rejects.toMatchObject({ reason: 'gateway' });
  });

  it.each([
    'http://agent.example',
    'ftp://127.0.0.1',
    'agent',
    'http://me:secret@127.0.0.1',
    'http://127.0.0.1/?a=b',
  ])('is never given a token: %s', (url) => {
    expect(() => createClient({ url, token: 'secret' })).toThrow(
      expect.objectContaining({ code: 'invalid' }),
    );
  });
});

describe('an alert', () => {
  it('is posted as it is, and answered with a receipt', async () => {
    const { fake, client } = await agent();
    expect(await client.alert({ schemaId: 'azureMonitorCommonAlertSchema' })).toEqual({
      alert: 'alert-1',
      duplicate: false,
      targets: ['source:orders'],
    });
    expect(fake.requests).toEqual(['POST /api/v1/alerts']);
  });
});

describe('the catalogue', () => {
  it('has every action of the contract with its fields', async () => {
    const { client } = await agent();
    const entries = client.catalogue();
    expect(entries.map(({ name }) => name)).toEqual(ACTION_NAMES);
    const waive = entries.find(({ name }) => name === 'waive');
    expect(waive?.fields.map(({ name, kind, required }) => [name, kind, required])).toEqual([
      ['slice', 'text', true],
      ['as', 'choice', false],
      ['reason', 'text', true],
      ['until', 'time', false],
    ]);
    expect(QUERY_NAMES.length).toBeGreaterThan(0);
  });
});
