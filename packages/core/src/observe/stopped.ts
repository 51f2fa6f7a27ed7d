import type { DatasetName } from '@lakewarden/contracts';
import { policyAt } from '../policy/policy.ts';
import { upstreamOf } from './lineage.ts';
import type { Observation } from './observation.ts';

/** Somebody stopped it or something that it is made from: that it stands still is wanted. */
export function isStopped(o: Observation, place: string): boolean {
  const policy = policyAt(o.control, o.nowMs);
  return [...upstreamOf(o.pipeline, place)].some((name) =>
    name.startsWith('source:')
      ? policy.pauseOf(name.slice('source:'.length)) !== undefined
      : policy.stopOf(name as DatasetName) !== undefined,
  );
}
