import { z } from 'zod';
import { auditEntrySchema } from './control.ts';
import {
  auditCheckSchema,
  backfillSchema,
  blameSchema,
  breakerSchema,
  datasetHealthSchema,
  healthStateSchema,
  lineageSchema,
  overviewSchema,
  pageOf,
  quarantineSchema,
  runSchema,
  sliceHealthSchema,
  sourceLagSchema,
  tableRowsSchema,
} from './health.ts';
import { incidentSchema, incidentStateSchema } from './incident.ts';
import { planSchema } from './plan.ts';
import type { Role } from './principal.ts';
import { executionSchema, runbookStatusSchema } from './runbook.ts';

/** Of this wire contract; a client refuses an agent with another one. */
export const API_VERSION = 1;

/** One query: `GET <path>` with `:name` parts; what is not in the path travels in the query string. */
export interface QueryContract<
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodType = z.ZodType,
> {
  readonly summary: string;
  readonly path: string;
  readonly role: Role;
  readonly input: Input;
  readonly output: Output;
}

const query = <Input extends z.ZodObject, Output extends z.ZodType>(
  summary: string,
  path: string,
  input: Input,
  output: Output,
): QueryContract<Input, Output> => ({ summary, path, role: 'viewer', input, output });

export const PAGE_ITEMS_MAX = 500;
const page = {
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(PAGE_ITEMS_MAX).default(100),
};
const dataset = z.string().max(128);
const id = z.string().max(128);
const none = z.strictObject({});

export const QUERIES = {
  overview: query(
    'health by layer, breakers, incidents, what to do next',
    '/api/v1/overview',
    none,
    overviewSchema,
  ),
  datasets: query(
    'health of every dataset',
    '/api/v1/datasets',
    z.strictObject({ ...page, layer: z.enum(['bronze', 'silver', 'gold']).optional() }),
    pageOf(datasetHealthSchema),
  ),
  dataset: query(
    'health of one dataset',
    '/api/v1/datasets/:dataset',
    z.strictObject({ dataset }),
    datasetHealthSchema,
  ),
  slices: query(
    'slices of a dataset, newest first',
    '/api/v1/datasets/:dataset/slices',
    z.strictObject({ ...page, dataset, state: healthStateSchema.optional() }),
    pageOf(sliceHealthSchema),
  ),
  quarantine: query(
    'quarantined rows by reason',
    '/api/v1/datasets/:dataset/quarantine',
    z.strictObject({ dataset, slice: z.string().max(20).optional() }),
    quarantineSchema,
  ),
  rows: query(
    'first rows of a table',
    '/api/v1/datasets/:dataset/rows',
    z.strictObject({
      dataset,
      of: z.enum(['table', 'quarantine', 'duplicates']).default('table'),
      slice: z.string().max(20).optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(100),
    }),
    tableRowsSchema,
  ),
  slice: query('one slice', '/api/v1/slices/:slice', z.strictObject({ slice: id }), sliceHealthSchema),
  blame: query(
    'where the rows of a slice come from, down to offsets, files, runs and commits',
    '/api/v1/slices/:slice/blame',
    z.strictObject({ slice: id }),
    blameSchema,
  ),
  lineage: query(
    'neighbourhood of a dataset, source or slice; everything without focus',
    '/api/v1/lineage',
    z.strictObject({
      focus: id.optional(),
      depth: z.coerce.number().int().min(1).max(10).default(2),
      level: z.enum(['table', 'slice']).default('table'),
    }),
    lineageSchema,
  ),
  runs: query(
    'runs, newest first',
    '/api/v1/runs',
    z.strictObject({ ...page, dataset: dataset.optional(), state: runSchema.shape.state.optional() }),
    pageOf(runSchema),
  ),
  backfills: query(
    'backfills, newest first',
    '/api/v1/backfills',
    z.strictObject(page),
    pageOf(backfillSchema),
  ),
  backfill: query('one backfill', '/api/v1/backfills/:id', z.strictObject({ id }), backfillSchema),
  plan: query('a plan that was made', '/api/v1/plans/:hash', z.strictObject({ hash: id }), planSchema),
  lag: query(
    'lag by source and partition',
    '/api/v1/lag',
    none,
    z.object({ sources: z.array(sourceLagSchema) }),
  ),
  breakers: query(
    'breakers of the dependencies',
    '/api/v1/breakers',
    none,
    z.object({ breakers: z.array(breakerSchema) }),
  ),
  incidents: query(
    'incidents, newest first',
    '/api/v1/incidents',
    z.strictObject({ ...page, state: z.union([incidentStateSchema, z.literal('active')]).optional() }),
    pageOf(incidentSchema),
  ),
  incident: query('one incident', '/api/v1/incidents/:id', z.strictObject({ id }), incidentSchema),
  runbooks: query(
    'runbooks and how they did',
    '/api/v1/runbooks',
    none,
    z.object({ runbooks: z.array(runbookStatusSchema), problems: z.array(z.string()) }),
  ),
  runbook: query(
    'one runbook as it is written',
    '/api/v1/runbooks/:name',
    z.strictObject({ name: id }),
    z.object({ status: runbookStatusSchema, yaml: z.string(), readme: z.string() }),
  ),
  executions: query(
    'executions of runbooks, newest first',
    '/api/v1/executions',
    z.strictObject({ ...page, runbook: id.optional() }),
    pageOf(executionSchema),
  ),
  audit: query('who did what, newest first', '/api/v1/audit', z.strictObject(page), pageOf(auditEntrySchema)),
  'verify-audit': query('checks the hash chain of the audit', '/api/v1/audit/verify', none, auditCheckSchema),
} as const satisfies Record<string, QueryContract>;

export type QueryName = keyof typeof QUERIES;
export const QUERY_NAMES = Object.keys(QUERIES) as readonly QueryName[];
export type QueryInput<Name extends QueryName> = z.input<(typeof QUERIES)[Name]['input']>;
export type QueryArguments<Name extends QueryName> = z.output<(typeof QUERIES)[Name]['input']>;
export type QueryResult<Name extends QueryName> = z.output<(typeof QUERIES)[Name]['output']>;

export const ACTION_PATH = '/api/v1/actions';
export const ALERTS_PATH = '/api/v1/alerts';
export const EVENTS_PATH = '/api/v1/events';
export const IDEMPOTENCY_HEADER = 'idempotency-key';

/** RFC 9457, with a stable code and what to do. */
export const problemDocumentSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z
    .string()
    .describe('Stable, for programs: not-found, invalid, refused, unauthenticated, forbidden, …'),
  remedy: z.string(),
});
export type ProblemDocument = z.infer<typeof problemDocumentSchema>;

/** Answer of `POST /api/v1/alerts`: 202 once it is durable. */
export const alertReceiptSchema = z.object({
  alert: z.string(),
  /** True when the same alert was received before; it changes nothing. */
  duplicate: z.boolean(),
  targets: z.array(z.string()),
});
export type AlertReceipt = z.infer<typeof alertReceiptSchema>;
