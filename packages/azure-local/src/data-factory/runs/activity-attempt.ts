/** One attempt of an activity from its record to its outcome, with the faults that strike it. */
import { randomUUID } from 'node:crypto';
import { ActivityFailure } from '../copy/copy-error.ts';
import type { JsonObject } from '../json.ts';
import type { ActivityDefinition } from '../pipeline-definition.ts';
import { type ActivityDeps, prepareActivity } from './activity-runner.ts';
import type { ActivityAttempt, RunPlan, RunRecord } from './run-record.ts';

export interface RunInFlight {
  /** The newest state, which may still be on its way to the disk. */
  run: RunRecord;
  readonly plan: RunPlan;
  /** Aborts when the run is cancelled or the service stops. */
  readonly signal: AbortSignal;
  /** Changes the run; readers see it once it is on disk. The order of calls is the order on disk. */
  commit(change: Partial<RunRecord>): Promise<void>;
}

/** True when the attempt was the last one. Throws the signal's reason when the run is stopped. */
export async function attemptOnce(
  entry: RunInFlight,
  activity: ActivityDefinition,
  attempt: ActivityAttempt,
  deps: ActivityDeps,
): Promise<boolean> {
  const limit = AbortSignal.timeout(activity.timeoutMs);
  const bounded = AbortSignal.any([entry.signal, limit]);
  let current = attempt;
  try {
    const work = prepareActivity(activity, entry.run, entry.plan, attempt.startMs, deps);
    current = { ...attempt, input: work.input };
    await record(entry, current);
    const { output, variables } = await injected(entry, activity, () => work.run(bounded), bounded, deps);
    const done = { ...current, status: 'Succeeded' as const, final: true, output, endMs: deps.now() };
    await record(entry, done, variables);
    return true;
  } catch (error) {
    entry.signal.throwIfAborted();
    const failure = limit.aborted ? timedOut(activity) : failureOf(error);
    const final = attempt.attempt >= activity.retryCount;
    await record(entry, { ...current, ...failedWith(failure, activity.name), final, endMs: deps.now() });
    return final;
  }
}

function record(entry: RunInFlight, attempt: ActivityAttempt, variables: JsonObject = {}): Promise<void> {
  const others = entry.run.attempts.filter(({ activityRunId }) => activityRunId !== attempt.activityRunId);
  return entry.commit({
    attempts: [...others, attempt],
    variables: { ...entry.run.variables, ...variables },
  });
}

/** Faults of service `data-factory`: hold keeps the activity InProgress, error and drop make it fail. */
async function injected<T>(
  entry: RunInFlight,
  activity: ActivityDefinition,
  effect: () => Promise<T>,
  signal: AbortSignal,
  deps: ActivityDeps,
): Promise<T> {
  const { factory, pipelineName } = entry.run;
  const path = `/factories/${factory}/pipelines/${pipelineName}/activities/${activity.name}`;
  const operation = activity.type.toLowerCase();
  const target = { service: 'data-factory' as const, method: 'RUN', path, operation };
  const outcome = await deps.faults.around(target, effect, signal);
  signal.throwIfAborted();
  if (outcome.kind === 'done') return outcome.value;
  const code = outcome.kind === 'error' ? (outcome.code ?? String(outcome.status)) : 'ConnectionLost';
  const message = 'A fault was injected by request of the control endpoint.';
  throw new ActivityFailure(code, 'SystemError', message);
}

export function newAttempt(activity: ActivityDefinition, attempt: number, nowMs: number): ActivityAttempt {
  return {
    activityRunId: randomUUID(),
    name: activity.name,
    type: activity.type,
    attempt,
    final: false,
    status: 'InProgress',
    startMs: nowMs,
    endMs: undefined,
    input: {},
    output: {},
    error: undefined,
  };
}

function failedWith(failure: ActivityFailure, target: string) {
  const { errorCode, failureType, message } = failure;
  const output: JsonObject = errorCode === '2200' ? { errors: [{ Code: 2200, Message: message }] } : {};
  return {
    status: 'Failed' as const,
    output,
    error: { errorCode, message, failureType, target, details: [] },
  };
}

function failureOf(error: unknown): ActivityFailure {
  if (error instanceof ActivityFailure) return error;
  return new ActivityFailure('2100', 'SystemError', internalMessage(error));
}

function timedOut(activity: ActivityDefinition): ActivityFailure {
  return new ActivityFailure(
    'ActivityTimedOut',
    'UserError',
    `Activity '${activity.name}' exceeded its time limit.`,
  );
}

export function internalMessage(error: unknown): string {
  return `Internal error of the local Data Factory: ${error instanceof Error ? error.message : String(error)}`;
}
