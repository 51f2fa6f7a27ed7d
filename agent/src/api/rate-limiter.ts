export interface RateLimit {
  /** So many at once after a rest. */
  readonly burst: number;
  readonly perSecond: number;
  /** Of one principal at a time. */
  readonly inFlightMax: number;
}

export type Admission =
  | { readonly kind: 'admitted'; readonly leave: () => void }
  | { readonly kind: 'refused'; readonly retryAfterMs: number };

/** One token bucket a principal. */
export interface RateLimiter {
  /** `leave` must be called once. */
  enter(principal: string): Admission;
}

/** More than these are asked at a time by nobody; the one longest silent starts with a full bucket when it comes back. */
const PRINCIPALS_MAX = 1_024;
const IN_FLIGHT_RETRY_MS = 1_000;

interface Bucket {
  tokens: number;
  filledMs: number;
  inFlight: number;
}

export function createRateLimiter(
  { burst, perSecond, inFlightMax }: RateLimit,
  now: () => number,
): RateLimiter {
  const buckets = new Map<string, Bucket>();

  /** The map stays in order of use. */
  function bucketOf(principal: string, nowMs: number): Bucket {
    const bucket = buckets.get(principal) ?? { tokens: burst, filledMs: nowMs, inFlight: 0 };
    buckets.delete(principal);
    buckets.set(principal, bucket);
    if (buckets.size > PRINCIPALS_MAX) {
      const [oldest = principal] = buckets.keys();
      buckets.delete(oldest);
    }
    return bucket;
  }

  return {
    enter(principal) {
      const nowMs = now();
      const bucket = bucketOf(principal, nowMs);
      // A clock that went back fills nothing.
      const passedMs = Math.max(0, nowMs - bucket.filledMs);
      bucket.tokens = Math.min(burst, bucket.tokens + (passedMs * perSecond) / 1000);
      bucket.filledMs = nowMs;
      if (bucket.tokens < 1) {
        return { kind: 'refused', retryAfterMs: ((1 - bucket.tokens) * 1000) / perSecond };
      }
      if (bucket.inFlight >= inFlightMax) return { kind: 'refused', retryAfterMs: IN_FLIGHT_RETRY_MS };
      bucket.tokens--;
      bucket.inFlight++;
      return {
        kind: 'admitted',
        leave: () => {
          bucket.inFlight--;
        },
      };
    },
  };
}
