import { TerminalError, TransientError } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import { type Backfill, type ControlState, EMPTY_CONTROL } from '../policy/control-state.ts';
import { backfillStep } from './backfill-step.ts';
import { freshOf, makeWorld, never, pipeline, statusOf } from './build-world.fixture.ts';

const DAYS = ['2026-01-01', '2026-01-02', '2026-01-03', '2026-01-04', '2026-01-05'];
const ids = (days: readonly string[]) => days.map((day) => `silver.orders@${day}`);

const backfill: Backfill = {
  id: 'b1',
  plan: 'p1',
  title: 'backfill silver.orders',
  dataset: 'silver.orders',
  slices: ids(DAYS),
  rows: 5,
  estimateMs: 5,
  startedAt: '2026-01-15T00:00:00Z',
  startedBy: 'ann',
};

/** The control state after `apply`: its slices are salted; without `backfill` at live priority. */
function salted(
  days: readonly string[],
  more: Partial<ControlState> & { live?: boolean } = {},
): ControlState {
  const { live = false, ...change } = more;
  const salt = { salt: 's1', previous: '', ...(!live && { backfill: 'b1' }) };
  return {
    ...EMPTY_CONTROL,
    salts: new Map(ids(days).map((id) => [id, salt])),
    backfills: new Map([['b1', backfill]]),
    ...change,
  };
}

const pausedBackfill = new Map([
  ['backfill:b1', { target: 'backfill:b1', reason: 'busy', by: 'ann', since: '2026-01-15T00:00:00Z' }],
]);

async function builtWorld() {
  const world = makeWorld();
  await world.land(Object.fromEntries(DAYS.map((day) => [day, 1])));
  await world.reconcile();
  const step = (slicesMax = 2) => backfillStep(world.deps, world.request(), backfill, { slicesMax }, never);
  return { ...world, step };
}

describe('a salt', () => {
  it('at live priority makes its slices stale, and equal rows leave their readers fresh', async () => {
    const world = await builtWorld();
    world.control.now = salted(DAYS.slice(0, 2), { live: true });
    const result = await world.reconcile();
    expect(world.engine.cleaned.at(-1)).toEqual(DAYS.slice(0, 2));
    expect(world.engine.aggregated).toHaveLength(1);
    expect(result.failures).toEqual([]);
    await world.reconcile();
    expect(world.engine.cleaned).toHaveLength(2);
  });

  it('of a running backfill is no live work: its slices are good until it comes to them', async () => {
    const world = await builtWorld();
    world.control.now = salted(DAYS.slice(0, 1));
    const result = await world.reconcile();
    expect(world.engine.cleaned).toHaveLength(1);
    expect(statusOf(result, 'silver.orders')).toMatchObject({
      '2026-01-01': 'backfill',
      '2026-01-02': 'fresh',
    });
    expect(statusOf(result, 'gold.sales')).toEqual({ '2026-01': 'fresh' });
  });

  it.each([
    ['paused', { pauses: pausedBackfill }],
    [
      'ended',
      { backfills: new Map([['b1', { ...backfill, ended: { as: 'cancelled' as const, at: 'x' } }]]) },
    ],
    ['forgotten', { backfills: new Map() }],
  ])('of a backfill that is %s asks for nothing: both salts are fresh', async (_how, change) => {
    const world = await builtWorld();
    world.control.now = salted(DAYS);
    await world.step(2);
    world.control.now = salted(DAYS, change);
    const result = await world.reconcile();
    expect(new Set(Object.values(statusOf(result, 'silver.orders')))).toEqual(new Set(['fresh']));
    expect(world.engine.cleaned).toHaveLength(2);
  });

  it('of a second backfill leaves those good that a cancelled one had not come to', async () => {
    const world = await builtWorld();
    const salt = { salt: 's2', previous: 's1', older: [''], backfill: 'b2' };
    const cancelled = { ...backfill, ended: { as: 'cancelled' as const, at: '2026-01-15T01:00:00Z' } };
    world.control.now = {
      ...EMPTY_CONTROL,
      salts: new Map(ids(DAYS).map((id) => [id, salt])),
      backfills: new Map([
        ['b1', cancelled],
        ['b2', { ...backfill, id: 'b2' }],
      ]),
    };
    const result = await world.reconcile();
    expect(world.engine.cleaned).toHaveLength(1);
    expect(new Set(Object.values(statusOf(result, 'silver.orders')))).toEqual(new Set(['backfill']));
  });

  it('does not keep late data of its slices from being live work', async () => {
    const world = await builtWorld();
    world.control.now = salted(DAYS);
    await world.land({ '2026-01-03': 1 });
    await world.reconcile();
    expect(world.engine.cleaned.at(-1)).toEqual(['2026-01-03']);
    const step = await world.step(10);
    expect(step).toMatchObject({ built: 5, pending: 0, failed: 0 });
    expect(world.engine.cleaned.at(-1)).toEqual(['2026-01-01', '2026-01-02', '2026-01-04', '2026-01-05']);
  });
});

