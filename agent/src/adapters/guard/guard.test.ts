import { type FailureCode, TerminalError, TransientError } from '@lakewarden/contracts';
import type { Fact } from '@lakewarden/core';
import { describe, expect, test } from 'vitest';
import { SteppedClock, settle } from '../testing/stepped-clock.ts';
import type { BreakerChange } from './dependency.ts';
import { createGuard, type GuardOptions } from './dependency-guard.ts';
import type { CallOptions } from './guard.ts';

const REPEATED: CallOptions = { repeatable: true };

/** A dependency in the test's hand, behind a real guard; jitter is half of its limit. */
function makeWorld(more: Partial<GuardOptions> = {}) {
  const clock = new SteppedClock();
  const facts: Fact[] = [];
  const changes: BreakerChange[] = [];
  const service = {
    fails: undefined as Error | undefined,
    probeFails: undefined as Error | undefined,
    calls: 0,
    probes: 0,
  };
  const guard = createGuard({
    dependency: 'storage',
    clock,
    random: { uuid: () => '80000000-0000-4000-8000-000000000000' },
    emit: (fact) => facts.push(fact),
    classify: (error) => error,
    timeoutMs: 30_000,
    concurrencyMax: 100,
    waitingMax: 100,
    ...more,
  });
  guard.onChange((change) => changes.push(change));
  guard.probeWith(async () => {
    service.probes++;
    if (service.probeFails !== undefined) throw service.probeFails;
  });
  const call = async () => {
    service.calls++;
    if (service.fails !== undefined) throw service.fails;
    return 'done';
  };
  const ask = (options: CallOptions = REPEATED) => {
    const result = guard.run('ask', undefined, call, options);
    result.catch(() => undefined);
    return result;
  };
  const down = (code: FailureCode = 'unavailable') => {
    service.fails = new TransientError(code, 'x');
    service.probeFails = service.fails;
  };
  const up = () => {
    service.fails = undefined;
    service.probeFails = undefined;
  };
  const open = async () => {
    down();
    for (let i = 0; i < 10; i++) await ask({}).catch(() => undefined);
    expect(guard.status().state).toBe('open');
  };
  return { clock, facts, changes, service, guard, call, ask, down, up, open };
}

describe('an operation', () => {
  test('that stays unavailable is tried four times (I8), with doubling limits of the wait', async () => {
    const { clock, service, ask, down } = makeWorld();
    down();
    const result = ask();
    const waits: number[] = [];
    for (let i = 0; i < 3; i++) {
      await settle();
      waits.push(clock.pending[0] ?? -1);
      await clock.pass(clock.pending[0] ?? 0);
    }
    await expect(result).rejects.toMatchObject({ code: 'unavailable' });
    expect(waits).toEqual([100, 200, 400]);
    expect(service.calls).toBe(4);
  });

  test('gives the service at least the time that it asked for', async () => {
    const { clock, service, ask, up } = makeWorld();
    service.fails = new TransientError('throttled', 'x', { retryAfterMs: 1_000 });
    const result = ask();
    await settle();
    expect(clock.pending).toEqual([1_100]);
    up();
    await clock.pass(1_100);
    await expect(result).resolves.toBe('done');
  });

  test('that may not be repeated is tried once', async () => {
    const { service, ask, down } = makeWorld();
    down();
    await expect(ask({})).rejects.toMatchObject({ code: 'unavailable' });
    expect(service.calls).toBe(1);
  });

  test('whose caller leaves during the wait is cancelled then', async () => {
    const { guard, call, down, service } = makeWorld();
    const gone = new AbortController();
    down();
    const result = guard.run('ask', gone.signal, call, REPEATED);
    result.catch(() => undefined);
    await settle();
    gone.abort();
    await expect(result).rejects.toMatchObject({ code: 'cancelled' });
    expect(service.calls).toBe(1);
  });

  test('that hangs ends with its time limit, though it heeds no signal', async () => {
    const { guard } = makeWorld();
    const hangs = guard.run('hang', undefined, () => new Promise(() => undefined), { timeoutMs: 1 });
    const heeds = guard.run(
      'heed',
      undefined,
      (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('sdk')))),
      { timeoutMs: 1 },
    );
    hangs.catch(() => undefined);
    await expect(heeds).rejects.toMatchObject({
      code: 'timeout',
      message: 'heed: no answer within the time limit',
    });
    await guard.close();
  });

  test('is not repeated beyond the budget, so that a storm is not made worse', async () => {
    const { clock, guard } = makeWorld();
    let made = 0;
    // Two of three calls succeed, so that the breaker stays closed and only the budget speaks.
    const flaky = async () => {
      if (made++ % 3 === 0) throw new TransientError('unavailable', 'x');
      return 'done';
    };
    for (let i = 0; i < 300; i++) {
      const result = guard.run('flaky', undefined, flaky, REPEATED);
      result.catch(() => undefined);
      await clock.pass(20);
    }
    const { calls, retries } = guard.status();
    expect(guard.status().state).toBe('closed');
    expect(calls).toBe(300);
    expect(retries).toBeLessThanOrEqual(40);
    expect(retries).toBeGreaterThan(10);
  });
});

