import type { Dataset } from '@lakewarden/compute';
import {
  addAccounting,
  type DatasetHealth,
  type DatasetName,
  HEALTH_STATES,
  type HealthState,
  type LayerHealth,
  NO_ROWS,
  type RowAccounting,
} from '@lakewarden/contracts';
import { type Observation, policyAt, type Stop } from '@lakewarden/core';
import { filesOfSlice, type Snapshot } from '@lakewarden/delta';
import { iso, rowsOfFile } from './shape.ts';
import { slicesHealth } from './slice-health.ts';
import { sourceLag } from './source-lag.ts';

/** From what needs somebody most to what needs nobody. */
const WORST_FIRST: readonly HealthState[] = [
  'failed',
  'late',
  'parked',
  'frozen',
  'paused',
  'building',
  'stale',
  'held',
  'fresh',
  'empty',
];

export function worstOf(states: Iterable<HealthState>): HealthState {
  const found = new Set(states);
  return WORST_FIRST.find((state) => found.has(state)) ?? 'empty';
}

export function datasetsHealth(seen: Observation): readonly DatasetHealth[] {
  const known = memo.get(seen);
  if (known !== undefined) return known;
  const readers = readersOf(seen);
  const answer = seen.pipeline.datasets.map((step) =>
    datasetHealth(seen, step, readers.get(step.name) ?? []),
  );
  memo.set(seen, answer);
  return answer;
}

const memo = new WeakMap<Observation, readonly DatasetHealth[]>();

function datasetHealth(seen: Observation, step: Dataset, readers: readonly string[]): DatasetHealth {
  const slices = slicesHealth(seen, step.name);
  const counts: Partial<Record<HealthState, number>> = {};
  let accounting: RowAccounting | undefined;
  let rows = 0;
  for (const slice of slices) {
    counts[slice.state] = (counts[slice.state] ?? 0) + 1;
    rows += slice.rows;
    if (slice.accounting !== undefined) accounting = addAccounting(accounting ?? NO_ROWS, slice.accounting);
  }
  const snapshot = snapshotOf(seen, step);
  const stop = policyAt(seen.control, seen.nowMs).stopOf(step.name);
  const completeTo = seen.completeToMs.get(step.name);
  const behindMs = completeTo === undefined ? undefined : Math.max(0, Math.round(seen.nowMs - completeTo));
  const freshnessMs = seen.pipeline.objectives.get(step.name)?.freshnessMs;
  const isLate = behindMs !== undefined && freshnessMs !== undefined && behindMs > freshnessMs;
  const states = new Set(Object.keys(counts) as HealthState[]);
  if (isLate) states.add('late');
  if (stop !== undefined) states.add(stop.kind);
  return {
    name: step.name,
    layer: step.layer,
    ...verdict(seen, step, worstOf(states), slices, stop),
    slices: slices.length,
    counts,
    rows,
    ...(accounting && { accounting }),
    quarantined: accounting?.quarantined ?? 0,
    ...(snapshot && { version: snapshot.version }),
    ...(snapshot && newestOf(snapshot)),
    ...(behindMs !== undefined && { behindMs }),
    ...(freshnessMs !== undefined && { freshnessMs }),
    ...(stop?.kind === 'frozen' && { frozen: stopOf(stop.stop) }),
    ...(stop?.kind === 'paused' && { paused: stopOf(stop.stop) }),
    ...(step.layer === 'bronze' && { source: step.source.name }),
    inputs: inputsOf(step),
    readers: [...readers],
    flagged: isFlagged(seen, step),
  };
}

/** Bronze fails as its source does; of the others the first slice that is in the worst state gives the words. */
function verdict(
  seen: Observation,
  step: Dataset,
  worst: HealthState,
  slices: ReturnType<typeof slicesHealth>,
  stop: { readonly kind: 'frozen' | 'paused'; readonly stop: Stop } | undefined,
): { readonly state: HealthState; readonly why: string } {
  if (step.layer === 'bronze') {
    const { state, why } = sourceLag(seen, step);
    if (worstOf([state, worst]) === state && state !== 'fresh') return { state, why };
  }
  if (worst === 'late') return { state: 'late', why: 'past its freshness objective' };
  if (stop !== undefined && stop.kind === worst) {
    return { state: worst, why: `${worst} by ${stop.stop.by}: ${stop.stop.reason}` };
  }
  const first = slices.find((slice) => slice.state === worst);
  const isAll = first === undefined || slices.length === 1 || first.why === '';
  return { state: worst, why: isAll ? (first?.why ?? '') : `${first.key}: ${first.why}` };
}

