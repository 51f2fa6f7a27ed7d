import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRetryBudget, RETRIES_FLOOR } from './retry-budget.ts';

function makeBudget() {
  const time = { ms: 5_000_000 };
  const budget = createRetryBudget(() => time.ms);
  const take = (count: number) =>
    Array.from({ length: count }, () => budget.takeRetry()).filter(Boolean).length;
  const spend = (calls: number) => {
    for (let i = 0; i < calls; i++) budget.spendCall();
  };
  return { time, take, spend };
}

test('a quiet agent may repeat a few times, and no more until the window has passed', () => {
  const { time, take } = makeBudget();
  expect(take(100)).toBe(RETRIES_FLOOR);
  time.ms += 9_000;
  expect(take(100)).toBe(0);
  time.ms += 1_000;
  expect(take(100)).toBe(RETRIES_FLOOR);
});

test('a busy agent may repeat a tenth of its calls', () => {
  const { time, take, spend } = makeBudget();
  for (let second = 0; second < 10; second++) {
    spend(100);
    time.ms += 1_000;
  }
  time.ms -= 1;
  expect(take(1_000)).toBe(100);
});

test('over any window repetitions are at most a tenth of the calls, or the floor', () => {
  const step = fc.record({ ms: fc.nat(3_000), calls: fc.nat(200), retries: fc.nat(60) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { time, take, spend } = makeBudget();
      const log: { second: number; calls: number; retries: number }[] = [];
      for (const { ms, calls, retries } of steps) {
        time.ms += ms;
        spend(calls);
        const second = Math.floor(time.ms / 1_000);
        log.push({ second, calls, retries: take(retries) });
        const recent = log.filter((one) => one.second > second - 10);
        const sum = (of: 'calls' | 'retries') => recent.reduce((total, one) => total + one[of], 0);
        // A call may leave the window while its repetition stays: never more than one repetition over.
        const all = log.reduce((total, one) => total + one.calls, 0);
        if (sum('retries') > Math.max(RETRIES_FLOOR, Math.ceil(all * 0.1))) return false;
      }
      return true;
    }),
  );
});
