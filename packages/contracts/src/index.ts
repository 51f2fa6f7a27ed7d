export { addAccounting, isBalanced, NO_ROWS, type RowAccounting } from './accounting.ts';
export { addDigests, type Digest, EMPTY_DIGEST, formatDigest, parseDigest } from './digest.ts';
export { type FailureCode, TerminalError, TransientError, unreachable } from './errors.ts';
export { formatProblem, type Problem } from './problem.ts';
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
