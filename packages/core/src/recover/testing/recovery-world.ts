import { compilePipeline, type Pipeline } from '@lakewarden/compute';
import {
  type ActionName,
  type AuditEntry,
  type BreakerHealth,
  type ControlEffect,
  type DatasetName,
  type Plan,
  type RowAccounting,
  TransientError,
} from '@lakewarden/contracts';
import type { Fact } from '../../facts.ts';
import type {
  ActiveAlert,
  FailedSlice,
  HubObservation,
  Observation,
  WindowObservation,
} from '../../observe/observation.ts';
import { applyEntries } from '../../policy/apply-entry.ts';
import { sealEntry } from '../../policy/audit-entry.ts';
import { type ControlState, EMPTY_CONTROL } from '../../policy/control-state.ts';
import type { DatasetView, SliceView } from '../../reconcile/world.ts';
import type { PerformOutcome, RecoveryDeps } from '../recovery-deps.ts';
import type { LoadedRunbook } from '../runbook-file.ts';
import { Watch, type WatchDeps } from '../watch.ts';

const FILES: Readonly<Record<string, string>> = {
  'pipeline.yaml': `
pipeline: shop
sources:
  orders: { kind: event-hub, namespace: retail-events, hub: orders }
  vendors:
    kind: data-factory
    factory: retail-factory
    pipeline: copy-vendors
    every: 24h
    format: { kind: json-array }
bronze: { orders: { source: orders }, vendors: { source: vendors } }
silver:
  orders:
    from: bronze.orders
    slice: day
    columns: { day: { field: day, type: date, required: true }, amount: { field: amount, type: long, required: true } }
    key: [day, amount]
  vendors:
    from: bronze.vendors
    slice: day
    columns: { id: { field: id, type: long, required: true } }
    key: [id]
gold:
  sales: { query: sales.sql, slice: day, key: [day] }
  totals: { query: totals.sql, slice: all, key: [day] }
objectives:
  source:orders: { lag: { events: 1000, seconds: 300 } }
  source:vendors: { freshness: 50h, runTime: 30m }
  silver.orders: { freshness: 15m, quarantineRate: 0.2 }
  gold.sales: { freshness: 2h }
logRules:
  failed_runs:
    query: ADFPipelineRun
    every: 1m
    window: 5m
    above: 0
    targets: [source:vendors]
    title: Data Factory runs failed
`,
  'sales.sql': 'select day, sum(amount) as amount from silver.orders group by day',
  'totals.sql': 'select day, sum(amount) as amount from silver.orders group by day',
};

export function shopPipeline(): Pipeline {
  const compiled = compilePipeline((path) => FILES[path], 'pipeline.yaml');
  if (compiled.kind === 'problems') throw new Error(JSON.stringify(compiled.problems));
  return compiled.pipeline;
}

const PIPELINE = shopPipeline();
export const START_MS = Date.UTC(2026, 10, 22, 12);

/** A slice view with only what detectors and checks look at. */
export function sliceView(
  slice: string,
  fresh: boolean,
  accounting?: RowAccounting,
  writtenMs = 0,
): SliceView {
  const file = { path: 'f', partitionValues: {}, size: 1, modificationTime: writtenMs, dataChange: true };
  return {
    wanted: { slice, inputs: [], fingerprint: 'f', ready: true },
    recorded: {
      slice,
      fingerprint: fresh ? 'f' : 'older',
      run: 'r',
      digest: { rows: accounting?.out ?? 1, sum: 1n },
      accounting,
      totals: {},
      files: [file],
    },
    status: fresh ? 'fresh' : 'stale',
    fresh,
    isWaived: false,
  };
}

export function viewOf(dataset: DatasetName, slices: readonly SliceView[], pipeline = PIPELINE): DatasetView {
  const step = pipeline.datasets.find(({ name }) => name === dataset);
  if (step === undefined) throw new Error(`no dataset ${dataset}`);
  return { step, snapshot: undefined, tables: new Map(), slices };
}

