import { ACTIONS, type ActionName, type Plan, type RunbookStep } from '@lakewarden/contracts';
import { reasonOf } from '../facts.ts';
import type { RunbookExecution } from '../policy/control-state.ts';
import { type Arguments, type Bindings, bindArguments } from './bindings.ts';
import type { Perform, RecoveryDeps } from './recovery-deps.ts';
import type { LoadedRunbook } from './runbook-file.ts';

export type StepOutcome =
  | { readonly kind: 'done'; readonly note: string }
  /** The plan that it made is larger than the runbook may apply by itself. */
  | { readonly kind: 'too-large'; readonly plan: string; readonly note: string }
  /** `isFinal`: a repetition gives the same answer. */
  | { readonly kind: 'failed'; readonly note: string; readonly isFinal: boolean };

export interface StepCall {
  readonly execution: RunbookExecution;
  readonly runbook: LoadedRunbook;
  readonly step: RunbookStep;
  readonly isUndo: boolean;
  /** Of a plan that people approved. */
  readonly approvedPlan?: string;
}

/** Everything that a step does to the world, once. Repeating it with the same keys is harmless; never throws. */
export async function runStep(
  deps: Pick<RecoveryDeps, 'perform' | 'probe' | 'control'>,
  call: StepCall,
  signal: AbortSignal,
): Promise<StepOutcome> {
  const { execution, step, isUndo } = call;
  const what = isUndo && step.undo !== undefined ? step.undo : step;
  const notes: string[] = [];
  try {
    for (const { key, bindings } of itemsOf(step, execution)) {
      const bound = bindArguments(what.with, bindings);
      if (bound.kind === 'unbound') return failed(`nothing is known for {${bound.name}}`, true);
      const idempotencyKey = `${execution.id}/${step.id}${key}${isUndo ? '/undo' : ''}`;
      const outcome = await actOnce(deps, call, what.action, bound.values, idempotencyKey, signal);
      if (outcome.kind !== 'done') return outcome;
      notes.push(outcome.note);
    }
  } catch (error) {
    return failed(reasonOf(error), false);
  }
  return { kind: 'done', note: notes.slice(0, NOTES_MAX).join('; ') };
}

const NOTES_MAX = 5;

interface StepItem {
  /** Appended to the idempotency key. */
  readonly key: string;
  readonly bindings: Bindings;
}

function itemsOf(step: RunbookStep, { bindings }: RunbookExecution): readonly StepItem[] {
  if (step.forEach === undefined) return [{ key: '', bindings }];
  const name = step.forEach === 'slices' ? 'slice' : 'reader';
  const items = (bindings[step.forEach] ?? '').split(',').filter(Boolean);
  return items.map((item) => ({ key: `/${item}`, bindings: { ...bindings, [name]: item } }));
}

async function actOnce(
  deps: Pick<RecoveryDeps, 'perform' | 'probe' | 'control'>,
  call: StepCall,
  action: string,
  input: Arguments,
  idempotencyKey: string,
  signal: AbortSignal,
): Promise<StepOutcome> {
  if (action === 'probe') {
    const isThere = await deps.probe(String(input.dependency), signal);
    return isThere
      ? { kind: 'done', note: `${input.dependency} answers` }
      : failed(`${input.dependency} does not answer`, false);
  }
  const name = action as ActionName;
  return ACTIONS[name].plans
    ? planAndApply(deps, call, name, input, idempotencyKey, signal)
    : performAs(deps.perform, call, name, input, idempotencyKey, signal);
}

async function performAs(
  perform: Perform,
  { runbook }: StepCall,
  action: ActionName,
  input: Arguments,
  idempotencyKey: string,
  signal: AbortSignal,
): Promise<StepOutcome> {
  const principal = { id: `runbook/${runbook.name}`, role: runbook.guardrails.role };
  const outcome = await perform(action, { input, dryRun: false }, { principal, idempotencyKey }, signal);
  if (outcome.kind === 'refused') return failed(outcome.reason, true);
  return { kind: 'done', note: outcome.result.message };
}

/**
 * Makes the plan and applies exactly that one, if it is small enough. Planning changes nothing, so it has no key of its
 * own and is made again after a crash; applying has one, and once it stands in the log it is not done again, whatever a
 * new plan would say.
 */
async function planAndApply(
  deps: Pick<RecoveryDeps, 'perform' | 'control'>,
  call: StepCall,
  action: ActionName,
  input: Arguments,
  key: string,
  signal: AbortSignal,
): Promise<StepOutcome> {
  const { runbook, approvedPlan } = call;
  const applyKey = `${key}/apply`;
  const principal = { id: `runbook/${runbook.name}`, role: runbook.guardrails.role };
  if (deps.control().acts.has(`${principal.id}:${applyKey}`)) return { kind: 'done', note: 'applied before' };
  if (approvedPlan !== undefined)
    return performAs(deps.perform, call, 'apply', { plan: approvedPlan }, applyKey, signal);
  const request = { input, dryRun: false };
  const planKey = `${key}/plan-${deps.control().head.seq}`;
  const outcome = await deps.perform(action, request, { principal, idempotencyKey: planKey }, signal);
  if (outcome.kind === 'refused') return failed(outcome.reason, true);
  const { plan } = outcome.result;
  if (plan === undefined) return failed(`${action} made no plan`, false);
  const size = sizeOf(plan);
  if (size === 0) return { kind: 'done', note: 'there is nothing to build' };
  if (size > runbook.guardrails.blastRadius) {
    const note = `plan ${plan.hash} builds ${size} slices, blastRadius is ${runbook.guardrails.blastRadius}`;
    return { kind: 'too-large', plan: plan.hash, note };
  }
  const applied = await performAs(deps.perform, call, 'apply', { plan: plan.hash }, applyKey, signal);
  // The world moved while it was planned: another plan may be right. What was refused is not in the log.
  return applied.kind === 'failed' ? { ...applied, isFinal: false } : applied;
}

/** Slices built and built again; a source that is read again counts by its partitions. */
function sizeOf({ builds, downstream, ranges }: Plan): number {
  return builds.length + downstream.length + ranges.length;
}

function failed(note: string, isFinal: boolean): StepOutcome {
  return { kind: 'failed', note, isFinal };
}
