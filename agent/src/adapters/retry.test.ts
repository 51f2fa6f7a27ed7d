import { TerminalError, TransientError } from '@lakewarden/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { delayMs, fraction, withRetry } from './retry.ts';

function makeTools() {
  const waits: number[] = [];
  const clock = {
    now: () => 0,
    async sleep(ms: number) {
      waits.push(ms);
    },
  };
  return { waits, tools: { clock, random: { uuid: () => '80000000-0000-4000-8000-000000000000' } } };
}

const fails = (error: Error) => {
  const calls: number[] = [];
  const call = async (attempt: number): Promise<string> => {
    calls.push(attempt);
    throw error;
  };
  return { calls, call };
};

test('a call that stays unavailable is made four times (I8), with doubling limits of the wait', async () => {
  const { waits, tools } = makeTools();
  const { calls, call } = fails(new TransientError('unavailable', 'x'));
  await expect(withRetry(tools, undefined, call)).rejects.toThrow(TransientError);
  expect(calls).toEqual([1, 2, 3, 4]);
  expect(waits).toEqual([100, 200, 400]);
});

test('the service is given at least the time it asked for', async () => {
  const { waits, tools } = makeTools();
  const call = async (attempt: number) => {
    if (attempt === 1) throw new TransientError('throttled', 'x', { retryAfterMs: 1_000 });
    return 'done';
  };
  await expect(withRetry(tools, undefined, call)).resolves.toBe('done');
  expect(waits).toEqual([1_100]);
});

test.each([
  ['a terminal failure', new TerminalError('invalid', 'x')],
  ['a bug', new TypeError('x')],
  ['a cancelled call', new TransientError('cancelled', 'x')],
  ['a service that wants a long pause', new TransientError('throttled', 'x', { retryAfterMs: 60_000 })],
])('%s is not repeated', async (_, error) => {
  const { waits, tools } = makeTools();
  const { calls, call } = fails(error);
  await expect(withRetry(tools, undefined, call)).rejects.toBe(error);
  expect(calls).toEqual([1]);
  expect(waits).toEqual([]);
});

test('a wait is never shorter than asked and never longer than that and five seconds', () => {
  const inputs = [fc.integer({ min: 1, max: 20 }), fc.nat(30_000), fc.uuid()] as const;
  fc.assert(
    fc.property(...inputs, (attempt, asked, uuid) => {
      const wait = delayMs(attempt, asked, fraction(uuid));
      return wait >= asked && wait <= asked + 5_000;
    }),
  );
});
