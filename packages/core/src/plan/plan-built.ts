import type { GoldDataset, SilverDataset } from '@lakewarden/compute';
import type { Plan } from '@lakewarden/contracts';
import type { PlanOutcome } from '../actions/action-host.ts';
import { policyAt } from '../policy/policy.ts';
import { inputRows } from '../reconcile/batches.ts';
import type { SliceView } from '../reconcile/world.ts';
import { downstreamOf } from './downstream.ts';
import {
  notLookedAt,
  PLAN_SLICES_MAX,
  type PlanContext,
  plannedSlice,
  refused,
  tooMany,
  whyStopped,
} from './plan-context.ts';
import { sealPlan } from './seal-plan.ts';
import { formatRange, isInRange, type SliceRange } from './slice-range.ts';

export interface BuiltRequest {
  readonly kind: Plan['kind'];
  readonly step: SilverDataset | GoldDataset;
  readonly range: SliceRange;
  /** `stale`: only slices that are not made from what is wanted. */
  readonly only: 'all' | 'stale';
  readonly input: Readonly<Record<string, unknown>>;
}

/** A plan over slices of silver or gold: they are built again from what is in the lake, no source is read. */
export function planBuilt(context: PlanContext, request: BuiltRequest): PlanOutcome {
  const { kind, step, range, only } = request;
  const view = context.seen.views?.get(step.name);
  if (view === undefined) return notLookedAt(step.name);
  const inRange = view.slices.filter(({ wanted }) => isInRange(wanted.slice, range));
  const slices = only === 'stale' ? inRange.filter(({ status }) => status !== 'fresh') : inRange;
  const title = `${kind} ${step.name} ${formatRange(range)}`;
  const keys = slices.map(({ wanted }) => wanted.slice);
  const refusal =
    whyNothing(view.slices, inRange, slices, title) ?? whyStopped(context.seen, step.name, keys);
  if (refusal !== undefined) return refusal;
  const downstream = downstreamOf(context, new Map([[step.name, new Set(keys)]]));
  const count = keys.length + downstream.length;
  if (count > PLAN_SLICES_MAX) return tooMany(count, title);
  const { stepVersion } = step;
  const builds = slices.map(({ wanted, recorded }) => {
    const details = { rows: inputRows([wanted]), fingerprint: recorded?.fingerprint, stepVersion };
    return plannedSlice(context, `${step.name}@${wanted.slice}`, details);
  });
  const reads = step.layer === 'silver' ? [step.from.name] : step.inputs.map(({ dataset }) => dataset.name);
  const plan = sealPlan(context, {
    kind,
    title,
    input: { ...request.input },
    builds,
    downstream: [...downstream],
    reads: [...new Set(reads)].sort(),
    ranges: [],
    expected: expectedOf(context, step, slices),
  });
  return { kind: 'planned', plan };
}

function whyNothing(
  all: readonly SliceView[],
  inRange: readonly SliceView[],
  slices: readonly SliceView[],
  title: string,
): PlanOutcome | undefined {
  if (slices.length > 0) return undefined;
  if (inRange.length > 0) {
    const message = `${title}: all ${inRange.length} slices are fresh`;
    return refused('conflict', message, 'Leave out `only stale` to build them again all the same.');
  }
  const [first, last] = [all[0]?.wanted.slice, all.at(-1)?.wanted.slice];
  const remedy =
    first === undefined
      ? 'Nothing has arrived for it yet.'
      : `There are ${all.length} slices: ${formatRange({ from: first, to: last })}.`;
  return refused('not-found', `${title}: there is no such slice`, remedy);
}

function expectedOf(
  { seen }: PlanContext,
  step: SilverDataset | GoldDataset,
  slices: readonly SliceView[],
): string {
  const changed = slices.filter(({ status }) => status !== 'fresh' && status !== 'backfill').length;
  const same = slices.length - changed;
  const parts = [
    ...(same > 0 ? [`the same rows in ${count(same)}: neither its inputs nor its rules changed`] : []),
    ...(changed > 0 ? [`other rows in ${count(changed)}: stale, or never built`] : []),
  ];
  const stop = policyAt(seen.control, seen.nowMs).stopOf(step.name);
  if (stop?.kind === 'paused') parts.push(`${step.name} is paused: nothing is built until it is resumed`);
  return parts.join('; ');
}

function count(slices: number): string {
  return slices === 1 ? '1 slice' : `${slices} slices`;
}
