import { createDefaultHttpClient, type HttpClient, RestError } from '@azure/core-rest-pipeline';
import { type AzureRoutes, createRestHttpClient } from './azure-routes.ts';

/** Gives the HTTP client of one call. */
export type MonitorHttp = (signal: AbortSignal) => HttpClient;

/**
 * The two monitor clients drop the signal of their caller, and an error whose body is not the expected JSON (a proxy's
 * page) ends inside them as a `TypeError`. So each call gets a client of its own: it carries the signal, and such an
 * answer is thrown as the `RestError` that it is.
 */
export function createMonitorHttp(routes: AzureRoutes | undefined): MonitorHttp {
  const inner = createRestHttpClient(routes) ?? createDefaultHttpClient();
  return (signal) => ({
    async sendRequest(request) {
      request.abortSignal = signal;
      const response = await inner.sendRequest(request);
      const { status: statusCode, bodyAsText } = response;
      if (statusCode >= 400 && !isErrorBody(bodyAsText))
        throw new RestError(`the service answered ${statusCode}`, { statusCode, request, response });
      return response;
    },
  });
}

function isErrorBody(text: string | null | undefined): boolean {
  try {
    const { error } = JSON.parse(text ?? '') as { error?: unknown };
    return typeof error === 'object' && error !== null;
  } catch {
    return false;
  }
}
