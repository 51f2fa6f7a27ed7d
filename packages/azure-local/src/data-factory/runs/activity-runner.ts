/** Does one attempt of one activity: its inputs from expressions, then the work. */
import type { Faults, LakeFiles } from '../../server/service.ts';
import { ActivityFailure } from '../copy/copy-error.ts';
import { resolveCopy } from '../copy/resolve-copy.ts';
import { type CopyDistortion, runCopy } from '../copy/run-copy.ts';
import { ExpressionError, isSecret, resolveValue } from '../expression.ts';
import { pipelineScope, type RunView } from '../expression-scope.ts';
import { isObject, type Json, type JsonObject, textOf } from '../json.ts';
import type { ActivityDefinition } from '../pipeline-definition.ts';
import type { RunPlan, RunRecord } from './run-record.ts';

export interface ActivityDeps {
  readonly lake: LakeFiles;
  readonly faults: Faults;
  readonly now: () => number;
  /** Asked once a copy, so that one which reports success can still lie. */
  readonly distortCopy: (path: string) => CopyDistortion | undefined;
}

export interface ActivityWork {
  /** The resolved `input` of the activity run, secrets masked. */
  readonly input: JsonObject;
  /** Throws ActivityFailure, or the signal's reason. `variables` are those that the activity sets. */
  run(signal: AbortSignal): Promise<{ readonly output: JsonObject; readonly variables?: JsonObject }>;
}

const waitSecondsMax = 7 * 24 * 3600;

/** Resolves the expressions as of `startMs`. Throws ActivityFailure when they cannot be evaluated. */
export function prepareActivity(
  activity: ActivityDefinition,
  run: RunRecord,
  plan: RunPlan,
  startMs: number,
  deps: ActivityDeps,
): ActivityWork {
  const scope = pipelineScope(viewOf(run), startMs);
  const properties = asFailure(() => resolveValue(activity.typeProperties, scope)) as JsonObject;
  switch (activity.type) {
    case 'Wait': {
      const seconds = Number(textOf(properties.waitTimeInSeconds));
      if (!Number.isInteger(seconds) || seconds < 1 || seconds > waitSecondsMax) {
        throw new ActivityFailure(
          '2500',
          'UserError',
          'waitTimeInSeconds must be a whole number above zero.',
        );
      }
      const untilMs = startMs + seconds * 1000;
      return {
        input: masked(properties, run),
        run: async (signal) => {
          await pause(Math.max(0, untilMs - deps.now()), signal);
          return { output: {} };
        },
      };
    }
    case 'SetVariable': {
      const name = textOf(properties.variableName);
      const value: Json = properties.value ?? null;
      return {
        input: masked(properties, run),
        run: async () => ({ output: { name, value }, variables: { [name]: value } }),
      };
    }
    case 'Copy': {
      const copy = asFailure(() => resolveCopy(activity, plan, scope, startMs));
      const path = `/factories/${run.factory}/pipelines/${run.pipelineName}/activities/${activity.name}`;
      const { lake, now } = deps;
      return {
        input: masked(
          { ...properties, sourceLocation: copy.source.location, sinkLocation: copy.sink.location },
          run,
        ),
        run: async (signal) => ({
          output: await runCopy(copy, { lake, now, distortion: deps.distortCopy(path) }, signal),
        }),
      };
    }
  }
}

function asFailure<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new ActivityFailure('InvalidTemplate', 'UserError', error.message);
  }
}

export function viewOf(run: RunRecord): RunView {
  const ended = run.attempts.filter(({ final, status }) => final && status !== 'InProgress');
  return {
    factory: run.factory,
    pipelineName: run.pipelineName,
    runId: run.runId,
    runGroupId: run.runGroupId,
    triggerTimeMs: run.createdMs,
    parameters: run.parameters,
    variables: run.variables,
    activities: Object.fromEntries([
      ...run.inherited.map(({ name, status, output }) => [name, { output, status }] as const),
      ...ended.map(
        ({ name, status, output, error }) =>
          [
            name,
            { output, status, error: { message: error?.message ?? '', errorCode: error?.errorCode ?? '' } },
          ] as const,
      ),
    ]),
  };
}

/** What an activity run shows of its input: no secret of a document, no value of a SecureString parameter (I17). */
function masked(value: JsonObject, run: RunRecord): JsonObject {
  const secrets = run.secureParameters
    .map((name) => textOf(run.parameters[name]))
    .filter((text) => text !== '');
  const hidden = (text: string) =>
    secrets.reduce((shown, secret) => shown.replaceAll(secret, '**********'), text);
  const visit = (item: Json | undefined): Json => {
    if (isSecret(item)) return { type: 'SecureString', value: '**********' };
    if (typeof item === 'string') return hidden(item);
    if (Array.isArray(item)) return (item as readonly Json[]).map(visit);
    if (!isObject(item)) return (item ?? null) as Json;
    return Object.fromEntries(Object.entries(item).map(([key, inner]) => [key, visit(inner)]));
  };
  return visit(value) as JsonObject;
}

/** Rejects with the signal's reason when it aborts first. */
export function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, durationMs);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
