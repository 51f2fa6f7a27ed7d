import { describe, expect, it } from 'vitest';
import { FailureMemory } from './failures.ts';

const failure = (slice: string) => ({ dataset: 'silver.orders' as const, slice, reason: 'overflow' });

describe('the memory of failed slices', () => {
  it('lets each failure wait twice as long as the one before, up to half an hour', () => {
    const memory = new FailureMemory();
    const waits: number[] = [];
    for (let nowMs = 0; waits.length < 9; nowMs = memory.nextAttemptMs() as number) {
      memory.failed(failure('2026-01-01'), nowMs);
      waits.push(((memory.nextAttemptMs() as number) - nowMs) / 1000);
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 960, 1800, 1800, 1800]);
  });

  it('keeps waiting at its bound after any number of failures', () => {
    const memory = new FailureMemory({ firstWaitMs: 1, waitMsMax: 10 });
    for (let i = 0; i < 5_000; i++) memory.failed(failure('2026-01-01'), 0);
    expect(memory.nextAttemptMs()).toBe(10);
    expect(memory.list()).toMatchObject([{ attempts: 5_000, sinceMs: 0 }]);
  });

  it('says which slices may be tried, and forgets what succeeded', () => {
    const memory = new FailureMemory();
    memory.failed(failure('2026-01-01'), 1_000);
    memory.failed(failure('2026-01-02'), 1_000);
    expect(memory.isDue('silver.orders', '2026-01-01', 30_999)).toBe(false);
    expect(memory.isDue('silver.orders', '2026-01-01', 31_000)).toBe(true);
    expect(memory.isDue('silver.orders', '2026-01-03', 0)).toBe(true);
    memory.succeeded('silver.orders', ['2026-01-01']);
    expect(memory.list()).toEqual([
      { ...failure('2026-01-02'), attempts: 1, sinceMs: 1_000, nextAttemptMs: 31_000 },
    ]);
    memory.keepOnly('gold.sales', new Set());
    expect(memory.list()).toHaveLength(1);
    memory.keepOnly('silver.orders', new Set());
    expect(memory.nextAttemptMs()).toBeUndefined();
  });

  it.each([
    [{ kind: 'all' as const }, 3],
    [{ kind: 'layer' as const, layer: 'silver' as const }, 2],
    [{ kind: 'dataset' as const, dataset: 'gold.sales' as const }, 1],
    [{ kind: 'slice' as const, dataset: 'silver.orders' as const, slice: '2026-01-02' }, 1],
    [{ kind: 'source' as const, source: 'orders' }, 0],
  ])('wants again at once what a retry of %o means', (target, count) => {
    const memory = new FailureMemory();
    memory.failed(failure('2026-01-01'), 0);
    memory.failed(failure('2026-01-02'), 0);
    memory.failed({ dataset: 'gold.sales', slice: '2026-01', reason: 'overflow' }, 0);
    expect(memory.clear(target)).toBe(count);
    expect(memory.list()).toHaveLength(3 - count);
  });
});
