import assert from 'node:assert/strict';
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
import { type DatasetName, encodeLandedTags } from '@lakewarden/contracts';
import { commit, loadSnapshot } from '@lakewarden/delta';
import { memoryStorage } from '@lakewarden/delta/testing';
import { Tables } from '../lake/tables.ts';
import { type ControlState, EMPTY_CONTROL } from '../policy/control-state.ts';
import { policyAt } from '../policy/policy.ts';
import { CountingRandom, ManualClock, MemoryFiles, recordedFacts } from '../testing.ts';
import { ActiveRuns } from './active-runs.ts';
import type { ReconcileRequest } from './build.ts';
import { FailureMemory } from './failures.ts';
import { type ReconcileResult, reconcileAll } from './reconcile.ts';

/** A world for tests of the reconciler: one hub's bronze, one silver and one gold dataset, an engine that only counts. */
export const never = new AbortController().signal;
export const bronze = {
  layer: 'bronze',
  name: 'bronze.orders',
  source: { kind: 'event-hub', name: 'orders', namespace: 'retail-events', hub: 'orders' },
  columns: streamBronzeColumns,
  touchGrain: 'day',
} as const;

export const silver = {
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

export const gold = {
  layer: 'gold',
  name: 'gold.sales',
  grain: 'month',
  inputs: [{ dataset: silver, asof: 'window' }],
  columns: [{ name: 'month', type: 'string' }],
  key: { columns: ['month'], order: [] },
  totals: [],
  stepVersion: 'g1',
} as unknown as GoldDataset;

export const pipeline = {
  name: 'retail',
  sources: [],
  datasets: [bronze, silver, gold],
} as unknown as Pipeline;

/** Computes no SQL: every landed row comes out. Digests say only how many rows there are; `salt` changes them. */
export class CountingEngine implements Engine {
  readonly name = 'counting';
  readonly cleaned: (readonly string[])[] = [];
  readonly aggregated: (readonly string[])[] = [];
  /** Paths of the files that each aggregate job was given. */
  readonly read: string[][] = [];
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
    this.read.push(Object.values(job.inputs).flatMap((files) => files.map((file) => file.localPath)));
    await this.before?.(job.slices);
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

export function makeWorld() {
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
    assert.equal(outcome.kind, 'committed');
  };
  const failures = new FailureMemory();
  const active = new ActiveRuns();
  const control: { now: ControlState } = { now: EMPTY_CONTROL };
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

export function freshOf(result: ReconcileResult, name: DatasetName) {
  return result.views.get(name)?.slices.map(({ wanted, fresh }) => [wanted.slice, fresh]);
}

export function statusOf(result: ReconcileResult, name: DatasetName) {
  return Object.fromEntries(
    result.views.get(name)?.slices.map(({ wanted, status }) => [wanted.slice, status]) ?? [],
  );
}
