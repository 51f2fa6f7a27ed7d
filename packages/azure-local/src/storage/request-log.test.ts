import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { HttpRequest } from '../server/service.ts';
import { createRequestLog } from './request-log.ts';

function request(requestId: string, authorization?: string): HttpRequest {
  return {
    service: 'storage',
    requestId,
    method: 'GET',
    rawPath: '/lake/a%20b',
    rawQuery: 'sig=secret',
    query: new URLSearchParams('sig=secret'),
    headers: authorization === undefined ? {} : { authorization },
    origin: 'http://127.0.0.1',
    secure: false,
    signal: new AbortController().signal,
    stream: Readable.from([]),
    body: async () => Buffer.alloc(0),
    json: async () => undefined,
  };
}

const address = { account: 'retaillake', endpoint: 'dfs' as const, fileSystem: 'lake', path: 'a b' };
const log = (entriesMax: number) =>
  createRequestLog({ now: () => 1, addressOf: () => ({ address, operation: 'read' }), entriesMax });

test('the newest requests are kept, oldest first', () => {
  const kept = log(3);
  for (const id of ['1', '2', '3', '4', '5']) kept.record(request(id), { status: 200 }, 1);
  expect(kept.entries().map(({ requestId }) => requestId)).toEqual(['3', '4', '5']);
});

test('an entry says how the request ended and who asked, but no query', () => {
  const kept = log(3);
  kept.record(request('1', 'Bearer x'), { status: 404, headers: { 'x-ms-error-code': 'PathNotFound' } }, 2.5);
  kept.record(request('2', 'SharedKey a:b'), 'drop', 1);
  const [refused, cut] = kept.entries();
  expect(refused).toMatchObject({
    status: 404,
    errorCode: 'PathNotFound',
    elapsedMs: 2.5,
    authentication: 'OAuth',
    uri: 'https://retaillake.dfs.core.windows.net/lake/a%20b',
  });
  expect(cut).toMatchObject({ status: 0, authentication: 'AccountKey' });
  expect(JSON.stringify(kept.entries())).not.toContain('secret');
});

test('a request that names nothing is left out', () => {
  const kept = createRequestLog({ now: () => 1, addressOf: () => undefined });
  kept.record(request('1'), { status: 400 }, 1);
  expect(kept.entries()).toEqual([]);
});
