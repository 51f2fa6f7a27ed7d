import type { ActionArguments, ControlEffect, DatasetName, Plan, Target } from '@lakewarden/contracts';
import type { Observation } from '../observe/observation.ts';

/**
 * What the actions of the catalogue need of the running agent. Every call that changes something is made after the audit
 * entry is durable and is **safe to repeat**: after a lost answer or a restart it is made again. Calls that fail for a
 * while throw `TransientError`.
 */
export interface ActionHost {
  observe(): Observation;
  /** Milliseconds of the agent's clock, for expiry only. */
  now(): number;
  /** Reconcile and land now, whatever their next due time. Returns at once. */
  wake(): void;
  /**
   * Takes a new epoch and commits it as the fence of these datasets' promotion scopes: what was begun before under an
   * older one is refused at its commit. Silver and gold only.
   */
  fence(datasets: readonly DatasetName[], signal: AbortSignal): Promise<void>;
  /** False: no such dependency. */
  resetBreaker(dependency: string): boolean;
  /** A run of an engine, or of Data Factory. What it has committed stays. */
  cancelRun(run: string, signal: AbortSignal): Promise<'cancelled' | 'not-running'>;
  /** Failed work is due at once. Returns how many slices (or windows, of a source) that were. */
  clearFailures(target: Target): number;
  readonly plans: PlanHost;
  readonly runbooks: RunbookHost;
}

/** Makes and checks plans; changes nothing. `by` is the actor, as it stands in `madeBy`. */
export interface PlanHost {
  replay(input: ActionArguments<'replay'>, by: string, signal: AbortSignal): Promise<PlanOutcome>;
  backfill(input: ActionArguments<'backfill'>, by: string, signal: AbortSignal): Promise<PlanOutcome>;
  /** Compares the plan with the world as it is read now. `what`: a line each thing that moved, for people. */
  check(plan: Plan, signal: AbortSignal): Promise<PlanCheck>;
}

export type PlanOutcome =
  | { readonly kind: 'planned'; readonly plan: Plan }
  | { readonly kind: 'refused'; readonly problem: ActionProblem };

export type PlanCheck =
  | { readonly kind: 'current' }
  | { readonly kind: 'moved'; readonly what: readonly string[] };

/**
 * Executions of runbooks live in the control state; these calls only say that there is something to carry on. The move
 * itself (`ExecutionStarted`, `ExecutionMoved`) stands in the audit entry of the action, so an execution that was asked
 * for right before a crash is found in the state at the restart.
 */
export interface RunbookHost {
  /** What starting it now would be, or why not (unknown, guardrail, a running execution of the same cause). */
  prepare(request: RunbookRequest): RunbookPreparation;
  /** The execution stands in the control state; work on it. */
  carryOn(execution: string): void;
  /** It was approved: the control state says `running`. */
  approve(execution: string, by: string): void;
  /** It was rejected: the control state says `rejected`, and its incident `escalated`. */
  reject(execution: string, by: string, reason: string): void;
}

export interface RunbookRequest {
  /** The id that the execution will have. */
  readonly execution: string;
  readonly runbook: string;
  readonly incident?: string;
  /** A target text (contracts, target.ts). */
  readonly target?: string;
  readonly by: string;
}

export type RunbookPreparation =
  | {
      readonly kind: 'ready';
      readonly started: Extract<ControlEffect, { type: 'ExecutionStarted' }>;
      /** What its steps will do, a line each, for the dry run. */
      readonly steps: readonly string[];
    }
  | { readonly kind: 'refused'; readonly problem: ActionProblem };

/**
 * Why something that was asked for is not done. `unavailable`: try again later, unchanged. All others: the request, or
 * the world, has to change first.
 */
export type ActionCode =
  | 'unknown-action'
  | 'invalid'
  | 'forbidden'
  | 'not-found'
  /** It contradicts what is so: pinned, ended, at work on the same slices. */
  | 'conflict'
  | 'frozen'
  /** The world is not as it was when the plan was made. */
  | 'moved'
  /** `until` is past, or what was named has ended. */
  | 'expired'
  /** This idempotency key was used for another request. */
  | 'key-reused'
  | 'unavailable';

/** For people: what is wrong in one sentence, and what to do about it. */
export interface ActionProblem {
  readonly code: ActionCode;
  readonly message: string;
  readonly remedy: string;
}
