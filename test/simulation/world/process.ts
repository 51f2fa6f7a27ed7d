import { TransientError } from '@lakewarden/contracts';
import type { Clock, Random } from '@lakewarden/core';
import type { Chance } from './chance.ts';
import type { Timeline } from './timeline.ts';
import type { Trace } from './trace.ts';
import type { Dependency, Fault, Weather } from './weather.ts';

/** One request to something outside of the process. */
export interface Call<T> {
  readonly dependency: Dependency;
  readonly op: string;
  readonly path: string;
  /** Changes the world: it may be lost, come late, or be done though the caller died. */
  readonly mutates: boolean;
  /** What the other side does when the request reaches it, and its answer. May throw. */
  readonly effect: () => T;
  /** The answer when none came; absent: a thrown timeout. */
  readonly unanswered?: (cause: Error) => T;
  /** The answer to a request that a layer below repeated after its success. */
  readonly repeated?: T;
  /** The effect of an engine that loses a row. */
  readonly botched?: () => T;
  readonly signal?: AbortSignal | undefined;
}

export interface ProcessWorld {
  readonly timeline: Timeline;
  readonly trace: Trace;
  readonly weather: Weather;
  readonly counts: Counts;
}

export interface Counts {
  ios: number;
  crashes: number;
  stalls: number;
  lostAnswers: number;
  ghosts: number;
  refusals: number;
}

/** Milliseconds, least and most, to the effect and again to the answer. */
const LATENCY_MS: Readonly<Record<Dependency, readonly [number, number]>> = {
  storage: [1, 25],
  files: [2, 60],
  hub: [1, 40],
  factory: [20, 400],
  engine: [20, 4_000],
};
const SLOW_SHARE = 0.01;
const SLOW_MS_MAX = 5_000;
const TIMEOUT_MS = 30_000;
const GHOST_MS: readonly [number, number] = [10_000, 300_000];
/** Half of them are too short for anybody to notice. */
const SHORT_STALL_MS: readonly [number, number] = [1_000, 14_000];
const LONG_STALL_MS: readonly [number, number] = [15_000, 20 * 60_000];

/**
 * A process that can die and stall at every request. What it waits for is delivered by the timeline only: to a dead one
 * never, to a stalled one when it goes on. So it stops between two instructions as a killed or stopped process does.
 */
