import type { GoldDataset, Pipeline, SilverDataset } from '@lakewarden/compute';
import {
  type ActionName,
  type BreakerHealth,
  type ControlEffect,
  EMPTY_DIGEST,
  formatTarget,
  type Plan,
  parseTarget,
  type Role,
} from '@lakewarden/contracts';
import type { LakeStorage } from '@lakewarden/delta';
import { memoryStorage } from '@lakewarden/delta/testing';
import type { Observation, WindowObservation } from '../observe/observation.ts';
import { planHash } from '../plan/seal-plan.ts';
import { type ControlLog, openControlLog } from '../policy/control-log.ts';
import type { DatasetView, SliceView } from '../reconcile/world.ts';
import { CountingRandom, ManualClock, recordedFacts } from '../testing.ts';
import type { ActionHost, PlanCheck, PlanOutcome, RunbookPreparation } from './action-host.ts';
import { type ActionOutcome, createActions } from './perform.ts';

/** An agent around the catalogue that does nothing itself and remembers what it was told to do. */
export const signal = new AbortController().signal;
export const NOW_MS = Date.UTC(2026, 0, 15, 12);
export const SLICE = 'silver.orders@2011-11-11';
export const RUNBOOK = 'stalled-partition';
export const RUN = 'run-1';

const hub = { kind: 'event-hub', name: 'orders', namespace: 'retail-events', hub: 'orders' };
const batch = {
  ...{ kind: 'data-factory', name: 'stores', factory: 'retail-adf', pipeline: 'copy' },
  everyMs: 24 * 60 * 60 * 1000,
};
const landed = { layer: 'bronze', name: 'bronze.orders', source: hub };
const copied = { layer: 'bronze', name: 'bronze.stores', source: batch };
const silver = { layer: 'silver', name: 'silver.orders', from: landed, refresh: 'event', grain: 'day' };
const gold = {
  layer: 'gold',
  name: 'gold.sales',
  grain: 'month',
  inputs: [{ dataset: silver, asof: 'window' }],
};
export const pipeline = {
  name: 'retail',
  sources: [hub, batch],
  datasets: [landed, copied, silver, gold],
} as unknown as Pipeline;

function viewOf(step: object, slices: Readonly<Record<string, boolean>>): DatasetView {
  const views = Object.entries(slices).map(([slice, isBuilt]): SliceView => {
    const recorded = { fingerprint: `f-${slice}`, digest: EMPTY_DIGEST } as unknown as SliceView['recorded'];
    const wanted = { slice, inputs: [], fingerprint: `f-${slice}`, ready: true };
    const status = isBuilt ? 'fresh' : 'stale';
    return { wanted, recorded: isBuilt ? recorded : undefined, status, fresh: isBuilt, isWaived: false };
  });
  return { step: step as SilverDataset | GoldDataset, snapshot: undefined, tables: new Map(), slices: views };
}

function breaker(dependency: string, state: BreakerHealth['state']): BreakerHealth {
  const since = new Date(NOW_MS).toISOString();
  return { dependency, state, since, failures: 0, calls: 0, retries: 0, parkedCalls: 0 };
}

/** A plan as the planner seals it. */
export function planFor(
  kind: Plan['kind'],
  slices: readonly string[],
  title = `${kind} ${slices.join(' ')}`,
): Plan {
  const content = {
    ...{ kind, title, input: {}, downstream: [], reads: [], ranges: [], rows: 10, estimateMs: 100 },
    builds: slices.map((slice) => ({
      slice,
      rows: 10,
      estimateMs: 100,
      fingerprint: 'f',
      stepVersion: 'v1',
    })),
    ...{ costUsd: 0, engine: 'duckdb', expected: 'the same rows' },
  };
  return { ...content, hash: planHash(content), madeAt: new Date(NOW_MS).toISOString(), madeBy: 'ann' };
}

export class FakeHost implements ActionHost {
  /** What it was told to do, in order. */
  readonly calls: string[] = [];
  /** Asked before each call that does something: may throw. */
  before: (call: string) => void = () => {};
  windows: readonly WindowObservation[] = [];
  failures: Observation['failures'] = [];
  hasViews = true;
  moved: readonly string[] = [];
  readonly #control: () => ControlLog['state'];

  constructor(control: () => ControlLog['state']) {
    this.#control = control;
  }

