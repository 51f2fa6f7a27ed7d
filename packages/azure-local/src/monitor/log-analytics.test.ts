/** The query API without a network: bodies, timespans, limits, and any text at all as a query. */
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { HttpRequest } from '../server/service.ts';
import { createLogAnalytics } from './log-analytics.ts';
import { logTable } from './tables/log-table.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 12);
const WORKSPACE = '11111111-1111-4111-8111-111111111111';

const numbers = logTable('Numbers', { TimeGenerated: 'datetime', N: 'long', S: 'string' }, () =>
  Array.from({ length: 40_000 }, (_, N) => ({ TimeGenerated: NOW_MS - N * 1000, N, S: `s${N % 7}` })),
);
const endless = logTable('Endless', { TimeGenerated: 'datetime' }, function* () {
  for (;;) yield { TimeGenerated: NOW_MS };
} as never);
const service = createLogAnalytics({
  verifyToken: async () => ({ valid: true, claims: { aud: '', iss: '', exp: 0 } }),
  workspaceId: WORKSPACE,
  tables: [numbers, endless],
  now: () => NOW_MS,
});
afterAll(() => service.close());

interface Answered {
  readonly status: number;
  readonly body: {
    readonly tables?: readonly { readonly rows: readonly (readonly unknown[])[] }[];
    readonly responses?: readonly { readonly status: number }[];
    readonly error?: {
      readonly code: string;
      readonly message: string;
      readonly innererror?: { readonly code: string; readonly innererror?: { readonly code: string } };
    };
  };
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answered> {
  const request: HttpRequest = {
    service: 'log-analytics',
    requestId: 'r',
    method: 'POST',
    rawPath: path,
    rawQuery: '',
    query: new URLSearchParams(),
    headers: { authorization: 'Bearer t', ...headers },
    origin: 'http://127.0.0.1',
    secure: false,
    signal: new AbortController().signal,
    stream: Readable.from([]),
    body: async () => Buffer.from(JSON.stringify(body)),
    json: async () => body,
  };
  const answer = await service.http.handle(request);
  return { status: answer.status, body: JSON.parse(String(answer.body)) as Answered['body'] };
}

const ask = (query: unknown, more: object = {}, headers: Record<string, string> = {}) =>
  post(`/v1/workspaces/${WORKSPACE}/query`, { query, ...more }, headers);
const count = async (timespan: string) =>
  (await ask('Numbers | count', { timespan })).body.tables?.[0]?.rows[0]?.[0];

test('a timespan is a duration until now, or an interval of three kinds', async () => {
  expect(await count('PT10S')).toBe(11);
  expect(await count('P1DT1H')).toBe(40_000);
  expect(await count('2026-11-22T11:59:00Z/2026-11-22T12:00:00Z')).toBe(61);
  expect(await count('2026-11-22T11:59:00Z/PT30S')).toBe(31);
  expect(await count('PT30S/2026-11-22T11:59:00')).toBe(31);
});

test.each([
  [{ query: 7 }],
  [{ timespan: 'yesterday' }],
  [{ timespan: 'P1M' }],
  [{ timespan: 'PT' }],
  [{ timespan: '2026-11-22/2026-11-21' }],
  [{ timespan: 5 }],
  [{ workspaces: ['other'] }],
])('the body %j is a bad argument', async (more) => {
  const { status, body } = await ask('Numbers', more);
  expect([status, body.error?.code]).toEqual([400, 'BadArgumentError']);
});

test('bodies that are none, and paths that are none, are refused', async () => {
  for (const body of [undefined, null, [], 'x', JSON.parse('{"__proto__":{"query":"Numbers"}}')])
    expect((await post(`/v1/workspaces/${WORKSPACE}/query`, body)).status).toBe(400);
  expect((await post('/v1/workspaces/x/query', { query: 'Numbers' })).status).toBe(404);
  expect((await post('/v2/query', {})).status).toBe(404);
  expect((await post('/v1/$batch', {})).status).toBe(400);
  expect((await ask('Numbers', {}, { prefer: 'wait=0' })).status).toBe(400);
});

test('a batch answers what it can, and refuses each request that is none', async () => {
  const good = {
    id: '1',
    workspace: WORKSPACE,
    method: 'POST',
    path: '/query',
    body: { query: 'Numbers | take 1' },
  };
  const requests = [good, { ...good, method: 'GET' }, { ...good, workspace: 'x' }, 'y'];
  const { body } = await post('/v1/$batch', { requests });
  expect(body.responses?.map(({ status }) => status)).toEqual([200, 400, 404, 400]);
});

test('more rows than an answer may hold come with an error beside them', async () => {
  const { status, body } = await ask('Numbers');
  expect(status).toBe(200);
  expect(body.tables?.[0]?.rows).toHaveLength(30_000);
  expect(body.error?.code).toBe('PartialError');
  expect((await ask('Numbers | summarize max(N)')).body.tables?.[0]?.rows).toEqual([[39_999]]);
});

test('a table that is too long for its timespan, or a query that is too much work, is refused', async () => {
  const { status, body } = await ask('Endless | count');
  expect([status, body.error?.innererror?.innererror?.code]).toEqual([400, 'QueryTooExpensive']);
  const work = await ask(
    `Numbers${' | extend N = N + 1'.repeat(40)}${' | extend S = strcat(S, S)'.repeat(1)}`,
  );
  expect(work.status).toBe(200);
  const sorts = await ask(`Numbers${' | sort by N asc, S, TimeGenerated'.repeat(100)}`);
  expect(sorts.body.error?.innererror?.innererror?.code).toBe('QueryTooExpensive');
});

// The first parse of a thread takes a second on a quiet machine, each further one 10 ms.
describe('whatever is asked, the answer is 200 or 400', { timeout: 90_000 }, () => {
  const columns = [
    'N',
    'S',
    'TimeGenerated',
    'Missing',
    '*',
    '1',
    '"a"',
    '2h',
    'datetime(2026-11-22)',
    'true',
    'null',
  ];
  const functions = [
    'count',
    'sum',
    'bin',
    'iff',
    'strcat',
    'tolong',
    'now',
    'ago',
    'percentile',
    'dcount',
    'nosuch',
  ];
  const infix = [
    '+',
    '-',
    '*',
    '/',
    '%',
    '==',
    '!=',
    '<',
    '=~',
    'and',
    'or',
    'has',
    'contains',
    'in',
    'between',
    '..',
  ];
  const { expression } = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(...columns),
      fc
        .tuple(tie('expression'), fc.constantFrom(...infix), tie('expression'))
        .map(([left, operator, right]) => `${left} ${operator} ${right}`),
      fc
        .tuple(fc.constantFrom(...functions), fc.array(tie('expression'), { maxLength: 3 }))
        .map(([name, args]) => `${name}(${args.join(', ')})`),
      tie('expression').map((inner) => `(${inner})`),
      tie('expression').map((inner) => `-${inner}`),
    ),
  }));
  const operator = fc.oneof(
    fc.tuple(
      fc.constantFrom('where', 'project', 'extend x =', 'distinct', 'project-away', 'sort by'),
      expression,
    ),
    fc.tuple(fc.constant('summarize'), expression, fc.constant('by'), expression),
    fc.tuple(
      fc.constant('top'),
      expression,
      fc.constant('by'),
      expression,
      fc.constantFrom('asc', 'desc', ''),
    ),
    fc.tuple(fc.constantFrom('take', 'count', 'limit', 'union', 'join', 'render', 'parse', '??'), expression),
  );
  const queries = fc
    .tuple(fc.constantFrom('Numbers', 'Numbers | take 50', 'Missing'), fc.array(operator, { maxLength: 4 }))
    .map(([table, operators]) => [table, ...operators.map((words) => words.join(' '))].join(' | '));

  async function holds(query: string): Promise<void> {
    const { status, body } = await ask(query, { timespan: 'PT60S' });
    expect([200, 400]).toContain(status);
    if (status === 200) expect(body.tables).toHaveLength(1);
    else expect(body.error?.code).toBe('BadArgumentError');
  }

  test('for queries that are nearly right', async () => {
    await fc.assert(fc.asyncProperty(queries, holds), { numRuns: 200 });
  });

  test('for any text', async () => {
    const fragments = fc.constantFrom(
      '|',
      '(',
      ')',
      '[',
      '"',
      "'",
      '```',
      '{',
      ';',
      '//',
      '\\',
      '\0',
      '\u{1f600}',
      'Numbers',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc
        .array(fc.oneof(fragments, fc.string({ maxLength: 5 })), { maxLength: 60 })
        .map((parts) => parts.join('')),
    );
    await fc.assert(fc.asyncProperty(text, holds), { numRuns: 150 });
  });
});
