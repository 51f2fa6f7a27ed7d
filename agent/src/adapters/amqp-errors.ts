import { type FailureCode, TerminalError, TransientError } from '@lakewarden/contracts';
import { classRestError } from './rest-errors.ts';

const TERMINAL: Readonly<Record<string, FailureCode>> = {
  MessagingEntityNotFoundError: 'not-found',
  MessagingEntityDisabledError: 'unsupported',
  UnauthorizedError: 'unauthorized',
  ArgumentError: 'invalid',
  ArgumentOutOfRangeError: 'invalid',
  InvalidOperationError: 'invalid',
  NotImplementedError: 'unsupported',
  DecodeError: 'corrupt',
};

const TRANSIENT: Readonly<Record<string, FailureCode>> = {
  ServerBusyError: 'throttled',
  QuotaExceededError: 'limit',
  OperationTimeoutError: 'timeout',
};

/** The partition was taken by a reader with a higher or equal owner level. */
export function isStolen(error: unknown): boolean {
  return leaves(error).some((leaf) => codeOf(leaf) === 'ReceiverDisconnectedError');
}

/**
 * What the Event Hubs client threw, classed by code and type. After its own retries it throws a bare `AggregateError`
 * of all attempts (core-amqp retry), of which the last one tells the state of affairs.
 */
export function classAmqpError(error: unknown, what: string): unknown {
  const last = leaves(error).at(-1);
  if (last instanceof TransientError || last instanceof TerminalError) return last;
  if (last instanceof TypeError || last instanceof RangeError) return error;
  const rest = classRestError(last, what);
  if (rest !== last) return rest;
  const code = codeOf(last);
  const text = `${what}${code === undefined ? '' : `: ${code}`}`;
  const terminal = code === undefined ? undefined : TERMINAL[code];
  if (terminal !== undefined) return new TerminalError(terminal, text, { cause: error });
  return new TransientError((code === undefined ? undefined : TRANSIENT[code]) ?? 'unavailable', text, {
    cause: error,
  });
}

function leaves(error: unknown): unknown[] {
  return error instanceof AggregateError && error.errors.length > 0 ? error.errors.flatMap(leaves) : [error];
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
