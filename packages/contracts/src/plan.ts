import { z } from 'zod';

/** One slice that a plan builds itself. */
export const plannedSliceSchema = z.object({
  slice: z.string().describe('Slice id, such as silver.orders@2011-11-11.'),
  rows: z.int().describe('Input rows.'),
  estimateMs: z.int(),
  /** Recorded now; `apply` refuses when it is another one then. Absent: the slice does not exist yet. */
  fingerprint: z.string().optional(),
  stepVersion: z.string().optional(),
});
export type PlannedSlice = z.infer<typeof plannedSliceSchema>;

/** Immutable and named by its hash, which covers everything but `madeAt` and `madeBy` (DESIGN §4, plan). */
export const planSchema = z.object({
  hash: z.string(),
  kind: z.enum(['replay', 'backfill']),
  madeAt: z.string(),
  madeBy: z.string(),
  /** As it was asked for: `replay silver.orders@2011-11-11`. */
  title: z.string(),
  input: z.record(z.string(), z.unknown()),
  builds: z.array(plannedSliceSchema),
  /** Downstream slices that are built again if the rows turn out to be other ones. */
  downstream: z.array(plannedSliceSchema),
  /** Tables that are read, and `source:<name>` when a source is read again. */
  reads: z.array(z.string()),
  /** Sequence ranges that are read again, when a source is. Both ends are inclusive. */
  ranges: z.array(
    z.object({ source: z.string(), partition: z.int(), first: z.string(), last: z.string(), rows: z.int() }),
  ),
  rows: z.int(),
  estimateMs: z.int(),
  /** Of paid engines and services, in US dollars; the embedded engine costs nothing. */
  costUsd: z.number(),
  engine: z.string(),
  expected: z.string().describe('What people should expect: same rows unless …'),
});
export type Plan = z.infer<typeof planSchema>;
