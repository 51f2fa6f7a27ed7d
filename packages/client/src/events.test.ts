import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AgentEvent } from '@lakewarden/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { type ClientOptions, createClient, type StreamState } from './index.ts';
import { anOverview, aRun, startFakeAgent } from './testing.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const clock = { sleep: async () => undefined };
const fact = (message: string): AgentEvent => ({
  type: 'fact',
  at: '2026-11-22T14:06:12.000Z',
  level: 'info',
  fact: 'Said',
  message,
});
const frame = (id: number, message: string) => `id: ${id}\ndata: ${JSON.stringify(fact(message))}\n\n`;

/** Serves each connection by the next of these; then none answers any more. */
async function serving(
  connections: readonly ((response: ServerResponse, request: IncomingMessage) => void)[],
  options: Partial<ClientOptions> = {},
) {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    if (request.url === '/api/v1/overview') return void response.end(JSON.stringify(anOverview()));
    asked.push(request.headers['last-event-id'] as string | undefined);
    const serve = connections[asked.length - 1];
    if (serve === undefined) return void request.socket.destroy();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    serve(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { asked, client: createClient({ url, clock, random: () => 0.5, ...options }) };
}

async function take(events: AsyncIterable<AgentEvent>, count: number): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of events) {
    seen.push(event.type === 'fact' ? event.message : event.type);
    if (seen.length === count) break;
  }
  return seen;
}

describe('the event stream', () => {
  it('hands out events as they are sent, each with its id', async () => {
    const fake = await startFakeAgent();
    closing.push(() => fake.close());
    const ids: string[] = [];
    const onState = ({ kind }: StreamState) => {
      if (kind !== 'connected') return;
      fake.send({ type: 'run', run: aRun() });
      fake.send(fact('done'));
    };
    const { events } = createClient({ url: fake.url, token: fake.token, clock });
    expect(await take(events({ onState, onId: (id) => ids.push(id) }), 2)).toEqual(['run', 'done']);
    expect(ids).toEqual(['1', '2']);
  });

  it('goes on behind the last whole event after a cut connection', async () => {
    const states: string[] = [];
    const { asked, client } = await serving([
      (response) => {
        response.write(`retry: 700\n\n${frame(1, 'one')}${frame(2, 'two')}`);
        // Half an event never happened.
        response.write(frame(3, 'three').slice(0, 30), () => response.destroy());
      },
      (response) => response.end(frame(3, 'three')),
      (response) => response.write(frame(4, 'four')),
    ]);
    const onState = (state: StreamState) =>
      states.push(state.kind === 'lost' ? `lost, again in ${state.againMs} ms` : state.kind);
    expect(await take(client.events({ after: '0', onState }), 4)).toEqual(['one', 'two', 'three', 'four']);
    expect(asked).toEqual(['0', '2', '3']);
    const lost = 'lost, again in 525 ms';
    expect(states).toEqual(['connected', lost, 'connected', lost, 'connected']);
  });

  it('puts events together however they are cut, a megabyte or a byte at a time', async () => {
    const big = 'é'.repeat(500_000);
    const { client } = await serving([
      (response) => {
        response.write(frame(1, big));
        for (const byte of Buffer.from(frame(2, 'naïve 😀'))) response.write(Buffer.of(byte));
      },
    ]);
    expect(await take(client.events(), 2)).toEqual([big, 'naïve 😀']);
  });

  it('leaves out kinds of events that it does not know, and ends at what is none', async () => {
    const { client } = await serving(
      [
        (response) =>
          response.write(`data: {"type":"newer"}\n\n: beat\n\n${frame(2, 'known')}data: {"type":"fact"}\n\n`),
        (response) => response.write('data: {"type":\n\n'),
        (response) => response.write(`data: ${'x'.repeat(2_000)}`),
      ],
      { limits: { frameChars: 1_000 } },
    );
    const events = client.events();
    expect(await events.next()).toEqual({ done: false, value: fact('known') });
    await expect(events.next()).rejects.toThrow('an event is none of the contract');
    await expect(client.events().next()).rejects.toThrow('an event is no JSON');
    await expect(client.events().next()).rejects.toThrow('longer than 1000 characters');
  });

  it('takes silence for a dead connection', async () => {
    const silent = () => undefined;
    const { asked, client } = await serving(
      [
        (response) => {
          response.flushHeaders();
          silent();
        },
        (response) => response.write(frame(1, 'back')),
      ],
      { limits: { silenceMs: 30 } },
    );
    expect(await take(client.events(), 1)).toEqual(['back']);
    expect(asked).toHaveLength(2);
  });

  it('gives up after so many attempts in a row, and at once when it never connected', async () => {
    const states: StreamState[] = [];
    const { asked, client } = await serving([(response) => response.end()]);
    const events = client.events({ attemptsMax: 3, onState: (state) => states.push(state) });
    await expect(events.next()).rejects.toMatchObject({ name: 'AgentUnreachable' });
    expect(asked).toHaveLength(4);
    const waits = states.flatMap((state) => (state.kind === 'lost' ? [state.againMs] : []));
    expect(waits).toEqual([375, 750, 1_500]);
    const nobody = createClient({ url: 'http://127.0.0.1:1', clock });
    await expect(nobody.events().next()).rejects.toMatchObject({ reason: 'connection' });
  });

  it('ends in silence when its signal aborts, and hangs up when its reader has had enough', async () => {
    const gone = Promise.withResolvers<void>();
    const { client } = await serving([
      (response) => {
        response.on('close', () => gone.resolve());
        response.write(frame(1, 'one'));
      },
      (response) => response.write(frame(1, 'one')),
    ]);
    expect(await take(client.events(), 1)).toEqual(['one']);
    await gone.promise;
    const stop = new AbortController();
    const seen: unknown[] = [];
    for await (const event of client.events({ signal: stop.signal })) {
      seen.push(event);
      stop.abort();
    }
    expect(seen).toHaveLength(1);
  });

  it('hands out a refusal', async () => {
    const fake = await startFakeAgent();
    closing.push(() => fake.close());
    const client = createClient({ url: fake.url, token: 'forged' });
    await expect(client.events().next()).rejects.toMatchObject({ problem: { status: 401 } });
  });

  it('is no stream where something else answers', async () => {
    const { client } = await serving([]);
    const html = createClient({
      url: client.url,
      fetch: async () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
    });
    await expect(html.events().next()).rejects.toMatchObject({ name: 'AgentBroken' });
  });
});
