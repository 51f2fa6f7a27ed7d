import { connect } from 'node:net';
import { ALERTS_PATH, TransientError } from '@lakewarden/contracts';
import { describe, expect, test } from 'vitest';
import { fakeAnswers, startTestApi } from './testing.ts';

describe('what fails below', () => {
  const CANARIES = [
    'sv=2024-01-01&sig=CANARY1%3D',
    'SharedAccessKey=CANARY2=;EntityPath=orders',
    'AccountKey=CANARY3==',
    '"AccountKey":"CANARY4"',
    'Authorization: Bearer CANARY5.abc',
    'eyJhbGciOiJIUzI1NiJ9.CANARY6.sig',
    'https://user:CANARY7@host/',
    'password = CANARY8',
    'client_secret=CANARY9',
    'lw1.CANARY10.mac',
    '"password": "CANARY11"',
    'SharedAccessSignature sr=x&sig=CANARY12&se=1',
  ];

  test('shows no secret, no stack and no words of its own, in answers and facts (I17)', async () => {
    let thrown: unknown;
    const fail = async () => {
      throw thrown;
    };
    const api = await startTestApi({
      answers: { ...fakeAnswers(), overview: fail },
      perform: fail,
      receiveAlert: fail,
      metrics: fail,
      ready: () => {
        throw thrown;
      },
    });
    const all: string[] = [];
    for (const canary of CANARIES) {
      const errors = [
        new Error(`GET https://x.example/?${canary}`, { cause: new Error(canary) }),
        Object.assign(new Error(canary), {
          statusCode: 404,
          code: 'RestError',
          request: { headers: canary },
        }),
        new TransientError('unavailable', canary, { cause: canary }),
        canary,
      ];
      for (thrown of errors) {
        const token = api.issue(`t-${all.length}`, 'admin');
        for (const asked of [
          { path: '/api/v1/overview' },
          { path: '/metrics' },
          { path: '/readyz' },
          { method: 'POST', path: ALERTS_PATH, json: { canary } },
          { method: 'POST', path: '/api/v1/actions/thaw', json: { input: { target: 'gold' } } },
          {
            path: `/api/v1/overview?${encodeURIComponent(canary)}`,
            headers: { 'x-canary': canary.replaceAll(/[^ -~]/g, '') },
          },
        ]) {
          const told = await api.send({ ...asked, token });
          if (asked.path.includes('?')) continue;
          expect(told.status).toBe(thrown instanceof TransientError ? 503 : 500);
          if (told.status === 503) expect(told.headers['retry-after']).toBeDefined();
          all.push(told.text, JSON.stringify(told.headers));
        }
      }
    }
    const secretKey = Buffer.alloc(32, 7).toString('base64url');
    const facts = JSON.stringify(api.facts);
    expect(facts).toContain('RequestFailed');
    for (const text of [...all, facts]) {
      expect(text).not.toContain('CANARY');
      expect(text).not.toContain(secretKey);
      expect(text).not.toMatch(/at .*\.ts/);
    }
    await api.close();
  });

  test('is told with an id that stands in the log', async () => {
    const answers = {
      ...fakeAnswers(),
      lag: async () => {
        throw new TypeError('x is not a function');
      },
    };
    const api = await startTestApi({ answers });
    const { json } = await api.send({ path: '/api/v1/lag' });
    expect(json).toMatchObject({ status: 500, code: 'internal' });
    expect(api.facts.at(-1)).toMatchObject({
      type: 'RequestFailed',
      route: 'GET /api/v1/lag',
      status: 500,
      reason: 'x is not a function',
    });
    expect(json.remedy).toContain(Object(api.facts.at(-1)).request);
    await api.close();
  });

  test('leaves health alone, and says in readiness what is waited for', async () => {
    let waitingFor = ['storage', 'orders'];
    const api = await startTestApi({ ready: () => ({ ready: waitingFor.length === 0, waitingFor }) });
    expect(await api.send({ path: '/readyz', token: null })).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      json: { code: 'not-ready', detail: 'Not ready yet, waits for storage, orders.' },
    });
    expect((await api.send({ path: '/healthz', token: null })).json).toEqual({ status: 'ok' });
    waitingFor = [];
    expect((await api.send({ path: '/readyz', token: null })).json).toEqual({ status: 'ready' });
    await api.close();
  });
});

describe('the end', () => {
  test('lets what is in flight finish, and takes nothing more', async () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const answers = {
      ...fakeAnswers(),
      lag: async () => {
        begun.resolve();
        await gate.promise;
        return { kind: 'ok' as const, value: { sources: [] } };
      },
    };
    const api = await startTestApi({ answers });
    const inFlight = api.send({ path: '/api/v1/lag' });
    await begun.promise;
    const closed = api.close();
    gate.resolve();
    expect(await inFlight).toMatchObject({ status: 200, json: { sources: [] } });
    await closed;
    await expect(api.send({ path: '/healthz' })).rejects.toMatchObject({
      code: expect.stringMatching(/^ECONN(?:REFUSED|RESET)$/),
    });
  });

  test('of the port: a second agent on it is told what to do', async () => {
    const api = await startTestApi();
    await expect(startTestApi({ port: api.port })).rejects.toMatchObject({
      name: 'TerminalError',
      message: expect.stringContaining('api.port'),
    });
    await api.close();
  });

  test('of a client ends its query, and not its action', async () => {
    const signals: AbortSignal[] = [];
    const begun = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const never = new Promise<never>(() => undefined);
    const gate = Promise.withResolvers<void>();
    const api = await startTestApi({
      answers: {
        ...fakeAnswers(),
        lag: (_args, signal) => {
          signals[0] = signal;
          begun[0]?.resolve();
          return never;
        },
      },
      perform: async (_action, _request, _caller, signal) => {
        signals[1] = signal;
        begun[1]?.resolve();
        await gate.promise;
        return { kind: 'refused', code: 'x', message: 'x', remedy: 'x' };
      },
    });
    const auth = `host: localhost:${api.port}\r\nauthorization: Bearer ${api.token('admin')}\r\n`;
    const body = '{"input":{"target":"gold"}}';
    const query = `GET /api/v1/lag HTTP/1.1\r\n${auth}\r\n`;
    const action = `POST /api/v1/actions/thaw HTTP/1.1\r\n${auth}content-type: application/json\r\nidempotency-key: 12345678\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    // The action first: once the end of the second connection is seen, that of the first has been.
    for (const [index, text] of [
      [1, action],
      [0, query],
    ] as const) {
      const cut = openRaw(api.port, text);
      await begun[index]?.promise;
      cut();
    }
    await aborted(signals[0]);
    expect(signals[1]?.aborted).toBe(false);
    gate.resolve();
    await api.close();
    expect(api.facts.filter(({ type }) => type === 'RequestFailed')).toEqual([]);
  });
});

function openRaw(port: number, text: string): () => void {
  const socket = connect(port, '127.0.0.1', () => socket.write(text));
  return () => socket.destroy();
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve();
    else signal?.addEventListener('abort', () => resolve(), { once: true });
  });
}
