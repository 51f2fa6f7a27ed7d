/** How runs are said on the wire, and what can be asked of them. */
import { type JsonObject, textOf } from '../json.ts';
import type { Queryable } from './query-runs.ts';
import type { ActivityAttempt, RunRecord } from './run-record.ts';

export interface ListedRun {
  readonly run: RunRecord;
  readonly isLatest: boolean;
}

export const pipelineRunQueries: Queryable<ListedRun> = {
  id: ({ run }) => run.runId,
  lastUpdatedMs: ({ run }) => run.lastUpdatedMs,
  operands: {
    PipelineName: ({ run }) => run.pipelineName,
    Status: ({ run }) => run.status,
    RunStart: ({ run }) => run.startMs,
    RunEnd: ({ run }) => run.endMs,
    RunGroupId: ({ run }) => run.runGroupId,
    LatestOnly: ({ isLatest }) => String(isLatest),
  },
  orders: ['PipelineName', 'Status', 'RunStart', 'RunEnd'],
  defaultOrder: 'RunStart',
};

export const activityRunQueries: Queryable<ActivityAttempt> = {
  id: ({ activityRunId }) => activityRunId,
  lastUpdatedMs: ({ startMs, endMs }) => endMs ?? startMs,
  operands: {
    ActivityName: ({ name }) => name,
    ActivityType: ({ type }) => type,
    ActivityRunStart: ({ startMs }) => startMs,
    ActivityRunEnd: ({ endMs }) => endMs,
    Status: ({ status }) => status,
  },
  orders: ['ActivityName', 'ActivityRunStart', 'ActivityRunEnd', 'Status'],
  defaultOrder: 'ActivityRunStart',
};

/** Parameter values are text on the wire, whatever their type (specification: additionalProperties string). */
export function pipelineRunView({ run, isLatest }: ListedRun, factoryId: string): JsonObject {
  const parameters = Object.entries(run.parameters).map(([name, value]) => [
    name,
    run.secureParameters.includes(name) ? '**********' : textOf(value),
  ]);
  return {
    id: `${factoryId}/pipelineruns/${run.runId}`,
    runId: run.runId,
    debugRunId: null,
    runGroupId: run.runGroupId,
    isLatest,
    pipelineName: run.pipelineName,
    parameters: Object.fromEntries(parameters) as JsonObject,
    runDimension: run.runDimensions,
    runDimensions: run.runDimensions,
    invokedBy: { id: run.runId.replaceAll('-', ''), name: 'Manual', invokedByType: 'Manual' },
    lastUpdated: time(run.lastUpdatedMs),
    runStart: time(run.startMs),
    runEnd: run.endMs === undefined ? null : time(run.endMs),
    durationInMs: run.endMs === undefined ? null : run.endMs - run.startMs,
    status: run.status,
    message: run.message,
    annotations: [],
  };
}

export function activityRunView(attempt: ActivityAttempt, run: RunRecord): JsonObject {
  const { startMs, endMs, error } = attempt;
  return {
    activityRunId: attempt.activityRunId,
    activityName: attempt.name,
    activityType: attempt.type,
    activityRunStart: time(startMs),
    activityRunEnd: endMs === undefined ? null : time(endMs),
    durationInMs: endMs === undefined ? null : endMs - startMs,
    pipelineName: run.pipelineName,
    pipelineRunId: run.runId,
    status: attempt.status,
    retryAttempt: attempt.attempt === 0 ? null : attempt.attempt,
    linkedServiceName: '',
    input: attempt.input,
    output: attempt.output,
    error:
      error === undefined
        ? { errorCode: '', message: '', failureType: '', target: attempt.name, details: '' }
        : { ...error },
    userProperties: {},
  };
}

function time(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
