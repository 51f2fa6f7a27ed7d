import { describe, expect, it } from 'vitest';
import { deltaStats } from './delta-stats.ts';

function statsOf(
  type: Parameters<typeof deltaStats>[0][number]['type'],
  min: string,
  max: string,
  hasNan = false,
) {
  const stats = new Map([['c', { min, max, nullCount: 1, hasNan }]]);
  return deltaStats([{ name: 'c', type }], 3, stats);
}

describe('Delta statistics', () => {
  it('keep every digit of 64-bit integers and decimals', () => {
    expect(statsOf('long', '-9223372036854775808', '9223372036854775807')).toBe(
      '{"numRecords":3,"minValues":{"c":-9223372036854775808},"maxValues":{"c":9223372036854775807},"nullCount":{"c":1}}',
    );
    expect(statsOf('decimal(18,3)', '-1.500', '11062.060')).toContain('"maxValues":{"c":11062.060}');
  });

  it('cut instants down to milliseconds with Z', () => {
    const text = statsOf('timestamp', '2011-01-01 10:00:00.123999+00', '2011-01-02 10:00:00+00');
    expect(text).toContain('"minValues":{"c":"2011-01-01T10:00:00.123Z"}');
    expect(text).toContain('"maxValues":{"c":"2011-01-02T10:00:00.000Z"}');
  });

  it('cut long texts to 32 code points and round the maximum up', () => {
    const long = `${'😀'.repeat(31)}zz${'y'.repeat(9)}`;
    const stats = JSON.parse(statsOf('string', long, long));
    expect([...stats.minValues.c]).toHaveLength(32);
    expect(stats.maxValues.c > long).toBe(true);
  });

  it('leave out bounds of binary, booleans, NaN and of columns without a value', () => {
    expect(statsOf('binary', '6162', '6162')).toContain('"minValues":{}');
    expect(statsOf('boolean', 'false', 'true')).toContain('"minValues":{}');
    expect(statsOf('double', '1.5', '2.5', true)).toContain('"maxValues":{}');
    const nulls = deltaStats(
      [{ name: 'c', type: 'long' }],
      2,
      new Map([['c', { nullCount: 2, hasNan: false }]]),
    );
    expect(nulls).toBe('{"numRecords":2,"minValues":{},"maxValues":{},"nullCount":{"c":2}}');
  });
});
