import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { type AgentEvent, agentEventSchema } from '@lakewarden/contracts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEventHub } from './event-hub.ts';
import { EVENT_CLIENTS_MAX } from './event-stream.ts';
import { handClock, startTestApi, type TestApi } from './testing.ts';

const fact = (message: string): AgentEvent => ({
  type: 'fact',
  at: '2026-01-15T12:00:00Z',
  level: 'info',
  fact: 'Test',
  message,
});

interface Frame {
  readonly id: string;
  readonly event: string;
  readonly data: AgentEvent;
}

/** A client of the event stream that can be slow. */
class Reader {
  readonly frames: Frame[] = [];
  readonly opened: Promise<this>;
  status = 0;
  headers: IncomingHttpHeaders = {};
  beats = 0;
  ended = false;
  /** All came, and the end of the response with it. */
  complete = false;
  #response: IncomingMessage | undefined;
  readonly #request: ClientRequest;
  #rest = '';
  #waiters: { readonly until: () => boolean; readonly resolve: () => void }[] = [];

  constructor(port: number, token: string, lastEventId?: string) {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
    };
    const opened = Promise.withResolvers<this>();
    this.opened = opened.promise;
    this.#request = request({ host: '127.0.0.1', port, path: '/api/v1/events', headers, agent: false });
    this.#request.on('error', () => this.#end());
    this.#request.on('response', (response) => {
      this.#response = response.setEncoding('utf8');
      this.status = response.statusCode ?? 0;
      this.headers = response.headers;
      response.on('data', (text: string) => this.#take(text));
      response.on('error', () => this.#end());
      response.on('close', () => {
        this.complete = response.complete;
        this.#end();
      });
      opened.resolve(this);
    });
    this.#request.end();
  }

  get messages(): string[] {
    return this.frames.map(({ data }) => (data.type === 'fact' ? data.message : data.type));
  }

  until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ until: holds, resolve }));
  }

  pause(): void {
    this.#response?.pause();
  }

  resume(): void {
    this.#response?.resume();
  }

  leave(): void {
    this.#request.destroy();
  }

  #take(text: string): void {
    const parts = (this.#rest + text).split('\n\n');
    this.#rest = parts.pop() ?? '';
    for (const part of parts) {
      if (part === ':') this.beats++;
      const [, id, event, data] = /^id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(part) ?? [];
      if (id === undefined || event === undefined || data === undefined) continue;
      this.frames.push({ id, event, data: agentEventSchema.parse(JSON.parse(data)) });
    }
    this.#wake();
  }

  #end(): void {
    this.ended = true;
    this.#wake();
  }

  #wake(): void {
    const ready = this.#waiters.filter(({ until }) => until());
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
    for (const { resolve } of ready) resolve();
  }
}

