import { describe, expect, it } from 'vitest';
import { exactSum, sameAmount } from './exact-amount.ts';

describe('exact amounts', () => {
  it('are equal at any scale', () => {
    expect(sameAmount('1.50', '1.5')).toBe(true);
    expect(sameAmount('-0.000', '0')).toBe(true);
    expect(sameAmount('9748131.074', '9748131.0740000001')).toBe(false);
  });

  it('add up past 64 bits without losing a digit', () => {
    expect(exactSum(['99999999999999999999999.999', '0.0011', '-1'])).toBe('99999999999999999999999.0001');
    expect(exactSum([])).toBe('0');
    expect(exactSum(['-0.5', '0.25'])).toBe('-0.25');
  });
});
