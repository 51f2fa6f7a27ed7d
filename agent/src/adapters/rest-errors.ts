import {
  AggregateAuthenticationError,
  AuthenticationError,
  AuthenticationRequiredError,
  CredentialUnavailableError,
} from '@azure/identity';
import { type FailureCode, TerminalError, TransientError } from '@lakewarden/contracts';

/** A REST call that was answered with an error, or not answered at all. */
export interface RestFailure {
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  /** Of the service (`x-ms-error-code`, ARM's `error.code`) or of the socket (`ECONNRESET`). */
  readonly code: string | undefined;
  readonly retryAfterMs: number | undefined;
}

/** The request cannot have reached the service: no connection was ever made. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

const TERMINAL_BY_STATUS: Readonly<Record<number, FailureCode>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'unauthorized',
  404: 'not-found',
  409: 'failed',
  412: 'failed',
  413: 'limit',
  416: 'invalid',
  501: 'unsupported',
};

/** A retry-after longer than this says "come back another day"; the caller's own schedule is then the better wait. */
const RETRY_AFTER_MS_MAX = 10 * 60_000;

/** Undefined when the error does not come from a REST client of the SDKs. */
export function restFailure(error: unknown): RestFailure | undefined {
  if (!isRestError(error)) return undefined;
  return {
    status: error.statusCode,
    code: error.code,
    retryAfterMs: retryAfterMs(error.response?.headers),
  };
}

/** True when a call that was not answered surely had no effect. */
export function wasNeverSent(failure: RestFailure): boolean {
  return failure.status === undefined && failure.code !== undefined && NEVER_SENT.has(failure.code);
}

/**
 * What an SDK threw, classed once by status, code and type, never by message (house.md, Errors). Errors that are ours
 * already, and bugs, pass through unchanged.
 */
export function classRestError(error: unknown, what: string): unknown {
  if (error instanceof TransientError || error instanceof TerminalError) return error;
  const identity = classIdentityError(error, what);
  if (identity !== undefined) return identity;
  const failure = restFailure(error);
  if (failure === undefined) return error;
  return classStatus(failure, what, withoutRequest(error as Error));
}

/** The SDK's error holds the request, and that the bearer token, wherever a cause is printed (I17). */
function withoutRequest(error: Error): Error {
  const safe = new Error(error.message);
  safe.name = error.name;
  return safe;
}

function classStatus(failure: RestFailure, what: string, cause: unknown): TransientError | TerminalError {
  const { status, code, retryAfterMs } = failure;
  const text = `${what}: ${status ?? 'no answer'}${code === undefined ? '' : ` ${code}`}`;
  const options = { cause, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  if (status === 429) return new TransientError('throttled', text, options);
  if (status === 408) return new TransientError('timeout', text, options);
  const terminal = status === undefined ? undefined : TERMINAL_BY_STATUS[status];
  if (terminal !== undefined) return new TerminalError(terminal, text, { cause });
  if (status !== undefined && status >= 400 && status < 500)
    return new TerminalError('failed', text, { cause });
  return new TransientError('unavailable', text, options);
}

/**
 * A token that could not be had. The identity endpoint of a restarting host refuses connections for a while, so only a
 * clear "no" of the authority is terminal.
 */
function classIdentityError(error: unknown, what: string): TransientError | TerminalError | undefined {
  const cause = error;
  if (error instanceof AuthenticationError) {
    return error.statusCode >= 400 && error.statusCode < 500 && error.statusCode !== 429
      ? new TerminalError('unauthorized', `${what}: the token was refused`, { cause })
      : new TransientError('unavailable', `${what}: no token could be had`, { cause });
  }
  if (
    error instanceof AggregateAuthenticationError ||
    error instanceof CredentialUnavailableError ||
    error instanceof AuthenticationRequiredError
  ) {
    return new TransientError('unauthorized', `${what}: no credential could be used`, { cause });
  }
  return undefined;
}

interface RestErrorLike extends Error {
  readonly statusCode?: number;
  readonly code?: string;
  readonly response?: { readonly headers: { get(name: string): string | undefined } };
}

/** By name, as the SDKs do themselves: several copies of core-rest-pipeline may be installed. */
function isRestError(error: unknown): error is RestErrorLike {
  return error instanceof Error && error.name === 'RestError';
}

/** In milliseconds, from the headers that Azure uses. Dates are not honoured: two clocks would be compared (I19). */
function retryAfterMs(headers: { get(name: string): string | undefined } | undefined): number | undefined {
  if (headers === undefined) return undefined;
  const inMs = wholeNumber(headers.get('retry-after-ms') ?? headers.get('x-ms-retry-after-ms'));
  const inSeconds = wholeNumber(headers.get('retry-after'));
  const ms = inMs ?? (inSeconds === undefined ? undefined : inSeconds * 1000);
  return ms === undefined ? undefined : Math.min(ms, RETRY_AFTER_MS_MAX);
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