function stopOf({ reason, by, until }: Stop) {
  return { reason, by, ...(until !== undefined && { until }) };
}

export function inputsOf(step: Dataset): string[] {
  if (step.layer === 'bronze') return [`source:${step.source.name}`];
  if (step.layer === 'silver') return [step.from.name];
  return step.inputs.map(({ dataset }) => dataset.name);
}

export function readersOf(seen: Observation): ReadonlyMap<string, readonly DatasetName[]> {
  const readers = new Map<string, DatasetName[]>();
  for (const step of seen.pipeline.datasets) {
    for (const input of inputsOf(step)) readers.set(input, [...(readers.get(input) ?? []), step.name]);
  }
  return readers;
}

export function snapshotOf(seen: Observation, step: Dataset): Snapshot | undefined {
  return step.layer === 'bronze' ? seen.bronze.get(step.name) : seen.views?.get(step.name)?.snapshot;
}

function newestOf(snapshot: Snapshot): { updatedAt?: string } {
  const known = newest.get(snapshot.files);
  if (known !== undefined) return known;
  let ms = 0;
  for (const file of snapshot.files.values()) ms = Math.max(ms, file.modificationTime);
  const found = ms === 0 ? {} : { updatedAt: iso(ms) };
  newest.set(snapshot.files, found);
  return found;
}

const newest = new WeakMap<Snapshot['files'], { updatedAt?: string }>();

/** A waived slice anywhere before it: what it shows is not the whole truth. */
function isFlagged(seen: Observation, step: Dataset): boolean {
  const policy = policyAt(seen.control, seen.nowMs);
  const waived = new Set<string>();
  for (const [slice, { by }] of seen.control.pins) {
    const [dataset = '', key = ''] = slice.split('@');
    if (by === 'waive' && policy.pinOf(dataset as DatasetName, key) !== undefined) waived.add(dataset);
  }
  if (waived.size === 0) return false;
  const steps = new Map(seen.pipeline.datasets.map((each) => [each.name as string, each]));
  const isTainted = (name: string): boolean => {
    const own = steps.get(name);
    return own !== undefined && (waived.has(name) || inputsOf(own).some(isTainted));
  };
  return isTainted(step.name);
}

/** Gold first, as people ask for it. */
export function layersHealth(seen: Observation): readonly LayerHealth[] {
  const datasets = datasetsHealth(seen);
  return (['gold', 'silver', 'bronze'] as const).map((layer) => {
    const own = datasets.filter((dataset) => dataset.layer === layer);
    const state = worstOf(own.map((dataset) => dataset.state));
    const worst = own.find((dataset) => dataset.state === state);
    const behind = own.map(({ behindMs }) => behindMs).filter((ms) => ms !== undefined);
    const isWell = state === 'fresh' || state === 'empty';
    return {
      layer,
      state,
      why:
        isWell || worst === undefined
          ? ''
          : `${worst.name.slice(layer.length + 1)}${worst.why === '' ? '' : ` ${worst.why}`}`,
      datasets: own.length,
      counts: sumCounts(own.map(({ counts }) => counts)),
      rows: own.reduce((sum, { rows }) => sum + rows, 0),
      ...(behind.length > 0 && { behindMs: Math.max(...behind) }),
    };
  });
}

export function sumCounts(
  all: readonly Readonly<Partial<Record<HealthState, number>>>[],
): Partial<Record<HealthState, number>> {
  const sum: Partial<Record<HealthState, number>> = {};
  for (const counts of all) {
    for (const state of HEALTH_STATES) {
      const more = counts[state] ?? 0;
      if (more > 0) sum[state] = (sum[state] ?? 0) + more;
    }
  }
  return sum;
}

/** Rows of a slice's files by table, for lineage and blame. */
export function rowsOfSlice(snapshot: Snapshot, key: string): number {
  return filesOfSlice(snapshot, key).reduce((sum, file) => sum + rowsOfFile(file), 0);
}
