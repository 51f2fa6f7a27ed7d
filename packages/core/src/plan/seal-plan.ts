import { createHash } from 'node:crypto';
import { canonicalJson } from '@lakewarden/compute';
import { type Plan, parseSliceId } from '@lakewarden/contracts';
import type { PlanContext } from './plan-context.ts';

/** What tells one plan from another; the rest follows from it or says who made it. */
export type PlanDraft = Pick<
  Plan,
  'kind' | 'title' | 'input' | 'builds' | 'downstream' | 'reads' | 'ranges' | 'expected'
>;

/** Adds the sums, the maker and the hash. Immutable from here: another content is another plan (DESIGN §4, plan). */
export function sealPlan({ seen, by, pace }: PlanContext, draft: PlanDraft): Plan {
  const slices = [...draft.builds, ...draft.downstream];
  const datasets = new Set(slices.map(({ slice }) => parseSliceId(slice)?.dataset));
  const content = {
    ...draft,
    rows: draft.builds.reduce((sum, { rows }) => sum + rows, 0),
    estimateMs: slices.reduce((sum, slice) => sum + slice.estimateMs, datasets.size * pace.runMs),
    costUsd: 0,
    engine: pace.engine,
  };
  return { ...content, hash: planHash(content), madeAt: new Date(seen.nowMs).toISOString(), madeBy: by };
}

/** SHA-256 (hex) of the plan without `hash`, `madeAt` and `madeBy`. */
export function planHash(plan: Omit<Plan, 'hash' | 'madeAt' | 'madeBy'> & Partial<Plan>): string {
  const { hash: _hash, madeAt: _at, madeBy: _by, ...content } = plan;
  return createHash('sha256').update(canonicalJson(content)).digest('hex');
}
