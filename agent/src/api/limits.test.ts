import { once } from 'node:events';
import { connect } from 'node:net';
import { ALERTS_PATH } from '@lakewarden/contracts';
import { ManualClock } from '@lakewarden/core/testing';
import { describe, expect, test } from 'vitest';
import { createRateLimiter } from './rate-limiter.ts';
import { fakeAnswers, startTestApi } from './testing.ts';

describe('who asks too often', () => {
  test('waits, and nobody else does', async () => {
    const clock = new ManualClock(Date.now());
    const api = await startTestApi({ clock });
    const [greedy, other] = [api.token('viewer'), api.token('operator')];
    const ask = (token: string | null, path = '/api/v1/lag') => api.send({ path, token });
    let answered = 0;
    while ((await ask(greedy)).status === 200) answered++;
    expect(answered).toBe(400);
    expect(await ask(greedy)).toMatchObject({
      status: 429,
      headers: { 'retry-after': '1' },
      json: { code: 'too-many-requests' },
    });
    expect((await ask(other)).status).toBe(200);
    expect((await ask(null, '/healthz')).status).toBe(200);
    clock.nowMs += 10;
    expect((await ask(greedy)).status).toBe(200);
    expect((await ask(greedy)).status).toBe(429);
    await api.close();
  });

  test('without a token is held back by address, and holds back no one who has one', async () => {
    const clock = new ManualClock(Date.now());
    const api = await startTestApi({ clock });
    const statuses = new Set<number>();
    for (let n = 0; n < 100; n++)
      statuses.add((await api.send({ path: '/api/v1/lag', token: `lw1.${n}.x` })).status);
    expect([...statuses]).toEqual([401, 429]);
    expect((await api.send({ path: '/api/v1/lag' })).status).toBe(200);
    await api.close();
  });

  test('has at most so many requests in flight', async () => {
    const gate = Promise.withResolvers<void>();
    let waiting = 0;
    const full = Promise.withResolvers<void>();
    const answers = {
      ...fakeAnswers(),
      lag: async () => {
        if (++waiting === 64) full.resolve();
        await gate.promise;
        return { kind: 'ok' as const, value: { sources: [] } };
      },
    };
    const api = await startTestApi({ answers });
    const asked = Array.from({ length: 64 }, () => api.send({ path: '/api/v1/lag' }));
    await full.promise;
    expect((await api.send({ path: '/api/v1/breakers' })).status).toBe(429);
    expect((await api.send({ path: '/api/v1/breakers', token: api.token('viewer') })).status).toBe(200);
    gate.resolve();
    expect((await Promise.all(asked)).every(({ status }) => status === 200)).toBe(true);
    expect((await api.send({ path: '/api/v1/breakers' })).status).toBe(200);
    await api.close();
  });

  test('and is refused for its role gives its place back', async () => {
    const api = await startTestApi();
    const token = api.token('viewer');
    const asked = { method: 'POST', path: '/api/v1/actions/thaw', json: {}, token };
    for (let n = 0; n < 70; n++) expect((await api.send(asked)).status).toBe(403);
    expect((await api.send({ path: '/api/v1/lag', token })).status).toBe(200);
    await api.close();
  });

  test('and breaks off gets its places back, also those of responses that waited for their turn', async () => {
    let reached = Promise.withResolvers<void>();
    let breakers = 0;
    const answers = {
      ...fakeAnswers(),
      lag: () => new Promise<never>(() => undefined),
      breakers: async () => {
        if (++breakers % 11 === 0) reached.resolve();
        return { kind: 'ok' as const, value: { breakers: [] } };
      },
    };
    const api = await startTestApi({ answers });
    const token = api.token('viewer');
    const ask = (path: string) =>
      `GET ${path} HTTP/1.1\r\nhost: localhost:${api.port}\r\nauthorization: Bearer ${token}\r\n\r\n`;
    for (let n = 0; n < 8; n++) {
      reached = Promise.withResolvers();
      const socket = connect(api.port, '127.0.0.1');
      const closed = once(socket, 'close');
      socket.write(ask('/api/v1/lag') + ask('/api/v1/breakers').repeat(11));
      await reached.promise;
      socket.destroy();
      await closed;
    }
    let status = 429;
    for (let tries = 0; tries < 50 && status === 429; tries++) {
      status = (await api.send({ path: '/api/v1/breakers', token })).status;
    }
    expect(status).toBe(200);
    await api.close();
  });

  test('is forgotten in time: the book of them is bounded', () => {
    const limiter = createRateLimiter({ burst: 1, perSecond: 1, inFlightMax: 1 }, () => 0);
    expect(limiter.enter('first').kind).toBe('admitted');
    expect(limiter.enter('first').kind).toBe('refused');
    for (let n = 0; n < 1_024; n++) limiter.enter(`other-${n}`);
    expect(limiter.enter('first').kind).toBe('admitted');
  });

  test('gains nothing by a clock that goes back', () => {
    let nowMs = 10_000;
    const limiter = createRateLimiter({ burst: 1, perSecond: 1, inFlightMax: 9 }, () => nowMs);
    limiter.enter('a');
    nowMs = 5_000;
    expect(limiter.enter('a')).toEqual({ kind: 'refused', retryAfterMs: 1_000 });
    nowMs = 6_000;
    expect(limiter.enter('a').kind).toBe('admitted');
  });
});

