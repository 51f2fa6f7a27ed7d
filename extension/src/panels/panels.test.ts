import { createClient } from '@lakewarden/client';
import {
  aDataset,
  aLineage,
  aProblem,
  aRun,
  aSlice,
  aSource,
  type FakeAgentOptions,
  startFakeAgent,
} from '@lakewarden/client/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  readMessage,
  type ToHealthPage,
  type ToLineagePage,
  toHealthPage,
  toLineagePage,
} from '../../shared/messages.ts';
import type { ConnectionState } from '../connection/connection-state.ts';
import { LakeModel } from '../models/lake-model.ts';
import { ManualClock, memoryLog } from '../models/testing.ts';
import { healthHost } from './health-host.ts';
import { lineageHost } from './lineage-host.ts';
import type { PageDeps } from './page-host.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function scene<Message>(
  queries: FakeAgentOptions['queries'] = {},
  intercept?: FakeAgentOptions['intercept'],
) {
  const fake = await startFakeAgent({
    queries: {
      datasets: {
        items: [aDataset(), aDataset({ name: 'gold.daily_sales', layer: 'gold', state: 'fresh' })],
      },
      lag: { sources: [aSource()] },
      runs: { items: [] },
      backfills: { items: [] },
      incidents: { items: [] },
      executions: { items: [] },
      runbooks: { runbooks: [], problems: [] },
      lineage: aLineage(),
      ...queries,
    },
    ...(intercept !== undefined && { intercept }),
  });
  closing.push(() => fake.close());
  const log = memoryLog();
  const clock = new ManualClock();
  const lake = new LakeModel(clock, log);
  await lake.begin(createClient({ url: fake.url, token: fake.token }), new AbortController().signal);
  const posted: Message[] = [];
  const opened: string[] = [];
  let state: ConnectionState = { kind: 'connected' };
  const deps: PageDeps<Message> = {
    lake,
    log,
    nowMs: () => clock.nowMs(),
    connection: () => state,
    post: (message) => void posted.push(message),
    open: (what, id) => void opened.push(`${what} ${id}`),
    openRuns: (dataset, slice) => void opened.push(`runs ${dataset}@${slice}`),
  };
  return { fake, lake, log, clock, posted, opened, deps, be: (next: ConnectionState) => (state = next) };
}

const types = (messages: readonly { readonly type: string }[]) => messages.map(({ type }) => type);