describe('a breaker', () => {
  test('opens at ten failed attempts in a row, and then no call reaches the service', async () => {
    const { service, ask, guard, facts, open, changes } = makeWorld();
    await open();
    expect(service.calls).toBe(10);
    for (let i = 0; i < 1_000; i++)
      await expect(ask()).rejects.toMatchObject({
        name: 'TransientError',
        code: 'parked',
        dependency: 'storage',
      });
    expect(service.calls).toBe(10);
    expect(facts).toEqual([
      { type: 'BreakerOpened', dependency: 'storage', failures: 10, reason: 'unavailable: x' },
    ]);
    expect(changes).toEqual([{ dependency: 'storage', state: 'open' }]);
    expect(guard.status()).toMatchObject({ failures: 10, lastError: 'unavailable: x', parkedCalls: 1_001 });
  });

  test('opens however many calls succeeded in the seconds before', async () => {
    const { service, ask, open } = makeWorld();
    for (let i = 0; i < 1_000; i++) await ask();
    await open();
    expect(service.calls).toBe(1_010);
  });

  test('opens when more than half of the calls of ten seconds fail, and not for fewer', async () => {
    const { guard, service, clock } = makeWorld();
    const flaky = async (fails: boolean) => {
      const call = async () => {
        if (fails) throw new TransientError('timeout', 'x');
      };
      await guard.run('flaky', undefined, call).catch(() => undefined);
    };
    for (let i = 0; i < 40; i++) await flaky(i % 2 === 1);
    expect(guard.status().state).toBe('closed');
    await clock.pass(11_000);
    for (let i = 0; i < 12; i++) await flaky(i % 3 !== 2);
    expect(guard.status().state).toBe('open');
    expect(service.calls).toBe(0);
  });

  test.each([
    ['refusals', () => new TerminalError('unauthorized', 'x')],
    ['conflicts', () => new TerminalError('failed', 'x')],
    ['callers who leave', () => new TransientError('cancelled', 'x')],
    ['bugs', () => new TypeError('x')],
  ])('never opens for %s', async (_, make) => {
    const { guard, service, ask } = makeWorld();
    service.fails = make();
    for (let i = 0; i < 200; i++) await ask().catch(() => undefined);
    expect(guard.status()).toMatchObject({ state: 'closed', failures: 0 });
    expect(service.calls).toBe(200);
  });

  test('ends repetitions that wait, and what waits for its turn, as parked', async () => {
    const { guard, service, ask, down, call, clock } = makeWorld({ concurrencyMax: 1 });
    down();
    const repeating = ask();
    await settle();
    const held = Promise.withResolvers<void>();
    const inFlight = guard.run('slow', undefined, () => held.promise);
    const waiting = guard.run('waits', undefined, async () => 'never');
    waiting.catch(() => undefined);
    // What lasts has no place in the bulkhead, and counts all the same.
    for (let i = 0; i < 9; i++)
      await guard.run('read', undefined, call, { isLasting: true }).catch(() => undefined);
    await expect(repeating).rejects.toMatchObject({ code: 'parked' });
    await expect(waiting).rejects.toMatchObject({ code: 'parked' });
    expect(service.calls).toBeLessThanOrEqual(10);
    expect(clock.pending).toHaveLength(1);
    held.resolve();
    await expect(inFlight).resolves.toBeUndefined();
  });

  test('of an idle agent opens within seconds: the one operation that failed is looked into', async () => {
    const { clock, service, ask, guard, down } = makeWorld();
    down();
    const only = ask();
    await clock.pass(1_000);
    await expect(only).rejects.toMatchObject({ code: 'unavailable' });
    await clock.pass(4_000);
    expect(guard.status().state).toBe('open');
    expect(service.calls).toBe(4);
    expect(service.probes).toBeLessThanOrEqual(7);
  });

  test('of an idle agent stays closed when only that one operation is ill', async () => {
    const { clock, service, ask, guard, down } = makeWorld();
    down();
    service.probeFails = undefined;
    void ask();
    await clock.pass(10_000);
    expect(guard.status()).toMatchObject({ state: 'closed', failures: 0 });
    expect(service.probes).toBe(1);
  });
});

