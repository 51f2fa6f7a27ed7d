import { describe, expect, it } from 'vitest';
import { formatRange, isInRange, whyNoRange } from './slice-range.ts';

describe('a range of slices', () => {
  it.each([
    ['2011-11-11', { from: '2011-11-11', to: '2011-11-11' }, true],
    ['2011-11-10', { from: '2011-11-11', to: '2011-11-12' }, false],
    ['2011-11-13', { from: '2011-11-11', to: '2011-11-12' }, false],
    ['2011-11-30', { from: '2011-11', to: '2011-11' }, true],
    ['2011-12-01', { from: '2011-11', to: '2011-11' }, false],
    ['2011-11', { from: '2011-11-11', to: '2011-11-12' }, true],
    ['2011-10', { from: '2011-11-11', to: '2011-11-12' }, false],
    ['2011-11-11T23', { from: '2011-11-11', to: '2011-11-11' }, true],
    ['2011-11-11T06', { from: '2011-11-11T07', to: '2011-11-11T08' }, false],
    ['2011-11-11', { from: '2011-11-11T07', to: '2011-11-11T08' }, true],
    ['all', { from: '2011-11-11', to: '2011-11-12' }, true],
    ['2011-11-11', { from: 'all', to: 'all' }, true],
    ['2011-11-11', {}, true],
    ['2011-11-11', { to: '2011-11-10' }, false],
  ])('of %s and %o: %s', (key, range, expected) => {
    expect(isInRange(key, range)).toBe(expected);
  });

  it('reads as people write it', () => {
    expect(formatRange({})).toBe('all slices');
    expect(formatRange({ from: '2011-11-11', to: '2011-11-11' })).toBe('2011-11-11');
    expect(formatRange({ from: '2011-11-01', to: '2011-11-30' })).toBe('2011-11-01 … 30');
    expect(formatRange({ from: '2011-11-01', to: '2011-12-09' })).toBe('2011-11-01 … 2011-12-09');
    expect(formatRange({ from: '2011-11', to: '2011-12' })).toBe('2011-11 … 2011-12');
    expect(formatRange({ from: '2011-11-11T07', to: '2011-11-11T09' })).toBe('2011-11-11T07 … 2011-11-11T09');
    expect(formatRange({ from: '2011-11-01' })).toBe('2011-11-01 …');
  });

  it('is none when it ends before it starts, or names no date', () => {
    expect(whyNoRange({ from: '2011-11-30', to: '2011-11-01' })).toContain('2011-11-30 is after 2011-11-01');
    expect(whyNoRange({ from: '2011-02-31' })).toBe('2011-02-31 is no date');
    expect(whyNoRange({ from: '2011-11', to: '2011-11-01' })).toBeUndefined();
  });
});
