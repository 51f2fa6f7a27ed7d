import type { Pipeline } from '@lakewarden/compute';
import type { BreakerHealth, DatasetName } from '@lakewarden/contracts';
import type { Snapshot } from '@lakewarden/delta';
import type { ControlState } from '../policy/control-state.ts';
import type { DatasetView } from '../reconcile/world.ts';

/**
 * All that the agent knows at one moment, for detectors, runbook checks and queries: a value. What has not been looked at
 * yet is absent, and absent is unknown, never broken (DESIGN §4, observe). All times are milliseconds of the agent's clock,
 * except enqueued times, which are the broker's.
 */
export interface Observation {
  readonly nowMs: number;
  readonly startedMs: number;
  readonly pipeline: Pipeline;
  readonly control: ControlState;
  /** Silver and gold as last compared with the lake; undefined before the first look. */
  readonly views: ReadonlyMap<DatasetName, DatasetView> | undefined;
  readonly viewsAtMs: number | undefined;
  /** Bronze tables as last seen. */
  readonly bronze: ReadonlyMap<DatasetName, Snapshot>;
  /**
   * Up to when a dataset shows everything that its sources had: now − this is how far it is behind. Absent: unknown.
   * Of bronze by what is unread in its hub, or by its last landed window; of others by their inputs and by when they were last fresh.
   */
  readonly completeToMs: ReadonlyMap<DatasetName, number>;
  /** How often hubs are drained: until then, unread events are no stall. */
  readonly drainEveryMs: number;
  /** By source name, when it is landed next. */
  readonly nextLandingMs: ReadonlyMap<string, number>;
  /** By backfill id, how many of its slices carry its salt, and how many failed for good. */
  readonly backfillProgress: ReadonlyMap<string, { readonly built: number; readonly failed: number }>;
  readonly failures: readonly FailedSlice[];
  /** Dataset or `source:<name>` → dependency whose open breaker its work waits for. */
  readonly parked: ReadonlyMap<string, string>;
  /** Slice id → run that builds it now. */
  readonly building: ReadonlyMap<string, string>;
  readonly hubs: readonly HubObservation[];
  readonly windows: readonly WindowObservation[];
  readonly breakers: readonly BreakerHealth[];
  readonly gaps: readonly Gap[];
  readonly ingress: readonly IngressComparison[];
  readonly rules: readonly RuleObservation[];
  /** Fired and neither resolved nor expired. */
  readonly alerts: readonly ActiveAlert[];
}

export interface FailedSlice {
  readonly dataset: DatasetName;
  readonly slice: string;
  readonly reason: string;
  /** Runs that failed in a row. */
  readonly attempts: number;
  readonly sinceMs: number;
  readonly nextAttemptMs: number;
}

export interface HubObservation {
  readonly source: string;
  readonly dataset: DatasetName;
  /** When the hub last answered; undefined: never yet. */
  readonly atMs: number | undefined;
  /** Why the last look or drain failed; absent when it did not. */
  readonly error?: string;
  readonly partitions: readonly PartitionObservation[];
}

export interface PartitionObservation {
  readonly partition: number;
  readonly first: bigint;
  /** Undefined: never written. */
  readonly last: bigint | undefined;
  readonly lastEnqueuedMs: number | undefined;
  readonly checkpoint: bigint | undefined;
  /** When the checkpoint last moved, or there was last nothing to read. */
  readonly advancedMs: number;
  /** Another reader holds it. */
  readonly isLost: boolean;
}

export interface WindowObservation {
  readonly source: string;
  readonly dataset: DatasetName;
  readonly window: string;
  readonly state: 'due' | 'running' | 'landed' | 'failed';
  /** Of the present state. */
  readonly sinceMs: number;
  readonly runId?: string;
  readonly attempts: number;
  readonly reason?: string;
  /** Of a failure: it brought no rows although some are expected. */
  readonly isZeroRows?: boolean;
  readonly rows?: number;
}

export interface Gap {
  readonly source: string;
  readonly partition: number;
  readonly first: string;
  readonly last: string;
  readonly atMs: number;
}

/** What Azure Monitor counted into a hub in a window, beside what is in bronze of it. */
export interface IngressComparison {
  readonly source: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly incoming: number;
  readonly landed: number;
}

export interface RuleObservation {
  readonly rule: string;
  readonly atMs: number;
  readonly fired: boolean;
  readonly value: number;
  /** The rule could not be asked: unknown. */
  readonly error?: string;
}

export interface ActiveAlert {
  readonly alert: string;
  readonly rule: string;
  readonly severity: string;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly targets: readonly string[];
  readonly firedMs: number;
  readonly receivedMs: number;
}
