/**
 * Operational failures. An adapter classes what its service threw once; nobody above looks at messages.
 * Outcomes that a caller must decide (a conflict, a refusal) are returned unions instead; bugs are assertions.
 */
export type FailureCode =
  | 'unavailable'
  | 'throttled'
  | 'timeout'
  | 'cancelled'
  /** Not tried: the breaker of its dependency is open. The work waits; it has not failed. */
  | 'parked'
  | 'unauthorized'
  | 'not-found'
  | 'invalid'
  | 'corrupt'
  | 'unsupported'
  | 'limit'
  | 'out-of-memory'
  | 'unbalanced'
  | 'zero-rows'
  | 'failed';

interface FailureOptions {
  readonly cause?: unknown;
  readonly retryAfterMs?: number;
  /** Whose breaker parked the call. */
  readonly dependency?: string;
}

export class TransientError extends Error {
  override readonly name = 'TransientError';
  readonly code: FailureCode;
  readonly retryAfterMs: number | undefined;
  readonly dependency: string | undefined;
  constructor(code: FailureCode, message: string, options: FailureOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.dependency = options.dependency;
  }
}

export class TerminalError extends Error {
  override readonly name = 'TerminalError';
  readonly code: FailureCode;
  constructor(code: FailureCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
  }
}

/** For the `default` of a switch over a union: reaching it is a bug. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${String(value)}`);
}
