import { z } from 'zod';

/** What the agent says of the state of things (`GET /api/v1/…`). One word a state, everywhere (ux.md). */
export const HEALTH_STATES = [
  'fresh',
  'building',
  'stale',
  'late',
  'failed',
  'held',
  'frozen',
  'paused',
  'parked',
  'empty',
] as const;
export const healthStateSchema = z.enum(HEALTH_STATES);
export type HealthState = z.infer<typeof healthStateSchema>;

export const layerNameSchema = z.enum(['bronze', 'silver', 'gold']);

export const accountingSchema = z.object({
  in: z.int(),
  out: z.int(),
  quarantined: z.int(),
  duplicates: z.int(),
});

const stop = z.object({ reason: z.string(), by: z.string().optional(), until: z.string().optional() });
const counts = z.partialRecord(healthStateSchema, z.int());

export const datasetHealthSchema = z.object({
  name: z.string(),
  layer: layerNameSchema,
  /** The worst that is true of it. */
  state: healthStateSchema,
  /** Why, in one line: the failure, what it waits for, who stopped it. Empty when all is well. */
  why: z.string(),
  slices: z.int(),
  counts,
  rows: z.int(),
  /** Rows of all live slices. */
  accounting: accountingSchema.optional(),
  quarantined: z.int(),
  /** Version of its Delta log; absent before the first commit. */
  version: z.int().optional(),
  updatedAt: z.string().optional(),
  /** How old what it shows is: now − newest landed event that is in it, in milliseconds. */
  behindMs: z.int().optional(),
  /** Freshness objective, in milliseconds, when it has one. */
  freshnessMs: z.int().optional(),
  frozen: stop.optional(),
  paused: stop.optional(),
  source: z.string().optional(),
  inputs: z.array(z.string()),
  readers: z.array(z.string()),
  /** True when a slice that it was made from is pinned. */
  flagged: z.boolean(),
});
export type DatasetHealth = z.infer<typeof datasetHealthSchema>;

export const layerHealthSchema = z.object({
  layer: layerNameSchema,
  state: healthStateSchema,
  why: z.string(),
  datasets: z.int(),
  counts,
  rows: z.int(),
  behindMs: z.int().optional(),
});
export type LayerHealth = z.infer<typeof layerHealthSchema>;

export const sliceHealthSchema = z.object({
  id: z.string(),
  dataset: z.string(),
  key: z.string(),
  state: healthStateSchema,
  why: z.string(),
  rows: z.int(),
  accounting: accountingSchema.optional(),
  updatedAt: z.string().optional(),
  fingerprint: z.string().optional(),
  run: z.string().optional(),
  /** Of a failed slice: when it is tried again. */
  nextAttemptAt: z.string().optional(),
  attempts: z.int().optional(),
  pin: z
    .object({
      by: z.enum(['hold', 'waive']),
      as: z.enum(['as-is', 'empty']),
      reason: z.string(),
      until: z.string().optional(),
    })
    .optional(),
  backfill: z.string().optional(),
});
export type SliceHealth = z.infer<typeof sliceHealthSchema>;

export const quarantineSchema = z.object({
  dataset: z.string(),
  rows: z.int(),
  reasons: z.array(
    z.object({ reason: z.string(), rows: z.int(), firstSlice: z.string(), lastSlice: z.string() }),
  ),
});
export type QuarantineReport = z.infer<typeof quarantineSchema>;

export const breakerSchema = z.object({
  dependency: z.string(),
  state: z.enum(['closed', 'open', 'half-open']),
  since: z.string(),
  failures: z.int(),
  calls: z.int(),
  retries: z.int(),
  parkedCalls: z.int(),
  lastError: z.string().optional(),
  nextProbeAt: z.string().optional(),
});
export type BreakerHealth = z.infer<typeof breakerSchema>;

export const partitionLagSchema = z.object({
  partition: z.int(),
  /** Events that are in the hub and not in bronze. 0 for a partition that was never written. */
  events: z.int(),
  /** How old the oldest of them is, at most, in seconds. 0 without lag. */
  seconds: z.number(),
  checkpoint: z.string().optional(),
  last: z.string().optional(),
  first: z.string().optional(),
  state: z.enum(['ok', 'behind', 'stalled', 'lost']),
});
export const sourceLagSchema = z.object({
  source: z.string(),
  kind: z.enum(['event-hub', 'data-factory']),
  dataset: z.string(),
  state: healthStateSchema,
  why: z.string(),
  observedAt: z.string().optional(),
  events: z.int(),
  seconds: z.number(),
  partitions: z.array(partitionLagSchema),
  window: z
    .object({
      key: z.string(),
      state: z.enum(['due', 'running', 'landed', 'failed', 'stuck']),
      run: z.string().optional(),
      rows: z.int().optional(),
      since: z.string().optional(),
    })
    .optional(),
  nextAt: z.string().optional(),
  paused: stop.optional(),
});
export type SourceLag = z.infer<typeof sourceLagSchema>;

