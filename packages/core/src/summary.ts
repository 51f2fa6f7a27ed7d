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
import type { SliceFailure } from './reconcile/reconcile.ts';
import { tablesOf } from './reconcile/run.ts';
import type { DatasetView, ReadTable } from './reconcile/world.ts';

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
    for (const slice of view.slices) {
      if (slice.fresh) count('fresh');
      else if (!failed.has(`${name}@${slice.wanted.slice}`)) count('stale');
    }
  }
  count('failed', failed.size);
  return counts;
}

/** The verdict of `--once`: every wanted slice fresh, every row accounted for. */
export function isComplete(summary: RunSummary): boolean {
  const states = Object.keys(summary.slices).filter((state) => state !== 'fresh');
  return (
    states.length === 0 &&
    summary.failures.length === 0 &&
    Object.values(summary.accounting).every(isBalanced)
  );
}