/** An observation in which all is well, with parts replaced. */
export function observationOf(parts: Partial<Observation> = {}): Observation {
  const nowMs = parts.nowMs ?? START_MS;
  return {
    nowMs,
    startedMs: START_MS - 3_600_000,
    pipeline: PIPELINE,
    control: EMPTY_CONTROL,
    views: new Map([
      ['silver.orders', viewOf('silver.orders', [sliceView('2026-11-22', true)])],
      ['silver.vendors', viewOf('silver.vendors', [sliceView('2026-11-21', true)])],
      ['gold.sales', viewOf('gold.sales', [sliceView('2026-11-22', true)])],
      ['gold.totals', viewOf('gold.totals', [sliceView('all', true)])],
    ] as [DatasetName, DatasetView][]),
    viewsAtMs: nowMs,
    bronze: new Map(),
    completeToMs: new Map(),
    drainEveryMs: 5_000,
    nextLandingMs: new Map(),
    backfillProgress: new Map(),
    failures: [],
    parked: new Map(),
    building: new Map(),
    hubs: [hubOf({ atMs: nowMs })],
    windows: [],
    breakers: [breakerOf('storage'), breakerOf('event-hubs'), breakerOf('data-factory')],
    gaps: [],
    ingress: [],
    rules: [],
    alerts: [],
    ...parts,
  };
}

export function hubOf(parts: Partial<HubObservation> = {}): HubObservation {
  const atMs = 'atMs' in parts ? parts.atMs : START_MS;
  return {
    source: 'orders',
    dataset: 'bronze.orders',
    partitions: [0, 1].map((partition) => ({
      partition,
      first: 0n,
      last: 99n,
      lastEnqueuedMs: START_MS,
      checkpoint: 99n,
      advancedMs: atMs ?? 0,
      isLost: false,
    })),
    ...parts,
    atMs,
  };
}

export function breakerOf(
  dependency: string,
  state: BreakerHealth['state'] = 'closed',
  sinceMs = START_MS - 3_600_000,
): BreakerHealth {
  const since = new Date(sinceMs).toISOString();
  return { dependency, state, since, failures: 0, calls: 0, retries: 0, parkedCalls: 0 };
}

export function planOf(slices: readonly string[], hash = `${slices.join()}`): Plan {
  const builds = slices.map((slice) => ({ slice, rows: 1, estimateMs: 1 }));
  return {
    hash,
    kind: 'replay',
    madeAt: '',
    madeBy: '',
    title: '',
    input: {},
    builds,
    downstream: [],
    reads: [],
    ranges: [],
    rows: 1,
    estimateMs: 1,
    costUsd: 0,
    engine: 'duckdb',
    expected: '',
  };
}

export class Crash extends Error {}

export interface Act {
  readonly action: ActionName;
  readonly input: Readonly<Record<string, unknown>>;
  readonly key: string;
}

/**
 * A shop whose agent can die after any entry of its journal and after any act. The control log is the real fold; the world
 * changes only by what `onAct` makes of an act, once for each idempotency key, as the action catalogue promises.
 */
export class RecoveryWorld {
  nowMs = START_MS;
  parts: Partial<Observation> = {};
  failures: FailedSlice[] = [];
  windows: WindowObservation[] = [];
  alerts: ActiveAlert[] = [];
  hub: HubObservation = hubOf();
  breakers: BreakerHealth[] = [breakerOf('storage'), breakerOf('event-hubs'), breakerOf('data-factory')];
  parked = new Map<string, string>();
  views: ReadonlyMap<DatasetName, DatasetView> = observationOf().views ?? new Map();
  answers = true;
  readonly entries: AuditEntry[] = [];
  readonly ignored: string[] = [];
  /** Those that took effect; repetitions are not in it. */
  readonly acts: Act[] = [];
  readonly facts: Fact[] = [];
  probes = 0;
  wakes = 0;
  onAct: (act: Act) => PerformOutcome | undefined = () => undefined;
  failAct: (act: Act) => void = () => undefined;
  /** Dies after so many more entries; undefined: never. */
  crashIn: number | undefined;
  control: ControlState = EMPTY_CONTROL;
  readonly runbooks: Map<string, LoadedRunbook>;
  readonly #modes: RecoveryDeps['modes'];
  watch: Watch;

