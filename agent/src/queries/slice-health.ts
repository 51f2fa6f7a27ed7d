import type { DatasetName, HealthState, SliceHealth } from '@lakewarden/contracts';
import {
  type DatasetView,
  type FailedSlice,
  type Observation,
  type Policy,
  policyAt,
  type SliceView,
} from '@lakewarden/core';
import { filesOfSlice, type Snapshot, slicesOf } from '@lakewarden/delta';
import { iso, rowsOfFile } from './shape.ts';

/** Slices of a dataset in key order, as people see them. One answer an observation: asking twice costs nothing. */
export function slicesHealth(seen: Observation, dataset: DatasetName): readonly SliceHealth[] {
  const answers = memo.get(seen) ?? new Map<DatasetName, readonly SliceHealth[]>();
  memo.set(seen, answers);
  const known = answers.get(dataset);
  if (known !== undefined) return known;
  const answer = dataset.startsWith('bronze.') ? landedSlices(seen, dataset) : builtSlices(seen, dataset);
  answers.set(dataset, answer);
  return answer;
}

const memo = new WeakMap<Observation, Map<DatasetName, readonly SliceHealth[]>>();

export function sliceHealth(seen: Observation, dataset: DatasetName, key: string): SliceHealth | undefined {
  return slicesHealth(seen, dataset).find((slice) => slice.key === key);
}

function landedSlices(seen: Observation, dataset: DatasetName): readonly SliceHealth[] {
  const snapshot = seen.bronze.get(dataset);
  if (snapshot === undefined) return [];
  const failures = failuresOf(seen, dataset);
  return slicesOf(snapshot).map((key) => {
    const failed = failures.get(key);
    return {
      id: `${dataset}@${key}`,
      dataset,
      key,
      state: failed === undefined ? 'fresh' : 'failed',
      why: failed?.reason ?? '',
      ...sizeOf(snapshot, key),
      ...attemptsOf(failed),
    };
  });
}

function builtSlices(seen: Observation, dataset: DatasetName): readonly SliceHealth[] {
  const view = seen.views?.get(dataset);
  if (view === undefined) return [];
  const failures = failuresOf(seen, dataset);
  const policy = policyAt(seen.control, seen.nowMs);
  return view.slices.map((slice) => builtSlice(seen, view, slice, policy, failures));
}

function builtSlice(
  seen: Observation,
  view: DatasetView,
  slice: SliceView,
  policy: Policy,
  failures: ReadonlyMap<string, FailedSlice>,
): SliceHealth {
  const dataset = view.step.name;
  const key = slice.wanted.slice;
  const failed = slice.status === 'fresh' ? undefined : failures.get(key);
  const pin = policy.pinOf(dataset, key);
  const salt = policy.saltOf(dataset, key);
  const { recorded } = slice;
  return {
    id: `${dataset}@${key}`,
    dataset,
    key,
    ...stateOf(seen, dataset, slice, policy, failed),
    rows: recorded?.digest.rows ?? 0,
    ...(recorded?.accounting && { accounting: recorded.accounting }),
    ...(view.snapshot !== undefined && updatedAt(view.snapshot, key)),
    ...(recorded?.fingerprint !== undefined && { fingerprint: recorded.fingerprint }),
    ...(recorded?.run !== undefined && { run: recorded.run }),
    ...attemptsOf(failed),
    ...(pin && {
      pin: {
        by: pin.by,
        as: pin.as,
        reason: pin.reason,
        ...(pin.until !== undefined && { until: pin.until }),
      },
    }),
    ...(salt?.backfill !== undefined &&
      policy.isBackfillRunning(salt.backfill) && { backfill: salt.backfill }),
  };
}

function stateOf(
  seen: Observation,
  dataset: DatasetName,
  slice: SliceView,
  policy: Policy,
  failed: FailedSlice | undefined,
): { readonly state: HealthState; readonly why: string } {
  const key = slice.wanted.slice;
  const run = seen.building.get(`${dataset}@${key}`);
  if (run !== undefined) return { state: 'building', why: `run ${run.slice(0, 8)}` };
  const pin = policy.pinOf(dataset, key);
  if (pin !== undefined)
    return { state: 'held', why: `${pin.by === 'hold' ? 'held' : 'waived'} by ${pin.actor}: ${pin.reason}` };
  if (failed !== undefined) return { state: 'failed', why: failed.reason };
  const stop = policy.stopOf(dataset);
  const dependency = seen.parked.get(dataset);
  switch (slice.status) {
    case 'fresh':
      return { state: 'fresh', why: '' };
    case 'backfill':
      return { state: 'fresh', why: 'queued for its backfill' };
    case 'held':
      return { state: 'held', why: 'its pin has just been released' };
    case 'frozen':
    case 'paused':
      return {
        state: slice.status,
        why: stop === undefined ? '' : `${slice.status} by ${stop.stop.by}: ${stop.stop.reason}`,
      };
    case 'stale':
    case 'waiting': {
      if (stop !== undefined)
        return { state: stop.kind, why: `${stop.kind} by ${stop.stop.by}: ${stop.stop.reason}` };
      if (dependency !== undefined) return { state: 'parked', why: `waits for ${dependency}` };
      return { state: 'stale', why: slice.status === 'stale' ? 'queued' : 'waits for what it reads' };
    }
  }
}

function failuresOf(seen: Observation, dataset: DatasetName): ReadonlyMap<string, FailedSlice> {
  return new Map(seen.failures.filter((f) => f.dataset === dataset).map((f) => [f.slice, f]));
}

function attemptsOf(failed: FailedSlice | undefined) {
  return failed && { attempts: failed.attempts, nextAttemptAt: iso(failed.nextAttemptMs) };
}

function sizeOf(snapshot: Snapshot, key: string) {
  let rows = 0;
  for (const file of filesOfSlice(snapshot, key)) rows += rowsOfFile(file);
  return { rows, ...updatedAt(snapshot, key) };
}

function updatedAt(snapshot: Snapshot, key: string): { updatedAt?: string } {
  let newest = 0;
  for (const file of filesOfSlice(snapshot, key)) newest = Math.max(newest, file.modificationTime);
  return newest === 0 ? {} : { updatedAt: iso(newest) };
}