  observe(): Observation {
    const views = new Map([
      ['silver.orders', viewOf(silver, { '2011-11-10': true, '2011-11-11': true, '2011-11-12': false })],
      ['gold.sales', viewOf(gold, { '2011-11': true })],
    ]);
    return {
      ...{ nowMs: NOW_MS, startedMs: 0, pipeline, control: this.#control(), viewsAtMs: NOW_MS },
      views: this.hasViews ? (views as unknown as Observation['views']) : undefined,
      ...{ bronze: new Map(), completeToMs: new Map(), drainEveryMs: 300_000, nextLandingMs: new Map() },
      ...{
        backfillProgress: new Map(),
        failures: this.failures,
        parked: new Map(),
        hubs: [],
        windows: this.windows,
      },
      building: new Map([['silver.orders@2011-11-12', RUN]]),
      breakers: [breaker('storage', 'open'), breaker('engine', 'closed')],
      ...{ gaps: [], ingress: [], rules: [], alerts: [] },
    };
  }

  now = () => NOW_MS;
  wake = () => this.#do('wake');

  async fence(datasets: readonly string[]): Promise<void> {
    this.#do(`fence ${datasets.join(' ')}`);
  }

  resetBreaker(dependency: string): boolean {
    this.#do(`reset ${dependency}`);
    return true;
  }

  async cancelRun(run: string): Promise<'cancelled' | 'not-running'> {
    this.#do(`cancel ${run}`);
    return 'cancelled';
  }

  clearFailures(target: Parameters<ActionHost['clearFailures']>[0]): number {
    this.#do(`clear ${formatTarget(target)}`);
    return 2;
  }

  readonly plans = {
    replay: async ({ target }: { target: string }): Promise<PlanOutcome> => {
      const slices = parseTarget(target)?.kind === 'slice' ? [target] : [`${target}@2011-11-11`];
      return { kind: 'planned', plan: planFor('replay', slices) };
    },
    backfill: async ({
      dataset,
      from,
      to,
    }: {
      dataset: string;
      from: string;
      to: string;
    }): Promise<PlanOutcome> => {
      return { kind: 'planned', plan: planFor('backfill', [`${dataset}@${from}`, `${dataset}@${to}`]) };
    },
    check: async (): Promise<PlanCheck> =>
      this.moved.length === 0 ? { kind: 'current' } : { kind: 'moved', what: this.moved },
  };

  readonly runbooks = {
    prepare: (request: { execution: string; runbook: string; incident?: string }): RunbookPreparation => {
      if (request.runbook !== RUNBOOK) {
        const problem = {
          code: 'not-found',
          message: `there is no runbook ${request.runbook}`,
          remedy: 'Look.',
        } as const;
        return { kind: 'refused', problem };
      }
      const { execution, incident } = request;
      const started = startedEffect(execution, 'running', incident);
      return { kind: 'ready', started, steps: ['retry: source:orders'] };
    },
    carryOn: (execution: string) => this.#do(`carry on ${execution}`),
    approve: (execution: string, by: string) => this.#do(`approve ${execution} by ${by}`),
    reject: (execution: string, by: string, reason: string) =>
      this.#do(`reject ${execution} by ${by}: ${reason}`),
  };

  #do(call: string): void {
    this.before(call);
    this.calls.push(call);
  }
}

export function startedEffect(
  execution: string,
  state: 'running' | 'waiting-approval',
  incident?: string,
): Extract<ControlEffect, { type: 'ExecutionStarted' }> {
  return {
    ...{ type: 'ExecutionStarted', execution, runbook: RUNBOOK, version: 'v1', mode: 'approve' },
    ...{ cause: 'lag:orders', steps: [{ id: 'again', action: 'retry' }], bindings: {}, state },
    ...(incident && { incident }),
  };
}

export function incidentEffect(incident: string): ControlEffect {
  return {
    ...{ type: 'IncidentOpened', incident, deadline: '2026-01-15T13:00:00.000Z' },
    since: '2026-01-15T11:00:00.000Z',
    signal: {
      ...{ cause: `lag:${incident}`, kind: 'lag', severity: 'warning', title: 'orders lag' },
      ...{ targets: ['source:orders'], evidence: {} },
    },
  };
}

export interface Ask {
  readonly key?: string;
  readonly dryRun?: boolean;
  readonly role?: Role;
  readonly as?: string;
}

/** One life of the agent; another one on the same storage is a restart. */
export async function startAgent(storage: LakeStorage = memoryStorage(), random = new CountingRandom()) {
  const { facts, emit } = recordedFacts();
  const clock = new ManualClock(NOW_MS);
  const log = await openControlLog(storage, { clock, random, emit }, signal);
  const host = new FakeHost(() => log.state);
  const actions = createActions({ log, host, storage, clock, random, emit });
  const perform = (name: ActionName | string, input: unknown, ask: Ask = {}): Promise<ActionOutcome> => {
    const principal = { id: ask.as ?? 'ann', role: ask.role ?? 'admin' };
    const caller = { principal, idempotencyKey: ask.key };
    return actions.perform(name, { input, dryRun: ask.dryRun ?? false }, caller, signal);
  };
  /** @returns the result; throws when it is refused */
  const act = async (name: ActionName, input: unknown, ask: Ask = {}) => {
    const outcome = await perform(name, input, ask);
    if (outcome.kind === 'refused')
      throw new Error(`${name} is refused: ${outcome.code}, ${outcome.message}`);
    return outcome.result;
  };
  const refusal = async (name: string, input: unknown, ask: Ask = {}) => {
    const outcome = await perform(name, input, ask);
    if (outcome.kind === 'ok') throw new Error(`${name} is not refused: ${outcome.result.message}`);
    return outcome;
  };
  return { storage, log, host, actions, facts, clock, perform, act, refusal };
}

export type TestAgent = Awaited<ReturnType<typeof startAgent>>;
