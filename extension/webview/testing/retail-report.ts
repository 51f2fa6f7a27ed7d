import type { DatasetReport, ReportedRun, ReportedSlice } from '../../shared/messages.ts';
import { randomOf } from '../layout/random-lineage.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse('2026-11-22T14:09:00Z');

/** A year of silver.orders: one slice failed, two are stale, some days have no sales. */
export function retailReport(name = 'silver.orders'): DatasetReport {
  const random = randomOf(11);
  const slices: ReportedSlice[] = [];
  for (let ms = Date.parse('2010-12-01'); ms <= Date.parse('2011-12-09'); ms += DAY_MS) {
    const key = new Date(ms).toISOString().slice(0, 10);
    const isSaturday = new Date(ms).getUTCDay() === 6;
    if (isSaturday) continue;
    const out = Math.round(900 + 1_600 * random() + (key > '2011-09' ? 1_400 * random() : 0));
    const [quarantined, duplicates] = [Math.round(9 * random() ** 3), Math.round(30 * random())];
    const isFailed = key === '2011-11-11';
    const state = isFailed ? 'failed' : key >= '2011-12-08' ? 'stale' : 'fresh';
    slices.push({
      key,
      state,
      why: isFailed
        ? 'decimal overflow in UnitPrice'
        : state === 'stale'
          ? 'step changed: clean v7 → v8'
          : '',
      rows: isFailed ? 0 : out,
      ...(!isFailed && {
        accounting: { in: out + quarantined + duplicates, out, quarantined, duplicates },
        updatedAt: '2026-11-22T14:06:12.000Z',
      }),
    });
  }
  return {
    dataset: {
      name,
      layer: 'silver',
      state: 'failed',
      why: '1 of 319 slices failed: decimal overflow in UnitPrice',
      slices: slices.length,
      counts: { failed: 1, stale: 2, fresh: slices.length - 3 },
      rows: 535_185,
      accounting: { in: 541_909, out: 535_185, quarantined: 1_456, duplicates: 5_268 },
      quarantined: 1_456,
      version: 12,
      updatedAt: '2026-11-22T14:06:12.000Z',
      behindMs: 180_000,
      freshnessMs: 900_000,
    },
    slices,
    runs: Array.from({ length: 60 }, (_, at) => retailRun(at, random)),
    reasons: [
      {
        reason: 'Quantity is not a whole number',
        rows: 812,
        firstSlice: '2010-12-01',
        lastSlice: '2011-12-09',
      },
      { reason: 'UnitPrice is negative', rows: 401, firstSlice: '2011-03-17', lastSlice: '2011-11-30' },
      { reason: 'CustomerID is missing', rows: 243, firstSlice: '2011-01-04', lastSlice: '2011-01-04' },
    ],
    now: NOW_MS,
    truncated: false,
  };
}

function retailRun(at: number, random: () => number): ReportedRun {
  const startedMs =
    NOW_MS - (at * 5 + 2) * 60_000 - Math.round(40_000 * random()) - (at > 30 ? 22 * 60_000 : 0);
  const durationMs = Math.round(1_800 + 2_400 * random() + (at === 14 ? 9_000 : 0));
  return {
    id: `run${String(at).padStart(4, '0')}`,
    state: at === 0 || at === 9 ? 'failed' : 'committed',
    startedAt: new Date(startedMs).toISOString(),
    endedAt: new Date(startedMs + durationMs).toISOString(),
    durationMs,
    rows: Math.round(4_000 * random()),
    sliceCount: 1 + (at % 3),
  };
}
