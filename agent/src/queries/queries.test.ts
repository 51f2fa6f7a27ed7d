import type { DatasetName } from '@lakewarden/contracts';
import { EMPTY_CONTROL, type Observation, type PartitionObservation } from '@lakewarden/core';
import { bronze, makeWorld, never, pipeline } from '@lakewarden/core/testing/build-world';
import { describe, expect, it } from 'vitest';
import { type AnswerSources, createAnswers } from './answers.ts';
import { datasetsHealth, layersHealth } from './dataset-health.ts';
import { lineage } from './lineage.ts';
import { overview } from './overview.ts';
import { pageOf } from './page.ts';
import { sliceHealth, slicesHealth } from './slice-health.ts';
import { sourcesLag } from './source-lag.ts';

const NOW = Date.UTC(2026, 2, 1, 12);
const DAYS = { '2026-01-30': 2, '2026-01-31': 3, '2026-02-01': 1 };

async function observe(changes: Partial<Observation> = {}): Promise<Observation> {
  const world = makeWorld();
  await world.land(DAYS);
  const { views } = await world.reconcile();
  const landed = await world.deps.tables.refresh('bronze/orders', never);
  return {
    nowMs: NOW,
    startedMs: NOW - 60_000,
    pipeline: { ...pipeline, objectives: new Map(), logRules: [] },
    control: EMPTY_CONTROL,
    views,
    viewsAtMs: NOW,
    bronze: new Map(landed === undefined ? [] : [[bronze.name as DatasetName, landed]]),
    completeToMs: new Map([['silver.orders' as DatasetName, NOW - 5_000]]),
    drainEveryMs: 300_000,
    nextLandingMs: new Map([['orders', NOW + 60_000]]),
    backfillProgress: new Map(),
    failures: [],
    parked: new Map(),
    building: new Map(),
    hubs: [],
    windows: [],
    breakers: [],
    gaps: [],
    ingress: [],
    rules: [],
    alerts: [],
    ...changes,
  };
}

const partition = (changes: Partial<PartitionObservation>): PartitionObservation => ({
  partition: 0,
  first: 0n,
  last: 99n,
  lastEnqueuedMs: NOW,
  checkpoint: 99n,
  advancedMs: NOW,
  isLost: false,
  ...changes,
});

const hub = (...partitions: PartitionObservation[]) => [
  { source: 'orders', dataset: 'bronze.orders' as const, atMs: NOW, partitions },
];

const failure = {
  dataset: 'silver.orders',
  slice: '2026-01-31',
  reason: 'decimal overflow in UnitPrice',
  attempts: 2,
  sinceMs: NOW - 1_000,
  nextAttemptMs: NOW + 40_000,
} as const;

describe('health', () => {
  it('is fresh from slice to layer when everything is built', async () => {
    const seen = await observe({ hubs: hub(partition({})) });
    expect(layersHealth(seen).map(({ layer, state }) => [layer, state])).toEqual([
      ['gold', 'fresh'],
      ['silver', 'fresh'],
      ['bronze', 'fresh'],
    ]);
    expect(slicesHealth(seen, 'silver.orders').map(({ key, rows, state }) => [key, rows, state])).toEqual([
      ['2026-01-30', 2, 'fresh'],
      ['2026-01-31', 3, 'fresh'],
      ['2026-02-01', 1, 'fresh'],
    ]);
    const silver = datasetsHealth(seen).find(({ name }) => name === 'silver.orders');
    expect(silver).toMatchObject({
      rows: 6,
      behindMs: 5_000,
      accounting: { in: 6, out: 6, quarantined: 0, duplicates: 0 },
      inputs: ['bronze.orders'],
      readers: ['gold.sales'],
      flagged: false,
    });
  });

  it('names the reason of the worst, and the command that most people type next', async () => {
    const world = makeWorld();
    await world.land(DAYS);
    world.engine.before = (slices) => {
      if (slices.includes('2026-01-31')) throw new Error('decimal overflow in UnitPrice');
    };
    const { views } = await world.reconcile();
    const seen = await observe({ views, failures: [failure] });
    expect(sliceHealth(seen, 'silver.orders', '2026-01-31')).toMatchObject({
      state: 'failed',
      why: 'decimal overflow in UnitPrice',
      attempts: 2,
      nextAttemptAt: new Date(failure.nextAttemptMs).toISOString(),
    });
    expect(layersHealth(seen)[1]).toMatchObject({
      state: 'failed',
      why: 'orders 2026-01-31: decimal overflow in UnitPrice',
    });
    const { next, layers } = overview(seen, { version: '0', epoch: '1', ready: true });
    expect(next).toBe('retry silver.orders@2026-01-31');
    expect(layers[0]?.state).toBe('stale');
  });

  it('says who stopped it, until the stop expires', async () => {
    const stop = { target: 'gold', reason: 'checking', by: 'ann', since: new Date(NOW).toISOString() };
    const until = new Date(NOW + 1_000).toISOString();
    const control = { ...EMPTY_CONTROL, freezes: new Map([['gold', { ...stop, until }]]) };
    const frozen = await observe({ control });
    expect(layersHealth(frozen)[0]).toMatchObject({ state: 'frozen', why: 'sales frozen by ann: checking' });
    const later = { ...frozen, nowMs: NOW + 2_000 };
    expect(layersHealth(later)[0]?.state).toBe('fresh');
  });

  it('is late past its objective, and flagged below a waived slice', async () => {
    const pin = {
      slice: 'silver.orders@2026-01-30',
      by: 'waive',
      as: 'as-is',
      reason: 'r',
      actor: 'ann',
    } as const;
    const seen = await observe({
      pipeline: {
        ...pipeline,
        objectives: new Map([['silver.orders' as DatasetName, { freshnessMs: 1_000 }]]),
        logRules: [],
      },
      control: { ...EMPTY_CONTROL, pins: new Map([[pin.slice, pin]]) },
    });
    const health = new Map(datasetsHealth(seen).map((dataset) => [dataset.name, dataset]));
    expect(health.get('silver.orders')).toMatchObject({ state: 'late', flagged: true });
    expect(health.get('gold.sales')?.flagged).toBe(true);
    expect(health.get('bronze.orders')?.flagged).toBe(false);
  });
});

