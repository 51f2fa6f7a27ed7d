import type { GoldDataset, SilverDataset } from '@lakewarden/compute';
import { EMPTY_DIGEST, encodeLandedTags, planSchema, SLICE_COLUMN } from '@lakewarden/contracts';
import type { AddFile, Snapshot } from '@lakewarden/delta';
import type { PlanOutcome } from '../actions/action-host.ts';
import { landedFiles } from '../graph/wanted.ts';
import type { HubObservation, Observation } from '../observe/observation.ts';
import { EMPTY_CONTROL } from '../policy/control-state.ts';
import { policyAt } from '../policy/policy.ts';
import {
  bronze,
  gold,
  makeWorld as makeBuildWorld,
  never,
  silver,
  pipeline as smallPipeline,
} from '../reconcile/build-world.fixture.ts';
import { type DatasetView, lookAtAll, readerOf } from '../reconcile/world.ts';
import type { PlanContext } from './plan-context.ts';

/** A lake of one hub, silver by day, gold by month and gold of everything above it, built; and what is seen of it. */
export const total = {
  ...gold,
  name: 'gold.total',
  grain: 'all',
  inputs: [{ dataset: gold, asof: 'window' }],
  stepVersion: 't1',
} as unknown as GoldDataset;

export const batch = {
  ...bronze,
  name: 'bronze.stores',
  source: { kind: 'data-factory', name: 'stores' },
} as unknown as typeof bronze;

export const pipeline = {
  ...smallPipeline,
  sources: [bronze.source, batch.source],
  datasets: [bronze, batch, silver, gold, total],
};

export async function makePlanWorld(touches: Record<string, number>) {
  const world = makeBuildWorld();
  await world.land(touches);
  await world.reconcile(1n, pipeline);
  const seen = async (change: Partial<Observation> = {}): Promise<Observation> => {
    const control = change.control ?? EMPTY_CONTROL;
    const policy = policyAt(control, world.clock.now());
    const views = await lookAtAll(readerOf(world.deps.tables), pipeline, never, policy);
    const landed = await world.deps.tables.refresh('bronze/orders', never);
    return {
      nowMs: world.clock.now(),
      startedMs: 0,
      pipeline,
      control,
      views: views as ReadonlyMap<typeof silver.name, DatasetView>,
      viewsAtMs: world.clock.now(),
      bronze: new Map(landed === undefined ? [] : [['bronze.orders', landed]]),
      completeToMs: new Map(),
      drainEveryMs: 300_000,
      nextLandingMs: new Map(),
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
      ...change,
    };
  };
  return { ...world, seen };
}

export function contextOf(seen: Observation): PlanContext {
  return { seen, by: 'ann', pace: { engine: 'duckdb', rowsPerMs: 2, runMs: 100 } };
}

/** The plan of an outcome, checked against the wire schema. */
export function planOf(outcome: PlanOutcome) {
  if (outcome.kind !== 'planned') throw new Error(`refused: ${outcome.problem.message}`);
  return planSchema.parse(outcome.plan);
}

export function problemOf(outcome: PlanOutcome) {
  if (outcome.kind !== 'refused') throw new Error(`planned: ${outcome.plan.title}`);
  return outcome.problem;
}

/** A bronze table as drains leave it: one file a (partition, day) of `rows` events each. */
export function hubTable(
  base: Snapshot,
  files: readonly { partition: number; day: string; first: bigint; last: bigint; generation?: string }[],
): Snapshot {
  const entries = files.map(({ partition, day, first, last, generation = 'g1' }): [string, AddFile] => {
    const digest = { ...EMPTY_DIGEST, rows: Number(last - first) + 1 };
    const stream = { generation, partition, first, last };
    const path = `_slice=${day}/${generation}-${partition}-${first}.parquet`;
    const tags = encodeLandedTags({ run: 'drain', digest, touches: { [day]: digest }, stream });
    const file = { path, partitionValues: { [SLICE_COLUMN]: day }, size: 1, modificationTime: 0 };
    return [path, { ...file, dataChange: true, tags }];
  });
  return { ...base, files: new Map(entries) };
}

export function hubSeen(firsts: readonly bigint[]): HubObservation {
  const partitions = firsts.map((first, partition) => ({
    partition,
    first,
    last: 1_000n,
    lastEnqueuedMs: 0,
    checkpoint: 1_000n,
    advancedMs: 0,
    isLost: false,
  }));
  return { source: 'orders', dataset: 'bronze.orders', atMs: 0, partitions };
}

export { bronze, gold, landedFiles, type SilverDataset, silver };
