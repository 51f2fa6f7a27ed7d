import { expect, test } from 'vitest';
import { parsePipeline } from '../pipeline-definition.ts';
import { activityStates, downstreamOf, failedActivities, readyActivities } from './activity-graph.ts';
import type { ActivityAttempt } from './run-record.ts';

type Condition = 'Succeeded' | 'Failed' | 'Skipped' | 'Completed';

function pipelineOf(edges: Record<string, Record<string, Condition[]>>) {
  return parsePipeline({
    activities: Object.entries(edges).map(([name, on]) => ({
      name,
      type: 'Wait',
      typeProperties: { waitTimeInSeconds: 1 },
      dependsOn: Object.entries(on).map(([activity, dependencyConditions]) => ({
        activity,
        dependencyConditions,
      })),
    })),
  });
}

function attempt(name: string, status: ActivityAttempt['status'], final = true): ActivityAttempt {
  return {
    activityRunId: name,
    name,
    type: 'Wait',
    attempt: 0,
    final,
    status,
    startMs: 0,
    endMs: undefined,
    input: {},
    output: {},
    error: undefined,
  };
}

function after(edges: Record<string, Record<string, Condition[]>>, ...attempts: ActivityAttempt[]) {
  const pipeline = pipelineOf(edges);
  const states = activityStates(pipeline, { attempts, inherited: [] });
  return {
    ready: readyActivities(pipeline, states).map(({ name }) => name),
    states: Object.fromEntries(states),
    failed: failedActivities(pipeline, states),
  };
}

const chain = { a: {}, b: { a: ['Succeeded' as const] }, c: { b: ['Succeeded' as const] } };

test('what depends on nothing is ready first, the rest waits', () => {
  expect(after(chain).ready).toEqual(['a']);
  expect(after(chain, attempt('a', 'InProgress', false)).ready).toEqual([]);
  expect(after(chain, attempt('a', 'Succeeded')).ready).toEqual(['b']);
});

test('a failure skips what needs success, and the pipeline fails for it', () => {
  const result = after(chain, attempt('a', 'Failed'));
  expect(result.states).toEqual({ a: 'Failed', b: 'Skipped', c: 'Skipped' });
  expect(result.ready).toEqual([]);
  expect(result.failed).toEqual(['a']);
});

test('a failed attempt that will be repeated decides nothing yet', () => {
  const result = after(chain, attempt('a', 'Failed', false));
  expect(result.states).toEqual({ a: 'running', b: 'waiting', c: 'waiting' });
});

test('a handler of the failure that succeeds makes the pipeline succeed', () => {
  const edges = { a: {}, onError: { a: ['Failed' as const] } };
  expect(after(edges, attempt('a', 'Failed')).ready).toEqual(['onError']);
  expect(after(edges, attempt('a', 'Failed'), attempt('onError', 'Succeeded')).failed).toEqual([]);
});

test('with a branch for each outcome a failure still fails, for the skipped leaf counts by its parent', () => {
  const edges = { a: {}, good: { a: ['Succeeded' as const] }, bad: { a: ['Failed' as const] } };
  expect(after(edges, attempt('a', 'Failed'), attempt('bad', 'Succeeded')).failed).toEqual(['a']);
});

test('Completed and Skipped are met as they say', () => {
  const edges = {
    a: {},
    done: { a: ['Completed' as const] },
    skipped: { b: ['Skipped' as const] },
    b: { a: ['Succeeded' as const] },
  };
  expect(after(edges, attempt('a', 'Failed')).ready).toEqual(['done', 'skipped']);
});

test('downstream holds the named and all that is built on them', () => {
  expect([...downstreamOf(pipelineOf(chain), ['b'])]).toEqual(['b', 'c']);
});
