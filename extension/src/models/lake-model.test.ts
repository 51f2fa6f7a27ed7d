import { createClient } from '@lakewarden/client';
import {
  aBackfill,
  aDataset,
  anExecution,
  anIncident,
  anOverview,
  aRun,
  aRunbook,
  aSource,
  type FakeAgentOptions,
  startFakeAgent,
} from '@lakewarden/client/testing';
import { afterEach, expect, it } from 'vitest';
import type { LakeChange } from './lake-change.ts';
import { LakeModel } from './lake-model.ts';
import { Newest } from './newest.ts';
import { ManualClock, memoryLog } from './testing.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const QUERIES: NonNullable<FakeAgentOptions['queries']> = {
  overview: anOverview(),
  datasets: { items: [aDataset(), aDataset({ name: 'gold.daily_sales', layer: 'gold' })] },
  lag: { sources: [aSource()] },
  runs: { items: [aRun()] },
  backfills: { items: [aBackfill()] },
  incidents: { items: [anIncident()] },
  executions: { items: [anExecution()] },
  runbooks: { runbooks: [aRunbook()], problems: ['x/runbook.yaml  cannot be read'] },
};

async function lake(queries: FakeAgentOptions['queries'] = {}) {
  const fake = await startFakeAgent({ queries: { ...QUERIES, ...queries } });
  closing.push(() => fake.close());
  const clock = new ManualClock();
  const log = memoryLog();
  const model = new LakeModel(clock, log);
  const changes: LakeChange[] = [];
  model.onChange((change) => changes.push(change));
  const client = createClient({ url: fake.url, token: fake.token });
  return {
    fake,
    clock,
    log,
    model,
    changes,
    client,
    begin: () => model.begin(client, new AbortController().signal),
  };
}

it('knows everything after it was begun', async () => {
  const { model, begin } = await lake();
  await begin();
  expect(model.isLoaded).toBe(true);
  expect([...model.datasets.keys()]).toEqual(['silver.orders', 'gold.daily_sales']);
  expect([...model.sources.keys()]).toEqual(['orders']);
  expect([...model.breakers.keys()]).toEqual(['storage']);
  expect(
    [model.runs, model.backfills, model.incidents, model.executions, model.runbooks].map(
      ({ length }) => length,
    ),
  ).toEqual([1, 1, 1, 1, 1]);
  expect(model.runbookProblems).toHaveLength(1);
  expect(model.overview?.agent.pipeline).toBe('retail');
});

it('tells a burst of events once, and names the datasets', async () => {
  const { model, begin, clock, changes } = await lake();
  await begin();
  clock.advance(1_000);
  changes.length = 0;
  for (let burst = 0; burst < 100; burst++) {
    model.apply({ type: 'dataset', dataset: aDataset({ rows: burst }) });
    clock.advance(1);
  }
  clock.advance(500);
  const told = changes.filter(({ topics }) => topics.has('datasets'));
  expect(told).toHaveLength(1);
  expect([...(told[0]?.datasets ?? [])]).toEqual(['silver.orders']);
  expect(model.datasets.get('silver.orders')?.rows).toBe(99);
});

it('tells a flood that does not end in bounded time', async () => {
  const { model, clock, changes } = await lake();
  for (let at = 0; at < 2_000; at += 10) {
    model.apply({ type: 'run', run: aRun({ id: `run-${at}` }) });
    clock.advance(10);
  }
  expect(changes.length).toBeGreaterThanOrEqual(4);
  expect(model.runs.length).toBeLessThanOrEqual(300);
});

it('does not let a page that was on its way take the place of a newer event', async () => {
  const { model, begin } = await lake();
  const begun = begin();
  model.apply({ type: 'dataset', dataset: aDataset({ state: 'fresh', why: '' }) });
  model.apply({ type: 'incident', incident: anIncident({ state: 'resolved' }) });
  await begun;
  expect(model.datasets.get('silver.orders')?.state).toBe('fresh');
  expect(model.incidents[0]?.state).toBe('resolved');
});

it('forgets datasets that are gone when everything is asked for again', async () => {
  let items = [aDataset(), aDataset({ name: 'silver.gone' })];
  const { model, begin } = await lake({ datasets: () => ({ items }) });
  await begin();
  items = [aDataset()];
  await model.load();
  expect([...model.datasets.keys()]).toEqual(['silver.orders']);
});

it('asks for everything again after a reset, and for the overview at most once a second', async () => {
  const { model, begin, clock, fake } = await lake();
  await begin();
  const overviews = () => fake.requests.filter((request) => request.includes('/overview')).length;
  const before = overviews();
  for (let burst = 0; burst < 20; burst++) model.apply({ type: 'dataset', dataset: aDataset() });
  clock.advance(999);
  expect(overviews()).toBe(before);
  const asked = new Promise<void>((resolve) => {
    model.onChange(({ topics }) => {
      if (topics.has('overview')) resolve();
    });
  });
  clock.advance(1);
  await expect.poll(overviews).toBe(before + 1);
  clock.advance(1_000);
  await asked;
  model.apply({ type: 'reset', reason: 'the buffer is full' });
  await expect.poll(() => fake.requests.filter((request) => request.includes('/datasets')).length).toBe(2);
});

it('puts facts into the log, and tells how an incident moved', async () => {
  const { model, begin, log } = await lake();
  await begin();
  model.apply({ type: 'fact', at: '', level: 'warn', fact: 'RunFailed', message: 'run 8f3c failed' });
  expect(log.lines).toContain('warn run 8f3c failed');
  const moves: unknown[] = [];
  model.onIncident(({ incident, before }) => moves.push([incident.state, before]));
  model.apply({ type: 'incident', incident: anIncident({ state: 'escalated' }) });
  model.apply({ type: 'incident', incident: anIncident({ id: 'inc-8', state: 'open' }) });
  expect(moves).toEqual([
    ['escalated', 'recovering'],
    ['open', undefined],
  ]);
});

it('keeps what it knew when the session ends, and forgets it for another agent', async () => {
  const { model, begin } = await lake();
  await begin();
  model.end();
  expect(model.datasets.size).toBe(2);
  expect(model.client).toBeUndefined();
  const other = await lake({ datasets: { items: [aDataset({ name: 'gold.other' })] } });
  await model.begin(other.client, new AbortController().signal);
  expect([...model.datasets.keys()]).toEqual(['gold.other']);
});

it('the newest are kept, in the order of their time, within their bound', () => {
  const newest = new Newest<{ id: string; at: string }>(3, ({ at }) => at);
  for (const at of ['2', '5', '1', '4', '3', '6', '0']) newest.put({ id: `i${at}`, at });
  expect(newest.list().map(({ at }) => at)).toEqual(['6', '5', '4']);
  newest.put({ id: 'i5', at: '9' });
  expect(newest.list().map(({ id }) => id)).toEqual(['i5', 'i6', 'i4']);
  newest.replace([{ id: 'i7', at: '7' }], (id) => id === 'i4');
  expect(newest.list().map(({ id }) => id)).toEqual(['i7', 'i4']);
});
