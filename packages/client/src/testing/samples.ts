import type {
  AuditEntry,
  BackfillHealth,
  Blame,
  BreakerHealth,
  DatasetHealth,
  Execution,
  Incident,
  Lineage,
  Overview,
  Plan,
  ProblemDocument,
  RunbookStatus,
  RunHealth,
  SliceHealth,
  SourceLag,
} from '@lakewarden/contracts';
import { API_VERSION } from '@lakewarden/contracts';

/** Answers of an agent on a small shop; each may be changed in part. */
const AT = '2026-11-22T14:06:12.000Z';

export function anOverview(change: Partial<Overview> = {}): Overview {
  return {
    layers: [
      {
        layer: 'gold',
        state: 'fresh',
        why: '',
        datasets: 6,
        counts: { fresh: 41 },
        rows: 12_000,
        behindMs: 180_000,
      },
      {
        layer: 'silver',
        state: 'failed',
        why: 'orders 2011-11-11: decimal overflow in UnitPrice',
        datasets: 8,
        counts: { fresh: 304, failed: 1 },
        rows: 535_185,
        behindMs: 180_000,
      },
      { layer: 'bronze', state: 'fresh', why: '', datasets: 8, counts: { fresh: 310 }, rows: 541_909 },
    ],
    counts: { fresh: 655, failed: 1 },
    breakers: [aBreaker()],
    incidents: { open: 1, worst: 'recovering', title: 'silver.orders 2011-11-11 failed' },
    lag: { events: 0, seconds: 0 },
    backfills: 0,
    nextDrainAt: '2026-11-22T14:10:24.000Z',
    next: 'retry silver.orders@2011-11-11',
    agent: { version: '0.1.0', api: API_VERSION, pipeline: 'retail', startedAt: AT, epoch: '7', ready: true },
    ...change,
  };
}

export function aBreaker(change: Partial<BreakerHealth> = {}): BreakerHealth {
  return {
    dependency: 'storage',
    state: 'closed',
    since: AT,
    failures: 0,
    calls: 1_204,
    retries: 3,
    parkedCalls: 0,
    ...change,
  };
}

export function aDataset(change: Partial<DatasetHealth> = {}): DatasetHealth {
  return {
    name: 'silver.orders',
    layer: 'silver',
    state: 'failed',
    why: '1 of 305 slices failed: decimal overflow in UnitPrice',
    slices: 305,
    counts: { fresh: 304, failed: 1 },
    rows: 535_185,
    accounting: { in: 541_909, out: 535_185, quarantined: 1_456, duplicates: 5_268 },
    quarantined: 1_456,
    version: 12,
    updatedAt: AT,
    behindMs: 180_000,
    inputs: ['bronze.orders'],
    readers: ['gold.daily_sales'],
    flagged: false,
    ...change,
  };
}

export function aSlice(change: Partial<SliceHealth> = {}): SliceHealth {
  return {
    id: 'silver.orders@2011-11-11',
    dataset: 'silver.orders',
    key: '2011-11-11',
    state: 'failed',
    why: 'decimal overflow in UnitPrice',
    rows: 0,
    nextAttemptAt: '2026-11-22T14:06:52.000Z',
    attempts: 2,
    ...change,
  };
}

export function aRun(change: Partial<RunHealth> = {}): RunHealth {
  return {
    id: '8f3c0a1b',
    dataset: 'silver.orders',
    slices: ['2011-11-10', '2011-11-11'],
    sliceCount: 2,
    state: 'committed',
    startedAt: AT,
    endedAt: '2026-11-22T14:06:15.100Z',
    durationMs: 3_100,
    rows: 4_800,
    engine: 'duckdb',
    ...change,
  };
}

export function aBackfill(change: Partial<BackfillHealth> = {}): BackfillHealth {
  return {
    id: 'backfill:1a2b3c4d',
    title: 'backfill silver.orders 2011-11-01 … 2011-11-30',
    plan: `7c1e${'0'.repeat(58)}a4`,
    dataset: 'silver.orders',
    state: 'running',
    total: 29,
    built: 18,
    failed: 0,
    startedAt: AT,
    remainingMs: 120_000,
    current: ['2011-11-19'],
    ...change,
  };
}

export function aPlan(change: Partial<Plan> = {}): Plan {
  const slice = (id: string, rows: number, estimateMs: number) => ({ slice: id, rows, estimateMs });
  return {
    hash: `7c1e${'0'.repeat(58)}a4`,
    kind: 'replay',
    madeAt: AT,
    madeBy: 'an operator',
    title: 'replay silver.orders@2011-11-11',
    input: { target: 'silver.orders@2011-11-11' },
    builds: [slice('silver.orders@2011-11-11', 2_412, 200)],
    downstream: [
      slice('gold.daily_sales@2011-11-11', 6, 100),
      slice('gold.product_sales@2011-11', 3_401, 200),
      slice('gold.customer_value@all', 4_338, 600),
    ],
    reads: ['bronze.orders'],
    ranges: [],
    rows: 2_412,
    estimateMs: 1_100,
    costUsd: 0,
    engine: 'duckdb',
    expected: 'same rows unless the rule changed (clean v7 → v8)',
    ...change,
  };
}

