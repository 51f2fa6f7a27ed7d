import { describe, expect, it } from 'vitest';
import { retailReport } from '../webview/testing/retail-report.ts';
import { calendarOf, keyTimeMs } from './calendar.ts';
import { seriesOf, sliceText } from './health-model.ts';
import type { ReportedSlice } from './messages.ts';

const slice = (key: string, rows = 10): ReportedSlice => ({ key, state: 'fresh', why: '', rows });
const keysOf = (slices: readonly ReportedSlice[]) =>
  calendarOf(slices).blocks.flatMap(({ rows }) =>
    rows.flatMap(({ cells }) => cells.flatMap((cell) => (cell.slice ? [cell.key] : []))),
  );

describe('the calendar', () => {
  it('shows every slice of a year once, under its weekday and week', () => {
    const { slices } = retailReport();
    expect(keysOf(slices).sort()).toEqual(slices.map(({ key }) => key).sort());
    const [first, second] = calendarOf(slices).blocks;
    expect([first?.title, second?.title]).toEqual(['2010', '2011']);
    const friday = second?.rows[4];
    const column = friday?.cells.findIndex(({ key }) => key === '2011-11-11') ?? -1;
    expect(friday?.name).toBe('Friday');
    expect(second?.columns[column]?.name).toBe('week of 2011-11-07');
  });

  it('gives hours of a day a row, months of a year a row, and all time a cell', () => {
    const hours = calendarOf([slice('2026-11-22T07'), slice('2026-11-22T09'), slice('2026-11-21T08')]);
    expect(hours.blocks[0]?.rows.map(({ name, cells }) => `${name} ${cells.length}`)).toEqual([
      '2026-11-21 3',
      '2026-11-22 3',
    ]);
    const months = calendarOf([slice('2011-01'), slice('2012-12')]);
    expect(months.blocks[0]?.title).toBe('2011 to 2012');
    expect(keysOf([slice('all')])).toEqual(['all']);
    expect(calendarOf([]).blocks.flatMap(({ columns }) => columns)).toHaveLength(0);
  });

  it('leaves out what is too old, and says how much; what is no time it does not count', () => {
    const years = ['2020', '2021', '2022', '2023', '2024', '2025'].map((year) => slice(`${year}-03-01`));
    const calendar = calendarOf([...years, slice('<script>')]);
    expect(calendar.blocks.map(({ title }) => title)).toEqual(['2022', '2023', '2024', '2025']);
    expect(calendar.older).toBe(2);
  });

  it('shades by quarters of the slices that have rows', () => {
    const slices = [0, 10, 20, 30, 40].map((rows, day) => slice(`2026-11-0${day + 2}`, rows));
    const levels = calendarOf(slices).blocks[0]?.rows.flatMap(({ cells }) =>
      cells.flatMap((cell) => (cell.slice ? [cell.level] : [])),
    );
    expect(levels).toEqual([0, 1, 2, 3, 4]);
  });

  it('reads keys as UTC', () => {
    expect(keyTimeMs('2011-11-11')).toBe(Date.UTC(2011, 10, 11));
    expect(keyTimeMs('2011-11-11T07')).toBe(Date.UTC(2011, 10, 11, 7));
    expect(keyTimeMs('2011-11')).toBe(Date.UTC(2011, 10, 1));
    expect(keyTimeMs('all')).toBeUndefined();
  });
});

describe('the charts', () => {
  const byKey = () => new Map(seriesOf(retailReport()).map((series) => [series.key, series]));

  it('have times that grow, a value each, and a sentence that tells them', () => {
    for (const { times, values, summary } of byKey().values()) {
      expect(values).toHaveLength(times.length);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(new Set(times).size).toBe(times.length);
      expect(summary).toMatch(/\.$/);
    }
  });

  it('mark slices and runs that failed', () => {
    const all = byKey();
    const rows = all.get('rows');
    const bad = rows?.bad[0] as number;
    expect(rows?.times[bad]).toBe(Date.UTC(2011, 10, 11) / 1_000);
    expect(rows?.values[bad]).toBe(0);
    expect(all.get('duration')?.bad).toHaveLength(2);
  });

  it('let freshness rise from commit to commit up to now, below its objective or not', () => {
    const freshness = byKey().get('freshness');
    expect(freshness?.limit).toBe(900_000);
    expect(freshness?.times.at(-1)).toBe(retailReport().now / 1_000);
    expect(Math.max(...((freshness?.values ?? []) as number[]))).toBeGreaterThan(900_000);
  });

  it('are left out when there is nothing to draw', () => {
    expect(seriesOf({ ...retailReport(), slices: [], runs: [] })).toEqual([]);
    expect(seriesOf({ ...retailReport(), slices: [slice('all')], runs: [] })).toEqual([]);
  });
});

it('tells a slice in a line', () => {
  const { slices } = retailReport();
  const failed = slices.find(({ state }) => state === 'failed') as ReportedSlice;
  expect(sliceText(failed)).toBe('2011-11-11 · failed · decimal overflow in UnitPrice · 0 rows');
  expect(
    sliceText({
      ...slice('2011-11-10'),
      accounting: { in: 2_412, out: 2_380, quarantined: 4, duplicates: 28 },
    }),
  ).toBe('2011-11-10 · fresh · 2,412 = 2,380 + 4 q + 28 d');
});
