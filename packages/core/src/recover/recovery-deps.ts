import type {
  ActionName,
  ActionResult,
  ControlEffect,
  Principal,
  Role,
  RunbookMode,
} from '@lakewarden/contracts';
import type { EmitFact } from '../facts.ts';
import type { DetectionLimits } from '../observe/detector.ts';
import type { ControlState } from '../policy/control-state.ts';
import type { LoadedRunbook } from './runbook-file.ts';

/**
 * What runbooks need of the agent. `note` is in `control()` when it returns and durable before any later act; `perform` is
 * harmless to repeat with the same key (I6), which a restart between the journal and the effect does.
 */
export interface RecoveryDeps {
  readonly control: () => ControlState;
  readonly note: Note;
  readonly perform: Perform;
  /** Asks the dependency itself, past its breaker. False, or a throw: it does not answer. */
  readonly probe: (dependency: string, signal: AbortSignal) => Promise<boolean>;
  /** Reconcile and land now. Returns at once. */
  readonly wake: () => void;
  /** There is something for the next pass: it need not wait for its time. */
  readonly stepSoon?: () => void;
  readonly emit: EmitFact;
  readonly runbooks: () => ReadonlyMap<string, LoadedRunbook>;
  /** Instead of the mode that a runbook asks for. */
  readonly modes?: Readonly<Record<string, RunbookMode>>;
  readonly limits?: DetectionLimits;
}

export type Note = (
  effects: readonly ControlEffect[],
  by?: { readonly actor: string; readonly role: Role | 'agent' },
) => void;

/** One action of the catalogue, in the name of somebody. Throws `TransientError` where a repetition may help. */
export type Perform = (
  action: ActionName,
  request: { readonly input: Readonly<Record<string, unknown>>; readonly dryRun: boolean },
  as: { readonly principal: Principal; readonly idempotencyKey: string },
  signal: AbortSignal,
) => Promise<PerformOutcome>;

export type PerformOutcome =
  | { readonly kind: 'performed'; readonly result: ActionResult }
  | { readonly kind: 'refused'; readonly reason: string };