  constructor(runbooks: ReadonlyMap<string, LoadedRunbook>, modes: RecoveryDeps['modes'] = {}) {
    this.runbooks = new Map(runbooks);
    this.#modes = modes;
    this.watch = this.#start();
  }

  observe(): Observation {
    return observationOf({
      nowMs: this.nowMs,
      control: this.control,
      views: this.views,
      viewsAtMs: this.nowMs,
      failures: this.failures,
      windows: this.windows,
      alerts: this.alerts,
      hubs: [{ ...this.hub, atMs: this.nowMs }],
      breakers: this.breakers,
      parked: this.parked,
      ...this.parts,
    });
  }

  /** All memory is lost; the journal and the world stay. */
  restart(): void {
    this.watch.recovery.close();
    this.control = applyEntries(EMPTY_CONTROL, this.entries).state;
    this.watch = this.#start();
  }

  /** A second of the agent's life; it may die in it, and is started again. True: it died. */
  async second(): Promise<boolean> {
    this.nowMs += 1_000;
    try {
      this.watch.step();
      await this.watch.recovery.settled();
      return false;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.restart();
      return true;
    }
  }

  async until(isDone: () => boolean, secondsMax = 3_600): Promise<void> {
    for (let second = 0; second < secondsMax && !isDone(); second++) await this.second();
  }

  incidents(): readonly string[] {
    return [...this.control.incidents.values()].map(({ cause, state }) => `${cause} ${state}`);
  }

  executions(): readonly string[] {
    return [...this.control.executions.values()].map(({ runbook, state }) => `${runbook} ${state}`);
  }

  /** As the catalogue does it for people. */
  decide(effects: readonly ControlEffect[]): void {
    this.#write(effects, 'ann', 'operator');
  }

  #start(): Watch {
    return new Watch(this.deps());
  }

  deps(): WatchDeps {
    return {
      observe: () => this.observe(),
      control: () => this.control,
      note: (effects, by = { actor: 'agent', role: 'agent' }) => {
        this.#write(effects, by.actor, by.role);
        this.#mayCrash();
      },
      perform: async (action, { input }, { principal, idempotencyKey: key }) => {
        const act = { action, input, key };
        this.failAct(act);
        const idempotency = `${principal.id}:${key}`;
        if (this.control.acts.has(idempotency)) return performed(action);
        if (action === 'replay') return this.onAct(act) ?? performed(action);
        const answer = this.onAct(act);
        this.acts.push(act);
        // What was refused stands nowhere.
        if (answer?.kind === 'refused') return answer;
        this.#write([], principal.id, principal.role, { action, input, idempotency });
        return answer ?? performed(action);
      },
      probe: async () => {
        this.probes++;
        if (!this.answers) throw new TransientError('unavailable', '503');
        return true;
      },
      wake: () => {
        this.wakes++;
      },
      emit: (fact) => this.facts.push(fact),
      runbooks: () => this.runbooks,
      modes: this.#modes ?? {},
    };
  }

  #write(
    effects: readonly ControlEffect[],
    actor: string,
    role: AuditEntry['role'],
    act?: { readonly action: string; readonly input: Act['input']; readonly idempotency: string },
  ): void {
    const entry = sealEntry(
      { actor, role, effects, ...act },
      this.control.head,
      new Date(this.nowMs).toISOString(),
    );
    this.entries.push(entry);
    const { state, ignored } = applyEntries(this.control, [entry]);
    this.control = state;
    this.ignored.push(...ignored.map(({ effect, reason }) => `${effect}: ${reason}`));
  }

  #mayCrash(): void {
    if (this.crashIn === undefined || --this.crashIn > 0) return;
    this.crashIn = undefined;
    throw new Crash();
  }
}

function performed(action: string): PerformOutcome {
  return { kind: 'performed', result: { action, outcome: 'done', message: `${action} done`, effects: [] } };
}
