import type { RowAccounting } from './accounting.ts';
import type { Layer } from './slice.ts';

/** The states of a slice, in the words that every surface uses (ux.md). */
export const SLICE_STATES = [
  'fresh',
  'building',
  'stale',
  'late',
  'failed',
  'held',
  'parked',
  'empty',
] as const;
export type SliceState = (typeof SLICE_STATES)[number];

export interface TableSummary {
  readonly name: string;
  readonly layer: Layer;
  /** Folder (local lake) or URL of the table. */
  readonly path: string;
  /** Version of the Delta log. */
  readonly version: number;
  readonly rows: number;
  readonly bytes: number;
}

/** What `lakewarden up --once --json` prints: one JSON object on one line of stdout. */
export interface RunSummary {
  readonly tables: readonly TableSummary[];
  readonly slices: Readonly<Partial<Record<SliceState, number>>>;
  readonly accounting: Readonly<Record<string, RowAccounting>>;
  /** By phase: `sources`, `land`, `build`, `total`. */
  readonly durationsMs: Readonly<Record<string, number>>;
  /** Why a slice is not fresh; empty on success. */
  readonly failures: readonly { readonly slice: string; readonly reason: string }[];
}
