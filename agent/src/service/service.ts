import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Pipeline } from '@lakewarden/compute';
import { type ControlEffect, TransientError } from '@lakewarden/contracts';
import {
  type Actions,
  ActiveRuns,
  backfillStep,
  type ControlLog,
  type ControlState,
  createActions,
  EMPTY_CONTROL,
  type EmitFact,
  FailureMemory,
  lookAtAll,
  openControlLog,
  type Policy,
  policyAt,
  readerOf,
  reasonOf,
  reconcileAll,
  rootOf,
} from '@lakewarden/core';
import { type AlertInbox, openAlertInbox } from '../adapters/alert-inbox.ts';
import type { EventHub } from '../api/event-hub.ts';
import type { AgentConfig } from '../config.ts';
import type { Parts } from '../parts.ts';
import { createPreviews, type Previews } from '../queries/preview.ts';
import { createActionHost } from './action-host.ts';
import { type Alerts, openAlerts } from './alerts.ts';
import { Board } from './board.ts';
import { breakerHealth } from './breaker-health.ts';
import { BuildLoop } from './build-loop.ts';
import { createLandings, type Landings } from './landings.ts';
import { createMonitorLoop } from './monitor-loop.ts';
import { createPlanHost } from './plan-host.ts';
import { createPublisher } from './publisher.ts';
import { Waker } from './waker.ts';
import { createWatch, type Watch } from './watch.ts';

/** Slices of a backfill that are built before live work is looked at again. */
const BACKFILL_SLICES_MAX = 4;
/** Between two tries to read the control log while storage does not answer. */
const START_REST_MS = 1_000;
const PUBLISH_REST_MS = 150;

export interface ServiceOptions {
  readonly config: AgentConfig;
  readonly pipeline: Pipeline;
  readonly parts: Parts;
  readonly events: EventHub;
  readonly emit: EmitFact;
}

/**
 * The standing agent: loops around one board. Each loop reads the world again on every round, so that a lost wake, a crash
 * or a restart costs time and nothing else.
 */
export class Service {
  readonly board: Board;
  readonly alerts: Alerts;
  readonly previews: Previews;
  readonly active = new ActiveRuns();
  readonly failures = new FailureMemory();
  readonly #options: ServiceOptions;
  readonly #inbox: AlertInbox;
  readonly #landings: Landings;
  readonly #build: BuildLoop;
  readonly #watchWaker: Waker;
  readonly #publish: (seen: ReturnType<Board['observe']>) => void;
  #log: ControlLog | undefined;
  #actions: Actions | undefined;
  #watch: Watch | undefined;
  #epoch = 0n;

