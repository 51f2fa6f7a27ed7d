import { join } from 'node:path';
import type { Pipeline } from '@lakewarden/compute';
import type { DatasetName } from '@lakewarden/contracts';
import {
  accountingOf,
  countStates,
  type DatasetView,
  lookAtAll,
  type ReadTable,
  rootOf,
  summariseTables,
} from '@lakewarden/core';
import type { AgentConfig } from './config.ts';
import { failureReasons } from './failure-reasons.ts';
import { locator } from './run-once.ts';

/** The answer of `status`: the state of every slice from the lake, with the words of the last failed runs. */
export async function statusOf(
  read: ReadTable,
  pipeline: Pipeline,
  config: AgentConfig,
  signal: AbortSignal,
) {
  const views = await lookAtAll(read, pipeline, signal);
  const tables = await summariseTables(read, pipeline, locator(config), signal);
  const bronze = [];
  for (const { layer, name } of pipeline.datasets) {
    if (layer === 'bronze') bronze.push({ name, snapshot: await read(rootOf(name), signal) });
  }
  const failures = failuresOf(views, failureReasons(join(config.stateDir, 'ledger.db')));
  const stale = [...views].flatMap(([dataset, view]) => staleOf(dataset, view, views, failures));
  const layers = ['gold', 'silver', 'bronze'].map((layer) => {
    const own = tables.filter((table) => table.layer === layer);
    const slices = [...views.values()]
      .filter(({ step }) => step.layer === layer)
      .flatMap((view) => view.slices);
    const failed = failures.filter(({ dataset }) => dataset.startsWith(`${layer}.`)).length;
    const fresh = slices.filter((slice) => slice.fresh).length;
    const rows = own.reduce((sum, table) => sum + table.rows, 0);
    const notBuilt = slices.length - fresh;
    return { layer, tables: own.length, rows, fresh, failed, stale: Math.max(0, notBuilt - failed) };
  });
  return {
    layers,
    slices: countStates(
      bronze.map(({ snapshot }) => snapshot),
      views,
      failures,
    ),
    accounting: accountingOf(views),
    failures: failures.map(({ dataset, slice, reason }) => ({ slice: `${dataset}@${slice}`, reason })),
    stale,
    empty: bronze.filter(({ snapshot }) => snapshot === undefined).map(({ name }) => name),
  };
}

interface Failure {
  readonly dataset: DatasetName;
  readonly slice: string;
  readonly reason: string;
}

/** Slices that are not fresh and whose last run failed; of bronze, the windows and hubs whose last landing failed. */
function failuresOf(
  views: ReadonlyMap<DatasetName, DatasetView>,
  reasons: ReadonlyMap<string, string>,
): readonly Failure[] {
  const failures: Failure[] = [];
  for (const [key, reason] of reasons) {
    const at = key.indexOf('@');
    const [dataset, slice] = [key.slice(0, at) as DatasetName, key.slice(at + 1)];
    if (dataset.startsWith('bronze.') || isNotFresh(views.get(dataset), slice))
      failures.push({ dataset, slice, reason });
  }
  return failures.sort((a, b) => (`${a.dataset}@${a.slice}` < `${b.dataset}@${b.slice}` ? -1 : 1));
}

function isNotFresh(view: DatasetView | undefined, slice: string): boolean {
  return view?.slices.some(({ wanted, fresh }) => wanted.slice === slice && !fresh) ?? false;
}

function staleOf(
  dataset: DatasetName,
  view: DatasetView,
  views: ReadonlyMap<DatasetName, DatasetView>,
  failures: readonly Failure[],
) {
  const failed = new Set(failures.filter((f) => f.dataset === dataset).map(({ slice }) => slice));
  const slices = view.slices.filter(({ fresh, wanted }) => !fresh && !failed.has(wanted.slice));
  const [first] = slices;
  if (first === undefined) return [];
  const { step } = view;
  const waits = step.layer === 'gold' && slices.some(({ wanted }) => !wanted.ready);
  const inputs = waits ? step.inputs.map((input) => input.dataset.name) : [];
  const waitsFor = [...new Set(inputs)].filter((name) => !isWhole(views.get(name)));
  return [{ dataset, slices: slices.length, first: first.wanted.slice, waitsFor }];
}

/** Is everything there and fresh? Of what never landed, nothing is. */
function isWhole(view: DatasetView | undefined): boolean {
  return view !== undefined && view.slices.length > 0 && view.slices.every(({ fresh }) => fresh);
}
