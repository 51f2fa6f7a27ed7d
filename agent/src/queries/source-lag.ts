import type { BronzeDataset } from '@lakewarden/compute';
import type { HealthState, SourceLag } from '@lakewarden/contracts';
import { type HubObservation, type Observation, type PartitionObservation, policyAt } from '@lakewarden/core';
import { iso, safeNumber } from './shape.ts';

/** What a source still has for us, partition by partition; a partition that was never written has none (field.md, 7). */
export function sourceLag(seen: Observation, step: BronzeDataset): SourceLag {
  const answers = memo.get(seen) ?? new Map<string, SourceLag>();
  memo.set(seen, answers);
  const known = answers.get(step.name);
  if (known !== undefined) return known;
  const answer = step.source.kind === 'event-hub' ? hubLag(seen, step) : windowLag(seen, step);
  answers.set(step.name, answer);
  return answer;
}

const memo = new WeakMap<Observation, Map<string, SourceLag>>();

export function sourcesLag(seen: Observation): readonly SourceLag[] {
  return seen.pipeline.datasets.flatMap((step) => (step.layer === 'bronze' ? [sourceLag(seen, step)] : []));
}

type Partition = SourceLag['partitions'][number];

function hubLag(seen: Observation, step: BronzeDataset): SourceLag {
  const name = step.source.name;
  const hub = seen.hubs.find(({ source }) => source === name);
  const partitions = hub?.partitions.map((partition) => partitionLag(seen, hub, partition)) ?? [];
  const events = partitions.reduce((sum, partition) => sum + partition.events, 0);
  const next = seen.nextLandingMs.get(name);
  return {
    source: name,
    kind: 'event-hub',
    dataset: step.name,
    ...hubState(seen, step, hub, partitions),
    ...(hub?.atMs !== undefined && { observedAt: iso(hub.atMs) }),
    events,
    seconds: Math.max(0, ...partitions.map(({ seconds }) => seconds)),
    partitions,
    ...(next !== undefined && { nextAt: iso(next) }),
    ...pausedOf(seen, name),
  };
}

/** Below this a partition with something to read is only behind: the next drain takes it. */
const STALLED_MS = 60_000;

function partitionLag(seen: Observation, hub: HubObservation, partition: PartitionObservation): Partition {
  const { first, last, checkpoint } = partition;
  const from = checkpoint === undefined ? first - 1n : checkpoint;
  const unread = last === undefined || last <= from ? 0n : last - (from < first - 1n ? first - 1n : from);
  const events = safeNumber(unread);
  const atMs = hub.atMs ?? seen.nowMs;
  const waitedMs = events === 0 ? 0 : Math.max(0, seen.nowMs - partition.advancedMs);
  return {
    partition: partition.partition,
    events,
    seconds: Math.round(waitedMs / 100) / 10,
    ...(checkpoint !== undefined && { checkpoint: String(checkpoint) }),
    ...(last !== undefined && { last: String(last) }),
    first: String(first),
    state: partition.isLost
      ? 'lost'
      : events === 0
        ? 'ok'
        : atMs - partition.advancedMs > STALLED_MS + seen.drainEveryMs
          ? 'stalled'
          : 'behind',
  };
}

function hubState(
  seen: Observation,
  step: BronzeDataset,
  hub: HubObservation | undefined,
  partitions: readonly Partition[],
): { readonly state: HealthState; readonly why: string } {
  const name = step.source.name;
  const pause = policyAt(seen.control, seen.nowMs).pauseOf(name);
  if (pause !== undefined) return { state: 'paused', why: `paused by ${pause.by}: ${pause.reason}` };
  const dependency = seen.parked.get(`source:${name}`);
  if (dependency !== undefined) return { state: 'parked', why: `waits for ${dependency}` };
  if (hub?.error !== undefined) return { state: 'failed', why: hub.error };
  const stalled = partitions.filter(({ state }) => state === 'stalled').map(({ partition }) => partition);
  if (stalled.length > 0) return { state: 'late', why: `partition ${stalled.join(', ')} stands still` };
  if (partitions.every(({ last }) => last === undefined)) return { state: 'empty', why: '' };
  return { state: 'fresh', why: '' };
}

function windowLag(seen: Observation, step: BronzeDataset): SourceLag {
  const name = step.source.name;
  const window = seen.windows.find(({ source }) => source === name);
  const next = seen.nextLandingMs.get(name);
  return {
    source: name,
    kind: 'data-factory',
    dataset: step.name,
    ...windowState(seen, step, window),
    events: 0,
    seconds: 0,
    partitions: [],
    ...(window && {
      window: {
        key: window.window,
        state: window.state,
        since: iso(window.sinceMs),
        ...(window.runId !== undefined && { run: window.runId }),
        ...(window.rows !== undefined && { rows: window.rows }),
      },
    }),
    ...(next !== undefined && { nextAt: iso(next) }),
    ...pausedOf(seen, name),
  };
}

function windowState(
  seen: Observation,
  step: BronzeDataset,
  window: Observation['windows'][number] | undefined,
): { readonly state: HealthState; readonly why: string } {
  const name = step.source.name;
  const pause = policyAt(seen.control, seen.nowMs).pauseOf(name);
  if (pause !== undefined) return { state: 'paused', why: `paused by ${pause.by}: ${pause.reason}` };
  const dependency = seen.parked.get(`source:${name}`);
  if (dependency !== undefined) return { state: 'parked', why: `waits for ${dependency}` };
  switch (window?.state) {
    case 'failed':
      return { state: 'failed', why: `${window.window}: ${window.reason ?? 'failed'}` };
    case 'running':
      return { state: 'building', why: `copying ${window.window}` };
    case 'due':
      return { state: 'stale', why: `window ${window.window} is due` };
    case 'landed':
      return { state: 'fresh', why: '' };
    default:
      return { state: 'empty', why: '' };
  }
}

function pausedOf(seen: Observation, source: string): { paused?: NonNullable<SourceLag['paused']> } {
  const pause = policyAt(seen.control, seen.nowMs).pauseOf(source);
  if (pause === undefined) return {};
  const { reason, by, until } = pause;
  return { paused: { reason, by, ...(until !== undefined && { until }) } };
}
