import { describe, expect, it } from 'vitest';
import { ActiveRuns } from './active-runs.ts';

const never = new AbortController().signal;
const turns = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

describe('the runs that are active', () => {
  it('let a second claim of a slice wait for the first to end, and say that it has waited', async () => {
    const active = new ActiveRuns();
    const first = await active.claim('silver.orders', ['2026-01-01', '2026-01-02'], never);
    expect(first.hasWaited).toBe(false);
    let isHeld = false;
    const second = active.claim('silver.orders', ['2026-01-02', '2026-01-03'], never).then((claim) => {
      isHeld = true;
      return claim;
    });
    await turns();
    expect(isHeld).toBe(false);
    first.release();
    expect((await second).hasWaited).toBe(true);
  });

  it('keep other slices and other datasets apart', async () => {
    const active = new ActiveRuns();
    await active.claim('silver.orders', ['2026-01-01'], never);
    const others = await Promise.all([
      active.claim('silver.orders', ['2026-01-02'], never),
      active.claim('silver.clicks', ['2026-01-01'], never),
    ]);
    expect(others.map(({ hasWaited }) => hasWaited)).toEqual([false, false]);
  });

  it('give a slice that many wait for to one at a time', async () => {
    const active = new ActiveRuns();
    let holders = 0;
    let most = 0;
    const work = Array.from({ length: 20 }, async () => {
      const claim = await active.claim('silver.orders', ['2026-01-01'], never);
      holders += 1;
      most = Math.max(most, holders);
      await turns();
      holders -= 1;
      claim.release();
    });
    await Promise.all(work);
    expect(most).toBe(1);
  });

  it('name what is building, and cancel it by its run', async () => {
    const active = new ActiveRuns();
    const claim = await active.claim('silver.orders', ['2026-01-01'], never);
    expect(active.building()).toEqual(new Map());
    const signal = claim.begin('run-1');
    expect(active.building()).toEqual(new Map([['silver.orders@2026-01-01', 'run-1']]));
    expect(active.cancel('run-2')).toBe(false);
    expect(active.cancel('run-1')).toBe(true);
    expect(signal.reason).toMatchObject({ code: 'cancelled' });
    claim.release();
    expect(active.cancel('run-1')).toBe(false);
    expect(active.building()).toEqual(new Map());
  });

  it('let who waits go when the agent stops', async () => {
    const active = new ActiveRuns();
    await active.claim('silver.orders', ['2026-01-01'], never);
    const stop = new AbortController();
    const waiting = active.claim('silver.orders', ['2026-01-01'], stop.signal);
    stop.abort(new Error('stopping'));
    await expect(waiting).rejects.toThrow('stopping');
  });
});
