import type { Clock, Random } from '@lakewarden/core';
import { ATTEMPTS_MAX, fraction } from './backoff.ts';
import { type Breaker, FAILURES_IN_A_ROW_MAX } from './breaker.ts';
import { verdictOn } from './verdict.ts';

const PROBE_MS_FIRST = 1_000;
/** From the beginning of one probe to that of the next. A probe that hangs ends before it. */
const PROBE_MS_MAX = 5_000;
export const PROBE_TIMEOUT_MS = 4_000;
const PROBE_MS_LEAST = 100;
/** A breaker that opens again this soon after a probe closed it goes on with the longer pauses. */
const STABLE_MS_MIN = 30_000;
const SUSPICION_MS = 500;

export interface ProberOptions {
  readonly breaker: Breaker;
  readonly clock: Clock;
  readonly random: Random;
  /** One cheap call, limited in time and classed. Undefined: there is none, the next real call is the probe. */
  readonly probe: () => Probe | undefined;
  readonly onProbing: () => void;
  readonly onProbeFailed: (error: unknown, nextProbeMs: number) => void;
  readonly onAnswered: () => void;
}

export type Probe = (signal: AbortSignal) => Promise<void>;

/** One loop at a time that asks a silent dependency whether it is back. */
export class Prober {
  readonly #options: ProberOptions;
  #loop: Promise<void> = Promise.resolve();
  #stopping = new AbortController();
  #isSuspecting = false;
  #isClosed = false;
  #nextProbeMs: number | undefined;
  #probes = 0;
  #step = 0;
  #answeredMs = Number.NEGATIVE_INFINITY;

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  /** When the next probe is due. */
  get nextProbeMs(): number | undefined {
    return this.#nextProbeMs;
  }

  /** Probes since the breaker opened. */
  get probes(): number {
    return this.#probes;
  }

  /** The breaker has opened. */
  start(): void {
    if (this.#isClosed) return;
    if (this.#options.clock.now() - this.#answeredMs > STABLE_MS_MIN) this.#step = 0;
    this.#probes = 0;
    this.#begin((signal) => this.#untilAnswered(signal));
  }

  /** It was closed by somebody else. */
  stop(): void {
    this.#stopping.abort();
    this.#nextProbeMs = undefined;
  }

  /** Somebody else asked it and was answered. */
  answered(): void {
    this.stop();
    this.#answeredMs = this.#options.clock.now();
    this.#options.onAnswered();
  }

  /**
   * An operation was given up and nothing has succeeded since: asks a few times at once, each answer counting, so that
   * an agent with little to do knows within seconds and not at its next round.
   */
  suspect(): void {
    const { breaker } = this.#options;
    const probe = this.#options.probe();
    if (this.#isClosed || this.#isSuspecting || probe === undefined) return;
    if (breaker.isOpen || breaker.failures < ATTEMPTS_MAX) return;
    this.#isSuspecting = true;
    this.#begin(async (signal) => {
      await this.#confirm(probe, signal);
      this.#isSuspecting = false;
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopping.abort();
    await this.#loop;
  }

  #begin(work: (signal: AbortSignal) => Promise<void>): void {
    this.#stopping.abort();
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    this.#loop = this.#loop.then(() => work(signal));
  }

  async #untilAnswered(signal: AbortSignal): Promise<void> {
    const { clock, probe, onProbing, onProbeFailed, onAnswered } = this.#options;
    let waitMs = this.#pauseMs();
    for (;;) {
      this.#nextProbeMs = clock.now() + waitMs;
      if (!(await this.#pause(waitMs, signal))) return;
      onProbing();
      this.#probes++;
      const beganMs = clock.now();
      const error = await failureOf(probe(), signal);
      if (signal.aborted) return;
      if (error === undefined) break;
      waitMs = Math.max(PROBE_MS_LEAST, this.#pauseMs() - Math.max(0, clock.now() - beganMs));
      onProbeFailed(error, clock.now() + waitMs);
    }
    this.#nextProbeMs = undefined;
    this.#answeredMs = clock.now();
    onAnswered();
  }

  /** Ends at the first success of anybody, or when the breaker opens. */
  async #confirm(probe: Probe, signal: AbortSignal): Promise<void> {
    const { breaker } = this.#options;
    for (let asked = 0; asked < FAILURES_IN_A_ROW_MAX; asked++) {
      if (!(await this.#pause(SUSPICION_MS, signal)) || breaker.isOpen || breaker.failures === 0) return;
      const counted: Probe = (probing) => breaker.attempt(() => probe(probing));
      if ((await failureOf(counted, signal)) === undefined) return;
    }
  }

  /** False when it was ended. */
  async #pause(ms: number, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#options.clock.sleep(ms, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return !signal.aborted;
  }

  #pauseMs(): number {
    return probePauseMs(this.#step++, fraction(this.#options.random.uuid()));
  }
}

/** What is wrong with the dependency; undefined when it answered, even with a refusal. */
export async function failureOf(probe: Probe | undefined, signal: AbortSignal): Promise<unknown> {
  try {
    await probe?.(signal);
    return undefined;
  } catch (error) {
    return verdictOn(error) === 'answered' ? undefined : error;
  }
}

/** 1, 2, 4, 5, 5 … s, each up to a fifth shorter. `fraction` in [0, 1). */
export function probePauseMs(step: number, fraction: number): number {
  return Math.ceil(Math.min(PROBE_MS_MAX, PROBE_MS_FIRST * 2 ** step) * (1 - 0.2 * fraction));
}
