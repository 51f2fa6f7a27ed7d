import { DataLakeServiceClient } from '@azure/storage-file-datalake';
import type { Clock, Fact } from '@lakewarden/core';
import type { LakeStorage } from '@lakewarden/delta';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createStorageHttpClient } from './azure-routes.ts';
import { createCredential } from './credential.ts';
import type { Guard } from './guard/guard.ts';
import type { Guards } from './guard/guards.ts';
import { createLakeStorage } from './lake-storage.ts';
import { systemClock } from './system-clock.ts';
import { makeGuards } from './testing/guards.ts';
import { type LocalAzure, startLocalAzure } from './testing/local-azure.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

/** A twentieth of every wait, and what was asked for. */
function makeHastyClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  const sleep = (ms: number, signal: AbortSignal) => {
    slept.push(ms);
    return systemClock.sleep(ms / 20, signal);
  };
  return { now: systemClock.now, sleep, slept };
}

describe('storage that fails', () => {
  let azure: LocalAzure;
  let clock: ReturnType<typeof makeHastyClock>;
  let guards: Guards;
  let guard: Guard;
  let facts: Fact[];
  let storage: LakeStorage;

  beforeAll(async () => {
    azure = await startLocalAzure();
    const httpClient = createStorageHttpClient(azure.routes);
    const service = new DataLakeServiceClient('https://retaillake.dfs.core.windows.net', createCredential(), {
      ...(httpClient && { httpClient }),
    });
    await service.getFileSystemClient('lake').createIfNotExists();
  });
  beforeEach(() => {
    clock = makeHastyClock();
    ({ guards, facts } = makeGuards(clock));
    guard = guards.storage;
    storage = createLakeStorage({
      account: 'retaillake',
      fileSystem: 'lake',
      credential: createCredential(),
      routes: azure.routes,
      guard,
      requestTimeoutMs: 5_000,
    });
  });
  afterEach(async () => {
    await azure.clearFaults();
    await guards.close();
  });
  afterAll(() => azure?.stop());

  const fault = (action: object, more: object = {}) => azure.fault({ service: 'storage', action, ...more });
  const busy = { kind: 'error', status: 503, code: 'ServerBusy' };
  const probed = () => facts.filter(({ type }) => type === 'BreakerProbed').length;

  function until(isSo: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (isSo()) resolve();
    };
    const stop = guard.onChange(look);
    look();
    return promise.finally(stop);
  }

  test('is asked a handful of times by an agent with one thing to do, and work resumes by itself', async () => {
    await storage.put('t/one', bytes('1'));
    await fault(busy);
    await expect(storage.read('t/one')).rejects.toMatchObject({ code: 'unavailable' });
    await until(() => guard.status().state === 'open');
    const opened = await azure.hits();
    expect(opened).toBeLessThanOrEqual(10);

    for (let i = 0; i < 500; i++)
      await expect(storage.read('t/one')).rejects.toMatchObject({ code: 'parked' });
    await until(() => probed() >= 5);
    expect(await azure.hits()).toBe(opened + probed());

    await azure.clearFaults();
    await until(() => guard.status().state === 'closed');
    expect(await storage.read('t/one')).toEqual(bytes('1'));
    expect(facts.map(({ type }) => type).filter((type) => type !== 'BreakerProbed')).toEqual([
      'BreakerOpened',
      'BreakerClosed',
    ]);
  });

  test('is asked no more by a burst than may be in flight at once', async () => {
    await storage.put('t/burst', bytes('1'));
    await fault(busy);
    const asked = Array.from({ length: 400 }, () => storage.read('t/burst').catch((error: unknown) => error));
    const codes = (await Promise.all(asked)).map((error) => (error as { code: string }).code);
    expect(new Set(codes)).toEqual(new Set(['parked']));
    expect(await azure.hits()).toBeLessThanOrEqual(32 + 10 + probed());

    await azure.clearFaults();
    await until(() => guard.status().state === 'closed');
    const again = await Promise.all(Array.from({ length: 400 }, () => storage.read('t/burst')));
    expect(again.every((body) => body?.byteLength === 1)).toBe(true);
  });

  test('that says how long to wait is given that time', async () => {
    await storage.put('t/slow', bytes('1'));
    await fault({ kind: 'error', status: 429, code: 'TooManyRequests', retryAfterS: 7 }, { count: 2 });
    expect(await storage.read('t/slow')).toEqual(bytes('1'));
    expect(clock.slept).toHaveLength(2);
    for (const [i, ms] of clock.slept.entries()) {
      expect(ms).toBeGreaterThanOrEqual(7_000);
      expect(ms).toBeLessThanOrEqual(7_000 + 200 * 2 ** i);
    }
  });

  test('that asks for an hour is not waited for', async () => {
    await fault({ kind: 'error', status: 429, retryAfterS: 3_600 });
    await expect(storage.read('t/x')).rejects.toMatchObject({ code: 'throttled', retryAfterMs: 600_000 });
    expect(await azure.hits()).toBe(1);
  });

  test('that loses answers leaves each commit unknown, and starts none while the breaker is open', async () => {
    await fault({ kind: 'drop', when: 'after' }, { match: { method: 'PUT' } });
    const kinds: string[] = [];
    for (let i = 0; guard.status().state === 'closed'; i++) {
      const outcome = await storage.putIfAbsent(`lost/${i}`, bytes('mine'));
      kinds.push(outcome.kind);
    }
    expect(kinds).toEqual(Array.from({ length: kinds.length }, () => 'unknown'));
    expect(kinds.length).toBeLessThanOrEqual(10);
    await expect(storage.putIfAbsent('lost/never', bytes('mine'))).rejects.toMatchObject({ code: 'parked' });

    await azure.clearFaults();
    await until(() => guard.status().state === 'closed');
    const found = (await Array.fromAsync(storage.list('lost'))).map(({ path }) => path);
    expect(found).toHaveLength(kinds.length);
    expect(found).not.toContain('lost/never');
    expect(await storage.putIfAbsent('lost/0', bytes('other'))).toEqual({ kind: 'exists' });
  });

  test.each([
    ['refuses', { kind: 'error', status: 403, code: 'AuthorizationFailure' }, 'unauthorized'],
    [
      'does not know the request',
      { kind: 'error', status: 400, code: 'InvalidQueryParameterValue' },
      'invalid',
    ],
  ])('that %s a hundred times is still there', async (_, action, code) => {
    await fault(action);
    for (let i = 0; i < 100; i++)
      await expect(storage.read('t/x')).rejects.toMatchObject({ name: 'TerminalError', code });
    expect(guard.status()).toMatchObject({ state: 'closed', failures: 0 });
    expect(await azure.hits()).toBe(100);
  });

  test('that has what is asked for already, or nothing, is not failing', async () => {
    await storage.put('t/there', bytes('1'));
    for (let i = 0; i < 30; i++) {
      expect(await storage.putIfAbsent('t/there', bytes('2'))).toEqual({ kind: 'exists' });
      expect(await storage.read('t/absent')).toBeUndefined();
    }
    expect(guard.status()).toMatchObject({ state: 'closed', failures: 0, retries: 0 });
  });
});
