/** The control plane as @azure/arm-datafactory speaks to it; runs on a real subscription too. */
import { randomUUID } from 'node:crypto';
import type { PipelineResource, PipelineRun } from '@azure/arm-datafactory';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FactoryClient, factoryClient, refusal } from './support/factory-client.ts';
import { type ConformanceTarget, startTarget } from './support/target.ts';

let target: ConformanceTarget;
let arm: FactoryClient;
const prefix = `conf${randomUUID().slice(0, 8)}`;
const made: string[] = [];

beforeAll(async () => {
  target = await startTarget();
  arm = factoryClient(target);
  if (target.local !== undefined) {
    await arm.client.factories.createOrUpdate(arm.group, arm.factory, { location: 'westeurope' });
  }
});
afterAll(async () => {
  for (const name of made) await arm.client.pipelines.delete(arm.group, arm.factory, name);
  expect(target.local?.errors ?? []).toEqual([]);
  await target.close();
});

async function put(suffix: string, pipeline: PipelineResource): Promise<string> {
  const name = `${prefix}-${suffix}`;
  await arm.client.pipelines.createOrUpdate(arm.group, arm.factory, name, pipeline);
  made.push(name);
  return name;
}

function wait(name: string, seconds: unknown = 1, dependsOn: string[] = []) {
  return {
    name,
    type: 'Wait' as const,
    waitTimeInSeconds: seconds,
    dependsOn: dependsOn.map((activity) => ({ activity, dependencyConditions: ['Succeeded'] })),
  };
}

async function start(name: string, parameters: Record<string, unknown> = {}): Promise<string> {
  return (await arm.client.pipelines.createRun(arm.group, arm.factory, name, { parameters })).runId;
}

test('a factory is there with its state, its version and an etag', async () => {
  const factory = await arm.client.factories.get(arm.group, arm.factory);
  expect(factory).toMatchObject({ name: arm.factory, provisioningState: 'Succeeded', version: '2018-06-01' });
  expect(factory.eTag).toBeTruthy();
  const names: (string | undefined)[] = [];
  for await (const each of arm.client.factories.listByResourceGroup(arm.group)) names.push(each.name);
  expect(names).toContain(arm.factory);
});

test('a pipeline comes back as it was put, and its etag guards the next put', async () => {
  const name = await put('crud', { description: 'first', activities: [wait('w')] });
  const read = await arm.client.pipelines.get(arm.group, arm.factory, name);
  expect(read).toMatchObject({ name, description: 'first', activities: [{ name: 'w', type: 'Wait' }] });
  const second = await arm.client.pipelines.createOrUpdate(
    arm.group,
    arm.factory,
    name,
    { description: 'second', activities: [wait('w')] },
    { ifMatch: read.etag ?? '' },
  );
  expect(second.etag).not.toBe(read.etag);
  const stale = arm.client.pipelines.createOrUpdate(
    arm.group,
    arm.factory,
    name,
    { activities: [] },
    { ifMatch: read.etag ?? '' },
  );
  expect((await refusal(stale))?.status).toBe(412);
  await arm.client.pipelines.delete(arm.group, arm.factory, name);
  expect((await refusal(arm.client.pipelines.get(arm.group, arm.factory, name)))?.status).toBe(404);
  await arm.client.pipelines.delete(arm.group, arm.factory, name);
});

test('a pipeline that could not run is refused when it is put', async () => {
  const bad: PipelineResource[] = [
    { activities: [wait('a'), wait('a')] },
    { activities: [wait('a', 1, ['missing'])] },
    { activities: [wait('a', 1, ['b']), wait('b', 1, ['a'])] },
    { activities: [wait('a', { type: 'Expression', value: '@pipeline().parameters.nowhere' })] },
    { activities: [wait('a', { type: 'Expression', value: "@activity('b').output.x" }), wait('b')] },
    { activities: [wait('a', { type: 'Expression', value: '@concat(' })] },
  ];
  for (const pipeline of bad) {
    const refused = arm.client.pipelines.createOrUpdate(arm.group, arm.factory, `${prefix}-bad`, pipeline);
    expect((await refusal(refused))?.status).toBe(400);
  }
});

test('a run goes from Queued over InProgress to Succeeded and tells its times and parameters', async () => {
  const name = await put('run', {
    parameters: { seconds: { type: 'Int', defaultValue: 1 }, window: { type: 'String' } },
    activities: [wait('w', { type: 'Expression', value: '@pipeline().parameters.seconds' })],
  });
  const runId = await start(name, { window: '2011-12-10' });
  const first = await arm.client.pipelineRuns.get(arm.group, arm.factory, runId);
  expect(['Queued', 'InProgress']).toContain(first.status);
  const busy = await arm.until(runId, 'InProgress');
  expect(busy.runEnd ?? null).toBeNull();
  const run = await arm.until(runId, 'Succeeded');
  expect(run).toMatchObject({ runId, pipelineName: name, isLatest: true, message: '' });
  expect(run.parameters).toMatchObject({ window: '2011-12-10' });
  expect(run.runGroupId).toBeTruthy();
  expect(run.invokedBy?.name).toBe('Manual');
  expect(run.runEnd?.getTime()).toBeGreaterThan(run.runStart?.getTime() ?? Number.POSITIVE_INFINITY);
  const [activity] = await arm.activities(runId);
  expect(activity).toMatchObject({
    activityName: 'w',
    activityType: 'Wait',
    status: 'Succeeded',
    pipelineRunId: runId,
  });
});

