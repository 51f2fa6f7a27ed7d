import type { Pipeline } from '@lakewarden/compute';
import type { ControlEffect } from '@lakewarden/contracts';
import {
  type Actions,
  ActiveRuns,
  backfillStep,
  type ControlLog,
  createActions,
  EMPTY_CONTROL,
  type EmitFact,
  FailureMemory,
  lookAtAll,
  openControlLog,
  policyAt,
  type RunbookHost,
  readerOf,
  reasonOf,
  reconcileAll,
  rootOf,
  Tables,
  type TickDeps,
} from '@lakewarden/core';
import type { LakeStorage } from '@lakewarden/delta';
import type { AgentConfig } from '../../../agent/src/config.ts';
import type { Parts } from '../../../agent/src/parts.ts';
import { createActionHost } from '../../../agent/src/service/action-host.ts';
import { Board } from '../../../agent/src/service/board.ts';
import { BuildLoop } from '../../../agent/src/service/build-loop.ts';
import { createLandings, type Landings } from '../../../agent/src/service/landings.ts';
import { createPlanHost } from '../../../agent/src/service/plan-host.ts';
import type { SimProcess } from '../world/process.ts';

export interface AgentWorld {
  readonly pipeline: Pipeline;
  /** Ports as this process reaches them. */
  readonly ports: Omit<TickDeps, 'tables' | 'clock' | 'random' | 'emit'>;
  readonly storage: LakeStorage;
  readonly config: Pick<AgentConfig, 'drainEveryMs' | 'probeEveryMs' | 'windowEveryMs'>;
  /** The ledger's: never below `held`. */
  readonly nextEpoch: (held: bigint) => bigint;
  readonly emit: EmitFact;
  /** A call that failed for another reason than the product foresees. */
  readonly onError: (loop: string, error: unknown) => void;
  /** A newer epoch than ours was found. */
  readonly onFenced: () => void;
}

const START_REST_MS = 5_000;
const BACKFILL_SLICES_MAX = 2;

/** Tells of lost fences: an agent that meets a newer epoch has no future but a new life with an epoch of its own. */
class FencedTables extends Tables {
  epoch: () => bigint = () => 0n;
  onFenced: () => void = () => undefined;

  override async commit(...[intent, signal]: Parameters<Tables['commit']>) {
    const outcome = await super.commit(intent, signal);
    if (outcome.kind === 'fenced' && outcome.scopes.some(({ held }) => held > this.epoch())) this.onFenced();
    return outcome;
  }
}

/**
 * One life of an agent: fresh memory and a new epoch, around the real loops of the standing agent (landings, builds,
 * backfills) and the real actions on the real control log. What it leaves out of the service: HTTP, alerts, detectors and
 * runbooks, Azure Monitor.
 */
export class AgentLife {
  readonly #process: SimProcess;
  readonly #world: AgentWorld;
  readonly #tables: FencedTables;
  readonly #deps: TickDeps;
  readonly #board: Board;
  readonly #landings: Landings;
  readonly #build: BuildLoop;
  readonly #active = new ActiveRuns();
  readonly #failures = new FailureMemory();
  #log: ControlLog | undefined;
  #epoch = 0n;
  /** Undefined until it is ready. */
  actions: Actions | undefined;

