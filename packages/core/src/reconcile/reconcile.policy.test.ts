import { TerminalError, TransientError } from '@lakewarden/contracts';
import { loadSnapshot } from '@lakewarden/delta';
import { describe, expect, it } from 'vitest';
import { type ControlState, EMPTY_CONTROL, type Pin, type Stop } from '../policy/control-state.ts';
import { freshOf, makeWorld, never, pipeline, statusOf } from './build-world.fixture.ts';
import { reconcileAll } from './reconcile.ts';

const stop = (target: string, more: Partial<Stop> = {}): Stop => ({
  target,
  reason: 'stocktaking',
  by: 'ann',
  since: '2026-01-15T00:00:00Z',
  ...more,
});

const pin = (slice: string, as: Pin['as'] = 'as-is', by: Pin['by'] = 'hold'): Pin => ({
  slice,
  by,
  as,
  reason: 'known wrong',
  actor: 'ann',
});

const decided = (change: Partial<ControlState>): ControlState => ({ ...EMPTY_CONTROL, ...change });
const frozen = (target: string) => decided({ freezes: new Map([[target, stop(target)]]) });
const pinned = (...pins: readonly Pin[]) => decided({ pins: new Map(pins.map((p) => [p.slice, p])) });

describe('a pinned slice', () => {
  it('is never stale, and its readers keep what it was when its inputs change', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2, '2026-01-31': 3 });
    await world.reconcile();
    world.control.now = pinned(pin('silver.orders@2026-01-30'));
    await world.land({ '2026-01-30': 5, '2026-01-31': 1 });
    const result = await world.reconcile();
    expect(world.engine.cleaned.at(-1)).toEqual(['2026-01-31']);
    expect(statusOf(result, 'silver.orders')).toEqual({ '2026-01-30': 'held', '2026-01-31': 'fresh' });
    expect(statusOf(result, 'gold.sales')).toEqual({ '2026-01': 'fresh' });
    const reads = result.views.get('gold.sales')?.slices[0]?.wanted.inputs;
    expect(reads?.map(({ slice, digest }) => [slice, digest.rows])).toEqual([
      ['2026-01-30', 2],
      ['2026-01-31', 4],
    ]);
  });

  it('is built again once the pin is taken away', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2 });
    await world.reconcile();
    world.control.now = pinned(pin('silver.orders@2026-01-30'));
    await world.land({ '2026-01-30': 5 });
    await world.reconcile();
    world.control.now = EMPTY_CONTROL;
    expect(freshOf(await world.reconcile(), 'silver.orders')).toEqual([['2026-01-30', true]]);
    expect(world.engine.cleaned).toHaveLength(2);
  });

  it('is built again when the pin has expired', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2 });
    const until = new Date(world.clock.now() + 60_000).toISOString();
    world.control.now = pinned({ ...pin('silver.orders@2026-01-30'), until });
    await world.reconcile();
    expect(world.engine.cleaned).toEqual([]);
    world.clock.nowMs += 60_000;
    await world.reconcile();
    expect(world.engine.cleaned).toEqual([['2026-01-30']]);
  });

  it('that is waived as empty gives its readers no rows and no files, though it has some', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2, '2026-01-31': 3 });
    await world.reconcile();
    const before = world.engine.read.at(-1)?.length;
    world.control.now = pinned(pin('silver.orders@2026-01-30', 'empty', 'waive'));
    const result = await world.reconcile();
    expect(before).toBe(2);
    expect(world.engine.read.at(-1)).toHaveLength(1);
    expect(world.engine.read.at(-1)?.[0]).toContain('_slice=2026-01-31');
    expect(statusOf(result, 'gold.sales')).toEqual({ '2026-01': 'fresh' });
    const inputs = result.views.get('gold.sales')?.slices[0]?.wanted.inputs;
    expect(inputs?.map(({ digest }) => digest.rows)).toEqual([0, 3]);
  });

  it('that never was is there for its readers, as empty: they do not wait for it', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-31': 3 });
    world.control.now = pinned(pin('silver.orders@2026-01-30', 'as-is', 'waive'));
    const result = await world.reconcile();
    expect(statusOf(result, 'silver.orders')).toEqual({ '2026-01-30': 'held', '2026-01-31': 'fresh' });
    expect(statusOf(result, 'gold.sales')).toEqual({ '2026-01': 'fresh' });
    expect(world.engine.cleaned).toEqual([['2026-01-31']]);
  });

  it('that fails lets its readers go on when it is waived', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2, '2026-01-31': 3 });
    world.engine.before = (slices) => {
      if (slices.includes('2026-01-30')) throw new TerminalError('failed', 'decimal overflow');
    };
    expect(statusOf(await world.reconcile(), 'gold.sales')).toEqual({ '2026-01': 'waiting' });
    world.control.now = pinned(pin('silver.orders@2026-01-30', 'empty', 'waive'));
    const result = await world.reconcile();
    expect(statusOf(result, 'gold.sales')).toEqual({ '2026-01': 'fresh' });
    expect(result.failures).toEqual([]);
    expect(world.failures.list()).toEqual([]);
  });

  it('that was pinned while its run worked is not written by it', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2, '2026-01-31': 3 });
    world.engine.before = () => {
      world.control.now = pinned(pin('silver.orders@2026-01-30'));
      world.engine.before = undefined;
    };
    const result = await world.reconcile();
    expect(statusOf(result, 'silver.orders')).toEqual({ '2026-01-30': 'held', '2026-01-31': 'fresh' });
    expect(world.facts).toContainEqual(expect.objectContaining({ type: 'RunCancelled' }));
    const silver = await loadSnapshot(world.storage, 'silver/orders');
    expect([...(silver?.files.values() ?? [])].map((file) => file.partitionValues._slice)).toEqual([
      '2026-01-31',
    ]);
  });
});

