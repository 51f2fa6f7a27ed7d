import {
  ACTION_NAMES,
  ACTIONS,
  mayAct,
  problemDocumentSchema,
  QUERIES,
  QUERY_NAMES,
  ROLES,
} from '@lakewarden/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import type { Route } from './routes.ts';
import {
  type Asked,
  DONE,
  fakeAnswers,
  PLAIN_PAGE,
  sampleOf,
  startTestApi,
  type TestApi,
} from './testing.ts';

/** An input of each action that fits its schema. */
const INPUTS: Readonly<Record<(typeof ACTION_NAMES)[number], Readonly<Record<string, unknown>>>> = {
  pause: { target: 'source:orders', reason: 'a test' },
  resume: { target: 'source:orders' },
  retry: { target: 'silver.orders' },
  replay: { target: 'silver.orders@2011-11-11' },
  backfill: { dataset: 'silver.orders', from: '2011-11-01', to: '2011-11-30' },
  apply: { plan: '7c1e' },
  waive: { slice: 'silver.orders@2011-11-11', reason: 'a test' },
  hold: { slice: 'silver.orders@2011-11-11', reason: 'a test' },
  release: { slice: 'silver.orders@2011-11-11' },
  freeze: { target: 'gold', reason: 'a test' },
  thaw: { target: 'gold' },
  'reset-breaker': { dependency: 'storage' },
  'rerun-adf': { source: 'source:vendors', window: '2011-12-10' },
  'cancel-run': { run: 'run-1' },
  acknowledge: { incident: 'i-1' },
  approve: { execution: 'e-1' },
  reject: { execution: 'e-1', reason: 'a test' },
  'run-runbook': { runbook: 'stuck-adf-run' },
};

/** A request that the route takes from somebody with the right to it. */
function requestFor({ id, method, path }: Route): Asked {
  const url = path.replaceAll(/:[a-z]+/g, 'silver.orders');
  if (method === 'GET') return { path: url };
  const action = ACTION_NAMES.find((name) => id === `action-${name}`);
  return { method, path: url, json: action === undefined ? {} : { input: INPUTS[action] } };
}

describe('every route', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi({ statusPage: PLAIN_PAGE });
  });
  afterAll(() => api.close());

  const PUBLIC = ['healthz', 'readyz', 'page', 'page-status.css', 'page-status.js'];

  test('answers exactly the roles that it is for, and nobody without a token', async () => {
    const walked: string[] = [];
    for (const route of api.api.routes) {
      if (route.id === 'events') continue;
      const asked = requestFor(route);
      for (const role of ROLES) {
        const { status } = await api.send({ ...asked, token: api.token(role) });
        const may = route.access === 'public' || mayAct(role, route.access);
        expect([route.id, role, status]).toEqual([route.id, role, may ? route.success.status : 403]);
      }
      const { status } = await api.send({ ...asked, token: null });
      expect([route.id, status]).toEqual([route.id, PUBLIC.includes(route.id) ? 200 : 401]);
      walked.push(route.id);
    }
    expect(walked.filter((id) => id.startsWith('query-'))).toHaveLength(QUERY_NAMES.length);
    expect(walked.filter((id) => id.startsWith('action-'))).toHaveLength(ACTION_NAMES.length);
    const open = api.api.routes.filter(({ access }) => access === 'public').map(({ id }) => id);
    expect(open.toSorted()).toEqual(PUBLIC.toSorted());
  });

  test('takes the role that the contract says', () => {
    const access = new Map(api.api.routes.map((route) => [route.id, route.access]));
    for (const name of QUERY_NAMES) expect(access.get(`query-${name}`)).toBe(QUERIES[name].role);
    for (const name of ACTION_NAMES) expect(access.get(`action-${name}`)).toBe(ACTIONS[name].role);
  });

  test('answers what its contract promises', async () => {
    for (const route of api.api.routes) {
      const { schema } = route.success;
      if (route.id === 'events' || schema === undefined) continue;
      const { json } = await api.send(requestFor(route));
      expect((schema as z.ZodType).safeParse(json).error).toBeUndefined();
    }
  });

  test('tells its refusal as a problem with code and remedy', async () => {
    for (const route of api.api.routes.filter(({ access }) => access !== 'public')) {
      const { headers, json } = await api.send({ ...requestFor(route), token: null });
      expect(headers['content-type']).toContain('application/problem+json');
      expect(problemDocumentSchema.parse(json).remedy).not.toBe('');
    }
  });

  test('lets nothing be cached, framed, guessed or read by other origins', async () => {
    for (const path of ['/healthz', '/api/v1/overview', '/nowhere']) {
      const { headers } = await api.send({ path });
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
      });
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});

