/**
 * ADFPipelineRun and ADFActivityRun from the run history on disk: as the service logs them, one row for each state that
 * a run came to, so a run that has ended has a row that says InProgress too.
 */
import type { ActivityAttempt, RunRecord } from '../../data-factory/runs/run-record.ts';
import { isEnded } from '../../data-factory/runs/run-record.ts';
import { pipelineRunView } from '../../data-factory/runs/run-views.ts';
import type { ScalarType } from '../kql/plan.ts';
import type { TimeSpan } from '../timespan.ts';
import {
  type Entry,
  type LogTable,
  logTable,
  RESOURCE_COLUMNS,
  resourceColumns,
  type Workspace,
} from './log-table.ts';

const PROVIDER = 'Microsoft.DataFactory';
const COMMON_COLUMNS = {
  ...RESOURCE_COLUMNS,
  Category: 'string',
  CorrelationId: 'string',
  Level: 'string',
  OperationName: 'string',
  PipelineName: 'string',
  Status: 'string',
  Start: 'datetime',
  End: 'datetime',
  ErrorCode: 'string',
  ErrorMessage: 'string',
  FailureType: 'string',
} as const satisfies Record<string, ScalarType>;

type Runs = () => readonly RunRecord[];

export function pipelineRunTable(runs: Runs, workspace: Workspace): LogTable {
  const columns = { ...COMMON_COLUMNS, RunId: 'string', Parameters: 'string' } as const;
  return logTable('ADFPipelineRun', columns, (span) =>
    runsIn(span, runs).flatMap((run) => pipelineRows(run, workspace)),
  );
}

export function activityRunTable(runs: Runs, workspace: Workspace): LogTable {
  const columns = {
    ...COMMON_COLUMNS,
    ActivityName: 'string',
    ActivityRunId: 'string',
    ActivityType: 'string',
    PipelineRunId: 'string',
    Input: 'string',
    Output: 'string',
  } as const;
  return logTable('ADFActivityRun', columns, (span) =>
    runsIn(span, runs).flatMap((run) =>
      run.attempts.flatMap((attempt) => activityRows(attempt, run, workspace)),
    ),
  );
}

/** Spares the making of rows that are outside anyway: a factory keeps 45 days. */
function runsIn({ fromMs, toMs }: TimeSpan, runs: Runs): readonly RunRecord[] {
  return runs().filter((run) => run.lastUpdatedMs >= fromMs && run.createdMs <= toMs);
}

function pipelineRows(run: RunRecord, workspace: Workspace): Entry[] {
  const common = {
    ...resourceColumns(workspace, PROVIDER, `factories/${run.factory}`),
    Category: 'PipelineRuns',
    CorrelationId: run.runId,
    PipelineName: run.pipelineName,
    RunId: run.runId,
    Start: run.startMs,
    Parameters: parametersOf(run),
  };
  const row = (status: string, timeMs: number, more: Partial<Entry> = {}): Entry => ({
    ...common,
    ...levelOf(status),
    OperationName: `${run.pipelineName} - ${status}`,
    Status: status,
    TimeGenerated: timeMs,
    ...more,
  });
  const rows = [row('Queued', run.createdMs)];
  // A run that was cancelled while it waited has no attempts and never was in progress.
  const hasBegun = run.status !== 'Queued' && (run.status !== 'Cancelled' || run.attempts.length > 0);
  if (hasBegun) rows.push(row('InProgress', run.startMs));
  if (run.status === 'Canceling') rows.push(row('Canceling', run.lastUpdatedMs));
  if (isEnded(run.status)) {
    const timeMs = run.endMs ?? run.lastUpdatedMs;
    rows.push(row(run.status, timeMs, { End: timeMs, ...failureOf(run) }));
  }
  return rows;
}

/** Masked as everywhere: a SecureString is never told. */
function parametersOf(run: RunRecord): string {
  return JSON.stringify(pipelineRunView({ run, isLatest: true }, '').parameters);
}

function failureOf(run: RunRecord): Partial<Entry> {
  if (run.status !== 'Failed') return {};
  const error = run.attempts.findLast(({ status }) => status === 'Failed')?.error;
  return {
    ErrorMessage: run.message,
    ErrorCode: error?.errorCode ?? '',
    FailureType: error?.failureType ?? '',
  };
}

function activityRows(attempt: ActivityAttempt, run: RunRecord, workspace: Workspace): Entry[] {
  const common = {
    ...resourceColumns(workspace, PROVIDER, `factories/${run.factory}`),
    Category: 'ActivityRuns',
    CorrelationId: run.runId,
    PipelineName: run.pipelineName,
    PipelineRunId: run.runId,
    ActivityName: attempt.name,
    ActivityRunId: attempt.activityRunId,
    ActivityType: attempt.type,
    Start: attempt.startMs,
    Input: JSON.stringify(attempt.input),
  };
  const row = (status: string, timeMs: number, more: Partial<Entry> = {}): Entry => ({
    ...common,
    ...levelOf(status),
    OperationName: `${attempt.name} - ${status}`,
    Status: status,
    TimeGenerated: timeMs,
    ...more,
  });
  const rows = [row('InProgress', attempt.startMs)];
  if (attempt.status !== 'InProgress' && attempt.endMs !== undefined) {
    rows.push(
      row(attempt.status, attempt.endMs, {
        End: attempt.endMs,
        Output: JSON.stringify(attempt.output),
        ErrorCode: attempt.error?.errorCode ?? '',
        ErrorMessage: attempt.error?.message ?? '',
        FailureType: attempt.error?.failureType ?? '',
      }),
    );
  }
  return rows;
}

function levelOf(status: string): { readonly Level: string } {
  return { Level: status === 'Failed' ? 'Error' : 'Informational' };
}
