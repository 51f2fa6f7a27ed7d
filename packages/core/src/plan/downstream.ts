import type { GoldDataset } from '@lakewarden/compute';
import { type DatasetName, EMPTY_DIGEST, type PlannedSlice } from '@lakewarden/contracts';
import { type InputSlices, wantedGold } from '../graph/wanted.ts';
import { policyAt } from '../policy/policy.ts';
import { inputRows } from '../reconcile/batches.ts';
import type { DatasetView } from '../reconcile/world.ts';
import { type PlanContext, plannedSlice } from './plan-context.ts';

/**
 * All slices that are built again, transitively, if the rows of these slices turn out to be other ones. Pinned ones are
 * not, and nothing that only they lead to.
 */
export function downstreamOf(
  context: PlanContext,
  changed: ReadonlyMap<DatasetName, ReadonlySet<string>>,
): readonly PlannedSlice[] {
  const { seen } = context;
  const policy = policyAt(seen.control, seen.nowMs);
  const reached = new Map<DatasetName, ReadonlySet<string>>(changed);
  const found: PlannedSlice[] = [];
  for (const step of seen.pipeline.datasets) {
    if (step.layer !== 'gold' || changed.has(step.name)) continue;
    const view = seen.views?.get(step.name);
    const readers = wantedGold(step, everyInput(step, seen.views), []).filter(
      ({ slice, inputs }) =>
        policy.pinOf(step.name, slice) === undefined &&
        inputs.some((input) => reached.get(input.dataset)?.has(input.slice)),
    );
    if (readers.length === 0) continue;
    reached.set(step.name, new Set(readers.map(({ slice }) => slice)));
    const recorded = new Map(view?.slices.map((slice) => [slice.wanted.slice, slice.recorded?.fingerprint]));
    for (const wanted of readers) {
      const { stepVersion } = step;
      const details = { rows: inputRows([wanted]), fingerprint: recorded.get(wanted.slice), stepVersion };
      found.push(plannedSlice(context, `${step.name}@${wanted.slice}`, details));
    }
  }
  return found;
}

/** As if every slice were good: which slices are read does not hang on their state. */
function everyInput(
  step: GoldDataset,
  views: ReadonlyMap<DatasetName, DatasetView> | undefined,
): ReadonlyMap<DatasetName, InputSlices> {
  return new Map(
    step.inputs.map(({ dataset }) => {
      const slices = views?.get(dataset.name)?.slices ?? [];
      const digests = slices.map(
        ({ wanted, recorded }) => [wanted.slice, recorded?.digest ?? EMPTY_DIGEST] as const,
      );
      return [dataset.name, { fresh: new Map(digests), notFresh: new Set<string>() }];
    }),
  );
}