describe('a query', () => {
  test('gets its arguments checked, with defaults, from path and query string', async () => {
    const calls: { name: string; args: unknown }[] = [];
    const api = await startTestApi({ answers: fakeAnswers(calls) });
    await api.send({ path: '/api/v1/datasets/silver.orders/slices?state=failed&limit=7' });
    expect(calls).toEqual([
      { name: 'slices', args: { dataset: 'silver.orders', state: 'failed', limit: 7 } },
    ]);
    await api.send({ path: '/api/v1/slices/silver.orders%402011-11-11/blame' });
    expect(calls[1]).toEqual({ name: 'blame', args: { slice: 'silver.orders@2011-11-11' } });
    await api.close();
  });

  test('that finds nothing or must wait says so', async () => {
    const answers = {
      ...fakeAnswers(),
      dataset: async () => ({
        kind: 'not-found' as const,
        what: 'no dataset x',
        remedy: 'lakewarden status',
      }),
      overview: async () => ({ kind: 'unavailable' as const, what: 'not read yet', retryAfterMs: 1_500 }),
    };
    const api = await startTestApi({ answers });
    expect(await api.send({ path: '/api/v1/datasets/x' })).toMatchObject({
      status: 404,
      json: { code: 'not-found', detail: 'no dataset x', remedy: 'lakewarden status' },
    });
    expect(await api.send({ path: '/api/v1/overview' })).toMatchObject({
      status: 503,
      headers: { 'retry-after': '2' },
      json: { code: 'unavailable' },
    });
    await api.close();
  });
});

describe('an action', () => {
  test('reaches the catalogue with checked input, key and caller', async () => {
    const asked: unknown[] = [];
    const api = await startTestApi({
      perform: async (action, request, caller) => {
        asked.push({ action, ...request, caller });
        return { kind: 'ok', result: { ...DONE, action } };
      },
    });
    const { json } = await api.send({
      method: 'POST',
      path: '/api/v1/actions/waive',
      json: { input: { slice: 'silver.orders@2011-11-11', reason: ' known bad ' } },
      headers: { 'idempotency-key': 'one-two-three' },
    });
    expect(json).toEqual({ ...DONE, action: 'waive' });
    expect(asked).toEqual([
      {
        action: 'waive',
        input: { slice: 'silver.orders@2011-11-11', as: 'as-is', reason: 'known bad' },
        dryRun: false,
        idempotencyKey: 'one-two-three',
        caller: { id: 'tester', role: 'admin' },
      },
    ]);
    await api.close();
  });

  test('needs an Idempotency-Key, unless it changes nothing', async () => {
    const api = await startTestApi();
    const post = (name: keyof typeof INPUTS, dryRun: boolean) =>
      api.send({
        method: 'POST',
        path: `/api/v1/actions/${name}`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ input: INPUTS[name], dryRun }),
      });
    for (const name of ACTION_NAMES) {
      expect((await post(name, true)).status).toBe(200);
      const { status, json } = await post(name, false);
      if (ACTIONS[name].plans) expect(status).toBe(200);
      else expect([status, json.code]).toEqual([400, 'idempotency-key']);
    }
    await api.close();
  });

  test('that is refused says why with the status of its code', async () => {
    let code = '';
    const api = await startTestApi({
      perform: async () => ({ kind: 'refused', code, message: 'no', remedy: 'do this' }),
    });
    const expected = {
      moved: 409,
      'not-found': 404,
      forbidden: 403,
      invalid: 422,
      unavailable: 503,
      toString: 409,
    };
    for (const [next, status] of Object.entries(expected)) {
      code = next;
      const told = await api.send({
        method: 'POST',
        path: '/api/v1/actions/thaw',
        json: { input: INPUTS.thaw },
      });
      expect(told).toMatchObject({ status, json: { code, detail: 'no', remedy: 'do this' } });
    }
    await api.close();
  });

  test('is listed as data with role, danger and the schema of its input', async () => {
    const api = await startTestApi();
    const { json } = await api.send({ path: '/api/v1/actions', token: api.token('viewer') });
    expect(json.actions.map(({ name }: { name: string }) => name)).toEqual([...ACTION_NAMES]);
    expect(json.actions[0]).toMatchObject({
      name: 'pause',
      role: 'operator',
      danger: 'none',
      positional: ['target'],
      plans: false,
      input: { type: 'object', required: ['target', 'reason'], additionalProperties: false },
    });
    await api.close();
  });
});

test('a sample of every answer fits its contract', () => {
  for (const name of QUERY_NAMES)
    expect(() => QUERIES[name].output.parse(sampleOf(QUERIES[name].output))).not.toThrow();
});
