import { STATUS_CODES } from 'node:http';
import { type ProblemDocument, TransientError } from '@lakewarden/contracts';
import type { z } from 'zod';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

export interface ProblemOptions {
  readonly status: number;
  /** Stable, for programs. */
  readonly code: string;
  /** What happened and where. Never what a stranger or an SDK wrote. */
  readonly detail: string;
  /** What to do about it. */
  readonly remedy: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Who was refused, where it is known; for the log. */
  readonly principal?: string;
}

/** A request that ends without what it asked for; thrown anywhere below a route, told as problem+json. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  readonly code: string;
  readonly remedy: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly principal: string;
  constructor({ status, code, detail, remedy, headers = {}, principal = 'nobody' }: ProblemOptions) {
    super(detail);
    this.status = status;
    this.code = code;
    this.remedy = remedy;
    this.headers = headers;
    this.principal = principal;
  }
}

/** RFC 9457 as text. */
export function formatProblemDocument({ status, code, message, remedy }: ApiProblem): string {
  const document: ProblemDocument = {
    type: `urn:lakewarden:problem:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: message,
    code,
    remedy,
  };
  return JSON.stringify(document);
}

/** Whole seconds, at least one, as the header wants them. */
export function retryAfter(ms: number): { 'retry-after': string } {
  return { 'retry-after': String(Math.max(1, Math.ceil(ms / 1000))) };
}

export function unavailable(detail: string, retryAfterMs: number): ApiProblem {
  return new ApiProblem({
    status: 503,
    code: 'unavailable',
    detail,
    remedy: 'Ask again after the time in Retry-After; nothing was changed.',
    headers: retryAfter(retryAfterMs),
  });
}

const RETRY_AFTER_MS = 5_000;

/** What stands behind an error that is no failure: ours, or the server's own about a body. Undefined for any other. */
export function readFailure(error: unknown): ApiProblem | undefined {
  if (error instanceof ApiProblem) return error;
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  if (typeof code !== 'string' || !code.startsWith('FST_ERR_CTP_')) return undefined;
  return code === 'FST_ERR_CTP_BODY_TOO_LARGE' ? bodyTooLarge() : malformed('The body did not come whole.');
}

/**
 * What a failure below a route looks like from outside: a dependency that does not answer is 503, all else is a mistake
 * of ours. Neither shows the error's own words, which may hold what must not leave (I17); those go into the fact.
 */
export function problemOfFailure(error: unknown, request: string): ApiProblem {
  if (error instanceof TransientError) {
    const timeout = error.code === 'timeout';
    return new ApiProblem({
      status: 503,
      code: timeout ? 'timeout' : 'unavailable',
      detail: timeout
        ? 'There was no answer within the time limit.'
        : 'Something that the agent depends on does not answer.',
      remedy: `Ask again later, an action with the same Idempotency-Key: it happens once. The agent's log has this as ${request}.`,
      headers: retryAfter(error.retryAfterMs ?? RETRY_AFTER_MS),
    });
  }
  return new ApiProblem({
    status: 500,
    code: 'internal',
    detail: 'The agent made a mistake.',
    remedy: `The agent's log has the reason as ${request}; please report it.`,
  });
}

export const BODY_BYTES_MAX = 256 * 1024;

export function bodyTooLarge(): ApiProblem {
  return new ApiProblem({
    status: 413,
    code: 'too-large',
    detail: `The body is larger than ${BODY_BYTES_MAX} bytes.`,
    remedy: 'Send less, in more requests where need be.',
  });
}

export function malformed(detail: string): ApiProblem {
  return new ApiProblem({
    status: 400,
    code: 'malformed',
    detail,
    remedy: 'Send one JSON value in UTF-8, each key once; GET /openapi.json says which.',
  });
}

const ISSUES_MAX = 5;
const ISSUE_CHARS_MAX = 160;

/** `target: must name …; reason: Too small …`, bounded; the values themselves are not repeated. */
export function describeIssues(error: z.ZodError): string {
  const told = error.issues.slice(0, ISSUES_MAX).map(({ path, message }) => {
    const text = path.length === 0 ? message : `${path.join('.')}: ${message}`;
    return text.length > ISSUE_CHARS_MAX ? `${text.slice(0, ISSUE_CHARS_MAX)}…` : text;
  });
  const left = error.issues.length - told.length;
  return `${told.join('; ')}${left > 0 ? `; and ${left} more` : ''}.`;
}
