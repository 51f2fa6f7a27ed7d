import type { Pipeline } from '@lakewarden/compute';
import {
  addAccounting,
  type DatasetName,
  isBalanced,
  type Layer,
  NO_ROWS,
  type RowAccounting,
  type RunSummary,
  type SliceState,
  type TableSummary,
} from '@lakewarden/contracts';
import type { AddFile, Snapshot } from '@lakewarden/delta';
import { sliceOf } from './graph/recorded.ts';
import { rootOf } from './lake/tables.ts';
import type { SliceFailure } from './reconcile/build.ts';
import { tablesOf } from './reconcile/run.ts';
import type { DatasetView, ReadTable, SliceStatus } from './reconcile/world.ts';

/** What the lake holds, in numbers, from the log alone: the answer of `tables`, `status` and the end of `--once`. */

/** Every table that the pipeline writes, in the order of the layers. */
export function tableNames(pipeline: Pipeline): readonly DatasetName[] {
  const names = pipeline.datasets.flatMap((step) => (step.layer === 'bronze' ? [step.name] : tablesOf(step)));
  const rank: Record<Layer, number> = { bronze: 0, silver: 1, quarantine: 2, duplicates: 3, gold: 4 };
  const layerOf = (name: DatasetName) => rank[name.slice(0, name.indexOf('.')) as Layer];
  return [...new Set(names)].sort((a, b) => layerOf(a) - layerOf(b));
}

export async function summariseTables(
  read: ReadTable,
  pipeline: Pipeline,
  locate: (root: string) => string,
  signal: AbortSignal,
): Promise<readonly TableSummary[]> {
  const tables: TableSummary[] = [];
  for (const name of tableNames(pipeline)) {
    const snapshot = await read(rootOf(name), signal);
    if (snapshot === undefined) continue;
    tables.push({
      name,
      layer: name.slice(0, name.indexOf('.')) as Layer,
      path: locate(rootOf(name)),
      version: snapshot.version,
      ...sizeOf(snapshot),
    });
  }
  return tables;
}

function sizeOf(snapshot: Snapshot): { rows: number; bytes: number } {
  let rows = 0;
  let bytes = 0;
  for (const file of snapshot.files.values()) {
    rows += rowsOf(file);
    bytes += file.size;
  }
  return { rows, bytes };
}

function rowsOf(file: AddFile): number {
  const stats: unknown = JSON.parse(file.stats ?? '{}');
  const rows = (stats as { numRecords?: unknown }).numRecords;
  return typeof rows === 'number' ? rows : 0;
}

export function accountingOf(views: ReadonlyMap<DatasetName, DatasetView>): Record<string, RowAccounting> {
  const accounting: Record<string, RowAccounting> = {};
  for (const [name, view] of views) {
    accounting[name] = view.slices.reduce(
      (sum, { recorded }) => addAccounting(sum, recorded?.accounting ?? NO_ROWS),
      NO_ROWS,
    );
  }
  return accounting;
}

/** Bronze slices are fresh when they have landed; the others when their fingerprint is the wanted one. */
export function countStates(
  bronze: readonly (Snapshot | undefined)[],
  views: ReadonlyMap<DatasetName, DatasetView>,
  failures: readonly SliceFailure[],
): Partial<Record<SliceState, number>> {
  const counts: Partial<Record<SliceState, number>> = {};
  const count = (state: SliceState, by = 1) => {
    if (by > 0) counts[state] = (counts[state] ?? 0) + by;
  };
  const failed = new Set(failures.map(({ dataset, slice }) => `${dataset}@${slice}`));
  for (const snapshot of bronze) {
    count('fresh', new Set([...(snapshot?.files.values() ?? [])].map(sliceOf)).size);
  }
  for (const [name, view] of views) {
    for (const { wanted, status } of view.slices) {
      if (!failed.has(`${name}@${wanted.slice}`)) count(STATE_OF[status]);
    }
  }
  count('failed', failed.size);
  return counts;
}

/** In the words of a summary: what somebody stopped is held; what a backfill is going to build again is good until then. */
const STATE_OF: Record<SliceStatus, SliceState> = {
  fresh: 'fresh',
  backfill: 'fresh',
  stale: 'stale',
  waiting: 'stale',
  held: 'held',
  frozen: 'held',
  paused: 'held',
};

/** The verdict of `--once`: every wanted slice fresh, or held by somebody's decision, and every row accounted for. */
export function isComplete(summary: RunSummary): boolean {
  const states = Object.keys(summary.slices).filter((state) => state !== 'fresh' && state !== 'held');
  return (
    states.length === 0 &&
    summary.failures.length === 0 &&
    Object.values(summary.accounting).every(isBalanced)
  );
}
