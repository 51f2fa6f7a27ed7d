import { afterEach, expect, test } from 'vitest';
import { FaultBoard } from '../faults/fault-board.ts';
import { jsonAnswer, type RunningHttpServer, startHttpServer } from './http-server.ts';
import type { HttpService } from './service.ts';

let server: RunningHttpServer | undefined;
afterEach(async () => {
  await server?.close(0);
  server = undefined;
});

async function start(service: HttpService): Promise<{ url: string; errors: unknown[] }> {
  const errors: unknown[] = [];
  server = await startHttpServer({
    name: 'arm',
    service,
    faults: new FaultBoard(),
    host: '127.0.0.1',
    port: 0,
    onError: (error) => errors.push(error),
  });
  return { url: `http://127.0.0.1:${server.port}`, errors };
}

test('an unexpected throw is a 500 that says nothing of its cause, and is reported', async () => {
  const { url, errors } = await start({
    handle: async () => {
      throw new Error('the key is hunter2');
    },
  });
  const answer = await fetch(url);
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain('hunter2');
  expect(errors).toHaveLength(1);
});

test('a body over its limit is 413 and a broken one 400', async () => {
  const { url, errors } = await start({ handle: async (request) => jsonAnswer(200, await request.json(10)) });
  const post = (body: string | ReadableStream) =>
    fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit);
  expect((await post('{"a":1}')).status).toBe(200);
  expect((await post('{"a":')).status).toBe(400);
  expect((await post('{"a":"0123456789"}')).status).toBe(413);
  const unsized = new Blob(['{"a":"0123456789"}']).stream();
  expect((await post(unsized)).status).toBe(413);
  expect(errors).toEqual([]);
});

test('the connection serves the next request after an early refusal', async () => {
  const { url } = await start({ handle: async () => ({ status: 403 }) });
  for (let n = 0; n < 3; n++) {
    expect((await fetch(url, { method: 'PUT', body: 'x'.repeat(200_000) })).status).toBe(403);
  }
});