describe('a slice', () => {
  const ask = (seen: Observation, slice: string) =>
    createAnswers({ observe: () => seen } as AnswerSources).slice({ slice }, never);

  it('that is not there is not found, but what was not looked at yet is not said to be absent', async () => {
    const seen = await observe();
    expect((await ask(seen, 'silver.orders@2026-01-31')).kind).toBe('ok');
    expect((await ask(seen, 'silver.orders@2025-01-31')).kind).toBe('not-found');
    const early = await observe({ views: undefined, bronze: new Map() });
    expect((await ask(early, 'silver.orders@2026-01-31')).kind).toBe('unavailable');
    expect((await ask(early, 'bronze.orders@2026-01-31')).kind).toBe('unavailable');
    expect((await ask(early, 'silver.nothing@2026-01-31')).kind).toBe('not-found');
  });
});

describe('lag', () => {
  it('counts what is unread, and nothing for a partition that was never written', async () => {
    const seen = await observe({
      hubs: hub(
        partition({ checkpoint: 89n }),
        partition({ partition: 1, last: undefined, checkpoint: undefined }),
        partition({ partition: 2, checkpoint: undefined, first: 40n }),
      ),
    });
    const [lag] = sourcesLag(seen);
    expect(lag?.partitions.map(({ events, state }) => [events, state])).toEqual([
      [10, 'behind'],
      [0, 'ok'],
      [60, 'behind'],
    ]);
    expect(lag?.events).toBe(70);
  });

  it('tells a partition that stands still from one whose next drain is ahead', async () => {
    const behind = partition({ checkpoint: 0n, advancedMs: NOW - 310_000 });
    const stalled = partition({ checkpoint: 0n, advancedMs: NOW - 400_000 });
    const stateOf = async (one: PartitionObservation) =>
      sourcesLag(await observe({ hubs: hub(one) }))[0]?.partitions[0]?.state;
    expect(await stateOf(behind)).toBe('behind');
    expect(await stateOf(stalled)).toBe('stalled');
  });
});

describe('lineage', () => {
  it('shows the neighbourhood of a dataset, with the accounting on its edges', async () => {
    const found = lineage(await observe(), { focus: 'silver.orders', depth: 1, level: 'table' });
    expect(found?.nodes.map(({ id }) => id).sort()).toEqual(['bronze.orders', 'gold.sales', 'silver.orders']);
    expect(found?.edges).toContainEqual({
      from: 'bronze.orders',
      to: 'silver.orders',
      accounting: { in: 6, out: 6, quarantined: 0, duplicates: 0 },
    });
  });

  it('walks slices too, and knows what does not exist', async () => {
    const seen = await observe();
    const found = lineage(seen, { focus: 'gold.sales@2026-01', depth: 2, level: 'slice' });
    expect(found?.nodes.map(({ id }) => id).sort()).toEqual([
      'bronze.orders@2026-03-01',
      'gold.sales@2026-01',
      'silver.orders@2026-01-30',
      'silver.orders@2026-01-31',
    ]);
    expect(lineage(seen, { focus: 'gold.none', depth: 2, level: 'table' })).toBeUndefined();
  });
});

it('pages without a hole, and starts over when the cursor is gone', () => {
  const items = ['a', 'b', 'c', 'd', 'e'];
  const key = (item: string) => item;
  const first = pageOf(items, key, { limit: 2 });
  expect(first).toEqual({ items: ['a', 'b'], next: 'b' });
  expect(pageOf(items, key, { limit: 2, cursor: 'b' })).toEqual({ items: ['c', 'd'], next: 'd' });
  expect(pageOf(items, key, { limit: 2, cursor: 'd' })).toEqual({ items: ['e'] });
  expect(pageOf(items, key, { limit: 2, cursor: 'gone' }).items).toEqual(['a', 'b']);
});
