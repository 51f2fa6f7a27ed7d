import { type FailureCode, TransientError } from '@lakewarden/contracts';
import { verdictOn } from './verdict.ts';

/** I8: attempts of one operation over all layers. The SDKs' own retries are switched off. */
export const ATTEMPTS_MAX = 4;
const DELAY_MS_FIRST = 100;
const DELAY_MS_MAX = 5_000;
/** A service that asks for a longer pause than this is not waited for here: its work is tried at the next round. */
const RETRY_AFTER_MS_MAX = 30_000;

/** What the same call will not get around by asking once more. */
const NOT_REPEATED: ReadonlySet<FailureCode> = new Set(['limit', 'out-of-memory']);

export function isRetryable(error: unknown): error is TransientError {
  return (
    error instanceof TransientError &&
    verdictOn(error) === 'failed' &&
    !NOT_REPEATED.has(error.code) &&
    (error.retryAfterMs ?? 0) <= RETRY_AFTER_MS_MAX
  );
}

/** Full jitter: uniform between nothing and the doubled limit, after what the service asked for. `fraction` in [0, 1). */
export function delayMs(attempt: number, leastMs: number, fraction: number): number {
  const limit = Math.min(DELAY_MS_MAX, DELAY_MS_FIRST * 2 ** attempt);
  return Math.floor(leastMs + fraction * limit);
}

/** A number in [0, 1) out of the 32 random bits that a UUID begins with. */
export function fraction(uuid: string): number {
  return Number.parseInt(uuid.slice(0, 8), 16) / 2 ** 32;
}
