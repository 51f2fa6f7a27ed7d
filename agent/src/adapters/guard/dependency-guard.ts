import { TransientError } from '@lakewarden/contracts';
import { type Clock, type EmitFact, type Random, reasonOf } from '@lakewarden/core';
import pRetry from 'p-retry';
import { withTimeLimit } from '../time-limit.ts';
import { ATTEMPTS_MAX, delayMs, fraction, isRetryable } from './backoff.ts';
import { type Breaker, createBreaker } from './breaker.ts';
import { type Bulkhead, createBulkhead } from './bulkhead.ts';
import type { BreakerChange, BreakerState, BreakerStatus, DependencyName } from './dependency.ts';
import type { CallOptions, Guard } from './guard.ts';
import { linked } from './linked.ts';
import { failureOf, PROBE_TIMEOUT_MS, type Probe, Prober } from './prober.ts';
import { createRetryBudget, type RetryBudget } from './retry-budget.ts';
import { verdictOn } from './verdict.ts';

export interface GuardOptions {
  readonly dependency: DependencyName;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: EmitFact;
  /** Gives what the dependency's client threw our classes; passes on what it does not know. */
  readonly classify: (error: unknown, what: string) => unknown;
  readonly timeoutMs: number;
  readonly concurrencyMax: number;
  readonly waitingMax: number;
}

export function createGuard(options: GuardOptions): Guard {
  return new DependencyGuard(options);
}

const NEVER = new AbortController().signal;

class DependencyGuard implements Guard {
  readonly dependency: DependencyName;
  readonly #options: GuardOptions;
  readonly #budget: RetryBudget;
  readonly #bulkhead: Bulkhead;
  readonly #breaker: Breaker;
  readonly #prober: Prober;
  readonly #listeners = new Set<(change: BreakerChange) => void>();
  readonly #totals = { calls: 0, attempts: 0, retries: 0, parkedCalls: 0 };
  #state: BreakerState = 'closed';
  #sinceMs: number;
  #openedMs = 0;
  #parkedBefore = 0;
  #lastError: string | undefined;
  #probe: Probe | undefined;
  /** Fires when the breaker opens, for those who wait to try again. */
  #opened = new AbortController();
  #isClosed = false;

