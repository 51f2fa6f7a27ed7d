import { z } from 'zod';
import { incidentStateSchema, signalSchema } from './incident.ts';
import { roleSchema } from './principal.ts';
import { executionStateSchema, runbookModeSchema } from './runbook.ts';

/**
 * The control log (DESIGN §3, Control state): every act of a person, a runbook or the agent is an entry, durable in the
 * lake before it takes effect, in a hash chain. What is frozen, paused, pinned, filling or broken is the fold of its
 * effects; the log *is* the audit.
 */
const at = z.string();
const until = z.string().optional();

export const controlEffectSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('Paused'), target: z.string(), reason: z.string(), until }),
  z.object({ type: z.literal('Resumed'), target: z.string() }),
  z.object({ type: z.literal('Frozen'), target: z.string(), reason: z.string(), until }),
  z.object({ type: z.literal('Thawed'), target: z.string() }),
  z.object({
    type: z.literal('Pinned'),
    slice: z.string(),
    by: z.enum(['hold', 'waive']),
    as: z.enum(['as-is', 'empty']),
    reason: z.string(),
    until,
  }),
  z.object({ type: z.literal('Released'), slice: z.string() }),
  /** Failed work is wanted at once. */
  z.object({ type: z.literal('Retried'), target: z.string() }),
  /** A plan was applied: its slices get a new salt, at live priority or below it. */
  z.object({
    type: z.literal('SlicesSalted'),
    slices: z.array(z.string()),
    salt: z.string(),
    /** Absent: at live priority. */
    backfill: z.string().optional(),
    plan: z.string(),
  }),
  z.object({
    type: z.literal('BackfillStarted'),
    backfill: z.string(),
    plan: z.string(),
    title: z.string(),
    dataset: z.string(),
    slices: z.array(z.string()),
    rows: z.int(),
    estimateMs: z.int(),
  }),
  z.object({
    type: z.literal('BackfillEnded'),
    backfill: z.string(),
    as: z.enum(['done', 'cancelled', 'failed']),
  }),
  /** Recorded source ranges of these bronze slices are to be read again; open until `SourceReplayEnded`. */
  z.object({
    type: z.literal('SourceReplayStarted'),
    plan: z.string(),
    source: z.string(),
    slices: z.array(z.string()),
  }),
  z.object({
    type: z.literal('SourceReplayEnded'),
    plan: z.string(),
    as: z.enum(['changed', 'unchanged', 'failed']),
    note: z.string(),
  }),
  z.object({ type: z.literal('BreakerReset'), dependency: z.string() }),
  /** The window is wanted with at least this attempt: its `txn` is below it until it has been copied again. */
  z.object({ type: z.literal('WindowRerun'), source: z.string(), window: z.string(), attempt: z.int() }),
  z.object({ type: z.literal('RunCancelled'), run: z.string() }),
  z.object({
    type: z.literal('AlertReceived'),
    alert: z.string(),
    rule: z.string(),
    condition: z.enum(['Fired', 'Resolved']),
    targets: z.array(z.string()),
  }),
  z.object({
    type: z.literal('IncidentOpened'),
    incident: z.string(),
    signal: signalSchema,
    deadline: z.string(),
    since: z.string(),
  }),
  z.object({
    type: z.literal('IncidentMoved'),
    incident: z.string(),
    to: incidentStateSchema,
    note: z.string(),
    deadline: z.string().optional(),
  }),
  z.object({ type: z.literal('IncidentNoted'), incident: z.string(), note: z.string() }),
  z.object({ type: z.literal('IncidentAcknowledged'), incident: z.string(), by: z.string() }),
  z.object({
    type: z.literal('ExecutionStarted'),
    execution: z.string(),
    runbook: z.string(),
    version: z.string(),
    mode: runbookModeSchema,
    incident: z.string().optional(),
    cause: z.string(),
    steps: z.array(z.object({ id: z.string(), action: z.string() })),
    bindings: z.record(z.string(), z.string()),
    state: executionStateSchema,
  }),
  z.object({
    type: z.literal('StepMoved'),
    execution: z.string(),
    step: z.string(),
    to: z.enum(['running', 'done', 'skipped', 'failed', 'undone']),
    note: z.string().optional(),
  }),
  z.object({
    type: z.literal('ExecutionMoved'),
    execution: z.string(),
    to: executionStateSchema,
    note: z.string().optional(),
    by: z.string().optional(),
  }),
]);
export type ControlEffect = z.infer<typeof controlEffectSchema>;

export const auditEntrySchema = z.object({
  /** From 1, without a hole. */
  seq: z.int(),
  at,
  actor: z.string(),
  role: z.union([roleSchema, z.literal('agent')]),
  /** Action of the catalogue; absent for what the agent notes by itself. */
  action: z.string().optional(),
  input: z.record(z.string(), z.unknown()).optional(),
  /** `<actor>:<key>`; the same key with the same input is the same act (I6). */
  idempotency: z.string().optional(),
  effects: z.array(controlEffectSchema),
  /** Hash of the entry before; 64 zeros for the first. */
  prev: z.string(),
  /** SHA-256 (hex) of this entry as canonical JSON without `hash`. */
  hash: z.string(),
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;