test('a run without a needed parameter, or of a pipeline that is not there, does not start', async () => {
  const name = await put('needs', { parameters: { window: { type: 'String' } }, activities: [wait('w')] });
  expect((await refusal(start(name)))?.status).toBe(400);
  expect((await refusal(start(`${prefix}-nowhere`)))?.status).toBe(404);
  const unknown = arm.client.pipelineRuns.get(arm.group, arm.factory, randomUUID());
  expect((await refusal(unknown))?.status).toBe(404);
});

test('a cancelled run passes Canceling and ends as Cancelled, its activities too', async () => {
  const name = await put('cancel', { activities: [wait('long', 600), wait('after', 1, ['long'])] });
  const runId = await start(name);
  await arm.until(runId, 'InProgress');
  await arm.client.pipelineRuns.cancel(arm.group, arm.factory, runId, { isRecursive: true });
  const next = await arm.client.pipelineRuns.get(arm.group, arm.factory, runId);
  expect(['Canceling', 'Cancelled']).toContain(next.status);
  const run = await arm.until(runId, 'Cancelled');
  expect(run.runEnd).toBeInstanceOf(Date);
  const activities = await arm.activities(runId);
  expect(activities.map(({ activityName, status }) => [activityName, status])).toEqual([
    ['long', 'Cancelled'],
  ]);
});

test('runs are found by pipeline, status, group and latest, ordered both ways', async () => {
  const name = await put('query', { activities: [wait('w')] });
  const ids: string[] = [];
  for (let count = 0; count < 3; count += 1) ids.push(await start(name));
  const runs = await Promise.all(ids.map((runId) => arm.until(runId, 'Succeeded')));
  const query = async (filters: { operand: string; operator: string; values: string[] }[], order = 'ASC') => {
    const { value } = await arm.client.pipelineRuns.queryByFactory(arm.group, arm.factory, {
      ...arm.span,
      filters,
      orderBy: [{ orderBy: 'RunStart', order }],
    });
    return value.map(({ runId }) => runId);
  };
  const byName = { operand: 'PipelineName', operator: 'Equals', values: [name] };
  const sorted = runs
    .toSorted((a, b) => startOf(a) - startOf(b) || ((a.runId ?? '') < (b.runId ?? '') ? -1 : 1))
    .map(({ runId }) => runId);
  expect(await query([byName])).toEqual(sorted);
  expect((await query([byName], 'DESC')).toSorted()).toEqual(sorted.toSorted());
  expect(await query([byName, { operand: 'Status', operator: 'NotEquals', values: ['Succeeded'] }])).toEqual(
    [],
  );
  const groups = [runs[1]?.runGroupId ?? ''];
  expect(await query([byName, { operand: 'RunGroupId', operator: 'In', values: groups }])).toEqual([ids[1]]);
  expect(await query([byName, { operand: 'LatestOnly', operator: 'Equals', values: ['true'] }])).toHaveLength(
    3,
  );
  const wrong = arm.client.pipelineRuns.queryByFactory(arm.group, arm.factory, {
    ...arm.span,
    filters: [{ operand: 'Colour', operator: 'Equals', values: ['red'] }],
  });
  expect((await refusal(wrong))?.status).toBe(400);
});

test('a span of time that holds no run finds none', async () => {
  const { value } = await arm.client.pipelineRuns.queryByFactory(arm.group, arm.factory, {
    lastUpdatedAfter: new Date('2001-01-01'),
    lastUpdatedBefore: new Date('2001-01-02'),
  });
  expect(value).toEqual([]);
});

test('a recovery from the failed activity shares the group and does not repeat what succeeded', async () => {
  const name = await put('recover', {
    parameters: { seconds: { type: 'Int' } },
    activities: [
      wait('good'),
      // Zero seconds are refused when the activity starts, not before: the number comes from a parameter.
      wait('bad', { type: 'Expression', value: '@pipeline().parameters.seconds' }, ['good']),
    ],
  });
  const failedId = await start(name, { seconds: 0 });
  const failed = await arm.until(failedId, 'Failed');
  expect(failed.message).toContain('bad');
  const { runId } = await arm.client.pipelines.createRun(arm.group, arm.factory, name, {
    referencePipelineRunId: failedId,
    isRecovery: true,
    startFromFailure: true,
    parameters: { seconds: 1 },
  });
  const recovery = await arm.until(runId, 'Failed');
  expect(recovery.runGroupId).toBe(failed.runGroupId);
  // The parameters of the reference run count, not the given ones.
  expect(recovery.parameters).toMatchObject({ seconds: '0' });
  expect(recovery.isLatest).toBe(true);
  expect((await arm.client.pipelineRuns.get(arm.group, arm.factory, failedId)).isLatest).toBe(false);
  expect((await arm.activities(runId)).map(({ activityName }) => activityName)).toEqual(['bad']);
});

function startOf(run: PipelineRun): number {
  return run.runStart?.getTime() ?? 0;
}
