import type { ActionArguments } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import { EMPTY_CONTROL } from '../policy/control-state.ts';
import { checkPlan } from './check-plan.ts';
import { planBackfill } from './plan-backfill.ts';
import { PLAN_SLICES_MAX } from './plan-context.ts';
import { planReplay } from './plan-replay.ts';
import { contextOf, hubSeen, hubTable, makePlanWorld, planOf, problemOf } from './plan-world.fixture.ts';
import { planHash } from './seal-plan.ts';

const TOUCHES = { '2026-01-30': 2, '2026-01-31': 3, '2026-02-01': 4 };

const stop = (target: string) => ({
  target,
  reason: 'stocktaking',
  by: 'ann',
  since: '2026-01-15T00:00:00Z',
  until: '2026-02-15T00:00:00Z',
});
const frozen = (target: string) => ({ ...EMPTY_CONTROL, freezes: new Map([[target, stop(target)]]) });
const pinned = (slice: string) => ({
  ...EMPTY_CONTROL,
  pins: new Map([[slice, { slice, by: 'hold' as const, as: 'as-is' as const, reason: 'x', actor: 'ann' }]]),
});

const backfill = (change: Partial<ActionArguments<'backfill'>> = {}): ActionArguments<'backfill'> => ({
  dataset: 'silver.orders',
  from: '2026-01-30',
  to: '2026-01-31',
  only: 'all',
  ...change,
});