describe('a storm of alerts', () => {
  test('is taken in, a few at a time, and does not keep operators waiting', async () => {
    const gate = Promise.withResolvers<void>();
    let [atOnce, atOnceMax] = [0, 0];
    const started = Promise.withResolvers<void>();
    const api = await startTestApi({
      receiveAlert: async () => {
        atOnceMax = Math.max(atOnceMax, ++atOnce);
        if (atOnce === 16) started.resolve();
        await gate.promise;
        atOnce--;
        return { kind: 'accepted', receipt: { alert: 'a', duplicate: true, targets: [] } };
      },
    });
    const token = api.token('alert-sender');
    const storm = Array.from({ length: 1_000 }, () =>
      api.send({ method: 'POST', path: ALERTS_PATH, json: {}, token }),
    );
    await started.promise;
    const asked = await api.send({ path: '/api/v1/overview', token: api.token('operator') });
    expect(asked.status).toBe(200);
    gate.resolve();
    const told = await Promise.all(storm);
    expect(told.map(({ status }) => status)).toEqual(told.map(() => 202));
    expect(atOnceMax).toBe(16);
    await api.close();
  });

  test('that does not fit is sent back to wait, before its bodies are read', async () => {
    const gate = Promise.withResolvers<void>();
    const full = Promise.withResolvers<void>();
    let begun = 0;
    const api = await startTestApi({
      receiveAlert: async () => {
        if (++begun === 16) full.resolve();
        await gate.promise;
        return { kind: 'unavailable', retryAfterMs: 3_000 };
      },
    });
    const body = JSON.stringify({ text: 'a'.repeat(250 * 1024) });
    const post = () =>
      api.send({ method: 'POST', path: ALERTS_PATH, body, headers: { 'content-type': 'application/json' } });
    // 32 MiB hold 131 bodies of that size.
    const busy = Promise.withResolvers<void>();
    let turnedAway = 0;
    const storm = Array.from({ length: 200 }, async () => {
      const told = await post();
      if (told.json.code === 'busy' && ++turnedAway === 200 - 131) busy.resolve();
      return told;
    });
    await Promise.all([full.promise, busy.promise]);
    gate.resolve();
    const codes = (await Promise.all(storm)).map(
      ({ status, json, headers }) => `${status} ${json.code} ${headers['retry-after']}`,
    );
    expect(new Set(codes)).toEqual(new Set(['503 unavailable 3', '503 busy 1']));
    expect((await post()).json.code).toBe('unavailable');
    await api.close();
  });
});
