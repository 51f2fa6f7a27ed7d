import { z } from 'zod';
import { severitySchema, signalKindSchema } from './incident.ts';
import { roleSchema } from './principal.ts';

/**
 * A runbook file, `runbooks/<failure>/runbook.yaml` (field.md §5). Steps are actions of the catalogue or one of the few
 * builtins below; nothing in it is a script. Durations are texts such as `30s`, `5m`, `2h`.
 */
const DURATION = /^([1-9][0-9]{0,5})(s|m|h)$/;
export const durationSchema = z
  .string()
  .regex(DURATION, 'a duration is a number and s, m or h: 30s, 5m, 2h')
  .describe('Such as 30s, 5m or 2h.');
const duration = durationSchema;
const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,63}$/, 'a name is made of lower-case letters, digits and "-"');

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration that has been checked. */
export function durationMs(text: string): number {
  const [, count, unit] = DURATION.exec(text) ?? [];
  return Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

export const RUNBOOK_MODES = ['shadow', 'suggest', 'approve', 'auto'] as const;
export const runbookModeSchema = z
  .enum(RUNBOOK_MODES)
  .describe(
    'shadow: only record what would be done. suggest: name it in the incident. approve: wait for a person. auto: act.',
  );
export type RunbookMode = z.infer<typeof runbookModeSchema>;

/** Questions about the state as it is read at that moment. Unknown is not satisfied. */
export const CHECKS = [
  'incident-active',
  'breaker-closed',
  'breaker-open',
  'no-freeze',
  'not-paused',
  'no-backfill-running',
  'slices-fresh',
  'slices-failed',
  'lag-at-most',
  'partition-advancing',
  'window-landed',
  'run-stuck',
  'quarantine-rate-at-most',
  'all-breakers-closed',
  'accounting-balanced',
] as const;
const checkName = z.enum(CHECKS);
export type CheckName = z.infer<typeof checkName>;

/**
 * What a text of a runbook may hold in braces; an execution binds them once, from the signal that it is about. `slice` is
 * a slice id and `source` a bare name; of several things `slice`, `partition` and `target` are the first.
 */
export const PLACEHOLDERS = [
  'target',
  'source',
  'dataset',
  'slice',
  'window',
  'run',
  'dependency',
  'partition',
  'incident',
  'reader',
] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

/** What it leaves out of `with` comes from the bindings: `slices-fresh` is about the targets of the signal. */
export const checkSchema = z.strictObject({
  check: checkName,
  with: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  not: z.boolean().default(false),
});
export type Check = z.infer<typeof checkSchema>;

export const BUILTIN_STEPS = ['wait', 'notify', 'probe', 'reconcile', 'ask'] as const;

const withSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({});

const actionCall = z.strictObject({
  action: z.string().describe('An action of the catalogue, or wait, notify, probe, reconcile, ask.'),
  with: withSchema,
});

export const runbookStepSchema = z.strictObject({
  id: name,
  action: actionCall.shape.action,
  with: withSchema,
  forEach: z
    .enum(['slices', 'readers'])
    .optional()
    .describe(
      'Once for each slice ({slice}) of the signal, or for each gold reader ({reader}) of its dataset.',
    ),
  /** Skipped when it does not hold (read fresh). */
  when: z.array(checkSchema).default([]),
  timeout: duration.default('1m'),
  retry: z
    .strictObject({ max: z.int().min(0).max(3).default(0), backoff: duration.default('1s') })
    .default({ max: 0, backoff: '1s' }),
  /** Undone by this, in reverse order, when a later step or the verification fails. */
  undo: actionCall.optional(),
});
export type RunbookStep = z.infer<typeof runbookStepSchema>;

export const runbookSchema = z.strictObject({
  apiVersion: z.literal('lakewarden/v1'),
  kind: z.literal('Runbook'),
  name,
  title: z.string().min(3).max(120),
  match: z.strictObject({
    kinds: z.array(signalKindSchema).min(1),
    severity: z.array(severitySchema).optional(),
    /** Globs over targets, such as `source:*` or `silver.*`. */
    targets: z.array(z.string()).optional(),
    /** Of alerts only: globs, compared without case. */
    alertRule: z.string().optional(),
    /** Of alerts only: globs, such as `microsoft.storage/*`. */
    resourceTypes: z.array(z.string()).optional(),
  }),
  mode: runbookModeSchema,
  preconditions: z.array(checkSchema).default([]),
  guardrails: z
    .strictObject({
      cooldown: duration.default('10m').describe('Between two executions on one cause.'),
      maxPerHour: z.int().min(1).max(60).default(6),
      /** At most this many slices or partitions are touched by one execution. */
      blastRadius: z.int().min(1).max(100_000).default(100),
      role: roleSchema.default('operator').describe('What the steps may do.'),
      approvalTimeout: duration.default('30m'),
    })
    .prefault({}),
  steps: z.array(runbookStepSchema).min(1).max(20),
  verify: z.strictObject({
    checks: z.array(checkSchema).min(1),
    within: duration.default('2m'),
    /** It must hold for so long. */
    stableFor: duration.default('2s'),
    onFail: z.enum(['rollback', 'escalate']).default('escalate'),
  }),
  escalate: z.strictObject({ to: z.string().default('on-call'), message: z.string().max(500) }),
  tests: z
    .array(
      z.strictObject({
        name: z.string(),
        /** Fixture in the same folder: a signal or an alert as JSON. */
        fixture: z.string(),
        expect: z.strictObject({ matches: z.boolean(), steps: z.array(z.string()).optional() }),
      }),
    )
    .default([]),
});
/** A runbook that has been read and checked. */
export type Runbook = z.infer<typeof runbookSchema>;

export const EXECUTION_STATES = [
  'waiting-approval',
  'running',
  'verifying',
  'succeeded',
  'rolled-back',
  'escalated',
  'rejected',
  'shadowed',
] as const;
export const executionStateSchema = z.enum(EXECUTION_STATES);
export type ExecutionState = z.infer<typeof executionStateSchema>;

export const executionSchema = z.object({
  id: z.string(),
  runbook: z.string(),
  /** Content hash of the file that ran. */
  version: z.string(),
  mode: runbookModeSchema,
  incident: z.string().optional(),
  state: executionStateSchema,
  startedAt: z.string(),
  endedAt: z.string().optional(),
  steps: z.array(
    z.object({
      id: z.string(),
      action: z.string(),
      state: z.enum(['pending', 'running', 'done', 'skipped', 'failed', 'undone']),
      at: z.string().optional(),
      note: z.string().optional(),
    }),
  ),
  note: z.string().optional(),
});
export type Execution = z.infer<typeof executionSchema>;

/** What `GET /runbooks` says of one. */
export const runbookStatusSchema = z.object({
  name: z.string(),
  title: z.string(),
  mode: runbookModeSchema,
  version: z.string(),
  match: z.array(z.string()),
  executions: z.int(),
  verified: z.int(),
  last: executionSchema.optional(),
  waiting: z.array(z.string()).describe('Executions that wait for approval.'),
});
export type RunbookStatus = z.infer<typeof runbookStatusSchema>;