  constructor(options: GuardOptions) {
    const { dependency, clock, random } = options;
    this.dependency = dependency;
    this.#options = options;
    this.#sinceMs = clock.now();
    this.#budget = createRetryBudget(clock.now);
    this.#bulkhead = createBulkhead({ ...options, name: dependency });
    this.#breaker = createBreaker({
      now: clock.now,
      onOpened: () => this.#onOpened(),
      onFailure: (error) => {
        this.#lastError = reasonOf(error);
      },
    });
    this.#prober = new Prober({
      breaker: this.#breaker,
      clock,
      random,
      probe: () => this.#limitedProbe(),
      onProbing: () => this.#turn('half-open'),
      onProbeFailed: (error, nextProbeMs) => this.#onProbeFailed(error, nextProbeMs),
      onAnswered: () => this.#close('probe'),
    });
  }

  async run<T>(
    what: string,
    signal: AbortSignal | undefined,
    call: (signal: AbortSignal, attempt: number) => Promise<T>,
    callOptions: CallOptions = {},
  ): Promise<T> {
    const { repeatable = false } = callOptions;
    this.#totals.calls++;
    this.#budget.spendCall();
    const attempt = (number: number) =>
      this.#attempt(what, signal, (limited) => call(limited, number), callOptions);
    try {
      return await pRetry(attempt, {
        retries: repeatable ? ATTEMPTS_MAX - 1 : 0,
        // The pause is ours: p-retry's own has no full jitter and cannot be cut short by the breaker.
        minTimeout: 0,
        shouldRetry: ({ error, attemptNumber }) => this.#mayRepeat(error, attemptNumber, signal ?? NEVER),
      });
    } catch (error) {
      const told = this.#told(error, what);
      this.#prober.suspect();
      throw told;
    }
  }

  runSync<T>(what: string, call: () => T): T {
    this.#totals.calls++;
    try {
      this.#checkOpen(what);
      this.#totals.attempts++;
      return this.#noted(what, call);
    } catch (error) {
      throw this.#told(error, what);
    }
  }

  probeWith(probe: Probe): void {
    this.#probe = probe;
  }

  async isAnswering(signal: AbortSignal): Promise<boolean> {
    const probe = this.#limitedProbe();
    if (probe === undefined) return this.#state === 'closed';
    const isAnswering = (await failureOf(probe, signal)) === undefined;
    // An answer is an answer, whoever asked: nobody waits for the prober's next turn.
    if (isAnswering && this.#breaker.isOpen) this.#prober.answered();
    return isAnswering;
  }

  onChange(listener: (change: BreakerChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  status(): BreakerStatus {
    const { nextProbeMs } = this.#prober;
    return {
      dependency: this.dependency,
      state: this.#state,
      sinceMs: this.#sinceMs,
      failures: this.#breaker.failures,
      ...(this.#lastError !== undefined && { lastError: this.#lastError }),
      ...(nextProbeMs !== undefined && { nextProbeMs }),
      ...this.#totals,
    };
  }

  reset(): void {
    if (this.#breaker.isOpen) {
      this.#prober.stop();
      this.#close('operator');
    } else {
      this.#breaker.close(false);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#bulkhead.evict((what) => closingError(what));
    this.#opened.abort();
    await this.#prober.close();
    this.#breaker.shutdown();
  }

  async #attempt<T>(
    what: string,
    signal: AbortSignal | undefined,
    call: (signal: AbortSignal) => Promise<T>,
    { isLasting = false, timeoutMs = this.#options.timeoutMs }: CallOptions,
  ): Promise<T> {
    this.#checkOpen(what);
    const leave = isLasting ? undefined : await this.#bulkhead.enter(what, signal);
    try {
      this.#checkOpen(what);
      this.#totals.attempts++;
      const limitMs = isLasting ? undefined : timeoutMs;
      return await this.#breaker.attempt(() => this.#limited(what, signal, call, limitMs));
    } finally {
      leave?.();
    }
  }

  async #limited<T>(
    what: string,
    signal: AbortSignal | undefined,
    call: (signal: AbortSignal) => Promise<T>,
    timeoutMs: number | undefined,
  ): Promise<T> {
    try {
      if (timeoutMs === undefined) return await call(signal ?? NEVER);
      return await withTimeLimit(timeoutMs, signal, call, { what });
    } catch (error) {
      throw this.#options.classify(error, what);
    }
  }

  #limitedProbe(): Probe | undefined {
    const probe = this.#probe;
    return probe && ((signal) => this.#limited('probe', signal, probe, PROBE_TIMEOUT_MS));
  }

  /** True after the wait, when another attempt may be made. */
  async #mayRepeat(error: unknown, attempts: number, signal: AbortSignal): Promise<boolean> {
    const { clock, random } = this.#options;
    if (!isRetryable(error) || this.#breaker.isOpen || !this.#budget.takeRetry()) return false;
    const waitMs = delayMs(attempts, error.retryAfterMs ?? 0, fraction(random.uuid()));
    const waiting = linked(signal, this.#opened.signal);
    try {
      await clock.sleep(waitMs, waiting.signal);
    } catch (cause) {
      if (signal.aborted || !waiting.signal.aborted) throw cause;
    } finally {
      waiting.release();
    }
    if (this.#breaker.isOpen || this.#isClosed) return false;
    this.#totals.retries++;
    return true;
  }

  #checkOpen(what: string): void {
    if (this.#isClosed) throw closingError(what);
    if (this.#breaker.isOpen) throw this.#parked(what);
  }

  /** What the caller is told: a failure that opened the breaker, or met it open, leaves its work parked. */
  #told(error: unknown, what: string): unknown {
    const isMet = verdictOn(error) === 'failed' && this.#breaker.isOpen;
    const told = isMet ? this.#parked(what, error) : error;
    if (told instanceof TransientError && told.code === 'parked') this.#totals.parkedCalls++;
    return told;
  }

  #noted<T>(what: string, call: () => T): T {
    try {
      const result = call();
      this.#breaker.note(undefined);
      return result;
    } catch (thrown) {
      const error = this.#options.classify(thrown, what);
      this.#breaker.note(error);
      throw error;
    }
  }

  #parked(what: string, cause?: unknown): TransientError {
    const { nextProbeMs } = this.#prober;
    const retryAfterMs = nextProbeMs === undefined ? 0 : Math.max(0, nextProbeMs - this.#options.clock.now());
    const { dependency } = this;
    const text = `${what}: parked until ${dependency} answers again`;
    return new TransientError('parked', text, { dependency, retryAfterMs, cause });
  }

  #turn(to: BreakerState): void {
    // A probe does not end the time that it was silent.
    if (to === 'closed' || this.#state === 'closed') this.#sinceMs = this.#options.clock.now();
    this.#state = to;
    const change = { dependency: this.dependency, state: to };
    for (const listener of [...this.#listeners]) listener(change);
  }

  #onOpened(): void {
    const { dependency } = this;
    this.#openedMs = this.#options.clock.now();
    this.#parkedBefore = this.#totals.parkedCalls;
    const reason = this.#lastError ?? 'unknown';
    this.#options.emit({ type: 'BreakerOpened', dependency, failures: this.#breaker.failures, reason });
    this.#turn('open');
    this.#prober.start();
    this.#bulkhead.evict((what) => this.#parked(what));
    this.#opened.abort();
  }

  #onProbeFailed(error: unknown, nextProbeMs: number): void {
    const reason = reasonOf(error);
    this.#lastError = reason;
    this.#options.emit({ type: 'BreakerProbed', dependency: this.dependency, reason, nextProbeMs });
    this.#turn('open');
  }

  #close(by: 'probe' | 'operator'): void {
    // The word of an operator is not doubted; a probe is one cheap call, and the real ones may fail still.
    this.#breaker.close(by === 'probe');
    this.#opened = new AbortController();
    this.#options.emit({
      type: 'BreakerClosed',
      dependency: this.dependency,
      by,
      openMs: this.#options.clock.now() - this.#openedMs,
      probes: this.#prober.probes,
      parkedCalls: this.#totals.parkedCalls - this.#parkedBefore,
    });
    this.#turn('closed');
  }
}

function closingError(what: string): TransientError {
  return new TransientError('cancelled', `${what}: the agent is closing`);
}
