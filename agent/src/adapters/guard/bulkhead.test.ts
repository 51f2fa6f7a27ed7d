import { TransientError } from '@lakewarden/contracts';
import { expect, test } from 'vitest';
import { createBulkhead } from './bulkhead.ts';

const make = () => createBulkhead({ name: 'storage', concurrencyMax: 2, waitingMax: 3 });

test('lets so many in, lets so many wait, and refuses the rest at once', async () => {
  const bulkhead = make();
  const leave = await bulkhead.enter('a', undefined);
  await bulkhead.enter('b', undefined);
  const order: string[] = [];
  const waiting = ['c', 'd', 'e'].map((what) =>
    bulkhead.enter(what, undefined).then((left) => {
      order.push(what);
      return left;
    }),
  );
  expect(bulkhead.waiting).toBe(3);
  await expect(bulkhead.enter('f', undefined)).rejects.toMatchObject({
    code: 'limit',
    name: 'TransientError',
  });
  leave();
  const next = await waiting[0];
  expect(order).toEqual(['c']);
  next?.();
  await waiting[1];
  expect(order).toEqual(['c', 'd']);
});

test('never has more in flight than it may, whoever leaves and gives up', async () => {
  const bulkhead = make();
  let inFlight = 0;
  let most = 0;
  for (let round = 0; round < 50; round++) {
    const gone = new AbortController();
    const calls = Array.from({ length: 5 }, async (_, i) => {
      const leave = await bulkhead.enter(`${i}`, i === 3 ? gone.signal : undefined);
      most = Math.max(most, ++inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight--;
      leave();
    });
    gone.abort();
    const ended = await Promise.allSettled(calls);
    expect(ended.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
  }
  expect([most, inFlight, bulkhead.waiting]).toEqual([2, 0, 0]);
});

test('turns away all that wait, and only them', async () => {
  const bulkhead = make();
  const leave = await bulkhead.enter('a', undefined);
  await bulkhead.enter('b', undefined);
  const waiting = ['c', 'd'].map((what) => bulkhead.enter(what, undefined));
  bulkhead.evict((what) => new TransientError('parked', what));
  for (const one of waiting) await expect(one).rejects.toMatchObject({ code: 'parked' });
  leave();
  await expect(bulkhead.enter('e', undefined)).resolves.toBeTypeOf('function');
});
