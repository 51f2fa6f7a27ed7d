import { z } from 'zod';
import { backfillSchema, breakerSchema, datasetHealthSchema, runSchema, sourceLagSchema } from './health.ts';
import { incidentSchema } from './incident.ts';
import { executionSchema } from './runbook.ts';

/**
 * What `GET /api/v1/events` (server-sent events) tells as it happens. Each carries the thing as it is now, so a missed
 * one costs nothing but time; `reset` says that events were missed and everything should be asked for again. Event ids
 * grow; `Last-Event-ID` continues within the agent's bounded buffer.
 */
export const agentEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('reset'), reason: z.string() }),
  z.object({ type: z.literal('dataset'), dataset: datasetHealthSchema }),
  z.object({ type: z.literal('source'), source: sourceLagSchema }),
  z.object({ type: z.literal('run'), run: runSchema }),
  z.object({ type: z.literal('backfill'), backfill: backfillSchema }),
  z.object({ type: z.literal('incident'), incident: incidentSchema }),
  z.object({ type: z.literal('execution'), execution: executionSchema }),
  z.object({ type: z.literal('breaker'), breaker: breakerSchema }),
  /** A line of the activity log: one fact, in words. */
  z.object({
    type: z.literal('fact'),
    at: z.string(),
    level: z.enum(['info', 'warn', 'error']),
    fact: z.string(),
    message: z.string(),
  }),
]);
export type AgentEvent = z.infer<typeof agentEventSchema>;