describe('the event stream', () => {
  let api: TestApi;
  let readers: Reader[] = [];
  beforeEach(async () => {
    api = await startTestApi();
  });
  afterEach(async () => {
    for (const reader of readers) reader.leave();
    readers = [];
    await api.close();
  });

  function open(lastEventId?: string, token = api.token('viewer')): Reader {
    const reader = new Reader(api.port, token, lastEventId);
    readers.push(reader);
    return reader;
  }

  test('tells what happens from now on, each with an id that grows', async () => {
    api.events.publish(fact('before'));
    const reader = await open().opened;
    expect(reader.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
    });
    api.events.publish(fact('one'));
    api.events.publish(fact('two\nlines and   more'));
    await reader.until(() => reader.frames.length === 2);
    expect(reader.frames.map(({ id, event }) => [id, event])).toEqual([
      ['1-2', 'fact'],
      ['1-3', 'fact'],
    ]);
    expect(reader.messages).toEqual(['one', 'two\nlines and   more']);
  });

  test('brings 1,000 events in order to many', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => open().opened));
    const expected = Array.from({ length: 1_000 }, (_, n) => `event ${n} ${'x'.repeat(n % 300)}`);
    for (const message of expected) api.events.publish(fact(message));
    for (const reader of all) {
      await reader.until(() => reader.frames.length === 1_000);
      expect(reader.messages).toEqual(expected);
    }
  });

  test('goes on after Last-Event-ID without a hole or a repetition', async () => {
    const first = await open().opened;
    for (let n = 0; n < 10; n++) api.events.publish(fact(`a${n}`));
    await first.until(() => first.frames.length === 10);
    first.leave();
    for (let n = 0; n < 5; n++) api.events.publish(fact(`b${n}`));
    const second = open(first.frames[6]?.id);
    await second.until(() => second.frames.length === 8);
    expect(second.messages).toEqual(['a7', 'a8', 'a9', 'b0', 'b1', 'b2', 'b3', 'b4']);
    const upToDate = await open(second.frames.at(-1)?.id).opened;
    api.events.publish(fact('new'));
    await upToDate.until(() => upToDate.frames.length > 0);
    expect(upToDate.messages).toEqual(['new']);
  });

  test.each(['0-5', '2-1', '1-999', 'x', '1-', '-1', '1-1-1', `1-${'9'.repeat(30)}`])(
    'says reset to who names %s, an event that it does not know',
    async (id) => {
      api.events.publish(fact('before'));
      const reader = open(id);
      await reader.until(() => reader.frames.length === 1);
      api.events.publish(fact('after'));
      await reader.until(() => reader.frames.length === 2);
      expect(reader.messages).toEqual(['reset', 'after']);
      expect(reader.frames[0]?.id).toBe('1-1');
    },
  );

  test('drops who does not keep up with a reset, holds nothing for it, and serves the others', async () => {
    const slow = await open().opened;
    slow.pause();
    const quick = await open().opened;
    const dropped = () => api.facts.filter(({ type }) => type === 'EventReaderDropped').length;
    const padding = 'x'.repeat(4_000);
    let published = 0;
    while (dropped() === 0) {
      for (let n = 0; n < 500; n++) api.events.publish(fact(`${published++} ${padding}`));
      await quick.until(() => quick.frames.at(-1)?.id === `1-${published}`);
      quick.frames.length = 0;
      expect(published).toBeLessThan(50_000);
    }
    expect(dropped()).toBe(1);
    slow.resume();
    await slow.until(() => slow.ended);
    const { frames } = slow;
    expect(frames.at(-1)?.event).toBe('reset');
    const numbers = frames.slice(0, -1).map(({ id }) => Number(id.split('-')[1]));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    // The id of the reset is where it goes on.
    const again = await open(frames.at(-1)?.id).opened;
    api.events.publish(fact('new'));
    await again.until(() => again.messages.includes('new'));
    expect(again.messages).not.toContain('reset');
  });

  test('takes so many readers and no more, and a new one when one has gone', async () => {
    const all = await Promise.all(Array.from({ length: EVENT_CLIENTS_MAX }, () => open().opened));
    const asked = { path: '/api/v1/events' };
    expect(await api.send({ ...asked, token: api.token('viewer') })).toMatchObject({
      status: 503,
      json: { code: 'too-many-readers' },
    });
    expect((await api.send({ path: '/api/v1/lag', token: api.token('viewer') })).status).toBe(200);
    all[0]?.leave();
    let status = 503;
    while (status === 503) {
      status = (await open().opened).status;
    }
    expect(status).toBe(200);
  });

  test('ends when the agent does', async () => {
    const reader = await open().opened;
    api.events.publish(fact('last'));
    await reader.until(() => reader.frames.length === 1);
    await api.close();
    await reader.until(() => reader.ended);
    expect(reader.complete).toBe(true);
  });
});

describe('a quiet event stream', () => {
  test('beats, and ends when the token does', async () => {
    const { clock, pass } = handClock(Date.now());
    const api = await startTestApi({ clock });
    const reader = new Reader(api.port, api.token('viewer', 40_000));
    await reader.opened;
    await pass();
    await reader.until(() => reader.beats === 1);
    await pass();
    expect(reader.ended).toBe(false);
    await pass();
    await reader.until(() => reader.ended);
    expect(reader.beats).toBe(2);
    reader.leave();
    await api.close();
  });
});

describe('the ring of events', () => {
  test('holds the newest only, by count and by size', () => {
    const byCount = createEventHub({ startedMs: 1, eventsMax: 4 });
    const bySize = createEventHub({ startedMs: 1, charsMax: 1_000 });
    for (let n = 1; n <= 10; n++) {
      byCount.publish(fact(`${n}`));
      bySize.publish(fact(`${n} ${'x'.repeat(200)}`));
    }
    expect(byCount.read('1-5').isBehind).toBe(true);
    expect(byCount.read('1-6').isBehind).toBe(false);
    expect(
      byCount
        .read('1-6')
        .next(1e6)
        .match(/^id: .*$/gm),
    ).toEqual(['id: 1-7', 'id: 1-8', 'id: 1-9', 'id: 1-10']);
    expect(bySize.read('1-6').isBehind).toBe(true);
    expect(
      bySize
        .read('1-7')
        .next(1e6)
        .match(/^id: .*$/gm),
    ).toEqual(['id: 1-8', 'id: 1-9', 'id: 1-10']);
  });

  test('gives a reader its events in pieces, each once', () => {
    const hub = createEventHub({ startedMs: 1 });
    const cursor = hub.read(undefined);
    for (let n = 1; n <= 100; n++) hub.publish(fact(`${n}`));
    const pieces: string[] = [];
    for (let piece = cursor.next(500); piece !== ''; piece = cursor.next(500)) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(10);
    expect(pieces.join('').match(/"message":"(\d+)"/g)).toHaveLength(100);
  });

  test('keeps an event that is larger than all of it, and forgets the others', () => {
    const hub = createEventHub({ startedMs: 1, charsMax: 500 });
    hub.publish(fact('small'));
    hub.publish(fact('x'.repeat(2_000)));
    expect(hub.read('1-1').next(1)).toContain('xxxx');
    expect(hub.read('1-0').isBehind).toBe(true);
    hub.publish(fact('after'));
    expect(hub.read('1-2').next(1e6)).toContain('after');
  });
});
