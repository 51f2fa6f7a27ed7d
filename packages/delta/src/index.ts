export { type CheckpointOutcome, isCheckpointDue, writeCheckpoint } from './checkpoint/write-checkpoint.ts';
export { type CommitOptions, commit } from './commit/commit.ts';
export type {
  CommitChange,
  CommitIntent,
  CommitOutcome,
  ConflictReason,
  Fence,
  NewFile,
  TableDefinition,
  TxnMove,
} from './commit/intent.ts';
export { type LoadOptions, loadSnapshot } from './log/load-snapshot.ts';
export { formatSchema, parseSchema } from './log/schema.ts';
export { filesOfSlice, slicesOf } from './log/slices.ts';
export type { AddFile, Snapshot, TableMetadata } from './log/snapshot.ts';
export type {
  CallOptions,
  LakeStorage,
  ListOptions,
  PutOutcome,
  ReadOptions,
  StoredObject,
} from './storage/lake-storage.ts';
