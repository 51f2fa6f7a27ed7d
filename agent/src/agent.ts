import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  type BatchSource,
  createDuckDbEngine,
  type DuckDbEngineOptions,
  type Pipeline,
} from '@lakewarden/compute';
import { type RunSummary, TransientError } from '@lakewarden/contracts';
import {
  ActiveRuns,
  accountingOf,
  countStates,
  EMPTY_CONTROL,
  type EmitFact,
  type Fact,
  FailureMemory,
  lastClosedWindow,
  policyAt,
  readerOf,
  rootOf,
  summariseTables,
  Tables,
  type TickDeps,
  type TickResult,
  tick,
} from '@lakewarden/core';
import { createCredential } from './adapters/credential.ts';
import { createDataFactory } from './adapters/data-factory.ts';
import { createEventStream } from './adapters/event-hubs.ts';
import { createGuards } from './adapters/guard/guards.ts';
import { guardEngine } from './adapters/guarded-engine.ts';
import { openLakeAccount } from './adapters/lake-account.ts';
import { lakeFilesOn } from './adapters/lake-files.ts';
import { lakeStorageOn } from './adapters/lake-storage.ts';
import { type Ledger, openLedger } from './adapters/ledger.ts';
import { systemClock } from './adapters/system-clock.ts';
import { systemRandom } from './adapters/system-random.ts';
import type { AgentConfig } from './config.ts';
import { recordRuns } from './telemetry/run-history.ts';

const MIB = 1024 * 1024;

/** The one place where ports meet adapters. An agent is made, ticks, and is closed. */
export interface Agent {
  tick(signal: AbortSignal): Promise<TickResult>;
  summarise(result: TickResult, signal: AbortSignal): Promise<RunSummary>;
  close(): Promise<void>;
}

export async function createAgent(config: AgentConfig, pipeline: Pipeline, report: EmitFact): Promise<Agent> {
  mkdirSync(config.stateDir, { recursive: true, mode: 0o700 });
  const [clock, random, routes] = [systemClock, systemRandom, config.routes];
  const credential = createCredential();
  let record: EmitFact = () => undefined;
  const emit: EmitFact = (fact) => {
    keepHistory(record, fact);
    report(fact);
  };
  const guards = createGuards({ clock, random, emit });
  const ledger = openLedger(join(config.stateDir, 'ledger.db'), { guard: guards.ledger });
  record = recordRuns(ledger, pipeline, clock.now);
  const account = openLakeAccount({ ...config.storage, credential, routes, guard: guards.storage });
  const tables = new Tables(lakeStorageOn(account), clock, emit);
  const engine = guardEngine(
    createDuckDbEngine(engineOptions(config, join(config.stateDir, 'engine'))),
    guards.engine,
  );
  const spoolDir = join(config.stateDir, 'spool');
  const files = await lakeFilesOn(account, { spoolDir, spoolBytesMax: config.spoolMiBMax * MIB, random });
  const stream = createEventStream({ credential, routes, clock, guard: guards.eventHubs });
  const jobs = createDataFactory({
    ...config.dataFactory,
    credential,
    routes,
    clock,
    guard: guards.dataFactory,
  });
  const deps: TickDeps = { tables, engine, landing: engine, files, stream, jobs, clock, random, emit };
  const { asOf } = config;
  const windowOf = (source: BatchSource) => asOf ?? lastClosedWindow(source, clock.now());
  let epoch: bigint | undefined;

  return {
    async tick(signal) {
      const own = epoch ?? (await takeEpoch(ledger, tables, pipeline, signal));
      epoch = own;
      const policy = () => policyAt(EMPTY_CONTROL, clock.now());
      const memory = { failures: new FailureMemory(), active: new ActiveRuns() };
      return tick(deps, { pipeline, epoch: () => own, policy, ...memory, windowOf }, signal);
    },
    summarise: (result, signal) => summarise(config, pipeline, tables, result, signal),
    async close() {
      await guards.close();
      await stream.close();
      await engine.close();
      ledger.close();
    },
  };
}

/** History is a cache (DESIGN §3): a ledger that cannot be written stops nothing; its breaker says so. */
function keepHistory(record: EmitFact, fact: Fact): void {
  try {
    record(fact);
  } catch (error) {
    if (!(error instanceof TransientError)) throw error;
  }
}

/** DuckDB gets a budget for its buffers; what does not fit goes to `tempDir`. */
export function engineOptions(config: AgentConfig, tempDir: string): DuckDbEngineOptions {
  return {
    memoryLimitBytes: config.engine.memoryLimitMiB * MIB,
    threads: config.engine.threads ?? availableParallelism(),
    tempDir,
    sleep: systemClock.sleep,
  };
}

const EPOCH_SCOPE = 'agent';
const FENCE_APP_ID = 'lw/fence/';

/**
 * A new epoch = 1 + the highest in ledger and lake (DESIGN §3, Fences): whoever started last may write, and an agent
 * that comes back on a fresh disk still starts above everything it wrote before.
 */
async function takeEpoch(
  ledger: Ledger,
  tables: Tables,
  pipeline: Pipeline,
  signal: AbortSignal,
): Promise<bigint> {
  let held = 0n;
  for (const { name } of pipeline.datasets) {
    const snapshot = await tables.refresh(rootOf(name), signal);
    for (const [appId, version] of snapshot?.txns ?? []) {
      if (appId.startsWith(FENCE_APP_ID) && version > held) held = version;
    }
  }
  return ledger.nextEpoch(EPOCH_SCOPE, held);
}

async function summarise(
  config: AgentConfig,
  pipeline: Pipeline,
  tables: Tables,
  result: TickResult,
  signal: AbortSignal,
): Promise<RunSummary> {
  const read = readerOf(tables);
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

/** Ticks for ever: at once, then every `drainEveryMs`. A tick that fails as a whole is said and tried again. */
export async function stayUp(
  agent: Agent,
  drainEveryMs: number,
  onTickFailed: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const startedMs = systemClock.now();
    try {
      await agent.tick(signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof TransientError)) throw error;
      onTickFailed(error);
    }
    const restMs = Math.max(0, startedMs + drainEveryMs - systemClock.now());
    await systemClock.sleep(restMs, signal).catch(() => undefined);
  }
}
