import { z } from 'zod';
import { planSchema } from './plan.ts';
import type { Role } from './principal.ts';
import { datasetText, freezeText, pauseText, sliceText, sourceText, workText } from './target.ts';

/**
 * The one closed catalogue of what can be asked for (DESIGN §4). HTTP routes (`POST /api/v1/actions/<name>`), CLI verbs,
 * VS Code commands and runbook steps are all made from it: nobody has a private door.
 */
export interface ActionContract<Input extends z.ZodObject = z.ZodObject> {
  /** One line, an imperative: `stop new work on a source, dataset or backfill`. */
  readonly summary: string;
  readonly role: Role;
  /** `none`: undone by another action. `confirm`: people are asked once. `typed`: people type the name of what it hits. */
  readonly danger: 'none' | 'confirm' | 'typed';
  readonly input: Input;
  /** The input that a CLI takes by position; the others are options of the same name in kebab case. */
  readonly positional: readonly string[];
  /** Makes a plan first; nothing changes until `apply`. */
  readonly plans: boolean;
}

const reason = z.string().trim().min(3).max(500).describe('Why; it stands in the audit.');
const until = z.iso.datetime().optional().describe('When it ends by itself (ISO 8601, UTC).');
const sliceKey = z
  .string()
  .regex(/^(?:[0-9]{4}-[0-9]{2}(?:-[0-9]{2}(?:T[0-9]{2})?)?|all)$/)
  .describe('A slice key, such as 2011-11-11.');
const id = z.string().regex(/^[A-Za-z0-9._:/-]{1,128}$/);

const action = <Input extends z.ZodObject>(contract: {
  summary: string;
  role: Role;
  danger?: ActionContract['danger'];
  positional: readonly string[];
  plans?: boolean;
  input: Input;
}): ActionContract<Input> => ({ danger: 'none', plans: false, ...contract });

