import { didYouMean, listNames } from '@lakewarden/compute';
import type { ActionArguments, ActionName, ControlEffect, Plan, Principal } from '@lakewarden/contracts';
import type { Observation } from '../observe/observation.ts';
import type { ControlState } from '../policy/control-state.ts';
import type { ActionCode, ActionHost, ActionProblem } from './action-host.ts';
import type { PlanStore } from './plan-store.ts';

/** What an action may look at. Of control it asks the state that its decision is given: `seen.control` may be older. */
export interface ActionContext {
  readonly seen: Observation;
  readonly nowMs: number;
  readonly host: ActionHost;
  readonly plans: PlanStore;
  readonly caller: Principal;
  readonly newId: () => string;
}

/** One action: asks the world what it must, then decides as often as it has to, against the newest state. */
export type ActionDefinition<Name extends ActionName> = (
  input: ActionArguments<Name>,
  context: ActionContext,
  signal: AbortSignal,
) => DecideAction | Promise<DecideAction>;

/** Pure: a dry run is this and nothing more. */
export type DecideAction = (state: ControlState) => Decision;

/** What is done outside the control state. Safe to repeat. Its answer, if any, goes to the message. */
export type Afterwards = (signal: AbortSignal) => Promise<string | undefined>;

export type Decision =
  | {
      readonly kind: 'act';
      readonly effects: readonly ControlEffect[];
      /** What happens, a line each. */
      readonly lines: readonly string[];
      readonly message: string;
      /** Long work: the backfill or execution that can be watched. */
      readonly started?: string;
      readonly id?: string;
      readonly afterwards?: Afterwards;
    }
  | {
      /** It is so already. */
      readonly kind: 'unchanged';
      readonly message: string;
      readonly id?: string;
      /** Done all the same: an earlier request may have been cut short before it. */
      readonly afterwards?: Afterwards;
    }
  | {
      readonly kind: 'planned';
      readonly plan: Plan;
      readonly lines: readonly string[];
      readonly message: string;
    }
  | Refused;

export interface Refused {
  readonly kind: 'refused';
  readonly problem: ActionProblem;
}

export function refuse(code: ActionCode, message: string, remedy: string): Refused {
  return { kind: 'refused', problem: { code, message, remedy } };
}

/** `Did you mean "pause"?`, or what there is. */
export function hintFor(name: string, known: readonly string[], none: string): string {
  const hint = didYouMean(name, known) ?? listNames(known) ?? none;
  return `${hint.charAt(0).toUpperCase()}${hint.slice(1)}${hint.endsWith('?') ? '' : '.'}`;
}

/** `3 slices`, `1 slice`. */
export function countOf(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}

/** Afterwards for what only needs that the loops look at once. */
export function waking({ wake }: Pick<ActionHost, 'wake'>): Afterwards {
  return async () => {
    wake();
    return undefined;
  };
}