describe('a plan of built slices', () => {
  it('names exactly the slices in range, what they read, and all that follows from them', async () => {
    const world = await makePlanWorld(TOUCHES);
    const seen = await world.seen();
    const plan = planOf(planReplay(contextOf(seen), { target: 'silver.orders@2026-01-31' }));
    const recorded = seen.views?.get('silver.orders')?.slices[1]?.recorded?.fingerprint;
    expect(plan).toMatchObject({
      kind: 'replay',
      title: 'replay silver.orders 2026-01-31',
      madeBy: 'ann',
      builds: [
        {
          slice: 'silver.orders@2026-01-31',
          rows: 3,
          estimateMs: 2,
          fingerprint: recorded,
          stepVersion: 'v1',
        },
      ],
      reads: ['bronze.orders'],
      ranges: [],
      rows: 3,
      costUsd: 0,
      engine: 'duckdb',
      expected: 'the same rows in 1 slice: neither its inputs nor its rules changed',
    });
    expect(plan.downstream.map(({ slice }) => slice)).toEqual(['gold.sales@2026-01', 'gold.total@all']);
    expect(plan.estimateMs).toBe(
      300 + plan.builds.concat(plan.downstream).reduce((s, b) => s + b.estimateMs, 0),
    );
  });

  it('of a backfill takes both ends, and only what is stale when that is asked for', async () => {
    const world = await makePlanWorld(TOUCHES);
    const all = planOf(planBackfill(contextOf(await world.seen()), backfill()));
    expect(all.title).toBe('backfill silver.orders 2026-01-30 … 31');
    expect(all.builds.map(({ slice }) => slice)).toEqual([
      'silver.orders@2026-01-30',
      'silver.orders@2026-01-31',
    ]);
    await world.land({ '2026-01-30': 1 });
    const stale = planOf(planBackfill(contextOf(await world.seen()), backfill({ only: 'stale' })));
    expect(stale.builds.map(({ slice }) => slice)).toEqual(['silver.orders@2026-01-30']);
    expect(stale.expected).toBe('other rows in 1 slice: stale, or never built');
  });

  it('of gold by month holds the month of any day that is named; without a range it holds all', async () => {
    const world = await makePlanWorld(TOUCHES);
    const context = contextOf(await world.seen());
    const month = planOf(planReplay(context, { target: 'gold.sales', from: '2026-01-31', to: '2026-01-31' }));
    expect(month.builds.map(({ slice }) => slice)).toEqual(['gold.sales@2026-01']);
    expect(month.reads).toEqual(['silver.orders']);
    expect(month.downstream.map(({ slice }) => slice)).toEqual(['gold.total@all']);
    const all = planOf(planReplay(context, { target: 'gold.sales' }));
    expect(all.title).toBe('replay gold.sales all slices');
    expect(all.builds).toHaveLength(2);
  });

  it('is named by its content alone: who made it and when are not in the hash', async () => {
    const world = await makePlanWorld(TOUCHES);
    const input = { target: 'silver.orders@2026-01-31' };
    const one = planOf(planReplay(contextOf(await world.seen()), input));
    world.clock.nowMs += 60_000;
    const two = planOf(planReplay({ ...contextOf(await world.seen()), by: 'bob' }, input));
    expect(two.hash).toBe(one.hash);
    expect(one.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(planHash(one)).toBe(one.hash);
    expect(planHash({ ...one, rows: 4 })).not.toBe(one.hash);
    await world.land({ '2026-01-31': 1 });
    await world.reconcile(1n);
    expect(planOf(planReplay(contextOf(await world.seen()), input)).hash).not.toBe(one.hash);
  });

  it('leads past no pinned slice', async () => {
    const world = await makePlanWorld(TOUCHES);
    const seen = await world.seen({ control: pinned('gold.sales@2026-01') });
    const plan = planOf(planReplay(contextOf(seen), { target: 'silver.orders' }));
    expect(plan.downstream.map(({ slice }) => slice)).toEqual(['gold.sales@2026-02', 'gold.total@all']);
    const held = planOf(planReplay(contextOf(seen), { target: 'silver.orders@2026-01-31' }));
    expect(held.downstream).toEqual([]);
  });
});

describe('a plan that cannot be', () => {
  it.each([
    [{ target: 'silver.order' }, 'not-found', 'Did you mean "silver.orders"?'],
    [{ target: 'source:order' }, 'not-found', 'Did you mean "source:orders"?'],
    [{ target: 'silver.orders@1999-01-01' }, 'not-found', 'There are 3 slices: 2026-01-30 … 2026-02-01.'],
    [{ target: 'silver.orders', from: '2026-03-01' }, 'not-found', 'There are 3 slices'],
    [{ target: 'silver.orders', from: '2026-02-01', to: '2026-01-01' }, 'invalid', 'Give from and to'],
    [{ target: 'silver.orders', from: '2026-02-31' }, 'invalid', 'Give from and to'],
    [{ target: 'silver.orders@2026-01-30', to: '2026-01-31' }, 'invalid', 'lakewarden replay silver.orders'],
    [
      { target: 'bronze.stores', from: '2026-01-30' },
      'invalid',
      'lakewarden rerun-adf source:stores 2026-01-30',
    ],
  ])('replay %o is refused as %s with a remedy', async (input, code, remedy) => {
    const world = await makePlanWorld(TOUCHES);
    const problem = problemOf(planReplay(contextOf(await world.seen()), input));
    expect(problem.code).toBe(code);
    expect(problem.remedy).toContain(remedy);
  });

  it('backfills no bronze, and nothing that is fresh when only stale slices are meant', async () => {
    const context = contextOf(await (await makePlanWorld(TOUCHES)).seen());
    expect(problemOf(planBackfill(context, backfill({ dataset: 'bronze.orders' }))).remedy).toContain(
      'lakewarden replay bronze.orders 2026-01-30 2026-01-31',
    );
    const nothing = problemOf(planBackfill(context, backfill({ only: 'stale' })));
    expect(nothing).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('all 2 slices are fresh'),
    });
  });

  it('is refused where people stopped the dataset or pinned a slice, by name', async () => {
    const world = await makePlanWorld(TOUCHES);
    for (const target of ['all', 'silver', 'silver.orders']) {
      const context = contextOf(await world.seen({ control: frozen(target) }));
      expect(problemOf(planReplay(context, { target: 'silver.orders' }))).toEqual({
        code: 'frozen',
        message: `${target} is frozen by ann until 2026-02-15T00:00:00Z: stocktaking`,
        remedy: `Thaw it first: lakewarden thaw ${target}`,
      });
    }
    const held = contextOf(await world.seen({ control: pinned('silver.orders@2026-01-30') }));
    expect(problemOf(planBackfill(held, backfill()))).toEqual({
      code: 'conflict',
      message: 'silver.orders@2026-01-30 is pinned',
      remedy: 'Release (lakewarden release silver.orders@2026-01-30), or choose a range without.',
    });
    expect(planReplay(held, { target: 'silver.orders@2026-01-31' }).kind).toBe('planned');
  });

  it('holds no more slices than a person can read and an object can hold', async () => {
    const days = Array.from({ length: PLAN_SLICES_MAX }, (_, i) => {
      const at = new Date(Date.UTC(1990, 0, 1) + i * 86_400_000);
      return [at.toISOString().slice(0, 10), 1] as const;
    });
    const world = await makePlanWorld(Object.fromEntries(days));
    const problem = problemOf(planReplay(contextOf(await world.seen()), { target: 'silver.orders' }));
    expect(problem.code).toBe('invalid');
    expect(problem.message).toContain(`a plan holds ${PLAN_SLICES_MAX} at most`);
    expect(problem.remedy).toContain('shorter range');
  });

  it('waits for the first look at the lake', async () => {
    const world = await makePlanWorld(TOUCHES);
    const blind = contextOf(await world.seen({ views: undefined, bronze: new Map() }));
    expect(problemOf(planReplay(blind, { target: 'silver.orders' })).code).toBe('unavailable');
    expect(problemOf(planReplay(blind, { target: 'bronze.orders' })).code).toBe('unavailable');
  });
});

