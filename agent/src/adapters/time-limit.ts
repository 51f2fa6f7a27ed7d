import { TransientError } from '@lakewarden/contracts';

/** Whose signal ended a call: a caller who gave up, or our own limit. */
export type Ended = 'cancelled' | 'timeout';

/**
 * Runs `work` with a signal that fires when `outer` does or after `ms`. What `work` throws then becomes
 * `TransientError('cancelled' | 'timeout')`, whatever shape an SDK gives to an aborted call.
 *
 * One timer and one listener a call, both gone when it settles: `AbortSignal.any` over a signal that lives as long as
 * the agent would keep one entry for every call ever made.
 */
export async function withTimeLimit<T>(
  ms: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (outer?.aborted) throw endedError('cancelled');
  const controller = new AbortController();
  let ended: Ended | undefined;
  const end = (why: Ended) => {
    ended ??= why;
    controller.abort();
  };
  const onOuter = () => end('cancelled');
  const timer = setTimeout(end, ms, 'timeout');
  outer?.addEventListener('abort', onOuter, { once: true });
  try {
    return await work(controller.signal);
  } catch (error) {
    if (ended !== undefined) throw endedError(ended);
    throw error;
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', onOuter);
  }
}

/** Without what the SDK threw: it says no more, and may hold the request with its token (I17). */
function endedError(why: Ended): TransientError {
  const text = why === 'timeout' ? 'no answer within the time limit' : 'the call was cancelled';
  return new TransientError(why, text);
}
