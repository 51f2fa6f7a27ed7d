/** Of the operations of the last window (I8). */
const RETRIES_SHARE_MAX = 0.1;
/** So that an agent that does little can repeat at all. */
export const RETRIES_FLOOR = 10;
const WINDOW_MS = 10_000;
const BUCKET_MS = 1_000;

/** Keeps repetitions a small part of all calls: in a storm they would be what keeps the service down. */
export interface RetryBudget {
  /** An operation begins. */
  spendCall(): void;
  /** True when one more repetition is within the budget; it is then spent. */
  takeRetry(): boolean;
}

interface Bucket {
  second: number;
  calls: number;
  retries: number;
}

export function createRetryBudget(now: () => number): RetryBudget {
  const buckets: Bucket[] = Array.from({ length: WINDOW_MS / BUCKET_MS }, () => ({
    second: -1,
    calls: 0,
    retries: 0,
  }));

  function current(): Bucket {
    const second = Math.floor(now() / BUCKET_MS);
    const bucket = buckets[second % buckets.length] as Bucket;
    if (bucket.second !== second) Object.assign(bucket, { second, calls: 0, retries: 0 });
    return bucket;
  }

  return {
    spendCall() {
      current().calls++;
    },
    takeRetry() {
      const bucket = current();
      const recent = buckets.filter(({ second }) => second > bucket.second - buckets.length);
      const calls = recent.reduce((sum, one) => sum + one.calls, 0);
      const retries = recent.reduce((sum, one) => sum + one.retries, 0);
      if (retries >= Math.max(RETRIES_FLOOR, calls * RETRIES_SHARE_MAX)) return false;
      bucket.retries++;
      return true;
    },
  };
}
