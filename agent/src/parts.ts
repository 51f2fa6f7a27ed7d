import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createDuckDbEngine, type DuckDbEngineOptions, type Pipeline } from '@lakewarden/compute';
import { TransientError } from '@lakewarden/contracts';
import {
  type EmitFact,
  type Fact,
  type LogQueries,
  type MetricQueries,
  rootOf,
  Tables,
  type TickDeps,
} from '@lakewarden/core';
import type { LakeStorage } from '@lakewarden/delta';
import { createCredential } from './adapters/credential.ts';
import { createDataFactory } from './adapters/data-factory.ts';
import { createEventStream } from './adapters/event-hubs.ts';
import { createGuards, type Guards } from './adapters/guard/guards.ts';
import { guardEngine } from './adapters/guarded-engine.ts';
import { openLakeAccount } from './adapters/lake-account.ts';
import { lakeFilesOn } from './adapters/lake-files.ts';
import { lakeStorageOn } from './adapters/lake-storage.ts';
import { type Ledger, openLedger } from './adapters/ledger.ts';
import { createLogQueries } from './adapters/monitor-logs.ts';
import { createMetricQueries } from './adapters/monitor-metrics.ts';
import { systemClock } from './adapters/system-clock.ts';
import { systemRandom } from './adapters/system-random.ts';
import type { AgentConfig } from './config.ts';
import { recordRuns } from './telemetry/run-history.ts';

/** The ports with their adapters, each behind its guard: what one tick and a standing agent have in common. */
export interface Parts {
  readonly deps: TickDeps;
  readonly storage: LakeStorage;
  readonly guards: Guards;
  readonly ledger: Ledger;
  readonly engineName: string;
  /** Azure Monitor; undefined when the configuration names no workspace. */
  readonly monitor: { readonly logs: LogQueries; readonly metrics: MetricQueries } | undefined;
  /** Above every epoch that ledger and lake know of, and on disk before it is returned. */
  nextEpoch(signal: AbortSignal): Promise<bigint>;
  close(): Promise<void>;
}

const MIB = 1024 * 1024;

export async function openParts(config: AgentConfig, pipeline: Pipeline, report: EmitFact): Promise<Parts> {
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
  const storage = lakeStorageOn(account);
  const tables = new Tables(storage, clock, emit);
  const duckdb = createDuckDbEngine(engineOptions(config, join(config.stateDir, 'engine')));
  const engine = guardEngine(duckdb, guards.engine);
  const spoolDir = join(config.stateDir, 'spool');
  const files = await lakeFilesOn(account, { spoolDir, spoolBytesMax: config.spoolMiBMax * MIB, random });
  const stream = createEventStream({
    ...config.eventHubs,
    credential,
    routes,
    clock,
    guard: guards.eventHubs,
  });
  const jobs = createDataFactory({
    ...config.dataFactory,
    credential,
    routes,
    clock,
    guard: guards.dataFactory,
  });
  return {
    deps: { tables, engine, landing: engine, files, stream, jobs, clock, random, emit },
    storage,
    guards,
    ledger,
    engineName: duckdb.name,
    monitor: config.monitor && {
      logs: createLogQueries({ credential, routes, guard: guards.monitor }),
      metrics: createMetricQueries({
        credential,
        routes,
        guard: guards.monitor,
        region: config.monitor.region,
      }),
    },
    nextEpoch: (signal) => takeEpoch(ledger, tables, pipeline, signal),
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
  const snapshots = await Promise.all(
    pipeline.datasets.map(({ name }) => tables.refresh(rootOf(name), signal)),
  );
  let held = 0n;
  for (const snapshot of snapshots) {
    for (const [appId, version] of snapshot?.txns ?? []) {
      if (appId.startsWith(FENCE_APP_ID) && version > held) held = version;
    }
  }
  return ledger.nextEpoch(EPOCH_SCOPE, held);
}