describe('a backfill', () => {
  it('builds its slices in order, a bounded number a step, and says how far it is', async () => {
    const world = await builtWorld();
    world.control.now = salted(DAYS);
    expect(await world.step()).toEqual({ built: 2, pending: 3, failed: 0, didWork: true });
    expect(await world.step()).toEqual({ built: 4, pending: 1, failed: 0, didWork: true });
    expect(await world.step()).toEqual({ built: 5, pending: 0, failed: 0, didWork: true });
    expect(await world.step()).toEqual({ built: 5, pending: 0, failed: 0, didWork: false });
    expect(world.engine.cleaned.slice(1)).toEqual([DAYS.slice(0, 2), DAYS.slice(2, 4), DAYS.slice(4)]);
    expect(world.facts.filter((fact) => fact.type === 'RunStarted').at(-1)).toMatchObject({ backfill: 'b1' });
  });

  it('makes its readers stale where rows change, and the live lane follows', async () => {
    const world = await builtWorld();
    world.control.now = salted(DAYS);
    world.engine.salt = 7n;
    await world.step(10);
    const result = await world.reconcile();
    expect(world.engine.aggregated).toHaveLength(2);
    expect(statusOf(result, 'gold.sales')).toEqual({ '2026-01': 'fresh' });
  });

  it('does nothing while it is paused or its dataset is stopped, and goes on where it was', async () => {
    const world = await builtWorld();
    world.control.now = salted(DAYS);
    await world.step();
    const freezes = new Map([
      ['silver', { target: 'silver', reason: 'audit', by: 'ann', since: '2026-01-15T00:00:00Z' }],
    ]);
    for (const change of [{ pauses: pausedBackfill }, { freezes }]) {
      world.control.now = salted(DAYS, change);
      expect(await world.step()).toMatchObject({ built: 2, pending: 3, didWork: false });
    }
    world.control.now = salted(DAYS);
    await world.step();
    expect(world.engine.cleaned.at(-1)).toEqual(DAYS.slice(2, 4));
  });

  it('stops between two runs when it is paused, never within one', async () => {
    const world = await builtWorld();
    world.control.now = salted(DAYS);
    world.engine.before = () => {
      world.control.now = salted(DAYS, { pauses: pausedBackfill });
    };
    expect(await world.step(2)).toMatchObject({ built: 2, pending: 3 });
  });

  it('tries a slice that fails less and less often, and gives it up after four runs', async () => {
    const world = await builtWorld();
    world.control.now = salted(DAYS);
    world.engine.before = (slices) => {
      if (slices.includes('2026-01-02')) throw new TerminalError('failed', 'decimal overflow');
    };
    const first = await world.step(5);
    expect(first).toMatchObject({ built: 4, pending: 1, failed: 0 });
    expect(first.nextAttemptMs).toBe(world.clock.nowMs + 30_000);
    expect(await world.step(5)).toMatchObject({ didWork: false, pending: 1 });
    for (let attempt = 2; attempt <= 4; attempt++) {
      world.clock.nowMs += 30 * 60_000;
      await world.step(5);
    }
    expect(await world.step(5)).toEqual({ built: 4, pending: 0, failed: 1, didWork: false });
    expect(freshOf(await world.reconcile(), 'silver.orders')?.every(([, fresh]) => fresh)).toBe(true);
    world.engine.before = undefined;
    world.failures.clear({ kind: 'dataset', dataset: 'silver.orders' });
    expect(await world.step(5)).toMatchObject({ built: 5, failed: 0 });
  });

  it('is parked, not failed, while a dependency does not answer', async () => {
    const world = await builtWorld();
    world.control.now = salted(DAYS);
    world.engine.before = () => {
      throw new TransientError('parked', 'open', { dependency: 'engine' });
    };
    expect(await world.step()).toEqual({
      built: 0,
      pending: 5,
      failed: 0,
      didWork: false,
      parked: { dataset: 'silver.orders', dependency: 'engine' },
    });
    expect(world.failures.list()).toEqual([]);
  });

  it('leaves out a slice that somebody pinned, and one that another plan took over', async () => {
    const world = await builtWorld();
    const control = salted(DAYS);
    const salts = new Map(control.salts).set('silver.orders@2026-01-02', { salt: 's2', previous: 's1' });
    const held = {
      slice: 'silver.orders@2026-01-01',
      by: 'hold' as const,
      as: 'as-is' as const,
      reason: 'known',
      actor: 'ann',
    };
    world.control.now = { ...control, salts, pins: new Map([[held.slice, held]]) };
    expect(await world.step(10)).toMatchObject({ built: 5, pending: 0 });
    expect(world.engine.cleaned.at(-1)).toEqual(DAYS.slice(2));
  });

  it('and live work never build the same slice at a time', async () => {
    const world = await builtWorld();
    world.control.now = salted(DAYS);
    let building = 0;
    let most = 0;
    world.engine.before = async () => {
      building += 1;
      most = Math.max(most, building);
      for (let i = 0; i < 50; i++) await Promise.resolve();
      building -= 1;
    };
    await world.land({ '2026-01-01': 1, '2026-01-02': 1 });
    const silverOnly = { ...pipeline, datasets: pipeline.datasets.filter((d) => d.layer !== 'gold') };
    const live = world.reconcile(1n, silverOnly);
    const [step] = await Promise.all([world.step(5), live]);
    expect(step.failed).toBe(0);
    expect(world.engine.cleaned.slice(1).flat().sort()).toEqual(DAYS);
    expect(most).toBeLessThanOrEqual(2);
  });

  it('of gold builds it from inputs that are good now', async () => {
    const world = await builtWorld();
    const gold: Backfill = { ...backfill, dataset: 'gold.sales', slices: ['gold.sales@2026-01'] };
    world.control.now = {
      ...EMPTY_CONTROL,
      salts: new Map([['gold.sales@2026-01', { salt: 's1', previous: '', backfill: 'b1' }]]),
      backfills: new Map([['b1', gold]]),
    };
    const step = await backfillStep(world.deps, world.request(), gold, { slicesMax: 5 }, never);
    expect(step).toMatchObject({ built: 1, pending: 0, failed: 0 });
    expect(world.engine.aggregated).toEqual([['2026-01'], ['2026-01']]);
  });
});
