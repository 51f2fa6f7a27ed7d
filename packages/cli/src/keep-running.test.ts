import { describe, expect, it } from 'vitest';
import type { Child } from './child.ts';
import { keepRunning } from './keep-running.ts';

/** Each process lives as long as the next of `livesMs` says, on a clock that only they move. */
function world(livesMs: readonly number[], stop: AbortController) {
  const notes: string[] = [];
  const clock = { nowMs: 0 };
  let started = 0;
  const start = () => {
    const life = livesMs[started++];
    if (life === undefined) stop.abort();
    clock.nowMs += life ?? 0;
    return { ended: Promise.resolve({ code: null, signal: 'SIGKILL' }) } as unknown as Child;
  };
  const options = {
    name: 'agent',
    start,
    note: (text: string) => void notes.push(text),
    now: () => clock.nowMs,
  };
  return { options: { ...options, sleep: async () => undefined }, notes, started: () => started };
}

describe('a process that is kept running', () => {
  it('is started again whenever it ends, until it is asked to stop', async () => {
    const stop = new AbortController();
    const { options, notes, started } = world([5, 5], stop);
    await keepRunning(options, stop.signal);
    expect(started()).toBe(3);
    expect(notes).toEqual(Array(2).fill('agent     was ended by SIGKILL; starting it again'));
  });

  it('is given up when it ends soon after each of many starts', async () => {
    const stop = new AbortController();
    const { options } = world(Array(50).fill(100), stop);
    await expect(keepRunning(options, stop.signal)).rejects.toMatchObject({
      exit: 1,
      message: expect.stringContaining('the agent ended 11 times'),
    });
  });

  it('is never given up while it lives long between its deaths', async () => {
    const stop = new AbortController();
    const { options, started } = world(Array(50).fill(60_000), stop);
    await keepRunning(options, stop.signal);
    expect(started()).toBe(51);
  });
});
