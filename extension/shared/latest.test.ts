import { expect, it } from 'vitest';
import { LatestAnswer, LatestRequest } from './latest.ts';

it('overtakes the question that is open, and takes no answer but to the newest, once', () => {
  const requests = new LatestRequest();
  expect(requests.next()).toEqual({ request: 1, overtaken: undefined });
  expect(requests.next()).toEqual({ request: 2, overtaken: 1 });
  expect(requests.take(1)).toBe(false);
  expect(requests.isWaiting).toBe(true);
  expect(requests.take(2)).toBe(true);
  expect(requests.take(2)).toBe(false);
  expect(requests.next()).toEqual({ request: 3, overtaken: undefined });
});

it('aborts the work on a question that is cancelled or overtaken, and no other', () => {
  const answers = new LatestAnswer();
  const first = answers.begin(1);
  const second = answers.begin(2);
  expect([first.aborted, second.aborted]).toEqual([true, false]);
  answers.cancel(1);
  expect(second.aborted).toBe(false);
  answers.cancel(2);
  expect(second.aborted).toBe(true);
  const third = answers.begin(3);
  answers.dispose();
  expect(third.aborted).toBe(true);
});
