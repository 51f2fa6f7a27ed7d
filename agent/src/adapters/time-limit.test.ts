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

test('a call that heeds no signal is left behind, whether its time is over or its caller has left', async () => {
  const hang = () => new Promise<never>(() => undefined);
  const options = { what: 'token', abandonMs: 1 };
  await expect(withTimeLimit(1, undefined, hang, options)).rejects.toMatchObject({
    code: 'timeout',
    message: 'token: no answer within the time limit',
  });
  const controller = new AbortController();
  const left = withTimeLimit(LONG_MS, controller.signal, hang, options);
  controller.abort();
  await expect(left).rejects.toMatchObject({ code: 'cancelled' });
});
