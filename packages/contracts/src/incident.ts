import { z } from 'zod';

export const SIGNAL_KINDS = [
  'freshness',
  'lag',
  'stalled-partition',
  'failed-slice',
  'zero-rows',
  'batch-failed',
  'stuck-run',
  'breaker-open',
  'accounting',
  'quarantine-rate',
  'gap',
  'ingress-mismatch',
  'log-rule',
  'alert',
] as const;
export const signalKindSchema = z.enum(SIGNAL_KINDS);
export type SignalKind = z.infer<typeof signalKindSchema>;

export const SEVERITIES = ['critical', 'error', 'warning', 'info'] as const;
export const severitySchema = z.enum(SEVERITIES);
export type Severity = z.infer<typeof severitySchema>;

/** What a detector says about one cause, now. Signals with one `cause` are one incident. */
export const signalSchema = z.object({
  /** Stable over time and restarts: `failed-slice:silver.orders`, `breaker-open:storage`. */
  cause: z.string(),
  kind: signalKindSchema,
  severity: severitySchema,
  /** One sentence for people: `Data Factory run of vendors is stuck`. */
  title: z.string(),
  /** Targets it is about (target.ts): slices, datasets, sources. At most 100. */
  targets: z.array(z.string()),
  /** Facts for people and runbooks; no row content. */
  evidence: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});
export type Signal = z.infer<typeof signalSchema>;

/**
 * open → recovering → verifying → resolved; any but the last may become escalated, and an escalated one resolves when its
 * cause is gone (I10).
 */
export const INCIDENT_STATES = ['open', 'recovering', 'verifying', 'resolved', 'escalated'] as const;
export const incidentStateSchema = z.enum(INCIDENT_STATES);
export type IncidentState = z.infer<typeof incidentStateSchema>;

export const incidentSchema = z.object({
  id: z.string(),
  cause: z.string(),
  kind: signalKindSchema,
  severity: severitySchema,
  title: z.string(),
  state: incidentStateSchema,
  targets: z.array(z.string()),
  evidence: signalSchema.shape.evidence,
  openedAt: z.string(),
  /** When the evidence first existed, as far as we know. */
  since: z.string(),
  /** By then it is resolved or escalated. */
  deadline: z.string(),
  endedAt: z.string().optional(),
  acknowledgedBy: z.string().optional(),
  /** Runbook that works on it, and its execution. */
  runbook: z.string().optional(),
  execution: z.string().optional(),
  /** Signals and alerts that were folded into it. */
  signals: z.int(),
  /** Oldest first, bounded. */
  timeline: z.array(z.object({ at: z.string(), what: z.string() })),
});
export type Incident = z.infer<typeof incidentSchema>;
