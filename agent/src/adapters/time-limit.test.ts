import { expect, test } from 'vitest';
import { withTimeLimit } from './time-limit.ts';

const LONG_MS = 60_000;

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('sdk text'))));

test('a call within its limit gives its result and leaves no listener behind', async () => {
  const controller = new AbortController();
  await expect(withTimeLimit(LONG_MS, controller.signal, async () => 7)).resolves.toBe(7);
});

test('a call that outlasts its limit fails as a timeout, whatever the SDK threw', async () => {
  await expect(withTimeLimit(1, undefined, untilAborted)).rejects.toMatchObject({
    name: 'TransientError',
    code: 'timeout',
  });
});

test('a caller who leaves gets a cancelled call', async () => {
  const controller = new AbortController();
  const result = withTimeLimit(LONG_MS, controller.signal, untilAborted);
  controller.abort();
  await expect(result).rejects.toMatchObject({ name: 'TransientError', code: 'cancelled' });
});

test('a caller who has left already starts nothing', async () => {
  let isStarted = false;
  const call = async () => {
    isStarted = true;
  };
  await expect(withTimeLimit(LONG_MS, AbortSignal.abort(), call)).rejects.toMatchObject({
    code: 'cancelled',
  });
  expect(isStarted).toBe(false);
});

test('a failure of the call itself stays what it is', async () => {
  const failure = new Error('other');
  await expect(withTimeLimit(LONG_MS, undefined, () => Promise.reject(failure))).rejects.toBe(failure);
});
