import { SEVERITIES } from '@lakewarden/contracts';
import { z } from 'zod';

/**
 * The shape of a pipeline file: what an editor can check by itself. Names, types, expressions and queries are texts here;
 * what they mean is checked by `compilePipeline`.
 */
const name = z.string().describe('Lower-case letters, digits and "_"; begins with a letter.');
const expression = z.string().describe('Expression in the portable subset of SQL.');
const slice = z.enum(['hour', 'day']);

const hubSource = z.strictObject({
  kind: z.literal('event-hub'),
  namespace: z.string().describe('Event Hubs namespace without its domain, such as retail-events.'),
  hub: z.string(),
  eventTime: z
    .string()
    .optional()
    .describe('Top-level field of the JSON body that holds the event time (UTC). Absent: the enqueued time.'),
});

const format = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('json-array') }),
  z.strictObject({ kind: z.literal('json-lines') }),
  z.strictObject({
    kind: z.literal('csv'),
    delimiter: z.string().optional().describe('One character; default ",".'),
    columns: z.array(z.string()).min(1).optional().describe('Names, when the file has no header line.'),
  }),
]);

const batchSource = z.strictObject({
  kind: z.literal('data-factory'),
  factory: z.string(),
  pipeline: z.string().describe('Pipeline of the factory that copies one window.'),
  every: z.string().describe('Length of a window, in whole hours: 90m is refused, 24h and 7d are not.'),
  format,
  allowEmpty: z.boolean().optional().describe('Zero rows are a failure unless this is true.'),
});

export const sourceSchema = z.discriminatedUnion('kind', [hubSource, batchSource]);

export const bronzeSchema = z.strictObject({ source: name.describe('A source of this file.') });

const key = z.union([
  z.array(name).min(1),
  z.strictObject({
    columns: z.array(name).min(1),
    order: z
      .array(z.strictObject({ column: name, descending: z.boolean().optional() }))
      .optional()
      .describe('Which of the rows with one key stays: the first in this order, then by content.'),
  }),
]);

export const columnSchema = z.strictObject({
  field: z.string().optional().describe('Field of the body; a.b for a field inside an object.'),
  expression: expression.optional().describe('Instead of a field: an expression over the columns above.'),
  type: z.string().describe('string, long, integer, double, boolean, date, timestamp or decimal(p,s).'),
  required: z.boolean().optional().describe('A row without a value goes to quarantine.'),
  trim: z.boolean().optional().describe('Takes white space off both ends of a text.'),
});

export const silverSchema = z.strictObject({
  from: z.string().describe('bronze.<name>'),
  slice,
  refresh: z.enum(['event', 'snapshot']).optional(),
  columns: z.record(name, columnSchema),
  rules: z
    .record(name, expression)
    .optional()
    .describe('A row passes when each is true; null does not pass.'),
  key: key.optional(),
  totals: z
    .record(name, expression)
    .optional()
    .describe('Control totals: exact sums that are kept with each slice.'),
});

export const goldSchema = z.strictObject({
  query: z.string().describe('A .sql file, relative to this file.'),
  slice: z.enum(['hour', 'day', 'month', 'all']),
  inputs: z
    .record(z.string(), z.enum(['window', 'latest']))
    .optional()
    .describe('Which slices of an input count: those inside ours, or the newest.'),
  key,
  totals: z
    .record(name, z.strictObject({ from: z.string(), input: expression, output: expression }))
    .optional()
    .describe('sum(input) over the rows of from = sum(output) over our rows, slice by slice.'),
});

export const objectiveSchema = z.strictObject({
  freshness: z.string().optional().describe('How old what it shows may be at most: 15m, 2h, 26h.'),
  lag: z
    .strictObject({
      events: z.int().min(1).optional().describe('Unread events of one partition at most.'),
      seconds: z.number().min(1).optional().describe('How long events of one partition may stay unread.'),
    })
    .optional()
    .describe('Of a hub.'),
  quarantineRate: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(
      'Of a silver dataset: part of the rows of recent slices that may go to quarantine; default 0.2.',
    ),
  runTime: z
    .string()
    .optional()
    .describe('Of a batch source: a Data Factory run of one window that takes longer is stuck; default 30m.'),
});

export const logRuleSchema = z.strictObject({
  workspace: z.string().optional().describe('Id of a Log Analytics workspace. Absent: the one of the agent.'),
  query: z.string().describe('KQL. One row with one number is a value; any other result counts as its rows.'),
  every: z.string().describe('How often it is asked: 1m, 5m.'),
  window: z.string().describe('How far back it looks, not less than every.'),
  above: z.number().describe('Fires when the value is above it.'),
  targets: z.array(z.string()).min(1).max(50).describe('Sources (source:stores) and datasets it is about.'),
  severity: z.enum(SEVERITIES).optional().describe('Default: warning.'),
  title: z.string().min(3).max(120).describe('One sentence for people.'),
});

/** Sections whose entries are checked one by one, so that one bad entry does not hide the others. */
export const fileSchema = z.strictObject({
  pipeline: name,
  sources: z.record(name, z.unknown()),
  bronze: z.record(name, z.unknown()),
  silver: z.record(name, z.unknown()).optional(),
  gold: z.record(name, z.unknown()).optional(),
  objectives: z.record(z.string(), z.unknown()).optional(),
  logRules: z.record(name, z.unknown()).optional(),
});

const wholeSchema = z.strictObject({
  pipeline: name,
  sources: z.record(name, sourceSchema),
  bronze: z.record(name, bronzeSchema),
  silver: z.record(name, silverSchema).optional(),
  gold: z.record(name, goldSchema).optional(),
  objectives: z
    .record(z.string(), objectiveSchema)
    .optional()
    .describe('What is expected of a dataset or of a source (source:orders). No step depends on it.'),
  logRules: z
    .record(name, logRuleSchema)
    .optional()
    .describe('Questions to Azure Monitor that raise incidents.'),
});

export type SourceEntry = z.output<typeof sourceSchema>;
export type BronzeEntry = z.output<typeof bronzeSchema>;
export type SilverEntry = z.output<typeof silverSchema>;
export type GoldEntry = z.output<typeof goldSchema>;
export type ObjectiveEntry = z.output<typeof objectiveSchema>;
export type LogRuleEntry = z.output<typeof logRuleSchema>;
export type ColumnEntry = z.output<typeof columnSchema>;
export type KeyEntry = z.output<typeof key>;

/** JSON Schema (2020-12) of the pipeline file, for editors. */
export function pipelineJsonSchema(): Record<string, unknown> {
  return { title: 'Lakewarden pipeline', ...z.toJSONSchema(wholeSchema, { io: 'input' }) };
}