describe('the lineage page', () => {
  it('is told the connection, then what to show, once it listens', async () => {
    const { deps, posted } = await scene<ToLineagePage>();
    const host = lineageHost(deps);
    host.show({ level: 'table', focus: 'silver.orders' });
    expect(posted).toEqual([]);
    host.receive({ type: 'ready' });
    expect(posted).toEqual([
      { type: 'connection', state: 'connected', message: '' },
      { type: 'show', level: 'table', focus: 'silver.orders' },
    ]);
    host.show({ level: 'table' });
    expect(posted.at(-1)).toEqual({ type: 'show', level: 'table' });
  });

  it('gets the answer to its question, in its shape', async () => {
    const { deps, posted, fake } = await scene<ToLineagePage>();
    const host = lineageHost(deps);
    host.receive({ type: 'query', request: 1, level: 'table', focus: 'silver.orders', depth: 2 });
    await expect.poll(() => types(posted)).toEqual(['lineage']);
    expect(readMessage(toLineagePage, JSON.parse(JSON.stringify(posted[0]))).ok).toBe(true);
    expect(fake.requests.at(-1)).toContain('focus=silver.orders');
  });

  it('never sees the answer to a question that a newer one has overtaken, and the agent is left in peace', async () => {
    let cut = 0;
    const { deps, posted } = await scene<ToLineagePage>({}, (request) => {
      if (!request.url?.includes('focus=silver.orders')) return false;
      request.on('close', () => cut++);
      return true;
    });
    const host = lineageHost(deps);
    host.receive({ type: 'query', request: 1, level: 'table', focus: 'silver.orders', depth: 2 });
    host.receive({ type: 'cancel', request: 1 });
    host.receive({ type: 'query', request: 2, level: 'table', depth: 2 });
    await expect.poll(() => types(posted)).toEqual(['lineage']);
    expect(posted[0]).toMatchObject({ request: 2 });
  });

  it('gets a refusal in words, of the agent or for want of one', async () => {
    const { deps, posted, lake, log } = await scene<ToLineagePage>({
      lineage: aProblem({ detail: 'no such dataset', remedy: 'give another' }),
    });
    const host = lineageHost(deps);
    host.receive({ type: 'query', request: 1, level: 'table', depth: 2 });
    await expect.poll(() => types(posted)).toEqual(['refused']);
    expect(posted[0]).toMatchObject({ problem: { what: 'no such dataset', remedy: 'give another' } });
    expect(log.lines.at(-1)).toContain('no such dataset');
    lake.end();
    host.receive({ type: 'query', request: 2, level: 'table', depth: 2 });
    expect(posted.at(-1)).toMatchObject({ type: 'refused', request: 2 });
  });

  it('is told of nodes that changed, and of the connection', async () => {
    const { deps, posted, lake, clock, be } = await scene<ToLineagePage>();
    const host = lineageHost(deps);
    lake.onChange((change) => host.changed(change));
    host.receive({ type: 'ready' });
    clock.advance(1_000);
    posted.length = 0;
    lake.apply({ type: 'dataset', dataset: aDataset({ state: 'fresh', why: '' }) });
    clock.advance(1_000);
    expect(posted[0]).toMatchObject({ type: 'changed', nodes: [{ id: 'silver.orders', state: 'fresh' }] });
    be({ kind: 'unreachable', problem: 'gone' });
    host.connection({ kind: 'unreachable', problem: 'gone' });
    expect(posted.at(-1)).toEqual({ type: 'connection', state: 'away', message: 'gone' });
  });

  it.each([
    undefined,
    null,
    7,
    'x',
    {},
    { type: 'act' },
    { type: 'query' },
    { type: 'open', id: 'x', what: 'shell' },
    { type: 'query', request: 1, level: 'table', depth: 'x' },
  ])('that says %j is not listened to', async (message) => {
    const { deps, posted, opened, log } = await scene<ToLineagePage>();
    lineageHost(deps).receive(message);
    expect(posted).toEqual([]);
    expect(opened).toEqual([]);
    expect(log.lines.at(-1)).toMatch(/^warn the lineage page: message/);
  });

  it('opens what it may', async () => {
    const { deps, opened } = await scene<ToLineagePage>();
    lineageHost(deps).receive({ type: 'open', id: 'silver.orders', what: 'quarantine' });
    expect(opened).toEqual(['quarantine silver.orders']);
  });
});

describe('the health page', () => {
  const queries: FakeAgentOptions['queries'] = {
    dataset: aDataset(),
    slices: { items: [aSlice()] },
    runs: { items: [aRun()] },
    quarantine: {
      dataset: 'silver.orders',
      rows: 4,
      reasons: [{ reason: 'x', rows: 4, firstSlice: 'a', lastSlice: 'b' }],
    },
  };

  it('knows the datasets, gold first, and gets a report in its shape', async () => {
    const { deps, posted } = await scene<ToHealthPage>(queries);
    const host = healthHost(deps);
    host.show('silver.orders');
    host.receive({ type: 'ready' });
    expect(types(posted)).toEqual(['connection', 'datasets', 'show']);
    expect(posted[1]).toMatchObject({ datasets: [{ name: 'gold.daily_sales' }, { name: 'silver.orders' }] });
    host.receive({ type: 'query', request: 1, dataset: 'silver.orders' });
    await expect.poll(() => posted.at(-1)?.type).toBe('report');
    for (const message of posted)
      expect(readMessage(toHealthPage, JSON.parse(JSON.stringify(message))).ok).toBe(true);
    expect(posted.at(-1)).toMatchObject({
      report: { truncated: false, reasons: [{ rows: 4 }], runs: [{ id: '8f3c0a1b' }] },
    });
  });

  it('opens runs and other things, and is told what changed', async () => {
    const { deps, posted, opened } = await scene<ToHealthPage>(queries);
    const host = healthHost(deps);
    host.receive({ type: 'open-runs', dataset: 'silver.orders', slice: '2011-11-11' });
    host.receive({ type: 'open', id: 'silver.orders', what: 'lineage' });
    expect(opened).toEqual(['runs silver.orders@2011-11-11', 'lineage silver.orders']);
    host.changed({ topics: new Set(['datasets']), datasets: new Set(['silver.orders']) });
    expect(posted).toEqual([]);
    host.receive({ type: 'ready' });
    host.changed({ topics: new Set(['datasets']), datasets: new Set(['silver.orders']) });
    expect(posted.at(-1)).toEqual({ type: 'changed', dataset: 'silver.orders' });
  });
});
