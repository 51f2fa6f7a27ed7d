export { type EmitFact, type Fact, reasonOf } from './facts.ts';
export { fingerprintOf, type SliceInput } from './graph/fingerprint.ts';
export { type RecordedSlice, recordedSlices } from './graph/recorded.ts';
export type { WantedSlice } from './graph/wanted.ts';
export { mapLimit } from './lake/map-limit.ts';
export { rootOf, Tables } from './lake/tables.ts';
export { checkpointAppId, type DrainOutcome, drainHub, fenceScope, hubName } from './land/drain.ts';
export { landWindow, lastClosedWindow, type WindowOutcome, windowAppId } from './land/window.ts';
export type {
  Clock,
  CopyJob,
  CopyRun,
  CopyState,
  EventStream,
  HubState,
  JobRunner,
  LakeFiles,
  PartitionState,
  Random,
  ReadOutcome,
  ReadRequest,
  Scratch,
} from './ports.ts';
export { type ReconcileResult, reconcileAll, type SliceFailure } from './reconcile/reconcile.ts';
export { tablesOf } from './reconcile/run.ts';
export { type DatasetView, lookAtAll, type ReadTable, readerOf, type SliceView } from './reconcile/world.ts';
export { accountingOf, countStates, isComplete, summariseTables, tableNames } from './summary.ts';
export { type TickDeps, type TickRequest, type TickResult, tick } from './tick.ts';
