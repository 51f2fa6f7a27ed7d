import type { BatchSource, BronzeDataset, HubSource, Pipeline } from '@lakewarden/compute';
import {
  ActiveRuns,
  drainSource,
  EMPTY_CONTROL,
  type EmitFact,
  FailureMemory,
  landWindow,
  policyAt,
  type ReconcileRequest,
  reconcileAll,
  rootOf,
  Tables,
  type TickDeps,
} from '@lakewarden/core';
import type { SimProcess } from '../world/process.ts';

export interface AgentWorld {
  readonly pipeline: Pipeline;
  /** Ports as this process reaches them. */
  readonly ports: Omit<TickDeps, 'tables' | 'clock' | 'random' | 'emit'> & {
    readonly storage: ConstructorParameters<typeof Tables>[0];
  };
  /** The ledger's: never below `held`. */
  readonly nextEpoch: (held: bigint) => bigint;
  readonly windowOf: (source: BatchSource, nowMs: number) => string;
  readonly emit: EmitFact;
  /** What an error of a loop was: for the judge of bugs, and for I9. */
  readonly onError: (loop: string, error: unknown) => void;
  /** A newer epoch than ours was found. */
  readonly onFenced: () => void;
}

/** Tells of lost fences: an agent that meets a newer epoch has no future but a new life with an epoch of its own. */
class FencedTables extends Tables {
  epoch = 0n;
  onFenced: () => void = () => undefined;

  override async commit(...[intent, signal]: Parameters<Tables['commit']>) {
    const outcome = await super.commit(intent, signal);
    if (outcome.kind === 'fenced' && outcome.scopes.some(({ held }) => held > this.epoch)) this.onFenced();
    return outcome;
  }
}

const DRAIN_EVERY_MS = 5 * 60_000;
const LOOK_EVERY_MS = 3 * 60_000;
const FAILED_REST_MS = 10_000;

/**
 * One life of an agent: fresh memory, a new epoch, then loops that land and build from the real core until the signal
 * aborts or the process dies. Returns only after an abort.
 */
export async function liveAgent(process: SimProcess, world: AgentWorld, signal: AbortSignal): Promise<void> {
  const { clock, random } = process;
  const { emit, ports, pipeline } = world;
  const tables = new FencedTables(ports.storage, clock, emit);
  tables.onFenced = world.onFenced;
  const deps: TickDeps = { ...ports, tables, clock, random, emit };
  const loop = async (name: string, everyMs: number, step: () => Promise<unknown>) => {
    while (!signal.aborted) {
      let restMs = everyMs;
      try {
        await step();
      } catch (error) {
        if (signal.aborted) return;
        world.onError(name, error);
        restMs = FAILED_REST_MS;
      }
      await clock.sleep(restMs, signal).catch(() => undefined);
    }
  };
  const epoch = await takeEpoch(process, world, tables, signal);
  if (epoch === undefined) return;
  tables.epoch = epoch;
  const request: ReconcileRequest = {
    pipeline,
    epoch: () => epoch,
    policy: () => policyAt(EMPTY_CONTROL, clock.now()),
    failures: new FailureMemory(),
    active: new ActiveRuns(),
  };
  const bronze = pipeline.datasets.filter((dataset): dataset is BronzeDataset => dataset.layer === 'bronze');
  const land = bronze.map((dataset) => {
    const { source } = dataset;
    return source.kind === 'event-hub'
      ? loop(`land ${source.name}`, DRAIN_EVERY_MS, () => drain(deps, dataset, source, epoch, signal))
      : loop(`land ${source.name}`, LOOK_EVERY_MS, () => copy(deps, world, dataset, source, epoch, signal));
  });
  await Promise.all([...land, loop('build', LOOK_EVERY_MS, () => reconcileAll(deps, request, signal))]);
}

function drain(
  deps: TickDeps,
  dataset: BronzeDataset,
  source: HubSource,
  epoch: bigint,
  signal: AbortSignal,
) {
  return drainSource(deps, { dataset, source, epoch }, signal);
}

function copy(
  deps: TickDeps,
  world: AgentWorld,
  dataset: BronzeDataset,
  source: BatchSource,
  epoch: bigint,
  signal: AbortSignal,
) {
  const window = world.windowOf(source, deps.clock.now());
  return landWindow(deps, { dataset, source, window, epoch }, signal);
}

const FENCE_PREFIX = 'lw/fence/';

/** One above the highest in ledger and lake (DESIGN §3, Fences). Undefined: stopped before it was known. */
async function takeEpoch(
  process: SimProcess,
  world: AgentWorld,
  tables: Tables,
  signal: AbortSignal,
): Promise<bigint | undefined> {
  while (!signal.aborted) {
    try {
      let held = 0n;
      for (const { name } of world.pipeline.datasets) {
        const snapshot = await tables.refresh(rootOf(name), signal);
        for (const [appId, version] of snapshot?.txns ?? []) {
          if (appId.startsWith(FENCE_PREFIX) && version > held) held = version;
        }
      }
      return world.nextEpoch(held);
    } catch (error) {
      if (signal.aborted) return undefined;
      world.onError('start', error);
      await process.clock.sleep(FAILED_REST_MS, signal).catch(() => undefined);
    }
  }
  return undefined;
}
