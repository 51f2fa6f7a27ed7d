export type {
  ActionCode,
  ActionHost,
  ActionProblem,
  PlanCheck,
  PlanHost,
  PlanOutcome,
  RunbookHost,
  RunbookPreparation,
  RunbookRequest,
} from './actions/action-host.ts';
export { type EmitFact, type Fact, reasonOf } from './facts.ts';
export { fingerprintOf, type SliceInput } from './graph/fingerprint.ts';
export { type RecordedSlice, recordedSlices } from './graph/recorded.ts';
export type { LandedFileView, WantedSlice } from './graph/wanted.ts';
export { mapLimit } from './lake/map-limit.ts';
export { rootOf, Tables } from './lake/tables.ts';
export { checkpointAppId, type DrainOutcome, drainHub, fenceScope, hubName } from './land/drain.ts';
export { landWindow, lastClosedWindow, type WindowOutcome, windowAppId } from './land/window.ts';
export type {
  ActiveAlert,
  FailedSlice,
  Gap,
  HubObservation,
  IngressComparison,
  Observation,
  PartitionObservation,
  RuleObservation,
  WindowObservation,
} from './observe/observation.ts';
export {
  type Backfill,
  type ControlState,
  EMPTY_CONTROL,
  type Pin,
  type RunbookExecution,
  type Salt,
  type SourceReplay,
  type Stop,
} from './policy/control-state.ts';
export { type Policy, policyAt } from './policy/policy.ts';
export type {
  Clock,
  CopyJob,
  CopyRun,
  CopyState,
  EventStream,
  HubState,
  JobRunner,
  LakeFiles,
  LogQueries,
  LogTable,
  LogValue,
  MetricQueries,
  PartitionState,
  Random,
  ReadOutcome,
  ReadRequest,
  Scratch,
} from './ports.ts';
export { type ReconcileResult, reconcileAll, type SliceFailure } from './reconcile/reconcile.ts';
export { tablesOf } from './reconcile/run.ts';
export {
  type DatasetView,
  type GoldView,
  lookAtAll,
  type ReadTable,
  readerOf,
  type SilverView,
  type SliceView,
} from './reconcile/world.ts';
export { accountingOf, countStates, isComplete, summariseTables, tableNames } from './summary.ts';
export { type TickDeps, type TickRequest, type TickResult, tick } from './tick.ts';