describe('an open breaker', () => {
  test('closes as soon as somebody asks the dependency past it and is answered, and is not probed then', async () => {
    const { clock, service, guard, facts, open, up, ask } = makeWorld();
    await open();
    const { signal } = new AbortController();
    expect(await guard.isAnswering(signal)).toBe(false);
    expect(guard.status().state).toBe('open');
    up();
    expect(await guard.isAnswering(signal)).toBe(true);
    expect(guard.status()).toMatchObject({ state: 'closed', failures: 0 });
    expect(facts.at(-1)).toMatchObject({ type: 'BreakerClosed', by: 'probe' });
    await expect(ask()).resolves.toBe('done');
    const { probes } = service;
    await clock.pass(60_000);
    expect(service.probes).toBe(probes);
  });

  test('is probed after about a second, then at most five seconds apart, and closes when one is answered', async () => {
    const { clock, service, guard, facts, open, up, ask, changes } = makeWorld();
    await open();
    await clock.pass(60_000);
    // 0.9, 1.8, 3.6 and then 4.5 s, as the jitter takes a tenth.
    expect(service.probes).toBe(14);
    expect(guard.status().nextProbeMs).toBeLessThanOrEqual(clock.now() + 5_000);
    expect(facts.filter(({ type }) => type === 'BreakerProbed')).toHaveLength(14);
    up();
    await clock.pass(5_000);
    expect(guard.status().state).toBe('closed');
    expect(guard.status().nextProbeMs).toBeUndefined();
    expect(facts.at(-1)).toMatchObject({ type: 'BreakerClosed', by: 'probe', probes: 15, parkedCalls: 1 });
    expect(changes.at(-2)).toEqual({ dependency: 'storage', state: 'half-open' });
    expect(changes.at(-1)).toEqual({ dependency: 'storage', state: 'closed' });
    await expect(ask()).resolves.toBe('done');
    expect(service.calls).toBe(11);
  });

  test('is closed by a probe that is refused: the service is there', async () => {
    const { clock, service, guard, open } = makeWorld();
    await open();
    service.probeFails = new TerminalError('unauthorized', 'x');
    await clock.pass(1_000);
    expect(guard.status().state).toBe('closed');
  });

  test('that was closed by a probe opens again at the first failure, and is probed less often', async () => {
    const { clock, service, guard, open, ask } = makeWorld();
    await open();
    service.probeFails = undefined;
    const calls = service.calls;
    let openings = 0;
    guard.onChange(({ state }) => {
      if (state === 'open') openings++;
    });
    // Real calls fail while probes pass: what a part of a service that is gone looks like.
    for (let ms = 0; ms < 60_000; ms += 100) {
      await ask({}).catch(() => undefined);
      await clock.pass(100);
    }
    expect(service.calls - calls).toBe(openings);
    expect(openings).toBeLessThanOrEqual(15);
  });

  test('does not believe calls that were sent before the outage ended', async () => {
    const { clock, guard, open, up, ask } = makeWorld();
    const held = Promise.withResolvers<void>();
    const old = guard.run('old', undefined, () => held.promise);
    await open();
    up();
    await clock.pass(1_000);
    held.reject(new TransientError('timeout', 'x'));
    await expect(old).rejects.toMatchObject({ code: 'timeout' });
    expect(guard.status()).toMatchObject({ state: 'closed', failures: 0 });
    await expect(ask()).resolves.toBe('done');
  });

  test('can be closed by hand, and its prober stops', async () => {
    const { clock, service, guard, facts, open, ask, up } = makeWorld();
    await open();
    up();
    guard.reset();
    await expect(ask()).resolves.toBe('done');
    await clock.pass(60_000);
    expect(service.probes).toBe(0);
    expect(facts.at(-1)).toMatchObject({ type: 'BreakerClosed', by: 'operator' });
    expect(clock.pending).toEqual([]);
  });

  test('without a probe lets the next call be one', async () => {
    const { clock, guard, service, open, ask } = makeWorld();
    guard.probeWith(async () => undefined);
    await open();
    const before = service.calls;
    for (let second = 0; second < 60; second++) {
      await clock.pass(1_000);
      await ask({}).catch(() => undefined);
      await ask({}).catch(() => undefined);
    }
    expect(service.calls - before).toBeLessThanOrEqual(16);
  });

  test('leaves no wait behind when the agent closes', async () => {
    const { clock, guard, open, ask } = makeWorld();
    await open();
    await settle();
    await guard.close();
    expect(clock.pending).toEqual([]);
    await expect(ask()).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe("a call on the caller's own thread", () => {
  test('counts, is classed, and is parked while the breaker is open', async () => {
    const { guard, clock } = makeWorld({
      dependency: 'ledger',
      classify: (error, what) => new TransientError('unavailable', `${what}: disk full`, { cause: error }),
    });
    const full = () => {
      throw new Error('SQLITE_FULL');
    };
    expect(guard.runSync('ask', () => 7)).toBe(7);
    for (let i = 0; i < 9; i++) expect(() => guard.runSync('write', full)).toThrow('write: disk full');
    expect(() => guard.runSync('write', full)).toThrow(expect.objectContaining({ code: 'parked' }));
    let calls = 0;
    expect(() => guard.runSync('write', () => calls++)).toThrow(expect.objectContaining({ code: 'parked' }));
    expect(calls).toBe(0);
    await clock.pass(1_000);
    expect(guard.runSync('ask', () => 8)).toBe(8);
  });
});
