import { type CompatResponse, toHttpHeadersLike, type WebResourceLike } from '@azure/core-http-compat';
import {
  createDefaultHttpClient,
  createHttpHeaders,
  createPipelineRequest,
  type HttpClient,
} from '@azure/core-rest-pipeline';
import { TerminalError } from '@lakewarden/contracts';
import type { Routes } from './target.ts';

/**
 * Sends what is meant for a production host to its local stand-in, after the SDK has signed the request for production
 * (token clients refuse plain http before that: facts.md, Azure 0). Undefined routes: undefined, the SDK's own client.
 */
export function routedHttpClient(routes: Routes | undefined): HttpClient | undefined {
  if (routes === undefined) return undefined;
  const inner = createDefaultHttpClient();
  return {
    async sendRequest(request) {
      const meant = request.url;
      request.headers.set('x-lakewarden-host', new URL(meant).host);
      request.url = routedUrl(routes, meant);
      request.allowInsecureConnection = true;
      try {
        return await inner.sendRequest(request);
      } finally {
        request.url = meant; // A retry above must find the URL that it signed for.
      }
    },
  };
}

/** The same for the storage clients, which still speak the older shape of requests. */
export function routedStorageClient(
  routes: Routes | undefined,
): { sendRequest(request: WebResourceLike): Promise<CompatResponse> } | undefined {
  const routed = routedHttpClient(routes);
  if (routed === undefined) return undefined;
  return {
    async sendRequest(request) {
      const { url, method, body, timeout, requestId } = request;
      const headers = createHttpHeaders(request.headers.toJson({ preserveCase: true }));
      const response = await routed.sendRequest(
        createPipelineRequest({ url, method, body, timeout, requestId, headers }),
      );
      return { ...response, request, headers: toHttpHeadersLike(response.headers) };
    },
  };
}

/** Throws `TerminalError('unsupported')` for a host without a route. */
export function routedUrl(routes: Routes, url: string): string {
  const { origin, host } = new URL(url);
  const base = routes[host];
  if (base === undefined) throw new TerminalError('unsupported', `no route for the host ${host}`);
  return base + url.slice(origin.length);
}
