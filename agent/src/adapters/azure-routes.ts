import { Agent as HttpAgent } from 'node:http';
import type { CompatResponse, WebResourceLike } from '@azure/core-http-compat';
import { toHttpHeadersLike } from '@azure/core-http-compat';
import {
  createDefaultHttpClient,
  createHttpHeaders,
  createPipelineRequest,
  type HttpClient,
} from '@azure/core-rest-pipeline';
import { TerminalError } from '@lakewarden/contracts';

/**
 * Production host → local base URL, such as `{"retaillake.dfs.core.windows.net": "http://127.0.0.1:4711"}`; for an
 * Event Hubs namespace `amqps://localhost:4712`. With routes the agent keeps production URLs, scopes and tokens and
 * only the last hop differs; a host that is not in the table is refused, so that no test ever reaches the real Azure.
 */
export type AzureRoutes = Readonly<Record<string, string>>;

/** What the storage clients take as `httpClient`: the shape of core-http, not of core-rest-pipeline (facts.md, Azure 0). */
export interface StorageHttpClient {
  sendRequest(request: WebResourceLike): Promise<CompatResponse>;
}

/** Tells the local services which account or host was meant: the Host header names the loopback address. */
const HOST_HEADER = 'x-lakewarden-host';

/** More sockets than this to one local service only queue inside it. */
const SOCKETS_MAX = 32;
/** Below what servers commonly keep (5 s), so that a request rarely meets a socket that is just being closed. */
const SOCKET_IDLE_MS_MAX = 4_000;

/** The local base URL of a host. Throws `TerminalError('unsupported')` when it is not mapped. */
export function routeOf(routes: AzureRoutes, host: string): string {
  const target = routes[host];
  if (target === undefined) {
    throw new TerminalError(
      'unsupported',
      `no route for the host ${host}; routed agents never leave this machine`,
    );
  }
  return target;
}

/** For the clients on core-rest-pipeline (ARM, tokens). Undefined routes: undefined, so the client takes its default. */
export function createRestHttpClient(routes: AzureRoutes | undefined): HttpClient | undefined {
  if (routes === undefined) return undefined;
  const inner = createDefaultHttpClient();
  const agent = loopbackAgent();
  return {
    async sendRequest(request) {
      const productionUrl = request.url;
      const { url, host } = reroute(routes, productionUrl);
      request.url = url;
      request.headers.set(HOST_HEADER, host);
      request.allowInsecureConnection = true;
      request.agent = agent;
      try {
        return await inner.sendRequest(request);
      } finally {
        // A policy that sends the request once more (a token challenge) must find the https URL that it signed for.
        request.url = productionUrl;
      }
    },
  };
}

/** The same for the storage clients. */
export function createStorageHttpClient(routes: AzureRoutes | undefined): StorageHttpClient | undefined {
  if (routes === undefined) return undefined;
  const inner = createDefaultHttpClient();
  const agent = loopbackAgent();
  return {
    async sendRequest(request) {
      const { url, host } = reroute(routes, request.url);
      const headers = createHttpHeaders(request.headers.toJson({ preserveCase: true }));
      headers.set(HOST_HEADER, host);
      const response = await inner.sendRequest(
        createPipelineRequest({
          url,
          method: request.method,
          headers,
          body: request.body,
          timeout: request.timeout,
          requestId: request.requestId,
          allowInsecureConnection: true,
          agent,
          ...(request.abortSignal && { abortSignal: request.abortSignal }),
          ...(request.streamResponseStatusCodes && {
            streamResponseStatusCodes: request.streamResponseStatusCodes,
          }),
        }),
      );
      return { ...response, request, headers: toHttpHeadersLike(response.headers) };
    },
  };
}

function loopbackAgent(): HttpAgent {
  return new HttpAgent({
    keepAlive: true,
    maxSockets: SOCKETS_MAX,
    maxFreeSockets: SOCKETS_MAX,
    timeout: SOCKET_IDLE_MS_MAX,
  });
}

function reroute(
  routes: AzureRoutes,
  productionUrl: string,
): { readonly url: string; readonly host: string } {
  const hostAt = productionUrl.indexOf('://') + 3;
  const pathAt = indexOfPath(productionUrl, hostAt);
  const host = productionUrl.slice(hostAt, pathAt);
  return { url: routeOf(routes, host) + productionUrl.slice(pathAt), host };
}

function indexOfPath(url: string, from: number): number {
  const slash = url.indexOf('/', from);
  const query = url.indexOf('?', from);
  if (slash >= 0 && (query < 0 || slash < query)) return slash;
  return query >= 0 ? query : url.length;
}
