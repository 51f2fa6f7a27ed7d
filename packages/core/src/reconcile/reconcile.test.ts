import { TerminalError, TransientError } from '@lakewarden/contracts';
import { loadSnapshot } from '@lakewarden/delta';
import { describe, expect, it } from 'vitest';
import { recordedSlices } from '../graph/recorded.ts';
import { Tables } from '../lake/tables.ts';
import { bronze, freshOf, gold, makeWorld, never, pipeline, silver } from './build-world.fixture.ts';
import { reconcileAll } from './reconcile.ts';

describe('reconciling', () => {
  it('brings every wanted slice to fresh in one run a dataset', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2, '2026-01-31': 3, '2026-02-01': 1 });
    const result = await world.reconcile();
    expect(result.failures).toEqual([]);
    expect(freshOf(result, 'silver.orders')).toEqual([
      ['2026-01-30', true],
      ['2026-01-31', true],
      ['2026-02-01', true],
    ]);
    expect(freshOf(result, 'gold.sales')).toEqual([
      ['2026-01', true],
      ['2026-02', true],
    ]);
    expect(world.engine.cleaned).toEqual([['2026-01-30', '2026-01-31', '2026-02-01']]);
    expect(world.engine.aggregated).toEqual([['2026-01', '2026-02']]);
  });

  it('does nothing when nothing changed', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2 });
    await world.reconcile();
    await world.reconcile(2n);
    expect(world.engine.cleaned).toHaveLength(1);
    expect((await loadSnapshot(world.storage, 'silver/orders'))?.version).toBe(0);
  });

  it('rebuilds only what late data touched, and all that is built from it', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2, '2026-02-01': 1 });
    await world.reconcile();
    await world.land({ '2026-01-30': 5 });
    await world.reconcile();
    expect(world.engine.cleaned.at(-1)).toEqual(['2026-01-30']);
    expect(world.engine.aggregated.at(-1)).toEqual(['2026-01']);
  });

  it('rebuilds everything of a step that changed; equal rows leave their readers fresh (R3)', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2 });
    await world.reconcile();
    const changed = { ...silver, stepVersion: 'v2' };
    const reading = { ...gold, inputs: [{ dataset: changed, asof: 'window' as const }] };
    const result = await world.reconcile(1n, { ...pipeline, datasets: [bronze, changed, reading] });
    expect(freshOf(result, 'silver.orders')).toEqual([['2026-01-30', true]]);
    expect(world.engine.cleaned).toHaveLength(2);
    expect(world.engine.aggregated).toHaveLength(1);
    const snapshot = await loadSnapshot(world.storage, 'silver/orders');
    expect([...(snapshot?.files.values() ?? [])].map((file) => file.dataChange)).toEqual([false]);
  });

  it('rebuilds a slice whose tables name different runs, as a crash between commits leaves them (R1)', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-30': 2 });
    await world.reconcile();
    await world.land({ '2026-01-30': 1 });
    const commits = world.deps.tables.commit.bind(world.deps.tables);
    world.deps.tables.commit = (intent, signal) => {
      if (intent.root === 'silver/orders') throw new TerminalError('failed', 'killed here');
      return commits(intent, signal);
    };
    const broken = await world.reconcile();
    expect(broken.failures).toMatchObject([{ dataset: 'silver.orders', slice: '2026-01-30' }]);
    world.deps.tables.commit = commits;
    world.clock.nowMs += 30_000;
    const result = await world.reconcile();
    expect(freshOf(result, 'silver.orders')).toEqual([['2026-01-30', true]]);
    const runs = await Promise.all(
      ['quarantine/orders', 'duplicates/orders', 'silver/orders'].map(
        async (root) => recordedSlices(await loadSnapshot(world.storage, root)).get('2026-01-30')?.run,
      ),
    );
    expect(new Set(runs).size).toBe(1);
  });

  it('counts anew when the rows are equal but came from others, as a crash before the last commit leaves it (I12)', async () => {
    const world = makeWorld();
    // All rows but the first are losing duplicates, which this engine's digests do not show.
    const clean = world.engine.clean.bind(world.engine);
    const landed = { rows: 2 };
    world.engine.rowsOf = () => 1;
    world.engine.clean = async (job) => ({
      ...(await clean(job)),
      accounting: { '2026-01-30': { in: landed.rows, out: 1, quarantined: 0, duplicates: landed.rows - 1 } },
    });
    await world.land({ '2026-01-30': 2 });
    await world.reconcile();
    await world.land({ '2026-01-30': 1 });
    landed.rows = 3;
    await world.reconcile();
    const silver = recordedSlices(await loadSnapshot(world.storage, 'silver/orders')).get('2026-01-30');
    expect(silver?.accounting).toEqual({ in: 3, out: 1, quarantined: 0, duplicates: 2 });
  });

  it('splits a failed run until only the broken slice is left, and builds the rest', async () => {
    const world = makeWorld();
    const days = ['2026-01-01', '2026-01-02', '2026-01-03', '2026-01-04', '2026-01-05'];
    await world.land(Object.fromEntries(days.map((day) => [day, 1])));
    world.engine.before = (slices) => {
      if (slices.includes('2026-01-04')) throw new TerminalError('failed', 'decimal overflow');
    };
    const result = await world.reconcile();
    expect(result.failures).toEqual([
      { dataset: 'silver.orders', slice: '2026-01-04', reason: 'failed: decimal overflow' },
    ]);
    expect(freshOf(result, 'silver.orders')?.filter(([, fresh]) => fresh)).toHaveLength(4);
    expect(freshOf(result, 'gold.sales')).toEqual([['2026-01', false]]);
    expect(world.engine.aggregated).toEqual([]);
  });

  it('tries a transient failure again, at most four times (I8)', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-01': 1 });
    let failures = 0;
    world.engine.before = () => {
      failures++;
      throw new TransientError('unavailable', 'the engine is away');
    };
    const result = await world.reconcile();
    expect(failures).toBe(4);
    expect(result.failures).toHaveLength(1);
  });

  it('commits nothing when the engine read other rows than landed (I12)', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-01': 4 });
    world.engine.rowsOf = () => 3;
    const result = await world.reconcile();
    expect(result.failures[0]?.reason).toContain('4 rows landed, the engine read 3');
    expect(await loadSnapshot(world.storage, 'silver/orders')).toBeUndefined();
  });

  it('starts again when somebody else wrote the slice meanwhile', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-01': 4 });
    const other = makeWorld();
    let raced = false;
    world.engine.before = async () => {
      if (raced) return;
      raced = true;
      other.engine.rowsOf = world.engine.rowsOf;
      other.engine.salt = 9n;
      const deps = {
        ...other.deps,
        random: { uuid: () => crypto.randomUUID() },
        tables: new Tables(world.storage, other.deps.clock, () => {}),
      };
      await reconcileAll(deps, other.request(1n, { ...pipeline, datasets: [bronze, silver] }), never);
    };
    const result = await world.reconcile();
    expect(result.failures).toEqual([]);
    expect(freshOf(result, 'silver.orders')).toEqual([['2026-01-01', true]]);
    expect(world.facts).toContainEqual(expect.objectContaining({ type: 'RunConflicted' }));
  });

  it('stops writing a dataset that a newer agent holds (I4)', async () => {
    const world = makeWorld();
    await world.land({ '2026-01-01': 4 });
    await world.reconcile(9n);
    await world.land({ '2026-01-01': 1 });
    const result = await world.reconcile(8n);
    expect(result.failures[0]?.reason).toContain('newer agent');
    expect((await loadSnapshot(world.storage, 'silver/orders'))?.version).toBe(0);
  });
});
