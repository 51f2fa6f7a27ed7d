import type { Chance } from './chance.ts';

export const DEPENDENCIES = ['storage', 'files', 'hub', 'factory', 'engine'] as const;
export type Dependency = (typeof DEPENDENCIES)[number];

/**
 * How a call ends badly:
 * - `refused`, `throttled`: before any effect; the latter names a time to wait
 * - `lost-before`, `lost-after`: no answer, without and with effect
 * - `ghost`: no answer, and the effect comes 10 to 300 s later (a request that something on the way held back)
 * - `repeated`: a layer below repeated a success, so our own object answers "exists"
 * - `crash-before`, `crash-after`: the process dies before and after the effect
 * - `stall`: the process stands still for up to 20 minutes (longer than any lease), then goes on
 * - `botched`: an engine that loses a row
 */
export const FAULTS = [
  'refused',
  'throttled',
  'lost-before',
  'lost-after',
  'ghost',
  'repeated',
  'crash-before',
  'crash-after',
  'stall',
  'botched',
] as const;
export type Fault = (typeof FAULTS)[number];

const CHANGING: ReadonlySet<Fault> = new Set(['lost-after', 'ghost', 'repeated']);

export interface Exposure {
  readonly dependency: Dependency;
  readonly mutates: boolean;
  /** Whether `repeated` can happen to it. */
  readonly isExclusive: boolean;
  readonly canBotch: boolean;
  /** A log entry is being put: where a death hurts most. */
  readonly isCommit: boolean;
}

/** Some moments are rare among the requests and matter most: they get more than their share of faults. */
const COMMIT_CRASHES = 5;
/** Between the look at the world and the commit that is based on it. */
const ENGINE_STALLS = 8;

/** A dependency answers nothing but 503 for a while. */
interface Storm {
  readonly dependency: Dependency;
  readonly fromMs: number;
  readonly untilMs: number;
}

const RATES = [0, 0, 0.001, 0.004, 0.015, 0.05] as const;
const CRASH_RATES = [0, 0.0003, 0.001, 0.002, 0.004] as const;
const STORMS_MAX = 2;
const STORM_MS_MAX = 10 * 60_000;

/**
 * The faults of one run. Swarm testing: each seed draws which kinds exist and how frequent they are, so that some runs are
 * nothing but lost answers and others nothing but crashes; an even mix would hide what only an extreme one finds.
 */
export class Weather {
  readonly #chance: Chance;
  readonly #rates: readonly (readonly [Fault, number])[];
  readonly #storms: readonly Storm[];
  /** From then on nothing fails any more. */
  isCalm = false;

  constructor(chance: Chance, startMs: number, hours: number) {
    this.#chance = chance;
    this.#rates = FAULTS.map((fault) => [fault, rateOf(fault, chance)] as const).filter(
      ([, rate]) => rate > 0,
    );
    this.#storms = Array.from({ length: chance.int(0, STORMS_MAX) }, () => {
      const fromMs = startMs + chance.next() * hours * 3_600_000;
      return {
        dependency: chance.pick(DEPENDENCIES),
        fromMs,
        untilMs: fromMs + chance.next() * STORM_MS_MAX,
      };
    });
  }

  faultOf(exposure: Exposure, nowMs: number): Fault | undefined {
    if (this.isCalm) return undefined;
    const stormy = this.#storms.some(
      ({ dependency, fromMs, untilMs }) =>
        dependency === exposure.dependency && fromMs <= nowMs && nowMs < untilMs,
    );
    if (stormy) return 'refused';
    let draw = this.#chance.next();
    for (const [fault, rate] of this.#rates) {
      draw -= rate * weightOf(fault, exposure);
      if (draw < 0) return isPossible(fault, exposure) ? fault : undefined;
    }
    return undefined;
  }
}

function weightOf(fault: Fault, { dependency, isCommit }: Exposure): number {
  if (fault === 'stall' && dependency === 'engine') return ENGINE_STALLS;
  return isCommit && (fault === 'crash-before' || fault === 'crash-after') ? COMMIT_CRASHES : 1;
}

function rateOf(fault: Fault, chance: Chance): number {
  switch (fault) {
    case 'crash-before':
    case 'crash-after':
      return chance.pick(CRASH_RATES);
    case 'stall':
      return chance.pick(CRASH_RATES) / 2;
    case 'botched':
      return chance.pick([0, 0.01, 0.05]);
    default:
      return chance.pick(RATES);
  }
}

function isPossible(fault: Fault, exposure: Exposure): boolean {
  if (fault === 'botched') return exposure.canBotch;
  if (fault === 'repeated') return exposure.isExclusive;
  return exposure.mutates || !CHANGING.has(fault);
}
