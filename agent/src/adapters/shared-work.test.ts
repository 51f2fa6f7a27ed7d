import { expect, test } from 'vitest';
import { createSharedWork } from './shared-work.ts';

function makeWork() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const signals: AbortSignal[] = [];
  const work = (signal: AbortSignal) => {
    signals.push(signal);
    return promise;
  };
  return { work, signals, resolve, reject };
}

const never = new AbortController().signal;

test('all who ask for one thing at a time share the work', async () => {
  const shared = createSharedWork<string>();
  const { work, signals, resolve } = makeWork();
  const asked = [shared('a', never, work), shared('a', never, work)];
  resolve('bytes');
  await expect(Promise.all(asked)).resolves.toEqual(['bytes', 'bytes']);
  expect(signals).toHaveLength(1);
});

test('one who leaves is cancelled alone; the work ends with the last one', async () => {
  const shared = createSharedWork<string>();
  const { work, signals } = makeWork();
  const [first, second] = [new AbortController(), new AbortController()];
  const asked = [shared('a', first.signal, work), shared('a', second.signal, work)];
  first.abort();
  await expect(asked[0]).rejects.toMatchObject({ code: 'cancelled' });
  expect(signals[0]?.aborted).toBe(false);
  second.abort();
  await expect(asked[1]).rejects.toMatchObject({ code: 'cancelled' });
  expect(signals[0]?.aborted).toBe(true);
});

test('a failure reaches all who wait, and the next one starts anew', async () => {
  const shared = createSharedWork<string>();
  const { work, reject } = makeWork();
  const asked = [shared('a', never, work), shared('a', never, work)];
  reject(new Error('broken'));
  for (const one of asked) await expect(one).rejects.toThrow('broken');
  await expect(shared('a', never, async () => 'again')).resolves.toBe('again');
});

test('one who asks after the others have left does not join their cancelled work', async () => {
  const shared = createSharedWork<string>();
  const { work } = makeWork();
  const controller = new AbortController();
  const left = shared('a', controller.signal, work);
  controller.abort();
  await expect(left).rejects.toMatchObject({ code: 'cancelled' });
  await expect(shared('a', never, async () => 'fresh')).resolves.toBe('fresh');
});
