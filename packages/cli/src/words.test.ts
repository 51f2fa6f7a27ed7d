import { describe, expect, it } from 'vitest';
import { jsonText } from './json-text.ts';
import {
  accountingText,
  countText,
  dueText,
  hashText,
  plural,
  quoted,
  roughSpanText,
  spanText,
  timeText,
  whenText,
} from './words.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 14, 6, 12);
const at = (ms: number) => new Date(NOW_MS + ms).toISOString();

describe('words', () => {
  it.each([
    [0, '0 s'],
    [200, '0.2 s'],
    [2_000, '2 s'],
    [41_700, '42 s'],
    [59_400, '59 s'],
    [59_800, '1 min'],
    [252_000, '4 min 12 s'],
    [180_000, '3 min'],
    [11_100_000, '3 h 5 min'],
    [172_800_000, '2 d'],
    [1_051_200_000, '12 d 4 h'],
    [-5, '0 s'],
  ])('say %i ms as %s', (ms, text) => {
    expect(spanText(ms)).toBe(text);
  });

  it('say the larger unit alone where the other does not matter', () => {
    expect(roughSpanText(252_000)).toBe('4 min');
    expect(roughSpanText(900)).toBe('0.9 s');
  });

  it('say when', () => {
    expect(timeText(at(0), NOW_MS)).toBe('14:06:12');
    expect(timeText(at(-86_400_000), NOW_MS)).toBe('2026-11-21 14:06');
    expect(timeText(undefined, NOW_MS)).toBe('');
    expect(timeText('soon', NOW_MS)).toBe('soon');
    expect(whenText(at(252_000), NOW_MS)).toBe('in 4 min 12 s');
    expect(whenText(at(-252_000), NOW_MS)).toBe('4 min ago');
    expect(whenText(at(400), NOW_MS)).toBe('now');
    expect(dueText(at(-252_000), NOW_MS)).toBe('now');
  });

  it('say how many', () => {
    expect([0, 999, 1_000, 541_909, 12_345_678].map(countText)).toEqual([
      '0',
      '999',
      '1,000',
      '541,909',
      '12,345,678',
    ]);
    expect([plural(1, 'row'), plural(2_000, 'row')]).toEqual(['1 row', '2,000 rows']);
    expect(accountingText({ in: 541_909, out: 535_185, quarantined: 1_456, duplicates: 5_268 })).toBe(
      '541,909 → 535,185 · 1,456 q · 5,268 d',
    );
    expect(accountingText({ in: 5, out: 5, quarantined: 0, duplicates: 0 })).toBe('5 → 5');
  });

  it('shorten hashes and quote for a shell', () => {
    expect([hashText('7c1e0000a4'), hashText('7c1e')]).toEqual(['7c1e…a4', '7c1e']);
    expect([quoted('/a/b.c'), quoted("it's")]).toEqual(['/a/b.c', `'it'\\''s'`]);
  });

  it('are JSON that is safe on a terminal and still the same value', () => {
    const value = { text: '\u001b[2J\u009b\u202e\u2028é😀' };
    expect(jsonText(value)).toMatch(/^[\u0020-\u007eé😀]*$/u);
    expect(JSON.parse(jsonText(value))).toEqual(value);
  });
});
