/** What a createRun request comes to: a fresh run, a run with the parameters of another, or the recovery of one. Pure. */
import { ArmError, badRequest } from '../arm-error.ts';
import type { Documents } from '../check-copy.ts';
import type { DatasetDefinition, LinkedServiceDefinition } from '../dataset-definition.ts';
import { resolveValue } from '../expression.ts';
import { pipelineScope } from '../expression-scope.ts';
import type { JsonObject } from '../json.ts';
import { bindParameters } from '../parameters.ts';
import type { PipelineDefinition } from '../pipeline-definition.ts';
import { activityStates, downstreamOf } from './activity-graph.ts';
import { viewOf } from './activity-runner.ts';
import { type InheritedActivity, isEnded, type RunPlan, type RunRecord } from './run-record.ts';

export interface RunRequest {
  readonly factory: string;
  readonly pipelineName: string;
  readonly pipeline: PipelineDefinition;
  readonly parameters: JsonObject;
  /** The run named by referencePipelineRunId. */
  readonly reference: RunRecord | undefined;
  readonly isRecovery: boolean;
  readonly startActivityName: string | undefined;
  readonly startFromFailure: boolean;
}

/**
 * With a reference run its parameters count and the given ones do not; a recovery shares its group.
 * Source: REST specification 2018-06-01, Pipelines_CreateRun. Assumption: the pipeline's current definition runs.
 */
export function newRun(request: RunRequest, runId: string, nowMs: number): RunRecord {
  const { pipeline, reference, factory, pipelineName } = request;
  const given = reference === undefined ? request.parameters : reference.parameters;
  const run: RunRecord = {
    factory,
    runId,
    runGroupId: request.isRecovery && reference !== undefined ? reference.runGroupId : runId,
    pipelineName,
    parameters: bindParameters(pipeline.parameters, given, `pipeline '${pipelineName}'`),
    secureParameters: Object.keys(pipeline.parameters).filter(
      (name) => pipeline.parameters[name]?.type === 'SecureString',
    ),
    runDimensions: {},
    variables: Object.fromEntries(
      Object.entries(pipeline.variables).map(([name, { defaultValue }]) => [name, defaultValue ?? '']),
    ),
    createdMs: nowMs,
    startMs: nowMs,
    endMs: undefined,
    lastUpdatedMs: nowMs,
    status: 'Queued',
    message: '',
    attempts: [],
    inherited: inheritedOf(request),
  };
  const runDimensions = resolveValue(pipeline.runDimensions, pipelineScope(viewOf(run), nowMs)) as JsonObject;
  return { ...run, runDimensions };
}

function inheritedOf(request: RunRequest): readonly InheritedActivity[] {
  const { pipeline, reference, pipelineName, startActivityName } = request;
  if (!request.isRecovery) return [];
  if (reference === undefined) throw badRequest('isRecovery needs a referencePipelineRunId.');
  if (reference.pipelineName !== pipelineName || !isEnded(reference.status)) {
    throw badRequest('Only an ended run of the same pipeline can be recovered.');
  }
  const states = activityStates(pipeline, reference);
  const again = new Set(
    startActivityName === undefined
      ? notSucceeded(request, states)
      : downstreamOf(pipeline, [startActivityName]),
  );
  const view = viewOf(reference).activities;
  return pipeline.activities.flatMap(({ name }) => {
    const status = states.get(name);
    // What never ran and is not upstream of the start is not needed; it counts as skipped.
    if (again.has(name)) return [];
    const known = status === 'Succeeded' || status === 'Failed' ? status : 'Skipped';
    return [{ name, status: known, output: (view[name]?.output ?? {}) as JsonObject }];
  });
}

/** From failure: whatever did not succeed, and all that is built on it. Otherwise everything. */
function notSucceeded(request: RunRequest, states: ReadonlyMap<string, string>): Iterable<string> {
  const names = request.pipeline.activities.map(({ name }) => name);
  if (!request.startFromFailure) return names;
  const failed = names.filter((name) => states.get(name) !== 'Succeeded' && states.get(name) !== 'Skipped');
  return downstreamOf(request.pipeline, failed);
}

export function checkStartActivity(pipeline: PipelineDefinition, name: string | undefined): void {
  if (name === undefined || pipeline.activities.some((activity) => activity.name === name)) return;
  throw badRequest(`The start activity '${name}' is not in the pipeline.`);
}

/** Everything the run will read, as it is now. */
export function planOf(pipeline: PipelineDefinition, documents: Documents): RunPlan {
  const datasets: [string, DatasetDefinition][] = [];
  const linkedServices: [string, LinkedServiceDefinition][] = [];
  const names = pipeline.activities.flatMap(({ inputs, outputs }) =>
    [...inputs, ...outputs].map(({ name }) => name),
  );
  for (const name of new Set(names.map((each) => each.toLowerCase()))) {
    const dataset = documents.dataset(name);
    if (dataset === undefined) throw new ArmError(400, 'BadRequest', `The dataset '${name}' does not exist.`);
    const linked = documents.linkedService(dataset.linkedService);
    if (linked === undefined) {
      throw new ArmError(400, 'BadRequest', `The linked service '${dataset.linkedService}' does not exist.`);
    }
    datasets.push([name, dataset]);
    linkedServices.push([dataset.linkedService.toLowerCase(), linked]);
  }
  return {
    pipeline,
    datasets: Object.fromEntries(datasets),
    linkedServices: Object.fromEntries(linkedServices),
  };
}