  constructor(options: ServiceOptions) {
    const { config, pipeline, parts, events } = options;
    const { clock, tables, files } = parts.deps;
    this.#options = options;
    this.board = new Board(pipeline, config.drainEveryMs, {
      now: clock.now,
      control: () => this.control(),
      breakers: () => parts.guards.all.map((guard) => breakerHealth(guard.status())),
      failures: () => this.failures.list(),
      building: () => this.active.building(),
    });
    this.#inbox = openAlertInbox(join(config.stateDir, 'alerts.db'), parts.guards.ledger);
    this.alerts = openAlerts({
      inbox: this.#inbox,
      board: this.board,
      pipeline,
      resources: config.resources,
      scope: {
        subscriptionId: config.dataFactory.subscriptionId,
        storageAccount: config.storage.account,
      },
      clock,
      note: (effects) => this.#note(effects),
      onAlert: () => {
        this.wake();
        this.#watchWaker.wake();
      },
    });
    this.previews = createPreviews({
      read: (root, signal) => tables.refresh(root, signal),
      files,
      tempDir: config.stateDir,
      sleep: clock.sleep,
    });
    this.#landings = createLandings({
      ...{ config, pipeline, parts, board: this.board },
      control: () => this.control(),
      policy: () => this.#policy(),
      epoch: () => this.#epoch,
      note: (effects) => this.#note(effects),
      onLanded: () => this.#build.waker.wake(),
    });
    this.#build = this.#createBuildLoop();
    this.#watchWaker = new Waker(clock);
    this.#publish = createPublisher((event) => events.publish(event));
    for (const guard of parts.guards.all) {
      guard.onChange(({ state }) => {
        this.board.changed();
        if (state === 'closed') this.wake();
      });
    }
  }

  control(): ControlState {
    return this.#log?.state ?? EMPTY_CONTROL;
  }

  get log(): ControlLog | undefined {
    return this.#log;
  }

  get actions(): Actions | undefined {
    return this.#actions;
  }

  get watch(): Watch | undefined {
    return this.#watch;
  }

  get epoch(): bigint {
    return this.#epoch;
  }

  /** What it still needs before it can act. */
  waitingFor(): readonly string[] {
    if (this.#actions === undefined) return ['the control log in the lake'];
    return this.#epoch === 0n ? ['an epoch'] : [];
  }

  wake(): void {
    this.#landings.wake();
    this.#build.waker.wake();
  }

  /** Until the signal aborts. What is committed stays, what is not was never there. */
  async run(signal: AbortSignal): Promise<void> {
    const { config, parts, emit } = this.#options;
    const { clock } = parts.deps;
    const startedMs = clock.now();
    if (!(await this.#start(signal))) return;
    emit({ type: 'AgentReady', epoch: String(this.#epoch), startMs: clock.now() - startedMs });
    const monitor = createMonitorLoop({ config, pipeline: this.#options.pipeline, parts, board: this.board });
    await Promise.all([
      this.#landings.run(signal),
      this.#build.run(signal),
      this.#watchLoop(signal),
      this.#publishLoop(signal),
      monitor?.run(signal),
    ]);
  }

  async close(): Promise<void> {
    await this.#watch?.close();
    await this.previews.close();
    this.#inbox.close();
  }

  /** Takes an epoch and reads the control log, however long storage is away. False: the signal ended it. */
  async #start(signal: AbortSignal): Promise<boolean> {
    const { parts, emit } = this.#options;
    const { clock } = parts.deps;
    while (!signal.aborted) {
      try {
        const epoch = await parts.nextEpoch(signal);
        // In this order: what was decided before the epoch is read after it, what is decided later fences it (I4, I16).
        if (this.#log === undefined) this.#log = await this.#openLog(signal);
        else await this.#log.refresh(signal);
        this.#epoch = epoch;
        this.#makeActions(this.#log);
        return true;
      } catch (error) {
        if (signal.aborted) return false;
        if (!(error instanceof TransientError)) throw error;
        emit({ type: 'LoopFailed', loop: 'start', reason: reasonOf(error) });
        await clock.sleep(START_REST_MS, signal).catch(() => undefined);
      }
    }
    return false;
  }

  async #openLog(signal: AbortSignal): Promise<ControlLog> {
    const { parts, emit } = this.#options;
    const log = await openControlLog(parts.storage, { ...parts.deps, emit }, signal);
    log.onEntry(() => this.board.changed());
    return log;
  }

  #makeActions(log: ControlLog): void {
    const { config, parts, pipeline, emit } = this.#options;
    const { clock, random, tables, jobs } = parts.deps;
    const watch = createWatch({
      ...{ config, log, guards: parts.guards, emit },
      observe: () => this.board.observe(),
      note: (effects, by) => log.note(effects, by),
      actions: () => {
        assert(this.#actions !== undefined, 'actions are made before the first round');
        return this.#actions;
      },
      wake: () => this.wake(),
      stepSoon: () => this.#watchWaker.wake(),
    });
    const host = createActionHost({
      ...{ pipeline, tables, jobs, random, guards: parts.guards },
      ...{ active: this.active, failures: this.failures, windows: this.#landings.windows },
      observe: () => this.board.observe(),
      now: clock.now,
      wake: () => this.wake(),
      raiseEpoch: async (signal) => {
        const epoch = await parts.nextEpoch(signal);
        // Below it nothing may run that does not know what others decided before it was taken.
        await log.refresh(signal);
        this.#epoch = epoch;
        return epoch;
      },
      plans: createPlanHost((signal) => this.#look(signal), parts.ledger, parts.engineName),
      runbooks: watch.runbooks,
      changed: () => this.board.changed(),
    });
    this.#watch = watch;
    this.#actions = createActions({ log, host, storage: parts.storage, clock, random, emit });
  }

  /** The whole lake as it is now. */
  async #look(signal: AbortSignal) {
    const { parts, pipeline } = this.#options;
    const { tables } = parts.deps;
    for (const { layer, name } of pipeline.datasets) {
      if (layer === 'bronze') this.board.putBronze(name, await tables.refresh(rootOf(name), signal));
    }
    this.board.putViews(await lookAtAll(readerOf(tables), pipeline, signal, this.#policy()));
    return this.board.observe();
  }

  #policy(): Policy {
    return policyAt(this.control(), this.#options.parts.deps.clock.now());
  }

  #note(effects: readonly ControlEffect[]): void {
    try {
      this.#log?.note(effects);
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      this.#options.emit({ type: 'LoopFailed', loop: 'notes', reason: reasonOf(error) });
    }
    this.board.changed();
  }

  #createBuildLoop(): BuildLoop {
    const { parts, pipeline, emit } = this.#options;
    const { deps } = parts;
    const request = {
      pipeline,
      epoch: () => this.#epoch,
      policy: () => this.#policy(),
      failures: this.failures,
      active: this.active,
    };
    return new BuildLoop({
      board: this.board,
      clock: deps.clock,
      control: () => this.control(),
      policy: request.policy,
      reconcile: (signal) => reconcileAll(deps, request, signal),
      fill: (backfill, signal) =>
        backfillStep(deps, request, backfill, { slicesMax: BACKFILL_SLICES_MAX }, signal),
      endBackfill: (backfill, as) => this.#note([{ type: 'BackfillEnded', backfill, as }]),
      nextAttemptMs: () => this.failures.nextAttemptMs(),
      onFailed: (reason) => emit({ type: 'LoopFailed', loop: 'build', reason }),
    });
  }

  /** What has become another is told to who listens, changes of a moment together. */
  async #publishLoop(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options.parts.deps;
    const news = new Waker(clock);
    this.board.onChanged(() => news.wake());
    while (!signal.aborted) {
      this.#publish(this.board.observe());
      await news.restUntil(Number.MAX_SAFE_INTEGER, signal);
      await clock.sleep(PUBLISH_REST_MS, signal).catch(() => undefined);
    }
  }

  /** Detectors, incidents and runbooks: every so often, and as soon as a runbook has something to go on with. */
  async #watchLoop(signal: AbortSignal): Promise<void> {
    const { config, parts, emit } = this.#options;
    const { clock } = parts.deps;
    while (!signal.aborted) {
      try {
        this.alerts.expire();
        this.#watch?.step();
      } catch (error) {
        if (signal.aborted) return;
        emit({ type: 'LoopFailed', loop: 'watch', reason: reasonOf(error) });
      }
      await this.#watchWaker.restUntil(clock.now() + config.watchEveryMs, signal);
    }
  }
}
