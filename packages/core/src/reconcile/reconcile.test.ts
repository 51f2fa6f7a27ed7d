import {
  type AggregateJob,
  type CleanJob,
  type CleanManifest,
  type DedupJob,
  type Engine,
  type GoldDataset,
  type Pipeline,
  type SilverDataset,
  type SliceFiles,
  streamBronzeColumns,
} from '@lakewarden/compute';
import { encodeLandedTags, TerminalError, TransientError } from '@lakewarden/contracts';
import { commit, loadSnapshot } from '@lakewarden/delta';
import { memoryStorage } from '@lakewarden/delta/testing';
import { describe, expect, it } from 'vitest';
import { recordedSlices } from '../graph/recorded.ts';
import { Tables } from '../lake/tables.ts';
import { EMPTY_CONTROL } from '../policy/control-state.ts';
import { policyAt } from '../policy/policy.ts';
import { CountingRandom, ManualClock, MemoryFiles, recordedFacts } from '../testing.ts';
import { ActiveRuns } from './active-runs.ts';
import type { ReconcileRequest } from './build.ts';
import { FailureMemory } from './failures.ts';
import { reconcileAll } from './reconcile.ts';

const never = new AbortController().signal;
const bronze = {
  layer: 'bronze',
  name: 'bronze.orders',
  source: { kind: 'event-hub', name: 'orders', namespace: 'retail-events', hub: 'orders' },
  columns: streamBronzeColumns,
  touchGrain: 'day',
} as const;

const silver = {
  layer: 'silver',
  name: 'silver.orders',
  from: bronze,
  refresh: 'event',
  grain: 'day',
  fields: [],
  columns: [{ name: 'id', type: 'string' }],
  rules: [],
  key: undefined,
  totals: [],
  stepVersion: 'v1',
} as unknown as SilverDataset;

const gold = {
  layer: 'gold',
  name: 'gold.sales',
  grain: 'month',
  inputs: [{ dataset: silver, asof: 'window' }],
  columns: [{ name: 'month', type: 'string' }],
  key: { columns: ['month'], order: [] },
  totals: [],
  stepVersion: 'g1',
} as unknown as GoldDataset;

const pipeline = { name: 'retail', sources: [], datasets: [bronze, silver, gold] } as unknown as Pipeline;

/** Computes no SQL: every landed row comes out. Digests say only how many rows there are; `salt` changes them. */
class CountingEngine implements Engine {
  readonly name = 'counting';
  readonly cleaned: (readonly string[])[] = [];
  readonly aggregated: (readonly string[])[] = [];
  rowsOf: (slice: string) => number = () => 0;
  salt = 0n;
  before: ((slices: readonly string[]) => void | Promise<void>) | undefined;
  #files = 0;

  async clean(job: CleanJob): Promise<CleanManifest> {
    this.cleaned.push(job.slices);
    await this.before?.(job.slices);
    const empty = job.slices.map((slice) => this.#files1(slice, 0));
    return {
      silver: job.slices.map((slice) => this.#files1(slice, this.rowsOf(slice))),
      quarantine: empty,
      duplicates: job.slices.map((slice) => this.#files1(slice, 0)),
      accounting: this.#accounting(job.slices),
      totals: {},
    };
  }

  async aggregate(job: AggregateJob) {
    this.aggregated.push(job.slices);
    return { files: job.slices.map((slice) => this.#files1(slice, 1)), totals: {} };
  }

  async dedup(job: DedupJob) {
    return {
      gold: job.slices.map((slice) => this.#files1(slice, 1)),
      duplicates: job.slices.map((slice) => this.#files1(slice, 0)),
      accounting: Object.fromEntries(
        job.slices.map((s) => [s, { in: 1, out: 1, quarantined: 0, duplicates: 0 }]),
      ),
    };
  }

  #accounting(slices: readonly string[]) {
    return Object.fromEntries(
      slices.map((s) => [s, { in: this.rowsOf(s), out: this.rowsOf(s), quarantined: 0, duplicates: 0 }]),
    );
  }

  #files1(slice: string, rows: number): SliceFiles {
    const name = `_slice=${slice}/${this.#files++}.parquet`;
    const file = { localPath: `/scratch/${name}`, name, slice, rows, bytes: 1, stats: '{"numRecords":0}' };
    return { slice, files: [file], digest: { rows, sum: BigInt(rows) + this.salt } };
  }
}

function makeWorld() {
  const storage = memoryStorage();
  const { facts, emit } = recordedFacts();
  const clock = new ManualClock();
  const engine = new CountingEngine();
  const random = new CountingRandom();
  const landed = new Map<string, number>();
  engine.rowsOf = (slice) => landed.get(slice) ?? 0;
  const deps = {
    tables: new Tables(storage, clock, emit),
    engine,
    files: new MemoryFiles(),
    clock,
    random,
    emit,
  };
  /** Lands rows by event day, as a drain would. */
  const land = async (touches: Record<string, number>) => {
    for (const [day, rows] of Object.entries(touches)) landed.set(day, (landed.get(day) ?? 0) + rows);
    const digests = Object.fromEntries(
      Object.entries(touches).map(([day, rows]) => [day, { rows, sum: BigInt(rows) }]),
    );
    const rows = Object.values(touches).reduce((sum, count) => sum + count, 0);
    const tags = encodeLandedTags({ run: 'landing', digest: { rows, sum: 1n }, touches: digests });
    const file = {
      path: `_slice=2026-03-01/${random.uuid()}.parquet`,
      slice: '2026-03-01',
      bytes: 1,
      stats: '{}',
      tags,
    };
    const outcome = await commit(
      storage,
      {
        root: 'bronze/orders',
        table: { name: 'bronze.orders', columns: streamBronzeColumns },
        base: await loadSnapshot(storage, 'bronze/orders'),
        change: { kind: 'append', files: [file] },
        txns: [],
        fences: [],
        operation: 'WRITE',
        commitId: random.uuid(),
        run: 'landing',
      },
      { now: clock.now() },
    );
    expect(outcome.kind).toBe('committed');
  };
  const failures = new FailureMemory();
  const active = new ActiveRuns();
  const control = { now: EMPTY_CONTROL };
  const request = (epoch = 1n, built = pipeline): ReconcileRequest => ({
    pipeline: built,
    epoch: () => epoch,
    policy: () => policyAt(control.now, clock.now()),
    failures,
    active,
  });
  const reconcile = (epoch = 1n, built = pipeline) => reconcileAll(deps, request(epoch, built), never);
  return { storage, facts, engine, deps, land, reconcile, request, clock, control, failures, active };
}

const freshOf = (
  result: Awaited<ReturnType<ReturnType<typeof makeWorld>['reconcile']>>,
  name: 'silver.orders' | 'gold.sales',
) => result.views.get(name)?.slices.map(({ wanted, fresh }) => [wanted.slice, fresh]);

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
