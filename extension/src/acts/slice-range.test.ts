import { aSlice } from '@lakewarden/client/testing';
import { expect, it } from 'vitest';
import { untranslated } from './ask.ts';
import { askRange, rangeChoices } from './slice-range.ts';
import { scriptedAsk } from './testing.ts';

const DAY_MS = 86_400_000;
const days = (count: number, failed: readonly number[] = []) =>
  Array.from({ length: count }, (_, index) => {
    const key = new Date(Date.UTC(2011, 11, 9) - index * DAY_MS).toISOString().slice(0, 10);
    return aSlice({ key, id: `silver.orders@${key}`, state: failed.includes(index) ? 'failed' : 'fresh' });
  });

it('offers ranges back from the newest slice, whatever year it is', () => {
  expect(
    rangeChoices(days(40, [3, 28]), untranslated).map(({ label, description, detail }) => [
      label,
      description,
      detail,
    ]),
  ).toEqual([
    ['From the first to the last that failed (2)', '2011-11-11 … 2011-12-06', '26 slices'],
    ['The newest slice', '2011-12-09', '1 slice'],
    ['The newest 7 days', '2011-12-03 … 2011-12-09', '7 slices'],
    ['The newest 30 days', '2011-11-10 … 2011-12-09', '30 slices'],
    ['The month 2011-12', '2011-12-01 … 2011-12-09', '9 slices'],
    ['All 40 that are listed', '2011-10-31 … 2011-12-09', '40 slices'],
  ]);
});

it('offers no range twice, and none where there is nothing to count', () => {
  const [only] = rangeChoices(days(1), untranslated);
  expect(rangeChoices(days(1), untranslated)).toEqual([only]);
  expect(rangeChoices([], untranslated)).toEqual([]);
  expect(rangeChoices([aSlice({ key: 'all' })], untranslated)).toEqual([]);
});

it('takes both ends as written, the last not before the first', async () => {
  const ask = scriptedAsk(['other', '2011-11-01', '2011-11-30']);
  expect(await askRange('silver.orders', days(3), ask, untranslated)).toEqual({
    from: '2011-11-01',
    to: '2011-11-30',
  });
  const last = ask.asked.at(-1)?.problem;
  expect(last?.('2011-10-31')).toContain('before 2011-11-01');
  expect(last?.('yesterday')).toContain('A slice is written as');
  expect(last?.('2011-11-01')).toBeUndefined();
});

it('is left when the person leaves', async () => {
  expect(await askRange('silver.orders', days(3), scriptedAsk([undefined]), untranslated)).toBeUndefined();
  expect(
    await askRange('silver.orders', [], scriptedAsk(['2011-11-01', undefined]), untranslated),
  ).toBeUndefined();
});