export function aSource(change: Partial<SourceLag> = {}): SourceLag {
  return {
    source: 'orders',
    kind: 'event-hub',
    dataset: 'bronze.orders',
    state: 'fresh',
    why: '',
    observedAt: AT,
    events: 312,
    seconds: 4,
    partitions: [
      { partition: 0, events: 0, seconds: 0, checkpoint: '135476', last: '135476', first: '0', state: 'ok' },
      { partition: 1, events: 0, seconds: 0, state: 'ok' },
      {
        partition: 2,
        events: 312,
        seconds: 4,
        checkpoint: '135000',
        last: '135312',
        first: '0',
        state: 'behind',
      },
    ],
    nextAt: '2026-11-22T14:10:24.000Z',
    ...change,
  };
}

export function anIncident(change: Partial<Incident> = {}): Incident {
  return {
    id: 'inc-7',
    cause: 'stuck-run:vendors',
    kind: 'stuck-run',
    severity: 'error',
    title: 'Data Factory run of vendors is stuck',
    state: 'recovering',
    targets: ['source:vendors'],
    evidence: { run: 'adf-91', runningForMinutes: 42 },
    openedAt: '2026-11-22T14:05:30.000Z',
    since: '2026-11-22T14:05:00.000Z',
    deadline: '2026-11-22T14:15:30.000Z',
    runbook: 'stuck-adf-run',
    execution: 'exec-3',
    signals: 4,
    timeline: [
      { at: '2026-11-22T14:05:30.000Z', what: 'opened' },
      { at: '2026-11-22T14:05:31.000Z', what: 'runbook stuck-adf-run started' },
    ],
    ...change,
  };
}

export function anExecution(change: Partial<Execution> = {}): Execution {
  return {
    id: 'exec-3',
    runbook: 'stuck-adf-run',
    version: 'c0ffee12',
    mode: 'auto',
    incident: 'inc-7',
    state: 'running',
    startedAt: '2026-11-22T14:05:31.000Z',
    steps: [
      { id: 'cancel', action: 'cancel-run', state: 'done', at: '2026-11-22T14:05:32.000Z' },
      { id: 'rerun', action: 'rerun-adf', state: 'running' },
    ],
    ...change,
  };
}

export function aRunbook(change: Partial<RunbookStatus> = {}): RunbookStatus {
  return {
    name: 'stuck-adf-run',
    title: 'Run a stuck Data Factory run again',
    mode: 'auto',
    version: 'c0ffee12',
    match: ['stuck-run'],
    executions: 3,
    verified: 3,
    waiting: [],
    ...change,
  };
}

export function anEntry(change: Partial<AuditEntry> = {}): AuditEntry {
  return {
    seq: 12,
    at: AT,
    actor: 'anna',
    role: 'operator',
    action: 'freeze',
    input: { target: 'gold', reason: 'month end' },
    effects: [{ type: 'Frozen', target: 'gold', reason: 'month end' }],
    prev: '0'.repeat(64),
    hash: 'a'.repeat(64),
    ...change,
  };
}

export function aBlame(change: Partial<Blame> = {}): Blame {
  return {
    slice: 'silver.orders@2011-11-10',
    stepVersion: 'v8',
    stepIsCurrent: true,
    run: '8f3c0a1b',
    commit: { table: 'silver.orders', version: 12, at: AT, commitId: '5a5a' },
    accounting: { in: 2_412, out: 2_380, quarantined: 4, duplicates: 28 },
    files: [{ table: 'silver.orders', path: 'part-1.parquet', rows: 2_380, bytes: 81_920 }],
    inputs: [{ slice: 'bronze.orders@2026-11-22', rows: 2_412, version: 9 }],
    offsets: [
      {
        source: 'orders',
        generation: 'g1',
        partition: 2,
        first: '1200',
        last: '3611',
        rows: 2_412,
        file: 'part-0.parquet',
      },
    ],
    windows: [],
    pins: [],
    acts: [{ seq: 3, at: AT, actor: 'anna', action: 'retry' }],
    truncated: false,
    ...change,
  };
}

export function aLineage(change: Partial<Lineage> = {}): Lineage {
  return {
    level: 'table',
    nodes: [
      { id: 'source:orders', kind: 'source', label: 'orders', state: 'fresh', why: '' },
      { id: 'bronze.orders', kind: 'bronze', label: 'orders', state: 'fresh', why: '', rows: 541_909 },
      {
        id: 'silver.orders',
        kind: 'silver',
        label: 'orders',
        state: 'failed',
        why: 'decimal overflow',
        rows: 535_185,
      },
    ],
    edges: [
      { from: 'source:orders', to: 'bronze.orders' },
      {
        from: 'bronze.orders',
        to: 'silver.orders',
        accounting: { in: 541_909, out: 535_185, quarantined: 1_456, duplicates: 5_268 },
      },
    ],
    truncated: false,
    ...change,
  };
}

export function aProblem(change: Partial<ProblemDocument> = {}): ProblemDocument {
  const code = change.code ?? 'refused';
  return {
    type: `urn:lakewarden:problem:${code}`,
    title: 'Conflict',
    status: 409,
    detail: 'the world moved since the plan was made',
    code,
    remedy: 'make the plan again',
    ...change,
  };
}
