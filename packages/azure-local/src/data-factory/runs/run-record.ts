/** What is kept of a pipeline run: the whole truth about it, replaced at each step. */

import type { DatasetDefinition, LinkedServiceDefinition } from '../dataset-definition.ts';
import type { Json, JsonObject } from '../json.ts';
import type { PipelineDefinition } from '../pipeline-definition.ts';

/** Spelled as the service does: Canceling with one l, Cancelled with two. */
export type RunStatus = 'Queued' | 'InProgress' | 'Succeeded' | 'Failed' | 'Canceling' | 'Cancelled';
export type ActivityStatus = 'InProgress' | 'Succeeded' | 'Failed' | 'Cancelled';

export interface ActivityError {
  readonly errorCode: string;
  readonly message: string;
  readonly failureType: 'UserError' | 'SystemError' | '';
  readonly target: string;
  readonly details: Json;
}

/** One attempt of an activity. */
export interface ActivityAttempt {
  readonly activityRunId: string;
  readonly name: string;
  readonly type: string;
  /** 0 for the first. */
  readonly attempt: number;
  /** No further attempt follows. */
  readonly final: boolean;
  readonly status: ActivityStatus;
  /** Also the `utcnow()` of its expressions, so that an attempt taken up after a restart does the same again. */
  readonly startMs: number;
  readonly endMs: number | undefined;
  readonly input: JsonObject;
  readonly output: JsonObject;
  readonly error: ActivityError | undefined;
}

/** An activity that a recovery run takes over from the run it recovers. */
export interface InheritedActivity {
  readonly name: string;
  readonly status: 'Succeeded' | 'Failed' | 'Skipped';
  readonly output: JsonObject;
}

export interface RunRecord {
  readonly factory: string;
  readonly runId: string;
  /** Shared with the runs it recovers. */
  readonly runGroupId: string;
  readonly pipelineName: string;
  readonly parameters: JsonObject;
  readonly secureParameters: readonly string[];
  readonly runDimensions: JsonObject;
  readonly variables: JsonObject;
  readonly createdMs: number;
  readonly startMs: number;
  readonly endMs: number | undefined;
  readonly lastUpdatedMs: number;
  readonly status: RunStatus;
  readonly message: string;
  readonly attempts: readonly ActivityAttempt[];
  readonly inherited: readonly InheritedActivity[];
}

/** Everything a run needs, as it was when the run was created: later edits do not reach runs in flight. */
export interface RunPlan {
  readonly pipeline: PipelineDefinition;
  readonly datasets: Readonly<Record<string, DatasetDefinition>>;
  readonly linkedServices: Readonly<Record<string, LinkedServiceDefinition>>;
}

export function isEnded(status: RunStatus): boolean {
  return status === 'Succeeded' || status === 'Failed' || status === 'Cancelled';
}
