import { ALERTS_PATH, agentEventSchema, alertReceiptSchema, EVENTS_PATH } from '@lakewarden/contracts';
import { z } from 'zod';
import { withTimeLimit } from '../adapters/time-limit.ts';
import { refusal } from './action-routes.ts';
import type { AlertLane } from './alert-lane.ts';
import type { ApiOptions } from './api-options.ts';
import type { EventStreams } from './event-stream.ts';
import { formatOpenApi } from './openapi.ts';
import { ApiProblem, retryAfter, unavailable } from './problem.ts';
import { JSON_TYPE, type Route } from './routes.ts';

const ALERT_MS_MAX = 10_000;
const METRICS_MS_MAX = 5_000;
const FULL_RETRY_MS = 10_000;
const READY_RETRY_MS = 1_000;
const none = z.strictObject({});

/** Alerts come in here; the body is looked at by the one who knows alerts. */
export function alertRoute({ receiveAlert }: ApiOptions, lane: AlertLane): Route {
  return {
    id: 'alerts',
    method: 'POST',
    path: ALERTS_PATH,
    access: 'alert-sender',
    tag: 'alerts',
    summary: "take an alert of Azure Monitor's common schema; 202 once it is durable",
    body: z.record(z.string(), z.unknown()),
    success: { status: 202, type: JSON_TYPE, schema: alertReceiptSchema },
    async handle({ body, caller, stopping }) {
      const work = (signal: AbortSignal) => lane.run(() => receiveAlert(body, caller), signal);
      const outcome = await withTimeLimit(ALERT_MS_MAX, stopping, work, { abandonMs: 0 });
      if (outcome.kind === 'refused') throw refusal(outcome, 422);
      if (outcome.kind === 'unavailable') {
        throw unavailable('The alert could not be made durable.', outcome.retryAfterMs);
      }
      return { body: outcome.receipt };
    },
  };
}

export function eventsRoute(streams: EventStreams, headers: Readonly<Record<string, string>>): Route {
  return {
    id: 'events',
    method: 'GET',
    path: EVENTS_PATH,
    access: 'viewer',
    tag: 'events',
    summary: 'what happens, as it happens; continues after Last-Event-ID within a bounded buffer',
    input: none,
    success: { status: 200, type: 'text/event-stream', schema: agentEventSchema },
    async handle(request) {
      if (streams.isFull) {
        throw new ApiProblem({
          status: 503,
          code: 'too-many-readers',
          detail: 'As many clients as there may be read the event stream.',
          remedy: 'Close one, or ask again after the time in Retry-After.',
          headers: retryAfter(FULL_RETRY_MS),
        });
      }
      const { response, caller, expiresAtMs } = request;
      const last = request.headers['last-event-id'];
      const lastEventId = typeof last === 'string' && last !== '' ? last : undefined;
      streams.open({ response, headers, caller, expiresAtMs, lastEventId });
      return undefined;
    },
  };
}

/** What probes, Prometheus and generators of clients ask. `described` are all routes, these included. */
export function agentRoutes(options: ApiOptions, described: () => readonly Route[]): readonly Route[] {
  const { ready, metrics, info } = options;
  let openApi: string | undefined;
  return [
    {
      id: 'healthz',
      method: 'GET',
      path: '/healthz',
      access: 'public',
      tag: 'agent',
      summary: 'the process answers; asks nobody else',
      success: { status: 200, type: JSON_TYPE, schema: z.object({ status: z.literal('ok') }) },
      handle: async () => ({ body: { status: 'ok' } }),
    },
    {
      id: 'readyz',
      method: 'GET',
      path: '/readyz',
      access: 'public',
      tag: 'agent',
      summary: 'the agent has begun its work; 503 says what it waits for',
      success: { status: 200, type: JSON_TYPE, schema: z.object({ status: z.literal('ready') }) },
      async handle() {
        const { ready: isReady, waitingFor } = ready();
        if (isReady) return { body: { status: 'ready' } };
        throw new ApiProblem({
          status: 503,
          code: 'not-ready',
          detail: `Not ready yet, waits for ${waitingFor.join(', ') || 'its start'}.`,
          remedy: 'Ask again after the time in Retry-After.',
          headers: retryAfter(READY_RETRY_MS),
        });
      },
    },
    {
      id: 'metrics',
      method: 'GET',
      path: '/metrics',
      access: 'viewer',
      tag: 'agent',
      summary: "numbers in Prometheus' text format",
      success: { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8' },
      handle: async ({ clientGone }) => ({
        body: await withTimeLimit(METRICS_MS_MAX, clientGone, metrics, { abandonMs: 0 }),
      }),
    },
    {
      id: 'openapi',
      method: 'GET',
      path: '/openapi.json',
      access: 'viewer',
      tag: 'agent',
      summary: 'this API as OpenAPI 3.1',
      success: { status: 200, type: JSON_TYPE, schema: z.record(z.string(), z.unknown()) },
      async handle() {
        openApi ??= formatOpenApi(described(), info.version);
        return { body: openApi };
      },
    },
  ];
}
