import { durationMs, type Runbook, type Signal } from '@lakewarden/contracts';
import type { DetectionLimits } from '../observe/detector.ts';
import { placesOf } from '../observe/lineage.ts';
import type { Observation } from '../observe/observation.ts';
import type { RunbookExecution } from '../policy/control-state.ts';
import type { Bindings } from './bindings.ts';
import { describeChecks, evaluateAll } from './checks.ts';
import { isWorking } from './execution.ts';

export type Permission =
  | { readonly kind: 'go' }
  /** Not now; asked again on every pass, until the incident's deadline. */
  | { readonly kind: 'wait'; readonly why: string }
  | { readonly kind: 'refused'; readonly why: string };

export interface StartRequest {
  readonly runbook: Runbook;
  readonly signal: Signal;
  readonly bindings: Bindings;
  /** People may run it again at once, and as often as they want. */
  readonly isAutomatic: boolean;
}

const HOUR_MS = 3_600_000;

/** Guardrails of code, looked at with what is known now (field.md, need 14). */
export function mayStart(o: Observation, request: StartRequest, limits: DetectionLimits): Permission {
  const { runbook, signal, bindings, isAutomatic } = request;
  const all = [...o.control.executions.values()];
  const busy = all.find((execution) => isWorking(execution) && execution.cause === signal.cause);
  if (busy !== undefined) return { kind: 'refused', why: `${busy.runbook} (${busy.id}) works on it` };
  const size = sizeOf(signal);
  if (size > runbook.guardrails.blastRadius) {
    return {
      kind: 'refused',
      why: `it would touch ${size} slices, its blastRadius is ${runbook.guardrails.blastRadius}`,
    };
  }
  if (isAutomatic) {
    const refusal = cooling(o, runbook, signal, all) ?? tooOften(o, runbook, all);
    if (refusal !== undefined) return refusal;
  }
  const other = overlapping(o, runbook, signal, all);
  if (other !== undefined)
    return { kind: 'wait', why: `${other.runbook} (${other.id}) works on the same data` };
  const context = { bindings, limits, sinceMs: 0 };
  if (evaluateAll(runbook.preconditions, o, context) === true) return { kind: 'go' };
  return { kind: 'wait', why: `precondition: ${describeChecks(runbook.preconditions, o, context)}` };
}

function sizeOf({ evidence, targets }: Signal): number {
  const counted = Number(evidence.slices ?? String(evidence.partitions ?? '').split(',').length);
  return Math.max(counted, targets.filter((target) => target.includes('@')).length);
}

/** The same cause so soon after: what was done did not help, or something undoes it. People look (st2#3607). */
function cooling(
  o: Observation,
  runbook: Runbook,
  signal: Signal,
  all: readonly RunbookExecution[],
): Permission | undefined {
  const sinceMs = o.nowMs - durationMs(runbook.guardrails.cooldown);
  const last = all.findLast(
    (execution) =>
      execution.runbook === runbook.name &&
      execution.cause === signal.cause &&
      hasActed(execution) &&
      Date.parse(execution.endedAt ?? execution.startedAt) > sinceMs,
  );
  if (last === undefined) return undefined;
  const why = `it ran on this cause less than ${runbook.guardrails.cooldown} ago (${last.id}: ${last.state})`;
  return { kind: 'refused', why };
}

function tooOften(
  o: Observation,
  runbook: Runbook,
  all: readonly RunbookExecution[],
): Permission | undefined {
  const recent = all.filter(
    (execution) =>
      execution.runbook === runbook.name &&
      execution.state !== 'shadowed' &&
      Date.parse(execution.startedAt) > o.nowMs - HOUR_MS,
  );
  const { maxPerHour } = runbook.guardrails;
  return recent.length < maxPerHour
    ? undefined
    : { kind: 'wait', why: `it ran ${maxPerHour} times within an hour` };
}

/** Ended before its first step: nothing has cooled down. */
function hasActed({ steps }: RunbookExecution): boolean {
  return steps.some(({ state }) => state !== 'pending');
}

const HARMLESS = ['wait', 'notify', 'probe', 'reconcile', 'ask', 'reset-breaker'];

/** Two runbooks never work on the same data at a time (F61). */
function overlapping(
  o: Observation,
  runbook: Runbook,
  signal: Signal,
  all: readonly RunbookExecution[],
): RunbookExecution | undefined {
  if (!touchesData(runbook.steps)) return undefined;
  const places = new Set(signal.targets.flatMap((target) => placesOf(o.pipeline, target)));
  return all.find(
    ({ state, steps, bindings }) =>
      (state === 'running' || state === 'verifying') &&
      touchesData(steps) &&
      (bindings.targets ?? '')
        .split(',')
        .some((target) => placesOf(o.pipeline, target).some((place) => places.has(place))),
  );
}

function touchesData(steps: readonly { readonly action: string }[]): boolean {
  return steps.some(({ action }) => !HARMLESS.includes(action));
}
