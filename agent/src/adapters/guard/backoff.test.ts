import { TerminalError, TransientError } from '@lakewarden/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { delayMs, fraction, isRetryable } from './backoff.ts';
import { probePauseMs } from './prober.ts';

test('a wait is never shorter than asked and never longer than that and five seconds', () => {
  const inputs = [fc.integer({ min: 1, max: 20 }), fc.nat(30_000), fc.uuid()] as const;
  fc.assert(
    fc.property(...inputs, (attempt, asked, uuid) => {
      const wait = delayMs(attempt, asked, fraction(uuid));
      return wait >= asked && wait <= asked + 5_000;
    }),
  );
});

test('jitter is full: it reaches from nothing to a limit that doubles', () => {
  expect([1, 2, 3, 9].map((attempt) => delayMs(attempt, 0, 0))).toEqual([0, 0, 0, 0]);
  expect([1, 2, 3, 9].map((attempt) => delayMs(attempt, 0, 0.9999))).toEqual([199, 399, 799, 4_999]);
});

test('probes are about 1, 2, 4 and then at most 5 s apart', () => {
  expect([0, 1, 2, 3, 50].map((step) => probePauseMs(step, 0))).toEqual([1_000, 2_000, 4_000, 5_000, 5_000]);
  expect(probePauseMs(0, 0.9999)).toBeGreaterThanOrEqual(800);
});

test.each([
  ['a terminal failure', new TerminalError('invalid', 'x')],
  ['a bug', new TypeError('x')],
  ['a cancelled call', new TransientError('cancelled', 'x')],
  ['parked work', new TransientError('parked', 'x')],
  ['what did not fit into memory', new TransientError('out-of-memory', 'x')],
  ['a service that wants a long pause', new TransientError('throttled', 'x', { retryAfterMs: 60_000 })],
])('%s is not repeated', (_, error) => {
  expect(isRetryable(error)).toBe(false);
});

test.each(['unavailable', 'throttled', 'timeout', 'unauthorized'] as const)('%s may pass', (code) => {
  expect(isRetryable(new TransientError(code, 'x', { retryAfterMs: 30_000 }))).toBe(true);
});
