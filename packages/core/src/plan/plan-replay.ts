import { type ActionArguments, parseTarget } from '@lakewarden/contracts';
import type { PlanOutcome } from '../actions/action-host.ts';
import { planBuilt } from './plan-built.ts';
import { findStep, type PlanContext, refused } from './plan-context.ts';
import { planSource } from './plan-source.ts';
import { whyNoRange } from './slice-range.ts';

/** Slices to build again: silver and gold from what is in the lake, bronze from its hub. Pure. */
export function planReplay(context: PlanContext, input: ActionArguments<'replay'>): PlanOutcome {
  const target = parseTarget(input.target);
  const found = findStep(context.seen, input.target);
  if ('refusal' in found) return found.refusal;
  const isSlice = target?.kind === 'slice';
  if (isSlice && (input.from !== undefined || input.to !== undefined)) {
    const message = `${input.target} is one slice, it takes no range`;
    return refused('invalid', message, `Name the dataset: lakewarden replay ${found.step.name} <from> <to>`);
  }
  const range = isSlice ? { from: target.slice, to: target.slice } : { from: input.from, to: input.to };
  const wrong = whyNoRange(range);
  if (wrong !== undefined) return refused('invalid', wrong, 'Give from and to as 2011-11-01 and 2011-11-30.');
  const { step } = found;
  if (step.layer === 'bronze') return planSource(context, step, range, input);
  return planBuilt(context, { kind: 'replay', step, range, only: 'all', input });
}
