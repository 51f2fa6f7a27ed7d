import { join } from 'node:path';
import type { BatchSource, Pipeline } from '@lakewarden/compute';
import type { RunSummary } from '@lakewarden/contracts';
import {
  ActiveRuns,
  accountingOf,
  countStates,
  type EmitFact,
  FailureMemory,
  lastClosedWindow,
  openControlLog,
  policyAt,
  readerOf,
  rootOf,
  summariseTables,
  type TickResult,
  tick,
} from '@lakewarden/core';
import type { AgentConfig } from './config.ts';
import { openParts, type Parts } from './parts.ts';

/**
 * Lands what there is and builds every wanted slice, once, then ends. What people have frozen, pinned or paused stays so:
 * the control log is read, nothing is written to it.
 */
export async function runOnce(
  config: AgentConfig,
  pipeline: Pipeline,
  report: EmitFact,
  signal: AbortSignal,
): Promise<RunSummary> {
  const parts = await openParts(config, pipeline, report);
  const { deps, storage } = parts;
  const { clock } = deps;
  try {
    const { state } = await openControlLog(storage, deps, signal);
    const epoch = await parts.nextEpoch(signal);
    const result = await tick(
      deps,
      {
        pipeline,
        epoch: () => epoch,
        policy: () => policyAt(state, clock.now()),
        failures: new FailureMemory(),
        active: new ActiveRuns(),
        windowOf: (source: BatchSource) => config.asOf ?? lastClosedWindow(source, clock.now()),
      },
      signal,
    );
    return await summarise(config, pipeline, parts, result, signal);
  } finally {
    await parts.close();
  }
}

async function summarise(
  config: AgentConfig,
  pipeline: Pipeline,
  { deps }: Parts,
  result: TickResult,
  signal: AbortSignal,
): Promise<RunSummary> {
  const read = readerOf(deps.tables);
  const bronze = [];
  for (const { layer, name } of pipeline.datasets) {
    if (layer === 'bronze') bronze.push(await read(rootOf(name), signal));
  }
  return {
    tables: await summariseTables(read, pipeline, locator(config), signal),
    slices: countStates(bronze, result.views, result.failures),
    accounting: accountingOf(result.views),
    durationsMs: result.durationsMs,
    failures: result.failures.map(({ dataset, slice, reason }) => ({ slice: `${dataset}@${slice}`, reason })),
  };
}

/** Where a person finds a table: its folder when the lake is local, else its URL. */
export function locator(config: AgentConfig): (root: string) => string {
  const { lakeFolder, storage } = config;
  if (lakeFolder !== undefined) return (root) => join(lakeFolder, root);
  return (root) => `https://${storage.account}.dfs.core.windows.net/${storage.fileSystem}/${root}`;
}
