import { type ProblemDocument, problemDocumentSchema } from '@lakewarden/contracts';
import { AgentBroken, AgentRefused, AgentUnreachable } from './agent-error.ts';
import type { ClientLimits } from './client-ports.ts';

export interface ExchangeOptions {
  readonly url: string;
  readonly token: (() => string | Promise<string>) | undefined;
  readonly fetch: typeof globalThis.fetch;
  readonly limits: ClientLimits;
}

export interface AgentRequest {
  readonly method: 'GET' | 'POST';
  /** With its query string. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface AgentAnswer {
  readonly value: unknown;
  /** The agent's clock, in milliseconds of a whole second; absent when it did not say. */
  readonly agentMs: number | undefined;
}

/**
 * One request, one answer as JSON. Throws `AgentUnreachable`, `AgentRefused` or `AgentBroken`; the reason of `signal`
 * when that aborts.
 */
export async function exchange(options: ExchangeOptions, request: AgentRequest): Promise<AgentAnswer> {
  const limit = AbortSignal.timeout(options.limits.requestMs);
  const signal = request.signal === undefined ? limit : AbortSignal.any([request.signal, limit]);
  try {
    const response = await send(options, request, signal);
    const text = await readText(response, options.limits.answerBytes, options.url);
    if (!response.ok) throw refusal(response, text, options, request);
    const date = Date.parse(response.headers.get('date') ?? '');
    return { value: parse(text, options.url), agentMs: Number.isNaN(date) ? undefined : date };
  } catch (error) {
    throw classify(error, options, request.signal, limit, options.limits.requestMs);
  }
}

/** The headers of an answer have come; its body is a stream of server-sent events. Throws as `exchange` does. */
export async function openStream(
  options: ExchangeOptions,
  request: AgentRequest,
  stop: AbortController,
): Promise<ReadableStream<Uint8Array>> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), options.limits.connectMs);
  const signals = [stop.signal, late.signal, ...(request.signal === undefined ? [] : [request.signal])];
  try {
    const response = await send(options, request, AbortSignal.any(signals));
    if (!response.ok)
      throw refusal(response, await readText(response, ERROR_BYTES_MAX, options.url), options, request);
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
    if (!isStream || response.body === null) throw broken(options.url, 'what should be events is none');
    return response.body;
  } catch (error) {
    throw classify(error, options, request.signal, late.signal, options.limits.connectMs);
  } finally {
    clearTimeout(timer);
  }
}

const ERROR_BYTES_MAX = 256 * 1024;

async function send(options: ExchangeOptions, request: AgentRequest, signal: AbortSignal): Promise<Response> {
  const token = await options.token?.();
  const { fetch } = options;
  return await fetch(`${options.url}${request.path}`, {
    method: request.method,
    headers: {
      accept: 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(request.body !== undefined && { 'content-type': 'application/json' }),
      ...request.headers,
    },
    ...(request.body !== undefined && { body: request.body }),
    // A token is for the agent, not for whoever it is sent on to.
    redirect: 'manual',
    signal,
  });
}

async function readText(response: Response, bytesMax: number, url: string): Promise<string> {
  if (response.body === null) return '';
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return parts.join('') + decoder.decode();
    bytes += value.byteLength;
    if (bytes > bytesMax) {
      await reader.cancel().catch(() => undefined);
      throw broken(url, `an answer is longer than ${bytesMax} bytes`);
    }
    parts.push(decoder.decode(value, { stream: true }));
  }
}

function parse(text: string, url: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw broken(url, 'an answer is no JSON', cause);
  }
}

const GATEWAY_STATUSES: readonly number[] = [502, 503, 504];

function refusal(response: Response, text: string, options: ExchangeOptions, request: AgentRequest): Error {
  const problem = readProblem(text);
  if (problem !== undefined) return new AgentRefused(problem, `${request.method} ${placeOf(request.path)}`);
  if (GATEWAY_STATUSES.includes(response.status)) {
    return new AgentUnreachable('gateway', {
      what: `something before the agent answered ${response.status}`,
      where: options.url,
      remedy: 'ask again later, or ask the agent itself',
    });
  }
  return broken(options.url, `it answered ${response.status} without the agent's words`);
}

/** Without the query string, bounded, for words. */
function placeOf(path: string): string {
  return (path.split('?')[0] ?? path).slice(0, 200);
}

function readProblem(text: string): ProblemDocument | undefined {
  try {
    return problemDocumentSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export function broken(url: string, what: string, cause?: unknown): AgentBroken {
  return new AgentBroken({
    what,
    where: url,
    remedy: 'see whether it is a Lakewarden agent that listens there',
    cause,
  });
}

function classify(
  error: unknown,
  options: ExchangeOptions,
  asked: AbortSignal | undefined,
  limit: AbortSignal,
  limitMs: number,
): unknown {
  if (asked?.aborted) return asked.reason;
  if (error instanceof AgentBroken || error instanceof AgentRefused || error instanceof AgentUnreachable)
    return error;
  if (limit.aborted) {
    return new AgentUnreachable('timeout', {
      what: `the agent did not answer within ${limitMs / 1_000} s`,
      where: options.url,
      remedy: 'ask again, an act with the same idempotency key',
      cause: error,
    });
  }
  // What fetch throws for a refused, cut or impossible connection; the reason is in its cause.
  if (error instanceof TypeError || isNetworkError(error)) return unreachable(options.url, error);
  return error;
}

function isNetworkError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

export function unreachable(url: string, error: unknown): AgentUnreachable {
  const code = codeOf(error);
  return new AgentUnreachable('connection', {
    what: code === undefined ? 'the agent is not reachable' : `the agent is not reachable (${code})`,
    where: url,
    remedy: 'see whether it is up, or give the URL on which it listens',
    cause: error,
  });
}

function codeOf(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 3; at = at.cause, depth++) {
    if ('code' in at && typeof at.code === 'string') return at.code;
  }
  return undefined;
}
