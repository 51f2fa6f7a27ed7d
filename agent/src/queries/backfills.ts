import type { BackfillHealth } from '@lakewarden/contracts';
import { type Backfill, type Observation, policyAt } from '@lakewarden/core';
import { slicesHealth } from './slice-health.ts';

/** Newest first. Progress is read off the lake: a slice is built when it carries the backfill's salt. */
export function backfillsHealth(seen: Observation): readonly BackfillHealth[] {
  return [...seen.control.backfills.values()]
    .map((backfill) => backfillHealth(seen, backfill))
    .sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
}

export function backfillHealth(seen: Observation, backfill: Backfill): BackfillHealth {
  const { id, plan, title, dataset, slices, startedAt, ended } = backfill;
  const progress = seen.backfillProgress.get(id);
  const isPaused = ended === undefined && !policyAt(seen.control, seen.nowMs).isBackfillRunning(id);
  const own = new Set(slices);
  const running = slicesHealth(seen, dataset).filter(
    (slice) => slice.state === 'building' && own.has(slice.id),
  );
  const built = ended?.as === 'done' ? slices.length : (progress?.built ?? 0);
  const elapsedMs = seen.nowMs - Date.parse(startedAt);
  const remaining = slices.length - built;
  return {
    id: `backfill:${id}`,
    title,
    plan,
    dataset,
    state: ended?.as ?? (isPaused ? 'paused' : 'running'),
    total: slices.length,
    built,
    failed: progress?.failed ?? 0,
    startedAt,
    ...(ended && { endedAt: ended.at }),
    ...(ended === undefined && built > 0 && { remainingMs: Math.round((elapsedMs / built) * remaining) }),
    current: running.map((slice) => slice.key),
  };
}
