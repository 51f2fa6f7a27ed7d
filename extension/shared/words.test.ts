import { expect, it } from 'vitest';
import { plainText } from './plain-text.ts';
import {
  accountingAloud,
  accountingText,
  behindText,
  compactText,
  countsText,
  equationText,
  spanText,
  whenText,
} from './words.ts';

const rows = { in: 541_909, out: 535_185, quarantined: 1_456, duplicates: 5_268 };

it('tells the accounting of a step on an edge, as an equation, and aloud', () => {
  expect(accountingText(rows)).toBe('541,909 → 535,185 · 1,456 q · 5,268 d');
  expect(accountingText({ in: 5, out: 5, quarantined: 0, duplicates: 0 })).toBe('5 → 5');
  expect(equationText({ in: 2_412, out: 2_380, quarantined: 4, duplicates: 28 })).toBe(
    '2,412 = 2,380 + 4 q + 28 d',
  );
  expect(accountingAloud(rows)).toBe('541,909 rows in, 535,185 out, 1,456 quarantined, 5,268 duplicates');
});

it('tells spans in two units at most', () => {
  expect([200, 42_000, 252_000, 11_100_000, 1_051_200_000].map(spanText)).toEqual([
    '0.2 s',
    '42 s',
    '4 min 12 s',
    '3 h 5 min',
    '12 d 4 h',
  ]);
  expect(behindText(190_000)).toBe('3 min behind');
  expect(whenText('2026-11-22T14:00:00Z', Date.parse('2026-11-22T13:55:48Z'))).toBe('in 4 min 12 s');
});

it('tells large numbers where there is little room', () => {
  expect([96, 1_716, 535_185, 2_198_004].map(compactText)).toEqual(['96', '1.72K', '535K', '2.2M']);
  expect(countsText({ fresh: 41, failed: 1 }, ['fresh', 'stale', 'failed'])).toBe('fresh 41 · failed 1');
});

it('shows what cannot be seen, and cuts what is long', () => {
  expect(plainText('<img src=x onerror=alert(1)>')).toBe('<img src=x onerror=alert(1)>');
  expect(plainText('a\u202eb\u2066c\u200bd\ufeffe\u0007f\ng\u{e0041}h')).toBe('a·b·c·d·e·f·g·h');
  expect(plainText('\ud800x')).toBe('\ufffdx');
  expect(plainText('ä → 東京 🙂')).toBe('ä → 東京 🙂');
  expect(plainText('x'.repeat(1_000_000), 80)).toHaveLength(80);
  expect(plainText(`${'x'.repeat(78)}🙂yy`, 80)).toBe(`${'x'.repeat(78)}\ufffd…`);
});