export const ACTIONS = {
  pause: action({
    summary: 'begin no new work on a source, dataset or backfill; what runs ends',
    role: 'operator',
    positional: ['target'],
    input: z.strictObject({ target: pauseText, reason, until }),
  }),
  resume: action({
    summary: 'take a pause away',
    role: 'operator',
    positional: ['target'],
    input: z.strictObject({ target: pauseText }),
  }),
  retry: action({
    summary: 'try what failed again now, without waiting for its next attempt',
    role: 'operator',
    positional: ['target'],
    input: z.strictObject({ target: workText }),
  }),
  replay: action({
    summary: 'plan to build slices again: silver and gold from bronze, bronze from its source',
    role: 'operator',
    positional: ['target', 'from', 'to'],
    plans: true,
    input: z.strictObject({
      target: workText.describe('A slice, or a dataset with from and to.'),
      from: sliceKey.optional(),
      to: sliceKey.optional(),
    }),
  }),
  backfill: action({
    summary: 'plan to build a range of slices, below live work',
    role: 'operator',
    positional: ['dataset', 'from', 'to'],
    plans: true,
    input: z.strictObject({
      dataset: datasetText,
      from: sliceKey,
      to: sliceKey.describe('Inclusive.'),
      only: z.enum(['all', 'stale']).default('all').describe('stale: leave out slices that are fresh.'),
    }),
  }),
  apply: action({
    summary: 'carry a plan out; refused when the world moved since it was made',
    role: 'operator',
    danger: 'confirm',
    positional: ['plan'],
    input: z.strictObject({
      plan: z
        .string()
        .regex(/^[0-9a-f]{4,64}$/)
        .describe('Hash, or its first digits.'),
    }),
  }),
  waive: action({
    summary: 'let readers go on without a slice: as it is, or empty',
    role: 'admin',
    danger: 'confirm',
    positional: ['slice'],
    input: z.strictObject({
      slice: sliceText,
      as: z.enum(['as-is', 'empty']).default('as-is'),
      reason,
      until,
    }),
  }),
  hold: action({
    summary: 'keep a slice as it is, whatever changes before it',
    role: 'operator',
    positional: ['slice'],
    input: z.strictObject({ slice: sliceText, reason, until }),
  }),
  release: action({
    summary: 'take the pin of a slice away',
    role: 'operator',
    positional: ['slice'],
    input: z.strictObject({ slice: sliceText }),
  }),
  freeze: action({
    summary: 'stop promotion of a dataset, a layer or everything at once; landing goes on',
    role: 'operator',
    danger: 'confirm',
    positional: ['target'],
    input: z.strictObject({ target: freezeText, reason, until }),
  }),
  thaw: action({
    summary: 'take a freeze away',
    role: 'operator',
    positional: ['target'],
    input: z.strictObject({ target: freezeText }),
  }),
  'reset-breaker': action({
    summary: 'close the breaker of a dependency and try it now',
    role: 'operator',
    positional: ['dependency'],
    input: z.strictObject({ dependency: id }),
  }),
  'rerun-adf': action({
    summary: 'copy a window again with a new Data Factory run; equal rows change nothing',
    role: 'operator',
    danger: 'confirm',
    positional: ['source', 'window'],
    input: z.strictObject({ source: sourceText, window: sliceKey }),
  }),
  'cancel-run': action({
    summary: 'cancel a run, a Data Factory run or a backfill; what is committed stays',
    role: 'operator',
    danger: 'confirm',
    positional: ['run'],
    input: z.strictObject({ run: id.describe('A run id, or backfill:<id>.') }),
  }),
  acknowledge: action({
    summary: 'say that somebody looks after an incident',
    role: 'operator',
    positional: ['incident'],
    input: z.strictObject({ incident: id }),
  }),
  approve: action({
    summary: 'let a runbook that waits for approval go on',
    role: 'operator',
    danger: 'confirm',
    positional: ['execution'],
    input: z.strictObject({ execution: id }),
  }),
  reject: action({
    summary: 'end a runbook that waits for approval; the incident escalates',
    role: 'operator',
    positional: ['execution'],
    input: z.strictObject({ execution: id, reason }),
  }),
  'run-runbook': action({
    summary: 'run a runbook now, on an incident or a target',
    role: 'operator',
    danger: 'confirm',
    positional: ['runbook'],
    input: z.strictObject({
      runbook: z.string().regex(/^[a-z0-9-]{1,64}$/),
      incident: id.optional(),
      target: workText.optional(),
    }),
  }),
} as const satisfies Record<string, ActionContract>;

export type ActionName = keyof typeof ACTIONS;
export const ACTION_NAMES = Object.keys(ACTIONS) as readonly ActionName[];
/** Of a request, before defaults. */
export type ActionInput<Name extends ActionName = ActionName> = z.input<(typeof ACTIONS)[Name]['input']>;
/** After validation. */
export type ActionArguments<Name extends ActionName = ActionName> = z.output<(typeof ACTIONS)[Name]['input']>;

export function isActionName(text: string): text is ActionName {
  return Object.hasOwn(ACTIONS, text);
}

/** Body of `POST /api/v1/actions/<name>`; the idempotency key travels in the header `Idempotency-Key`. */
export const actionRequestSchema = z.strictObject({
  input: z.record(z.string(), z.unknown()),
  /** Says what would happen and changes nothing. */
  dryRun: z.boolean().default(false),
});

export const actionResultSchema = z.object({
  action: z.string(),
  /**
   * `done`: it has happened. `unchanged`: it was so already, or this idempotency key was used for the same request.
   * `planned`: see `plan`. `started`: long work; watch the backfill or execution named in `id`. `would`: dry run.
   */
  outcome: z.enum(['done', 'unchanged', 'planned', 'started', 'would']),
  /** One sentence for people. */
  message: z.string(),
  /** What happens or would happen, a line each; bounded. */
  effects: z.array(z.string()),
  /** Sequence number of the audit entry; absent when nothing was written. */
  audit: z.int().optional(),
  /** Backfill (`backfill:…`), runbook execution or incident that this made. */
  id: z.string().optional(),
  plan: planSchema.optional(),
});
export type ActionResult = z.infer<typeof actionResultSchema>;