export class SimProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly #world: ProcessWorld;
  readonly #chance: Chance;
  readonly #onDeath: () => void;
  readonly #onStall: (ms: number) => void;
  #state: 'running' | 'stalled' | 'dead' = 'running';
  #held: (() => void)[] = [];

  constructor(
    name: string,
    world: ProcessWorld,
    options: {
      readonly chance: Chance;
      /** Of its clock against the world's. */
      readonly skewMs: number;
      readonly onDeath: () => void;
      readonly onStall: (ms: number) => void;
    },
  ) {
    this.name = name;
    this.#world = world;
    this.#chance = options.chance;
    this.#onDeath = options.onDeath;
    this.#onStall = options.onStall;
    this.clock = {
      now: () => Math.floor(world.timeline.nowMs + options.skewMs),
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
    this.random = { uuid: () => options.chance.uuid() };
  }

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  /** For good: nothing that it waits for will ever come. */
  kill(): void {
    if (this.#state === 'dead') return;
    this.#state = 'dead';
    this.#held = [];
    this.#world.trace.add(this.#world.timeline.nowMs, `${this.name} dies`);
    this.#onDeath();
  }

  resume(): void {
    if (this.#state !== 'stalled') return;
    this.#state = 'running';
    this.#world.trace.add(this.#world.timeline.nowMs, `${this.name} goes on`);
    const held = this.#held;
    this.#held = [];
    for (const deliver of held) this.#after(this.#chance.next() * 5, deliver);
  }

  call<T>(call: Call<T>): Promise<T> {
    const { timeline, trace, weather, counts } = this.#world;
    if (call.signal?.aborted) return Promise.reject(cancelled(call));
    const exposure = {
      dependency: call.dependency,
      mutates: call.mutates,
      isExclusive: call.repeated !== undefined,
      canBotch: call.botched !== undefined,
      isCommit: call.repeated !== undefined && call.path.includes('/_delta_log/'),
    };
    const fault = weather.faultOf(exposure, timeline.nowMs);
    counts.ios += 1;
    trace.add(
      timeline.nowMs,
      `${this.name} ${call.op} ${call.path}${fault === undefined ? '' : ` [${fault}]`}`,
    );
    return new Promise<T>((resolve, reject) => {
      let isOver = false;
      const end = (finish: () => void) => {
        if (isOver) return;
        isOver = true;
        call.signal?.removeEventListener('abort', onAbort);
        finish();
      };
      const onAbort = () => this.#after(0, () => end(() => reject(cancelled(call))));
      call.signal?.addEventListener('abort', onAbort);
      this.#perform(call, fault, (outcome) => end(() => settle(outcome, resolve, reject)));
    });
  }

  #perform<T>(call: Call<T>, fault: Fault | undefined, answer: (outcome: Outcome<T>) => void): void {
    const { counts } = this.#world;
    const there = this.#latency(call.dependency);
    const back = this.#latency(call.dependency);
    const noAnswer = () => {
      counts.lostAnswers += 1;
      this.#after(TIMEOUT_MS, () => answer(unanswered(call)));
    };
    switch (fault) {
      case 'refused':
      case 'throttled':
        counts.refusals += 1;
        this.#after(there + back, () => answer({ error: refusal(call, fault, this.#chance) }));
        return;
      case 'lost-before':
        noAnswer();
        return;
      case 'lost-after':
        this.#reach(call, there, () => undefined);
        noAnswer();
        return;
      case 'ghost':
        counts.ghosts += 1;
        this.#reach(call, this.#chance.int(...GHOST_MS), () => undefined);
        noAnswer();
        return;
      case 'crash-before':
        this.#after(there, () => this.#crash());
        return;
      case 'crash-after':
        this.#reach(call, there, () => this.#crash());
        return;
      case 'stall':
        this.#stall(this.#chance.int(...(this.#chance.happens(0.5) ? SHORT_STALL_MS : LONG_STALL_MS)));
        break;
    }
    const done = { ...call, ...(fault === 'botched' && call.botched && { effect: call.botched }) };
    this.#reach(done, there, (outcome) => {
      const said = fault === 'repeated' && call.repeated !== undefined ? { value: call.repeated } : outcome;
      this.#after(back, () => answer(said));
    });
  }

  /** The request reaches the other side; that of a process which has died meanwhile every second time. */
  #reach<T>(call: Call<T>, ms: number, then: (outcome: Outcome<T>) => void): void {
    const isOnTheWire = this.#chance.happens(0.5);
    this.#world.timeline.after(ms, () => {
      if (this.isDead && !(call.mutates && isOnTheWire)) return;
      if (call.mutates) this.#world.trace.add(this.#world.timeline.nowMs, `${this.name} → ${call.path}`);
      then(attempt(call.effect));
    });
  }

  #crash(): void {
    if (this.isDead) return;
    this.#world.counts.crashes += 1;
    this.kill();
  }

  #stall(ms: number): void {
    if (this.#state !== 'running') return;
    this.#world.counts.stalls += 1;
    this.#state = 'stalled';
    this.#world.trace.add(this.#world.timeline.nowMs, `${this.name} stalls for ${ms} ms`);
    this.#world.timeline.after(ms, () => this.resume());
    this.#onStall(ms);
  }

  #after(ms: number, act: () => void): void {
    this.#world.timeline.after(ms, () => this.#deliver(act));
  }

  #deliver(act: () => void): void {
    if (this.#state === 'dead') return;
    if (this.#state === 'stalled') this.#held.push(() => act());
    else act();
  }

  #latency(dependency: Dependency): number {
    const [least, most] = this.#chance.happens(SLOW_SHARE) ? [200, SLOW_MS_MAX] : LATENCY_MS[dependency];
    return this.#chance.int(least, most);
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = () =>
        this.#after(0, () => reject(new TransientError('cancelled', 'a wait was cancelled')));
      if (signal.aborted) return stop();
      signal.addEventListener('abort', stop, { once: true });
      this.#after(ms, () => {
        signal.removeEventListener('abort', stop);
        resolve();
      });
    });
  }
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

function attempt<T>(effect: () => T): Outcome<T> {
  try {
    return { value: effect() };
  } catch (error) {
    return { error };
  }
}

function settle<T>(outcome: Outcome<T>, resolve: (value: T) => void, reject: (error: unknown) => void): void {
  if ('error' in outcome) reject(outcome.error);
  else resolve(outcome.value);
}

function unanswered<T>(call: Call<T>): Outcome<T> {
  const cause = new TransientError('timeout', `no answer to ${call.op} ${call.path}`);
  return call.unanswered === undefined ? { error: cause } : { value: call.unanswered(cause) };
}

function refusal(call: Call<unknown>, fault: Fault, chance: Chance): TransientError {
  const what = `${call.op} ${call.path}`;
  return fault === 'refused'
    ? new TransientError('unavailable', `503 on ${what}`)
    : new TransientError('throttled', `429 on ${what}`, { retryAfterMs: chance.int(0, 20_000) });
}

function cancelled(call: Call<unknown>): TransientError {
  return new TransientError('cancelled', `${call.op} ${call.path} was cancelled`);
}
