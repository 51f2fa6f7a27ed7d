import { TransientError } from '@lakewarden/contracts';
import type { Clock, Random } from '@lakewarden/core';

/** I8: attempts of one operation over all layers. The SDKs' own retries are switched off. */
export const ATTEMPTS_MAX = 4;
const DELAY_MS_FIRST = 100;
const DELAY_MS_MAX = 5_000;
/** A service that asks for a longer pause than this is not waited for here: its work is tried at the next round. */
const RETRY_AFTER_MS_MAX = 30_000;

export interface RetryTools {
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Repeats an idempotent call while it fails with `TransientError`, with full jitter and the service's retry-after as
 * the least wait. Never for a call whose repetition is not harmless (`putIfAbsent`, `createRun`).
 */
export async function withRetry<T>(
  tools: RetryTools,
  signal: AbortSignal | undefined,
  call: (attempt: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call(attempt);
    } catch (error) {
      if (attempt >= ATTEMPTS_MAX || !isRetryable(error)) throw error;
      const waitMs = delayMs(attempt, error.retryAfterMs, fraction(tools.random.uuid()));
      await tools.clock.sleep(waitMs, signal ?? NEVER);
    }
  }
}

/** Full jitter: uniform between nothing and the doubled limit, after what the service asked for. `fraction` in [0, 1). */
export function delayMs(attempt: number, retryAfterMs: number | undefined, fraction: number): number {
  const limit = Math.min(DELAY_MS_MAX, DELAY_MS_FIRST * 2 ** attempt);
  return Math.floor((retryAfterMs ?? 0) + fraction * limit);
}

/** A number in [0, 1) out of the 32 random bits that a UUID begins with. */
export function fraction(uuid: string): number {
  return Number.parseInt(uuid.slice(0, 8), 16) / 2 ** 32;
}

const NEVER = new AbortController().signal;

function isRetryable(error: unknown): error is TransientError {
  return (
    error instanceof TransientError &&
    error.code !== 'cancelled' &&
    (error.retryAfterMs ?? 0) <= RETRY_AFTER_MS_MAX
  );
}