describe('a plan that reads a hub again', () => {
  const files = [
    { partition: 0, day: '2026-01-30', first: 0n, last: 4n },
    { partition: 1, day: '2026-01-30', first: 10n, last: 12n },
    { partition: 0, day: '2026-01-31', first: 5n, last: 9n },
    { partition: 0, day: '2026-02-01', first: 10n, last: 19n },
  ];

  async function hubWorld(more: typeof files = files, firsts: readonly bigint[] = [0n, 0n]) {
    const world = await makePlanWorld(TOUCHES);
    const landed = await world.deps.tables.refresh('bronze/orders', AbortSignal.any([]));
    if (landed === undefined) throw new Error('nothing landed');
    const seen = (table = more, change = {}) =>
      world.seen({
        bronze: new Map([['bronze.orders', hubTable(landed, table)]]),
        hubs: [hubSeen(firsts)],
        ...change,
      });
    return { ...world, seen };
  }

  it('names the ranges by partition, the silver slices that they touch, and what follows', async () => {
    const world = await hubWorld();
    const plan = planOf(
      planReplay(contextOf(await world.seen()), {
        target: 'source:orders',
        from: '2026-01-30',
        to: '2026-01-31',
      }),
    );
    expect(plan).toMatchObject({
      title: 'replay bronze.orders 2026-01-30 … 31',
      reads: ['source:orders'],
      rows: 13,
      builds: [
        { slice: 'bronze.orders@2026-01-30', rows: 8 },
        { slice: 'bronze.orders@2026-01-31', rows: 5 },
      ],
      ranges: [
        { source: 'orders', partition: 0, first: '0', last: '9', rows: 10 },
        { source: 'orders', partition: 1, first: '10', last: '12', rows: 3 },
      ],
    });
    expect(plan.downstream.map(({ slice }) => slice)).toEqual([
      'silver.orders@2026-01-30',
      'silver.orders@2026-01-31',
      'gold.sales@2026-01',
      'gold.total@all',
    ]);
  });

  it('leads past no pinned slice', async () => {
    const world = await hubWorld();
    const seen = await world.seen(files, { control: pinned('silver.orders@2026-01-30') });
    const plan = planOf(planReplay(contextOf(seen), { target: 'bronze.orders@2026-01-30' }));
    expect(plan.downstream).toEqual([]);
  });

  it('is refused where events left the hub, with what can still be read', async () => {
    const world = await hubWorld(files, [3n, 0n]);
    const problem = problemOf(planReplay(contextOf(await world.seen()), { target: 'bronze.orders' }));
    expect(problem).toMatchObject({ code: 'conflict', message: expect.stringContaining('retention') });
    expect(problem.remedy).toContain('lakewarden replay silver.orders');
    expect(problem.remedy).toContain('The hub still holds 2026-01-31 … 2026-02-01.');
  });

  it('is refused where the hub was made again between', async () => {
    const again = { partition: 0, day: '2026-01-31', first: 0n, last: 1n, generation: 'g2' };
    const world = await hubWorld([...files, again]);
    const problem = problemOf(planReplay(contextOf(await world.seen()), { target: 'bronze.orders' }));
    expect(problem.message).toContain('deleted and made again');
  });

  it('stays current when more lands behind it, and moves when its files do', async () => {
    const world = await hubWorld();
    const plan = planOf(planReplay(contextOf(await world.seen()), { target: 'bronze.orders@2026-02-01' }));
    const more = { partition: 0, day: '2026-02-01', first: 20n, last: 29n };
    expect(checkPlan(plan, await world.seen([...files, more]))).toEqual({ kind: 'current' });
    expect(checkPlan(plan, await world.seen(files.slice(0, 3)))).toEqual({
      kind: 'moved',
      what: ['partition 0 holds 0 events in the range, not 10'],
    });
    expect(checkPlan(plan, await world.seen(files, { control: frozen('all') })).kind).toBe('moved');
  });
});

