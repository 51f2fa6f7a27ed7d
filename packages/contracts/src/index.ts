export { addAccounting, isBalanced, NO_ROWS, type RowAccounting } from './accounting.ts';
export {
  ACTION_NAMES,
  ACTIONS,
  type ActionArguments,
  type ActionContract,
  type ActionInput,
  type ActionName,
  type ActionResult,
  actionRequestSchema,
  actionResultSchema,
  isActionName,
} from './actions.ts';
export { type Alert, type AlertRefusal, alertSchema, parseAlert, typeOfResource } from './alert.ts';
export {
  ACTION_PATH,
  ALERTS_PATH,
  type AlertReceipt,
  API_VERSION,
  alertReceiptSchema,
  EVENTS_PATH,
  IDEMPOTENCY_HEADER,
  PAGE_ITEMS_MAX,
  type ProblemDocument,
  problemDocumentSchema,
  QUERIES,
  QUERY_NAMES,
  type QueryArguments,
  type QueryContract,
  type QueryInput,
  type QueryName,
  type QueryResult,
} from './api.ts';
export { type AuditEntry, auditEntrySchema, type ControlEffect, controlEffectSchema } from './control.ts';
export { addDigests, type Digest, EMPTY_DIGEST, formatDigest, parseDigest } from './digest.ts';
export { type FailureCode, TerminalError, TransientError, unreachable } from './errors.ts';
export { type AgentEvent, agentEventSchema } from './events.ts';
export {
  type AuditCheck,
  type BackfillHealth,
  type Blame,
  type BreakerHealth,
  type DatasetHealth,
  HEALTH_STATES,
  type HealthState,
  type LayerHealth,
  type Lineage,
  type LineageEdge,
  type LineageNode,
  type Overview,
  type Page,
  type QuarantineReport,
  type RunHealth,
  type SliceHealth,
  type SourceLag,
  type TableRows,
} from './health.ts';
export {
  INCIDENT_STATES,
  type Incident,
  type IncidentState,
  incidentSchema,
  SEVERITIES,
  type Severity,
  SIGNAL_KINDS,
  type Signal,
  type SignalKind,
  signalSchema,
} from './incident.ts';
export { type Plan, type PlannedSlice, planSchema } from './plan.ts';
export { mayAct, type Principal, ROLES, type Role, roleSchema } from './principal.ts';
export { formatProblem, type Problem } from './problem.ts';
export {
  BUILTIN_STEPS,
  CHECKS,
  type Check,
  type CheckName,
  durationMs,
  durationSchema,
  EXECUTION_STATES,
  type Execution,
  type ExecutionState,
  executionSchema,
  PLACEHOLDERS,
  type Placeholder,
  RUNBOOK_MODES,
  type Runbook,
  type RunbookMode,
  type RunbookStatus,
  type RunbookStep,
  runbookSchema,
} from './runbook.ts';
export {
  coarsen,
  type DatasetName,
  formatSliceId,
  GRAINS,
  type Grain,
  isSliceKey,
  type Layer,
  parseSliceId,
  type SliceId,
  sliceAt,
} from './slice.ts';
export { type RunSummary, SLICE_STATES, type SliceState, type TableSummary } from './summary.ts';
export { type Column, type ColumnType, SLICE_COLUMN, type WrittenFile } from './table.ts';
export {
  decodeLandedTags,
  decodeSliceTags,
  encodeLandedTags,
  encodeSliceTags,
  type LandedTags,
  type SliceTags,
} from './tags.ts';
export { formatTarget, parseTarget, type Target } from './target.ts';
