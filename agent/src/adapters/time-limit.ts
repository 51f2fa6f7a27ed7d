import { TransientError } from '@lakewarden/contracts';

/** Whose signal ended a call: a caller who gave up, or our own limit. */
export type Ended = 'cancelled' | 'timeout';

/** A call that was told to end and does not is left behind after this long. */
export const ABANDON_MS_MAX = 10_000;

export interface TimeLimitOptions {
  /** Named in the error: `read a/b`. */
  readonly what?: string;
  readonly abandonMs?: number;
}

/**
 * Runs `work` with a signal that fires when `outer` does or after `ms`. What `work` throws then becomes
 * `TransientError('cancelled' | 'timeout')`, whatever shape an SDK gives to an aborted call; and where it heeds no signal
 * (a token that is being fetched), the wait for it ends all the same.
 *
 * One timer and one listener a call, both gone when it settles: `AbortSignal.any` over a signal that lives as long as
 * the agent would keep one entry for every call ever made.
 */
export async function withTimeLimit<T>(
  ms: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
  options: TimeLimitOptions = {},
): Promise<T> {
  const { what, abandonMs = ABANDON_MS_MAX } = options;
  if (outer?.aborted) throw endedError('cancelled', what);
  const controller = new AbortController();
  const abandoned = Promise.withResolvers<never>();
  let ended: Ended | undefined;
  const end = (why: Ended) => {
    if (ended !== undefined) return;
    ended = why;
    clearTimeout(timer);
    timer = setTimeout(() => abandoned.reject(endedError(why, what)), abandonMs);
    controller.abort();
  };
  const onOuter = () => end('cancelled');
  let timer = setTimeout(end, ms, 'timeout');
  outer?.addEventListener('abort', onOuter, { once: true });
  try {
    return await Promise.race([work(controller.signal), abandoned.promise]);
  } catch (error) {
    if (ended !== undefined) throw endedError(ended, what);
    throw error;
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', onOuter);
  }
}

/** Without what the SDK threw: it says no more, and may hold the request with its token (I17). */
function endedError(why: Ended, what: string | undefined): TransientError {
  const text = why === 'timeout' ? 'no answer within the time limit' : 'the call was cancelled';
  return new TransientError(why, what === undefined ? text : `${what}: ${text}`);
}
