import { createClient } from '@lakewarden/client';
import {
  aDataset,
  anOverview,
  aProblem,
  aSlice,
  type FakeAgentOptions,
  startFakeAgent,
} from '@lakewarden/client/testing';
import type { DatasetHealth, SliceHealth } from '@lakewarden/contracts';
import { afterEach, expect, it } from 'vitest';
import { LakeModel } from '../models/lake-model.ts';
import { SlicesModel } from '../models/slices-model.ts';
import { ManualClock, memoryLog } from '../models/testing.ts';
import { DATASETS_AT_ONCE, LayersSource } from './layers-source.ts';
import { TreeCache } from './tree-cache.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const DAY_MS = 86_400_000;
const slicesOf = (count: number, failed: readonly number[] = []): SliceHealth[] =>
  Array.from({ length: count }, (_, index) => {
    const key = new Date(Date.UTC(2011, 11, 9) - index * DAY_MS).toISOString().slice(0, 10);
    const state = failed.includes(index) ? 'failed' : 'fresh';
    return aSlice({ id: `silver.orders@${key}`, key, state, why: '', nextAttemptAt: undefined });
  });

function paged<T>(items: readonly T[], { cursor = '0', limit = '100' }: Readonly<Record<string, string>>) {
  const from = Number(cursor);
  const to = from + Number(limit);
  return { items: items.slice(from, to), ...(to < items.length && { next: String(to) }) };
}

async function layers(
  datasets: readonly DatasetHealth[],
  slices: readonly SliceHealth[] | 'refused',
  change: FakeAgentOptions = {},
) {
  const fake = await startFakeAgent({
    ...change,
    queries: {
      overview: anOverview(),
      datasets: (asked) => paged(datasets, asked),
      slices: (asked) =>
        slices === 'refused'
          ? aProblem({ detail: 'the lake is being read', remedy: 'ask again' })
          : paged(
              slices.filter(({ state }) => asked.state === undefined || state === asked.state),
              asked,
            ),
      lag: { sources: [] },
      runs: { items: [] },
      backfills: { items: [] },
      incidents: { items: [] },
      executions: { items: [] },
      runbooks: { runbooks: [], problems: [] },
    },
  });
  closing.push(() => fake.close());
  const clock = new ManualClock();
  const log = memoryLog();
  const lake = new LakeModel(clock, log);
  const model = new SlicesModel(() => lake.client, clock, log);
  const client = createClient({ url: fake.url, token: fake.token, check: 'sampled' });
  await lake.begin(client, new AbortController().signal);
  const source = new LayersSource({ lake, slices: model, nowMs: () => clock.nowMs(), problemOf: String });
  const cache = new TreeCache(source);
  const open = async (...path: readonly string[]) => {
    let rows = await cache.childrenOf(undefined);
    for (const id of path) rows = await cache.childrenOf(rows.find((row) => row.id === id));
    return rows;
  };
  return { fake, lake, model, source, cache, clock, open };
}

const SILVER = ['layer:silver', 'dataset:silver.orders'] as const;

it('shows slices newest first up to sixty, and months of them above', async () => {
  const few = await layers([aDataset()], slicesOf(60));
  expect((await few.open(...SILVER)).map(({ id }) => id).slice(0, 2)).toEqual([
    'slice:silver.orders@2011-12-09',
    'slice:silver.orders@2011-12-08',
  ]);
  const many = await layers([aDataset()], slicesOf(61, [40]));
  const months = await many.open(...SILVER);
  expect(months.map(({ node }) => `${node.label} ${node.description}`)).toEqual([
    '2011-12 fresh 9',
    '2011-11 fresh 30',
    '2011-10 failed 1 · fresh 21',
  ]);
  expect(await many.open(...SILVER, 'month:silver.orders@2011-10')).toHaveLength(22);
});

it('asks for older slices when somebody wants them', async () => {
  const { open, source, fake } = await layers([aDataset()], slicesOf(2_600));
  const first = await open(...SILVER);
  expect(first.at(-1)?.node.label).toBe('older than 2,000 slices');
  const asked = fake.requests.filter((request) => request.includes('/slices')).length;
  expect(asked).toBeLessThanOrEqual(5);
  await source.more('silver.orders');
  expect((await open(...SILVER)).at(-1)?.id).toMatch(/^month:/);
});

it('filters to what failed', async () => {
  const healthy = aDataset({ name: 'silver.clicks', state: 'fresh', counts: { fresh: 1 } });
  const { open, source } = await layers([aDataset(), healthy], slicesOf(100, [3, 90]));
  source.filter = 'failed';
  expect((await open()).map(({ id }) => id)).toEqual(['layer:silver']);
  expect((await open('layer:silver')).map(({ id }) => id)).toEqual(['dataset:silver.orders']);
  expect((await open(...SILVER)).map(({ id }) => id)).toEqual([
    'slice:silver.orders@2011-12-06',
    'slice:silver.orders@2011-09-10',
  ]);
});

it('says in the place of slices why they are not there', async () => {
  const { open } = await layers([aDataset()], 'refused');
  const [note] = await open(...SILVER);
  expect(note?.node.label).toContain('the lake is being read');
});

it('stays patient with 10,000 datasets: pages, a first part of them, the ill ones always, one row drawn a change', async () => {
  const many = Array.from({ length: 10_000 }, (_, index) =>
    aDataset({
      name: `silver.d${String(index).padStart(5, '0')}`,
      state: index === 9_000 ? 'failed' : 'fresh',
      why: '',
      counts: {},
    }),
  );
  const { open, lake, cache, source, clock, fake } = await layers(many, []);
  expect(fake.requests.filter((request) => request.includes('/datasets?'))).toHaveLength(20);
  const rows = await open('layer:silver');
  expect(rows).toHaveLength(DATASETS_AT_ONCE + 2);
  expect(rows.at(-2)?.id).toBe('dataset:silver.d09000');
  expect(rows.at(-1)?.node.label).toBe('9,499 datasets more');

  clock.advance(1_000);
  lake.apply({ type: 'dataset', dataset: aDataset({ name: 'silver.d00007', state: 'stale' }) });
  expect((await cache.refresh()).map((row) => row?.id)).toEqual(['dataset:silver.d00007']);

  await source.more('layer:silver');
  expect(await open('layer:silver')).toHaveLength(2 * DATASETS_AT_ONCE + 2);
});

it('asks again for the slices of a dataset that changed only while somebody looks at them', async () => {
  const { open, model, source, clock, fake } = await layers([aDataset()], slicesOf(3));
  const asks = () => fake.requests.filter((request) => request.includes('/slices')).length;
  const [orders] = await open('layer:silver');
  await open(...SILVER);
  expect(asks()).toBe(1);
  const again = new Promise<string>((resolve) => model.onChange(resolve));
  for (let burst = 0; burst < 10; burst++) model.refresh('silver.orders');
  clock.advance(2_000);
  expect(await again).toBe('silver.orders');
  expect(asks()).toBe(2);
  if (orders !== undefined) source.closed(orders.node);
  model.refresh('silver.orders');
  clock.advance(2_000);
  expect(asks()).toBe(2);
});
