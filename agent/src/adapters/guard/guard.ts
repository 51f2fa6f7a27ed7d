import type { BreakerChange, BreakerStatus, DependencyName } from './dependency.ts';
import type { Probe } from './prober.ts';

export interface CallOptions {
  /** Of one attempt. Default: the guard's. */
  readonly timeoutMs?: number;
  /** Only where doing it twice is harmless. Default: false, and then there is one attempt. */
  readonly repeatable?: boolean;
  /**
   * Goes on as long as there is something to do (the read of a partition): no time limit, no place in the bulkhead; the
   * caller bounds both. Only how it ends counts.
   */
  readonly isLasting?: boolean;
}

/**
 * The only way to one external dependency (DESIGN §7): time limit, retries within a budget, breaker, bulkhead.
 *
 * - G1 An operation is tried at most `ATTEMPTS_MAX` times, and no other layer repeats (I8).
 * - G2 While the breaker is not closed, no attempt is made but the prober's: calls fail at once with
 *   `TransientError('parked')`, and so do those that wait for a turn or a retry.
 * - G3 It closes by itself when a probe is answered, or by `reset`.
 */
export interface Guard {
  readonly dependency: DependencyName;
  /**
   * Errors come out classed: `TransientError` (`'parked'` with `dependency`; `'limit'` when too much waits; `'timeout'`,
   * `'cancelled'`, or as the service failed), `TerminalError`, or a bug as it was thrown. `call` gets its own signal and
   * the number of the attempt, from 1.
   */
  run<T>(
    what: string,
    signal: AbortSignal | undefined,
    call: (signal: AbortSignal, attempt: number) => Promise<T>,
    options?: CallOptions,
  ): Promise<T>;
  /** For a dependency that answers on the caller's thread: breaker and classing only. */
  runSync<T>(what: string, call: () => T): T;
  /** How to ask whether the dependency is there: one cheap request. The adapter gives it; the last one given is used. */
  probeWith(probe: Probe): void;
  /**
   * Asks the dependency once, past the breaker, which an answer closes. Without a probe nobody can be asked: then what the
   * breaker knows counts.
   */
  isAnswering(signal: AbortSignal): Promise<boolean>;
  /** Listeners must not throw. Returns how to stop listening. */
  onChange(listener: (change: BreakerChange) => void): () => void;
  status(): BreakerStatus;
  /** The operator's word that it works again. A closed breaker forgets its failures. */
  reset(): void;
  close(): Promise<void>;
}