describe('a frozen or paused dataset', () => {
  it.each([
    ['frozen', frozen('silver')],
    ['frozen', frozen('all')],
    ['paused', decided({ pauses: new Map([['silver.orders', stop('silver.orders')]]) })],
  ])('that is %s is not built, and its readers go on with what is there', async (status, control) => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2 });
    await world.reconcile();
    world.control.now = control;
    await world.land({ '2026-01-30': 1, '2026-01-31': 1 });
    const result = await world.reconcile();
    expect(world.engine.cleaned).toHaveLength(1);
    expect(statusOf(result, 'silver.orders')).toEqual({ '2026-01-30': status, '2026-01-31': status });
    expect(freshOf(result, 'silver.orders')).toEqual([
      ['2026-01-30', true],
      ['2026-01-31', false],
    ]);
    expect(statusOf(result, 'gold.sales')).toEqual({ '2026-01': 'fresh' });
    world.control.now = EMPTY_CONTROL;
    const thawed = await world.reconcile();
    expect(statusOf(thawed, 'silver.orders')).toEqual({ '2026-01-30': 'fresh', '2026-01-31': 'fresh' });
    expect(statusOf(thawed, 'gold.sales')).toEqual({ '2026-01': 'fresh' });
  });

  it('that was frozen while a run worked commits nothing of it', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2 });
    world.engine.before = () => {
      world.control.now = frozen('silver.orders');
    };
    const result = await world.reconcile();
    expect(result.failures).toEqual([]);
    expect(statusOf(result, 'silver.orders')).toEqual({ '2026-01-30': 'frozen' });
    expect(await loadSnapshot(world.storage, 'silver/orders')).toBeUndefined();
    expect(await loadSnapshot(world.storage, 'quarantine/orders')).toBeUndefined();
  });

  it('lets a run that began before a pause end', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2 });
    world.engine.before = () => {
      world.control.now = decided({ pauses: new Map([['silver.orders', stop('silver.orders')]]) });
    };
    await world.reconcile();
    expect((await loadSnapshot(world.storage, 'silver/orders'))?.version).toBe(0);
  });

  it('looks again when the fence that stops a run is our own, and gives up when it is a newer agent’s', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2 });
    await world.reconcile(1n);
    await world.land({ '2026-01-30': 1 });
    let epoch = 1n;
    const request = { ...world.request(), epoch: () => epoch };
    world.engine.before = async () => {
      world.engine.before = undefined;
      epoch = 5n;
      await fence(world, 5n);
    };
    const result = await reconcileAll(world.deps, request, never);
    expect(result.failures).toEqual([]);
    expect(freshOf(result, 'silver.orders')).toEqual([['2026-01-30', true]]);
    await world.land({ '2026-01-30': 1 });
    world.engine.before = () => fence(world, 9n);
    const lost = await reconcileAll(world.deps, request, never);
    expect(lost.failures[0]?.reason).toContain('newer agent');
  });
});

/** What freeze, pin and hold do at once: a commit of the fence alone. */
async function fence({ storage, deps }: ReturnType<typeof makeWorld>, epoch: bigint): Promise<void> {
  const base = await loadSnapshot(storage, 'quarantine/orders');
  const columns = base?.columns.filter(({ name }) => name !== '_slice') ?? [];
  const outcome = await deps.tables.commit(
    {
      root: 'quarantine/orders',
      table: { name: 'quarantine.orders', columns },
      base,
      change: { kind: 'append', files: [] },
      txns: [],
      fences: [{ scope: 'dataset/silver.orders', epoch }],
      operation: 'FENCE',
      commitId: crypto.randomUUID(),
      run: 'freeze',
    },
    never,
  );
  expect(outcome.kind).toBe('committed');
}