  constructor(process: SimProcess, world: AgentWorld) {
    const { clock, random } = process;
    this.#process = process;
    this.#world = world;
    this.#tables = new FencedTables(world.storage, clock, world.emit);
    this.#tables.epoch = () => this.#epoch;
    this.#tables.onFenced = world.onFenced;
    this.#deps = { ...world.ports, tables: this.#tables, clock, random, emit: world.emit };
    this.#board = new Board(world.pipeline, world.config.drainEveryMs, {
      now: clock.now,
      control: () => this.#control(),
      breakers: () => [],
      failures: () => this.#failures.list(),
      building: () => this.#active.building(),
    });
    this.#landings = createLandings({
      // Of the configuration landings read three times, of the parts the ports.
      config: world.config as AgentConfig,
      parts: { deps: this.#deps } as Parts,
      pipeline: world.pipeline,
      board: this.#board,
      control: () => this.#control(),
      policy: () => this.#policy(),
      epoch: () => this.#epoch,
      note: (effects) => this.#note(effects),
      onLanded: () => this.#build.waker.wake(),
    });
    this.#build = this.#createBuildLoop();
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    if (!(await this.#start(signal))) return;
    await Promise.all([this.#landings.run(signal), this.#build.run(signal)]);
  }

  async #start(signal: AbortSignal): Promise<boolean> {
    const { emit, storage, onError } = this.#world;
    const { clock, random } = this.#process;
    while (!signal.aborted) {
      try {
        const epoch = await this.#takeEpoch(signal);
        const deps = { clock, random, emit, snapshotEveryEntries: 15 };
        if (this.#log === undefined) this.#log = await openControlLog(storage, deps, signal);
        else await this.#log.refresh(signal);
        this.#epoch = epoch;
        this.actions = this.#createActions(this.#log);
        return true;
      } catch (error) {
        if (signal.aborted) return false;
        onError('start', error);
        await clock.sleep(START_REST_MS, signal).catch(() => undefined);
      }
    }
    return false;
  }

  #createActions(log: ControlLog): Actions {
    const { emit, pipeline, storage, ports } = this.#world;
    const { clock, random } = this.#process;
    const host = createActionHost({
      ...{ pipeline, tables: this.#tables, jobs: ports.jobs, random },
      ...{ active: this.#active, failures: this.#failures, windows: this.#landings.windows },
      guards: { find: () => undefined } as unknown as Parts['guards'],
      observe: () => this.#board.observe(),
      now: clock.now,
      wake: () => this.#wake(),
      raiseEpoch: async (signal) => {
        const epoch = await this.#takeEpoch(signal);
        await log.refresh(signal);
        this.#epoch = epoch;
        return epoch;
      },
      plans: createPlanHost(
        (signal) => this.#look(signal),
        { listRuns: () => [] } as unknown as Parts['ledger'],
        'simulated',
      ),
      runbooks: {} as RunbookHost,
      changed: () => this.#board.changed(),
    });
    return createActions({ log, host, storage, clock, random, emit });
  }

  #createBuildLoop(): BuildLoop {
    const { pipeline, emit } = this.#world;
    const request = {
      pipeline,
      epoch: () => this.#epoch,
      policy: () => this.#policy(),
      failures: this.#failures,
      active: this.#active,
    };
    return new BuildLoop({
      board: this.#board,
      clock: this.#process.clock,
      control: () => this.#control(),
      policy: request.policy,
      reconcile: (signal) => reconcileAll(this.#deps, request, signal),
      fill: (backfill, signal) =>
        backfillStep(this.#deps, request, backfill, { slicesMax: BACKFILL_SLICES_MAX }, signal),
      endBackfill: (backfill, as) => this.#note([{ type: 'BackfillEnded', backfill, as }]),
      nextAttemptMs: () => this.#failures.nextAttemptMs(),
      onFailed: (reason) => emit({ type: 'LoopFailed', loop: 'build', reason }),
    });
  }

  async #look(signal: AbortSignal) {
    for (const { layer, name } of this.#world.pipeline.datasets) {
      if (layer === 'bronze') this.#board.putBronze(name, await this.#tables.refresh(rootOf(name), signal));
    }
    const views = await lookAtAll(readerOf(this.#tables), this.#world.pipeline, signal, this.#policy());
    this.#board.putViews(views);
    return this.#board.observe();
  }

  #control() {
    return this.#log?.state ?? EMPTY_CONTROL;
  }

  #policy() {
    return policyAt(this.#control(), this.#process.clock.now());
  }

  #note(effects: readonly ControlEffect[]): void {
    try {
      this.#log?.note(effects);
    } catch (error) {
      this.#world.emit({ type: 'LoopFailed', loop: 'notes', reason: reasonOf(error) });
    }
    this.#board.changed();
  }

  #wake(): void {
    this.#landings.wake();
    this.#build.waker.wake();
  }

  /** One above the highest in ledger and lake (DESIGN §3, Fences). */
  async #takeEpoch(signal: AbortSignal): Promise<bigint> {
    let held = 0n;
    for (const { name } of this.#world.pipeline.datasets) {
      const snapshot = await this.#tables.refresh(rootOf(name), signal);
      for (const [appId, version] of snapshot?.txns ?? []) {
        if (appId.startsWith('lw/fence/') && version > held) held = version;
      }
    }
    return this.#world.nextEpoch(held);
  }
}
