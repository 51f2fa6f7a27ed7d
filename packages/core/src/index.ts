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
export {
  type ActionOutcome,
  type ActionRefusal,
  type ActionRequest,
  type Actions,
  type ActionsDeps,
  type Caller,
  createActions,
} from './actions/perform.ts';
export type { PlanLookup, PlanStore } from './actions/plan-store.ts';
export { type EmitFact, type Fact, reasonOf } from './facts.ts';
export { fingerprintOf, type SliceInput } from './graph/fingerprint.ts';
export { type RecordedSlice, recordedSlices } from './graph/recorded.ts';
export type { LandedFileView, WantedSlice } from './graph/wanted.ts';
export { mapLimit } from './lake/map-limit.ts';
export { type ParkedWork, parkedBy } from './lake/parked.ts';
export { rootOf, Tables } from './lake/tables.ts';
export { checkpointAppId, type DrainOutcome, drainHub, fenceScope, hubName } from './land/drain.ts';
export { type DrainResult, drainSource } from './land/drain-source.ts';
export { type ReplayDeps, type ReplayRequest, type ReplayResult, replayHub } from './land/replay-hub.ts';
export {
  landWindow,
  lastClosedWindow,
  type WindowRequest,
  type WindowResult,
  windowAppId,
} from './land/window.ts';
export { DETECTORS, detect, isGone } from './observe/detect.ts';
export { DETECTION_LIMITS, type DetectionLimits } from './observe/detector.ts';
export { INCIDENT_TRANSITIONS, type IncidentEvent, isActive } from './observe/incident-states.ts';
export { INCIDENT_RULES, type IncidentRules } from './observe/incidents.ts';
export {
  type AlertMapping,
  type AzureScope,
  mapAlert,
  type ResourceTargets,
  unknownTargets,
} from './observe/map-alert.ts';
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
export { checkPlan } from './plan/check-plan.ts';
export { planBackfill } from './plan/plan-backfill.ts';
export { type Pace, PLAN_SLICES_MAX, type PlanContext } from './plan/plan-context.ts';
export { planReplay } from './plan/plan-replay.ts';
export { planHash } from './plan/seal-plan.ts';
export { applyEntries, type Folded, type IgnoredEffect } from './policy/apply-entry.ts';
export type { NewEntry } from './policy/audit-entry.ts';
export { type ControlLog, type ControlLogDeps, openControlLog } from './policy/control-log.ts';
export type { ActResult, Decide } from './policy/control-queue.ts';
export {
  type AppliedPlan,
  type Backfill,
  type ControlState,
  EMPTY_CONTROL,
  type PastAct,
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
export { ActiveRuns } from './reconcile/active-runs.ts';
export {
  BACKFILL_ATTEMPTS_MAX,
  type BackfillProgress,
  type BackfillStep,
  backfillProgress,
  backfillStep,
} from './reconcile/backfill-step.ts';
export type { ReconcileRequest, SliceFailure } from './reconcile/build.ts';
export { type BackoffOptions, FailureMemory } from './reconcile/failures.ts';
export { createGate } from './reconcile/gate.ts';
export { type ReconcileResult, reconcileAll } from './reconcile/reconcile.ts';
export { tablesOf } from './reconcile/run.ts';
export {
  type DatasetView,
  type GoldView,
  lookAtAll,
  lookAtOne,
  type ReadTable,
  readerOf,
  type SilverView,
  type SliceStatus,
  type SliceView,
} from './reconcile/world.ts';
export { Recovery } from './recover/recovery.ts';
export type { Note, Perform, PerformOutcome, RecoveryDeps } from './recover/recovery-deps.ts';
export {
  type LoadedRunbook,
  parseRunbook,
  type RunbookReading,
  type RunbookShelf,
  shelveRunbooks,
} from './recover/runbook-file.ts';
export { runbookStatus } from './recover/runbook-status.ts';
export { type RunbookTestResult, type RunbookTestWorld, testRunbook } from './recover/test-runbook.ts';
export { Watch, type WatchDeps } from './recover/watch.ts';
export { accountingOf, countStates, isComplete, summariseTables, tableNames } from './summary.ts';
export { type TickDeps, type TickRequest, type TickResult, tick } from './tick.ts';