describe('a plan that is to be carried out', () => {
  it('is current while nothing that it builds moved; rows of other slices do not count', async () => {
    const world = await makePlanWorld(TOUCHES);
    const plan = planOf(planBackfill(contextOf(await world.seen()), backfill()));
    expect(checkPlan(plan, await world.seen())).toEqual({ kind: 'current' });
    await world.land({ '2026-02-01': 9, '2026-01-30': 1 });
    expect(checkPlan(plan, await world.seen())).toEqual({ kind: 'current' });
    await world.reconcile(1n);
    expect(checkPlan(plan, await world.seen())).toEqual({
      kind: 'moved',
      what: ['silver.orders@2026-01-30 was built since'],
    });
  });

  it.each([
    ['frozen', frozen('silver'), 'silver was frozen by ann'],
    ['pinned', pinned('silver.orders@2026-01-31'), 'silver.orders@2026-01-31 was pinned'],
  ])('has moved when it was %s', async (_how, control, line) => {
    const world = await makePlanWorld(TOUCHES);
    const plan = planOf(planBackfill(contextOf(await world.seen()), backfill()));
    expect(checkPlan(plan, await world.seen({ control }))).toEqual({ kind: 'moved', what: [line] });
  });

  it('has moved when the step changed, or a slice is wanted no more', async () => {
    const world = await makePlanWorld(TOUCHES);
    const plan = planOf(planBackfill(contextOf(await world.seen()), backfill()));
    const seen = await world.seen();
    const datasets = seen.pipeline.datasets.map((step) =>
      step.name === 'silver.orders' ? { ...step, stepVersion: 'v2' } : step,
    );
    const stepped = { ...seen, pipeline: { ...seen.pipeline, datasets } as typeof seen.pipeline };
    expect(checkPlan(plan, stepped)).toEqual({ kind: 'moved', what: ['the step of silver.orders changed'] });
    expect(checkPlan(plan, { ...seen, views: new Map() })).toMatchObject({
      kind: 'moved',
      what: ['silver.orders@2026-01-30 is wanted no more', 'silver.orders@2026-01-31 is wanted no more'],
    });
  });

  it('says what moved in a bounded number of lines', async () => {
    const days = Array.from(
      { length: 28 },
      (_, i) => [`2026-02-${String(i + 1).padStart(2, '0')}`, 1] as const,
    );
    const world = await makePlanWorld(Object.fromEntries(days));
    const plan = planOf(planReplay(contextOf(await world.seen()), { target: 'silver.orders' }));
    const check = checkPlan(plan, await world.seen({ views: new Map() }));
    expect(check.kind === 'moved' && check.what).toHaveLength(21);
    expect(check.kind === 'moved' && check.what.at(-1)).toBe('and 8 more');
  });
});
