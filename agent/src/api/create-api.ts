import { TerminalError, TransientError } from '@lakewarden/contracts';
import { reasonOf } from '@lakewarden/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { settledWithin } from '../adapters/settled-within.ts';
import { actionRoutes } from './action-routes.ts';
import { createAdmission, type Entry } from './admission.ts';
import { agentRoutes, alertRoute, eventsRoute } from './agent-routes.ts';
import { createAlertLane } from './alert-lane.ts';
import type { ApiOptions } from './api-options.ts';
import { createEventStreams } from './event-stream.ts';
import { createHttpServer, type HttpBounds, SAFE_HEADERS, sendProblem } from './http-server.ts';
import { checkSource, type OwnNames, ownNames } from './own-names.ts';
import { BODY_BYTES_MAX, problemOfFailure, readFailure, unavailable } from './problem.ts';
import { queryRoutes } from './query-routes.ts';
import { redactSecrets } from './redact-secrets.ts';
import { checkAddress, checkBody } from './request-checks.ts';
import type { Route, RouteRequest } from './routes.ts';
import { statusPageRoutes } from './status-page.ts';
import { unrouted } from './unrouted.ts';

/** What is in flight when the API is closed has this long to end. */
const CLOSE_MS_MAX = 5_000;

export interface Api {
  /** Throws `TerminalError('failed')` when the address cannot be had. */
  listen(): Promise<{ readonly url: string; readonly port: number }>;
  /** Takes no more, ends the event streams, lets what is in flight end, then cuts off the rest. */
  close(): Promise<void>;
  readonly routes: readonly Route[];
}

/**
 * The agent's door (DESIGN §4): every route is made from the tables of the contract, and none answers before the names,
 * the token, the rate and the role have been looked at.
 */
export function createApi(options: ApiOptions, bounds: HttpBounds = {}): Api {
  const { clock, emit } = options;
  const alerts = createAlertLane();
  const streams = createEventStreams(options.events, clock, emit);
  const admission = createAdmission({ tokens: options.tokens, clock, emit, alerts });
  const routes: readonly Route[] = [
    ...queryRoutes(options.answers),
    ...actionRoutes(options.perform),
    alertRoute(options, alerts),
    eventsRoute(streams, SAFE_HEADERS),
    ...agentRoutes(options, () => routes.filter(({ tag }) => tag !== 'page')),
    ...statusPageRoutes(options.statusPage),
  ];
  const app = createHttpServer(bounds);
  const stopping = new AbortController();
  const entries = new WeakMap<FastifyRequest, Entry>();
  let names: OwnNames = ownNames(options.port, options.publicHosts ?? []);
  let isClosing = false;

  app.setErrorHandler((error, request, reply) => {
    const known = readFailure(error);
    const problem = known ?? problemOfFailure(error, request.id);
    if (known === undefined && !isAbandoned(error, request)) {
      const reason = redactSecrets(reasonOf(error));
      emit({
        type: 'RequestFailed',
        request: request.id,
        route: labelOf(request),
        status: problem.status,
        reason,
      });
    }
    if (problem.status === 401 || problem.status === 403) admission.tellRefused(problem, labelOf(request));
    sendProblem(reply, problem);
  });
  // Never reached: what has no route ends in the first hook, before its body is read.
  app.setNotFoundHandler((request) => {
    throw unrouted(request.url, routes);
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SAFE_HEADERS);
    if (isClosing) throw unavailable('The agent is stopping.', 2_000);
    checkSource(request.raw, names);
    checkAddress(request);
    if (request.is404) throw unrouted(request.url, routes);
  });
  for (const route of routes) addRoute(route);

  function addRoute(route: Route): void {
    app.route({
      method: route.method,
      url: route.path,
      exposeHeadRoute: route.method === 'GET' && route.tag !== 'events',
      onRequest: async (request, reply) => {
        const bodyBytes = Math.min(
          Number(request.headers['content-length'] ?? BODY_BYTES_MAX),
          BODY_BYTES_MAX,
        );
        const { authorization } = request.headers;
        const entry = await admission.admit(route, { authorization, address: request.ip, bodyBytes });
        entries.set(request, entry);
        // It may be gone already: who asks was looked up meanwhile.
        if (reply.raw.destroyed) entry.leave();
        else reply.raw.once('close', entry.leave);
        checkBody(route, request);
      },
      handler: async (request, reply) => {
        const answer = await route.handle(routeRequest(request, reply));
        if (answer === undefined) return reply.hijack();
        const { body, headers = {}, notModified = false } = answer;
        if (notModified) return reply.status(304).headers(headers).send();
        return reply.status(route.success.status).type(route.success.type).headers(headers).send(body);
      },
    });
  }

  function routeRequest(request: FastifyRequest, reply: FastifyReply): RouteRequest {
    const entry = entries.get(request);
    // A route's own hook puts it there; without one nobody gets as far as this.
    if (entry === undefined) throw new Error(`no entry for ${labelOf(request)}`);
    const { id, params, query, body, headers } = request;
    return {
      id,
      params: params as RouteRequest['params'],
      query: query as RouteRequest['query'],
      body,
      headers,
      response: reply.raw,
      caller: entry.caller,
      expiresAtMs: entry.expiresAtMs,
      clientGone: goneSignal(reply),
      stopping: stopping.signal,
    };
  }

  return {
    routes,
    async listen() {
      const port = await bind(app, options);
      names = ownNames(port, options.publicHosts ?? []);
      const url = `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`;
      emit({ type: 'ApiListening', url });
      return { url, port };
    },
    async close() {
      isClosing = true;
      streams.end();
      const closed = app.close();
      if (!(await settledWithin(CLOSE_MS_MAX, closed))) {
        stopping.abort();
        app.server.closeAllConnections();
      }
      await closed;
    },
  };
}

async function bind(app: FastifyInstance, { host, port }: ApiOptions): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const remedy = code === 'EADDRINUSE' ? 'Another process has it: give api.port another number, or 0.' : '';
    throw new TerminalError('failed', `cannot listen on ${host}:${port} (${code}). ${remedy}`.trim(), {
      cause,
    });
  }
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** `GET /api/v1/datasets/:dataset`, never the URL. */
function labelOf(request: FastifyRequest): string {
  return `${request.method} ${request.routeOptions.url ?? 'no route'}`;
}

function goneSignal({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  if (raw.destroyed) gone.abort();
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

/** The client left; nobody waits for an answer, and nothing has failed. */
function isAbandoned(error: unknown, { raw }: FastifyRequest): boolean {
  if (error instanceof TransientError) return error.code === 'cancelled';
  return raw.destroyed && !raw.complete;
}
