/** Which activities may start, which are skipped, and what the whole came to. Pure. */

import type { ActivityDefinition, DependencyCondition, PipelineDefinition } from '../pipeline-definition.ts';
import type { RunRecord } from './run-record.ts';

/** `waiting`: not started, and its dependencies do not forbid it. */
export type ActivityState = 'waiting' | 'running' | 'Succeeded' | 'Failed' | 'Skipped' | 'Cancelled';

export function activityStates(
  pipeline: PipelineDefinition,
  run: Pick<RunRecord, 'attempts' | 'inherited'>,
): ReadonlyMap<string, ActivityState> {
  const states = new Map<string, ActivityState>();
  for (const { name, status } of run.inherited) states.set(name, status);
  for (const { name, status, final } of run.attempts) {
    states.set(name, status === 'InProgress' || !final ? 'running' : status);
  }
  const byName = new Map(pipeline.activities.map((activity) => [activity.name, activity]));
  const stateOf = (name: string): ActivityState => {
    const known = states.get(name);
    if (known !== undefined) return known;
    const activity = byName.get(name);
    const state = activity === undefined ? 'Skipped' : stateBeforeStart(activity, stateOf);
    states.set(name, state);
    return state;
  };
  for (const { name } of pipeline.activities) stateOf(name);
  return states;
}

/** The graph has no cycles (checked when it was stored), so the recursion ends. */
function stateBeforeStart(
  activity: ActivityDefinition,
  stateOf: (name: string) => ActivityState,
): ActivityState {
  const before = activity.dependsOn.map(({ activity: name, conditions }) => ({
    state: stateOf(name),
    conditions,
  }));
  if (before.some(({ state }) => !isSettled(state))) return 'waiting';
  const isMet = before.every(({ state, conditions }) =>
    conditions.some((condition) => holds(condition, state)),
  );
  if (!isMet) return 'Skipped';
  return activity.inactiveAs ?? 'waiting';
}

function isSettled(state: ActivityState): boolean {
  return state !== 'waiting' && state !== 'running';
}

function holds(condition: DependencyCondition, state: ActivityState): boolean {
  switch (condition) {
    case 'Succeeded':
      return state === 'Succeeded';
    case 'Failed':
      return state === 'Failed';
    case 'Skipped':
      return state === 'Skipped';
    case 'Completed':
      return state === 'Succeeded' || state === 'Failed';
  }
}

/** Activities whose dependencies are settled and met, in the order of the document. */
export function readyActivities(
  pipeline: PipelineDefinition,
  states: ReadonlyMap<string, ActivityState>,
): readonly ActivityDefinition[] {
  return pipeline.activities.filter(
    ({ name, dependsOn }) =>
      states.get(name) === 'waiting' &&
      dependsOn.every(({ activity }) => isSettled(states.get(activity) ?? 'waiting')),
  );
}

/**
 * The outcome of a pipeline is that of its leaves; for a skipped leaf its parents count instead.
 * Source: MS Learn "Pipeline failure and error message", section on try-catch blocks.
 */
export function failedActivities(
  pipeline: PipelineDefinition,
  states: ReadonlyMap<string, ActivityState>,
): readonly string[] {
  const byName = new Map(pipeline.activities.map((activity) => [activity.name, activity]));
  const depended = new Set(
    pipeline.activities.flatMap(({ dependsOn }) => dependsOn.map((on) => on.activity)),
  );
  const pending = pipeline.activities.map(({ name }) => name).filter((name) => !depended.has(name));
  const seen = new Set<string>();
  const failed: string[] = [];
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const state = states.get(name);
    if (state === 'Failed') failed.push(name);
    if (state === 'Skipped') pending.push(...(byName.get(name)?.dependsOn ?? []).map((on) => on.activity));
  }
  return failed;
}

/** The activity and all that is built on it, for a recovery that starts from it. */
export function downstreamOf(pipeline: PipelineDefinition, names: readonly string[]): ReadonlySet<string> {
  const found = new Set(names);
  for (let grown = true; grown; ) {
    grown = false;
    for (const { name, dependsOn } of pipeline.activities) {
      if (found.has(name) || !dependsOn.some(({ activity }) => found.has(activity))) continue;
      found.add(name);
      grown = true;
    }
  }
  return found;
}