describe('work whose dependency does not answer', () => {
  const parked = () => new TransientError('parked', 'breaker open', { dependency: 'engine' });

  it('is parked: no failure, no attempt, no split, and it goes on when it answers again', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2, '2026-01-31': 3 });
    world.engine.before = () => {
      throw parked();
    };
    const result = await world.reconcile();
    expect(result.parked).toEqual([{ dataset: 'silver.orders', dependency: 'engine' }]);
    expect(result.failures).toEqual([]);
    expect(world.failures.list()).toEqual([]);
    expect(world.engine.cleaned).toHaveLength(1);
    expect(statusOf(result, 'silver.orders')).toEqual({ '2026-01-30': 'stale', '2026-01-31': 'stale' });
    expect(world.active.building()).toEqual(new Map());
    world.engine.before = undefined;
    const again = await world.reconcile();
    expect(statusOf(again, 'gold.sales')).toEqual({ '2026-01': 'fresh' });
    expect(again.parked).toEqual([]);
  });

  it('takes no input for gone that could not be looked at', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2 });
    await world.reconcile();
    const refresh = world.deps.tables.refresh.bind(world.deps.tables);
    world.deps.tables.refresh = async (root, signal) => {
      if (root === 'silver/orders') throw new TransientError('parked', 'open', { dependency: 'adls' });
      return refresh(root, signal);
    };
    const result = await world.reconcile();
    expect([...result.views.keys()]).toEqual([]);
    expect(result.parked).toEqual([
      { dataset: 'silver.orders', dependency: 'adls' },
      { dataset: 'gold.sales', dependency: 'adls' },
    ]);
    expect(world.engine.aggregated).toHaveLength(1);
  });
});

describe('a slice that failed', () => {
  const fails = () => {
    throw new TerminalError('failed', 'decimal overflow');
  };

  it('waits for its next attempt, said as failed meanwhile, and is built when it is due', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2 });
    world.engine.before = fails;
    await world.reconcile();
    world.engine.before = undefined;
    world.clock.nowMs += 29_999;
    const early = await world.reconcile();
    expect(early.failures).toMatchObject([{ slice: '2026-01-30', reason: 'failed: decimal overflow' }]);
    expect(world.engine.cleaned).toHaveLength(1);
    world.clock.nowMs += 1;
    const due = await world.reconcile();
    expect(due.failures).toEqual([]);
    expect(world.failures.list()).toEqual([]);
  });

  it('is tried at once after a retry', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2 });
    world.engine.before = fails;
    await world.reconcile();
    world.engine.before = undefined;
    world.failures.clear({ kind: 'slice', dataset: 'silver.orders', slice: '2026-01-30' });
    expect(freshOf(await world.reconcile(), 'silver.orders')).toEqual([['2026-01-30', true]]);
  });

  it('does not hold up slices of the same dataset that go stale meanwhile', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2 });
    world.engine.before = fails;
    await world.reconcile();
    world.engine.before = undefined;
    await world.land({ '2026-02-01': 1 });
    const result = await world.reconcile();
    expect(statusOf(result, 'silver.orders')).toEqual({ '2026-01-30': 'stale', '2026-02-01': 'fresh' });
    expect(statusOf(result, 'gold.sales')).toEqual({ '2026-01': 'waiting', '2026-02': 'fresh' });
  });
});

describe('a run that is cancelled', () => {
  it('commits nothing more and is tried again later', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2 });
    const seen: unknown[] = [];
    world.engine.before = () => {
      const [run] = world.active.building().values();
      seen.push(world.active.cancel(run as string));
      throw new TransientError('cancelled', 'the job was cancelled');
    };
    const result = await world.reconcile();
    expect(seen).toEqual([true]);
    expect(result.failures).toMatchObject([{ slice: '2026-01-30', reason: 'cancelled by an operator' }]);
    expect(world.facts).toContainEqual(
      expect.objectContaining({ type: 'RunCancelled', reason: 'by an operator' }),
    );
    expect(await loadSnapshot(world.storage, 'silver/orders')).toBeUndefined();
    world.engine.before = undefined;
    world.clock.nowMs += 30_000;
    expect(freshOf(await world.reconcile(), 'silver.orders')).toEqual([['2026-01-30', true]]);
  });
});

describe('two passes at the same time', () => {
  it('build every slice once (one active run a slice)', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2, '2026-02-01': 1 });
    const results = await Promise.all([
      reconcileAll(world.deps, world.request(1n, pipeline), never),
      reconcileAll(world.deps, world.request(1n, pipeline), never),
    ]);
    for (const result of results)
      expect(statusOf(result, 'gold.sales')).toMatchObject({ '2026-01': 'fresh' });
    expect(world.engine.cleaned.flat().sort()).toEqual(['2026-01-30', '2026-02-01']);
    expect(world.engine.aggregated.flat().sort()).toEqual(['2026-01', '2026-02']);
  });
});