export const runSchema = z.object({
  id: z.string(),
  dataset: z.string(),
  slices: z.array(z.string()).describe('Keys; at most 100 are named.'),
  sliceCount: z.int(),
  state: z.enum(['running', 'committed', 'conflict', 'failed', 'cancelled', 'parked']),
  startedAt: z.string(),
  endedAt: z.string().optional(),
  durationMs: z.int().optional(),
  rows: z.int().optional(),
  error: z.string().optional(),
  backfill: z.string().optional(),
  engine: z.string(),
});
export type RunHealth = z.infer<typeof runSchema>;

export const backfillSchema = z.object({
  id: z.string(),
  title: z.string(),
  plan: z.string(),
  dataset: z.string(),
  state: z.enum(['running', 'paused', 'done', 'cancelled', 'failed']),
  total: z.int(),
  built: z.int(),
  failed: z.int(),
  startedAt: z.string(),
  endedAt: z.string().optional(),
  /** At the pace so far; absent before the first slice. */
  remainingMs: z.int().optional(),
  current: z.array(z.string()),
});
export type BackfillHealth = z.infer<typeof backfillSchema>;

export const overviewSchema = z.object({
  layers: z.array(layerHealthSchema).describe('gold, silver, bronze'),
  counts,
  breakers: z.array(breakerSchema),
  incidents: z.object({ open: z.int(), worst: z.string().optional(), title: z.string().optional() }),
  lag: z.object({ events: z.int(), seconds: z.number() }),
  backfills: z.int(),
  nextDrainAt: z.string().optional(),
  /** The likely next command, such as `retry silver.orders@2011-11-11`; empty when there is nothing to do. */
  next: z.string(),
  agent: z.object({
    version: z.string(),
    api: z.int(),
    pipeline: z.string(),
    startedAt: z.string(),
    epoch: z.string(),
    ready: z.boolean(),
    /** When the lake was last read as a whole. */
    observedAt: z.string().optional(),
  }),
});
export type Overview = z.infer<typeof overviewSchema>;

export const lineageNodeSchema = z.object({
  id: z.string().describe('source:<name>, a dataset, a slice or consumer:<name>'),
  kind: z.enum(['source', 'bronze', 'silver', 'gold', 'consumer']),
  label: z.string(),
  state: healthStateSchema,
  why: z.string(),
  rows: z.int().optional(),
  behindMs: z.int().optional(),
});
export const lineageEdgeSchema = z.object({
  from: z.string(),
  to: z.string(),
  /** Rows that went in and what became of them; absent where it is not known. */
  accounting: accountingSchema.optional(),
});
export const lineageSchema = z.object({
  level: z.enum(['table', 'slice']),
  focus: z.string().optional(),
  nodes: z.array(lineageNodeSchema),
  edges: z.array(lineageEdgeSchema),
  /** True when nodes were left out because there are too many. */
  truncated: z.boolean(),
});
export type Lineage = z.infer<typeof lineageSchema>;
export type LineageNode = z.infer<typeof lineageNodeSchema>;
export type LineageEdge = z.infer<typeof lineageEdgeSchema>;

/** Where the rows of a slice come from, down to offsets and runs (field.md §3.4). */
export const blameSchema = z.object({
  slice: z.string(),
  stepVersion: z.string().optional(),
  stepIsCurrent: z.boolean(),
  run: z.string().optional(),
  commit: z
    .object({
      table: z.string(),
      version: z.int(),
      at: z.string().optional(),
      commitId: z.string().optional(),
    })
    .optional(),
  accounting: accountingSchema.optional(),
  files: z.array(z.object({ table: z.string(), path: z.string(), rows: z.int(), bytes: z.int() })),
  inputs: z.array(z.object({ slice: z.string(), rows: z.int(), version: z.int().optional() })),
  offsets: z.array(
    z.object({
      source: z.string(),
      generation: z.string(),
      partition: z.int(),
      first: z.string(),
      last: z.string(),
      rows: z.int(),
      file: z.string(),
    }),
  ),
  windows: z.array(
    z.object({
      source: z.string(),
      window: z.string(),
      attempt: z.string(),
      run: z.string().optional(),
      rows: z.int(),
    }),
  ),
  pins: z.array(z.string()),
  acts: z.array(z.object({ seq: z.int(), at: z.string(), actor: z.string(), action: z.string() })),
  truncated: z.boolean(),
});
export type Blame = z.infer<typeof blameSchema>;

export const tableRowsSchema = z.object({
  table: z.string(),
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  rows: z.array(z.array(z.unknown())),
  truncated: z.boolean(),
});
export type TableRows = z.infer<typeof tableRowsSchema>;

export const auditCheckSchema = z.object({
  ok: z.boolean(),
  entries: z.int(),
  head: z.string(),
  /** Sequence number of the first entry that does not fit. */
  brokenAt: z.int().optional(),
  problem: z.string().optional(),
});
export type AuditCheck = z.infer<typeof auditCheckSchema>;

/** A page: `next` goes into `cursor` of the next request; absent on the last page. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next: z.string().optional() });
}
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next?: string;
}
