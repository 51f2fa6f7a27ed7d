import { ManualClock } from '@lakewarden/core/testing';
import { expect, it } from 'vitest';
import { Waker } from './waker.ts';

const never = new AbortController().signal;

it('rests until its time when nobody wakes it', async () => {
  const clock = new ManualClock(1_000);
  expect(await new Waker(clock).restUntil(6_000, never)).toBe(false);
  expect(clock.slept).toEqual([5_000]);
});

it('remembers one wake that came while it worked, however many there were', async () => {
  const clock = new ManualClock(1_000);
  const waker = new Waker(clock);
  waker.wake();
  waker.wake();
  expect(await waker.restUntil(6_000, never)).toBe(true);
  expect(await waker.restUntil(6_000, never)).toBe(false);
  expect(clock.slept).toEqual([5_000]);
});

it('ends its rest at a wake, and at the end of the agent', async () => {
  const stop = new AbortController();
  const sleeping = { now: () => 0, sleep: untilAborted };
  const waker = new Waker(sleeping);
  const first = waker.restUntil(60_000, stop.signal);
  waker.wake();
  expect(await first).toBe(true);
  const second = waker.restUntil(60_000, stop.signal);
  stop.abort();
  expect(await second).toBe(false);
});

function untilAborted(_ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(new Error('aborted'))),
  );
}
