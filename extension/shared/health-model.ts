import { keyTimeMs } from './calendar.ts';
import type { DatasetReport, ReportedSlice } from './messages.ts';
import { compactText, countText, equationText, plural, roughSpanText, spanText } from './words.ts';

/** Points of one chart at most: the newest. */
const POINTS_MAX = 2_000;

/** What is drawn over time: seconds since 1970, and a value each. */
export interface Series {
  readonly key: 'freshness' | 'rows' | 'quarantine' | 'duration';
  readonly title: string;
  /** What a point is, in a few words. */
  readonly about: string;
  readonly unit: 'ms' | 'rows';
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
  /** Places among the points that went wrong, drawn so that they are seen. */
  readonly bad: readonly number[];
  /** A line that the values should stay below. */
  readonly limit?: number | undefined;
  readonly isArea: boolean;
  /** The whole chart in a sentence, for those who do not see it. */
  readonly summary: string;
}

/** The charts of a dataset; those without a point are left out. */
export function seriesOf(report: DatasetReport): readonly Series[] {
  const slices = report.slices
    .flatMap((slice) => {
      const ms = keyTimeMs(slice.key);
      return ms === undefined ? [] : [{ ...slice, at: ms / 1_000 }];
    })
    .sort((a, b) => a.at - b.at)
    .slice(-POINTS_MAX);
  return [freshness(report), rows(slices), quarantine(slices), duration(report)].filter(
    ({ times }) => times.length > 0,
  );
}

type TimedSlice = ReportedSlice & { readonly at: number };

/** Rises from commit to commit: how old the newest commit was, at every moment. */
function freshness({ runs, dataset, now }: DatasetReport): Series {
  const commits = runs
    .flatMap(({ state, endedAt }) =>
      state === 'committed' && endedAt !== undefined ? [Date.parse(endedAt)] : [],
    )
    .filter((ms) => Number.isFinite(ms) && ms <= now)
    .sort((a, b) => a - b)
    .slice(-POINTS_MAX / 2);
  const times: number[] = [];
  const values: number[] = [];
  commits.forEach((ms, at) => {
    const before = commits[at - 1];
    if (before !== undefined) {
      times.push(ms / 1_000);
      values.push(ms - before);
    }
    // A chart needs times that grow; a thousandth of a second after its rise the line falls.
    times.push(ms / 1_000 + 0.001);
    values.push(0);
  });
  const last = commits.at(-1);
  if (last !== undefined && now > last + 1) {
    times.push(now / 1_000);
    values.push(now - last);
  }
  const limit = dataset.freshnessMs;
  const longest = values.reduce((most, value) => Math.max(most, value), 0);
  return {
    key: 'freshness',
    title: 'Freshness',
    about:
      limit === undefined
        ? 'time since the last commit'
        : `time since the last commit · objective ${spanText(limit)}`,
    unit: 'ms',
    times,
    values,
    bad: [],
    limit,
    isArea: true,
    summary:
      last === undefined
        ? 'No commit yet.'
        : `Last commit ${roughSpanText(now - last)} ago; longest wait between commits ${spanText(longest)}.`,
  };
}

function rows(slices: readonly TimedSlice[]): Series {
  const values = slices.map((slice) => slice.rows);
  return {
    key: 'rows',
    title: 'Rows',
    about: 'rows of each slice',
    unit: 'rows',
    times: slices.map(({ at }) => at),
    values,
    bad: slices.flatMap(({ state }, at) => (state === 'failed' ? [at] : [])),
    isArea: true,
    summary: extremes(slices, values, 'rows'),
  };
}

function quarantine(slices: readonly TimedSlice[]): Series {
  const known = slices.filter(({ accounting }) => accounting !== undefined);
  const values = known.map(({ accounting }) => accounting?.quarantined ?? 0);
  const total = values.reduce((sum, value) => sum + value, 0);
  return {
    key: 'quarantine',
    title: 'Quarantine',
    about: 'rows of each slice that did not pass',
    unit: 'rows',
    times: known.map(({ at }) => at),
    values,
    bad: [],
    isArea: true,
    summary:
      total === 0
        ? 'No row was quarantined.'
        : `${plural(total, 'row')} in all. ${extremes(known, values, 'rows')}`,
  };
}

function duration({ runs }: DatasetReport): Series {
  const known = runs
    .flatMap((run) => {
      const at = Date.parse(run.startedAt) / 1_000;
      return run.durationMs === undefined || !Number.isFinite(at) ? [] : [{ ...run, at, ms: run.durationMs }];
    })
    .sort((a, b) => a.at - b.at)
    .slice(-POINTS_MAX);
  const values = known.map(({ ms }) => ms);
  const failed = known.flatMap(({ state }, at) => (state === 'failed' ? [at] : []));
  const longest = values.reduce((most, value) => Math.max(most, value), 0);
  return {
    key: 'duration',
    title: 'Duration',
    about: 'time that each run took',
    unit: 'ms',
    times: known.map(({ at }) => at),
    values,
    bad: failed,
    isArea: false,
    summary: `${plural(known.length, 'run')}, ${countText(failed.length)} failed; the longest took ${spanText(longest)}.`,
  };
}

function extremes(slices: readonly TimedSlice[], values: readonly number[], what: string): string {
  if (slices.length === 0) return 'No slice yet.';
  let [low, high] = [0, 0];
  values.forEach((value, at) => {
    if (value < (values[low] as number)) low = at;
    if (value > (values[high] as number)) high = at;
  });
  const at = (place: number) => `${countText(values[place] ?? 0)} ${what} at ${slices[place]?.key}`;
  return `${plural(slices.length, 'slice')}: least ${at(low)}, most ${at(high)}, newest ${at(slices.length - 1)}.`;
}

/** As an axis or a cursor says it. */
export function valueText({ unit }: Series, value: number, isShort = false): string {
  if (unit === 'ms') return isShort ? roughSpanText(value) : spanText(value);
  return isShort ? compactText(value) : plural(value, 'row');
}

/** One slice in a line: `2011-11-11 · failed · decimal overflow in UnitPrice`, `… · 2,412 = 2,380 + 4 q + 28 d`. */
export function sliceText({ key, state, why, rows: count, accounting }: ReportedSlice): string {
  const tail = accounting === undefined ? plural(count, 'row') : equationText(accounting);
  return [key, state, ...(why === '' ? [] : [why]), tail].join(' · ');
}
