import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';
import { verdictOn } from './verdict.ts';

/** Attempts that must be known before a share of them means anything (reliability.md §0.5). */
const VOLUME_MIN = 10;
/** Failed attempts of the window above which it opens: a dependency that is there for some calls only. */
const FAILED_PERCENT_MAX = 50;
/** Failed attempts in a row at which it opens however many succeeded before: a dependency that is gone. */
export const FAILURES_IN_A_ROW_MAX = 10;
const BUCKETS = 10;
const BUCKET_MS = 1_000;
/** Longest timer there is: opossum's own half-open lets any call try, ours is tried by probes only. */
const NEVER_MS = 2 ** 31 - 1;

export interface Breaker {
  readonly isOpen: boolean;
  /** Attempts that failed in a row. */
  readonly failures: number;
  /** Makes one attempt and takes note of how it ended. Only while it is not open. */
  attempt<T>(call: () => Promise<T>): Promise<T>;
  /** Takes note of an attempt that was made elsewhere; `error` undefined: it succeeded. */
  note(error: unknown): void;
  /** With `onProbation` the next failure opens it again, until one attempt has succeeded. */
  close(onProbation: boolean): void;
  shutdown(): void;
}

export interface BreakerOptions {
  readonly now: () => number;
  readonly onOpened: () => void;
  readonly onFailure: (error: unknown) => void;
}

interface Trial {
  /** Which closing it began after: what was sent before an outage ended says nothing about afterwards. */
  readonly era: number;
  readonly call: () => Promise<unknown>;
}

/**
 * An opossum breaker over attempts, not operations, so that few operations with their repetitions open it. Its traps
 * (reliability.md §0.5) are closed: a volume, a filter, no timeout and no shared abort controller. Its window is turned
 * by our clock at every attempt, so an idle agent has no timer.
 */
export function createBreaker({ now, onOpened, onFailure }: BreakerOptions): Breaker {
  const turns = new EventEmitter();
  let turnedMs = now();
  let era = 0;
  let failures = 0;
  let onProbation = false;
  const circuit = new CircuitBreaker<[Trial], unknown>((trial) => trial.call(), {
    timeout: false,
    volumeThreshold: VOLUME_MIN,
    errorThresholdPercentage: FAILED_PERCENT_MAX,
    rollingCountTimeout: BUCKETS * BUCKET_MS,
    rollingCountBuckets: BUCKETS,
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
    rotateBucketController: turns,
    resetTimeout: NEVER_MS,
    errorFilter: (error: unknown, trial: Trial) => trial.era !== era || verdictOn(error) !== 'failed',
  } as CircuitBreaker.Options);
  circuit.on('open', onOpened);

  function turn(buckets: number): void {
    for (let i = 0; i < Math.min(buckets, BUCKETS); i++) turns.emit('rotate');
  }

  function turnToNow(): void {
    const elapsed = Math.floor((now() - turnedMs) / BUCKET_MS);
    if (elapsed === 0) return;
    turn(elapsed);
    // A clock that was set back begins anew.
    turnedMs = elapsed > 0 ? turnedMs + elapsed * BUCKET_MS : now();
  }

  function judge(trialEra: number, error: unknown): void {
    if (trialEra !== era) return;
    const verdict = error === undefined ? 'answered' : verdictOn(error);
    if (verdict === 'silent') return;
    if (verdict === 'answered') {
      failures = 0;
      onProbation = false;
      return;
    }
    failures++;
    onFailure(error);
    if (onProbation || failures >= FAILURES_IN_A_ROW_MAX) circuit.open();
  }

  return {
    get isOpen() {
      return !circuit.closed;
    },
    get failures() {
      return failures;
    },
    async attempt<T>(call: () => Promise<T>): Promise<T> {
      turnToNow();
      const began = era;
      const judged = async () => {
        try {
          const result = await call();
          judge(began, undefined);
          return result;
        } catch (error) {
          judge(began, error);
          throw error;
        }
      };
      return (await circuit.fire({ era, call: judged })) as T;
    },
    note(error) {
      turnToNow();
      judge(era, error);
      const call = () => (error === undefined ? Promise.resolve() : Promise.reject(error));
      circuit.fire({ era, call }).catch(() => undefined);
    },
    close(probation) {
      era++;
      failures = 0;
      onProbation = probation;
      turn(BUCKETS);
      circuit.close();
    },
    shutdown: () => circuit.shutdown(),
  };
}
