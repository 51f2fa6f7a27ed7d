import type { ActionArguments } from '@lakewarden/contracts';
import type { PlanOutcome } from '../actions/action-host.ts';
import { planBuilt } from './plan-built.ts';
import { findStep, type PlanContext, refused } from './plan-context.ts';
import { whyNoRange } from './slice-range.ts';

/** A range of slices to build again below live work. Pure. */
export function planBackfill(context: PlanContext, input: ActionArguments<'backfill'>): PlanOutcome {
  const found = findStep(context.seen, input.dataset);
  if ('refusal' in found) return found.refusal;
  const { step } = found;
  if (step.layer === 'bronze') {
    const message = `${step.name} is landed, not built`;
    return refused(
      'invalid',
      message,
      `To read its source again: lakewarden replay ${step.name} ${input.from} ${input.to}`,
    );
  }
  const range = { from: input.from, to: input.to };
  const wrong = whyNoRange(range);
  if (wrong !== undefined) return refused('invalid', wrong, 'Give from and to as 2011-11-01 and 2011-11-30.');
  return planBuilt(context, { kind: 'backfill', step, range, only: input.only, input });
}
