import { describe, expect, it } from 'vitest';
import { type LakeStatus, statusLines } from './status-lines.ts';

const layer = (name: string, of: Partial<LakeStatus['layers'][number]> = {}) => ({
  layer: name,
  tables: 1,
  rows: 2_412,
  fresh: 3,
  stale: 0,
  failed: 0,
  ...of,
});
const WELL: LakeStatus = {
  layers: [layer('gold'), layer('silver'), layer('bronze', { fresh: 0 })],
  slices: { fresh: 6 },
  accounting: { 'silver.orders': { in: 2_412, out: 2_380, quarantined: 4, duplicates: 28 } },
  failures: [],
  stale: [],
  empty: [],
};
const HERE = { lake: '/l', isUp: false };

describe('status', () => {
  it('answers in the first line and ends with the likely next command', () => {
    const lines = statusLines(WELL, HERE);
    expect(lines[0]).toMatch(/^gold +fresh +1 table · 2,412 rows$/);
    expect(lines).toContainEqual(expect.stringMatching(/^silver\.orders +2,412 = 2,380 \+ 4 q \+ 28 d$/));
    expect(lines.at(-1)).toBe('→ lakewarden tables --lake /l');
  });

  it('names what failed with its reason, and what waits for what', () => {
    const ill: LakeStatus = {
      ...WELL,
      layers: [layer('gold', { stale: 1 }), layer('silver', { failed: 1, fresh: 304 })],
      failures: [{ slice: 'silver.orders@2011-11-11', reason: 'decimal overflow\u001b[2J' }],
      stale: [{ dataset: 'gold.customer_value', slices: 1, first: 'all', waitsFor: ['silver.orders'] }],
      empty: ['bronze.payments'],
    };
    const lines = statusLines(ill, HERE);
    expect(lines[0]).toMatch(/^gold +1 stale of 4 /);
    expect(lines[1]).toMatch(/^silver +1 failed of 305 /);
    expect(lines.slice(2, 5)).toEqual([
      'failed   silver.orders@2011-11-11: decimal overflow·[2J',
      'stale    gold.customer_value@all · waits for silver.orders',
      'empty    bronze.payments',
    ]);
    expect(lines.at(-1)).toBe('→ lakewarden up --once --lake /l');
    expect(statusLines(ill, { lake: '/my lake', isUp: true }).at(-1)).toBe(
      "→ lakewarden status --lake '/my lake'",
    );
  });

  it('does not flood the terminal', () => {
    const failures = Array.from({ length: 400 }, (_, day) => ({
      slice: `silver.orders@${day}`,
      reason: 'x',
    }));
    const lines = statusLines({ ...WELL, failures }, HERE);
    expect(lines.length).toBeLessThan(20);
    expect(lines).toContain('failed   and 390 more · lakewarden status --json names them');
  });
});
