/** What a fault is, when it strikes. Pure: no clock, no timers; randomness is a seeded state that is passed along. */
import type { ConductAction, FaultTarget, ServiceName } from '../server/service.ts';

export type FaultWhen = 'before' | 'after';

/** What happens to a request that a fault strikes. A new kind is a new case here, in `parseAction` and in the board. */
export type RequestAction =
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly code?: string;
      readonly retryAfterS?: number;
      /** `after`: the effect happens, its answer is replaced by the error. */
      readonly when: FaultWhen;
    }
  /** The connection is cut before, or after, the effect; no answer in either case. */
  | { readonly kind: 'drop'; readonly when: FaultWhen }
  /** The request stands still until the fault is deleted. */
  | { readonly kind: 'hold'; readonly when: FaultWhen }
  /** The request goes on after `delayMs`. */
  | { readonly kind: 'delay'; readonly when: FaultWhen; readonly delayMs: number };

export type FaultAction = RequestAction | ConductAction;

export type FaultMatch = {
  readonly method?: string;
  /** Searched in the decoded path (anchor it with ^ and $ as needed). */
  readonly path?: RegExp;
  readonly operation?: string;
};

export type FaultRule = {
  readonly service: ServiceName;
  readonly match: FaultMatch;
  readonly action: FaultAction;
  /** 0..1, of the matching requests that come after `skip`. */
  readonly probability: number;
  readonly seed: number;
  /** This many matching requests pass first. */
  readonly skip: number;
  /** The rule is spent after so many strikes; undefined: never. */
  readonly count: number | undefined;
};

/** How far a rule has come; `random` is the generator's state. */
export type FaultProgress = { readonly seen: number; readonly hits: number; readonly random: number };

export function startOf(rule: FaultRule): FaultProgress {
  return { seen: 0, hits: 0, random: rule.seed >>> 0 };
}

/** True for the kinds that strike requests; the others change what a service does, and it asks for them itself. */
export function isRequestAction(action: FaultAction): action is RequestAction {
  return 'when' in action;
}

export function matches(rule: FaultRule, target: FaultTarget): boolean {
  const { method, path, operation } = rule.match;
  if (rule.service !== target.service) return false;
  if (method !== undefined && method.toUpperCase() !== target.method.toUpperCase()) return false;
  if (operation !== undefined && operation !== target.operation) return false;
  return path === undefined || path.test(target.path);
}

/** One matching request arrives: does the rule strike, and where does it stand afterwards? */
export function advance(rule: FaultRule, progress: FaultProgress): { strikes: boolean; next: FaultProgress } {
  const seen = progress.seen + 1;
  const spent = rule.count !== undefined && progress.hits >= rule.count;
  if (spent || seen <= rule.skip) return { strikes: false, next: { ...progress, seen } };
  if (rule.probability >= 1) return { strikes: true, next: { ...progress, seen, hits: progress.hits + 1 } };
  // One draw for each matching request, struck or not: the same seed strikes the same requests by number.
  const draw = mulberry32(progress.random);
  const strikes = draw.value < rule.probability;
  return { strikes, next: { seen, hits: progress.hits + (strikes ? 1 : 0), random: draw.state } };
}

/** Tommy Ettinger's mulberry32: 32 bits of state, enough to scatter faults. */
function mulberry32(state: number): { value: number; state: number } {
  const next = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(next ^ (next >>> 15), next | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return { value: ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296, state: next };
}
