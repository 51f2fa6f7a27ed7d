/** Column types that every engine and every Delta reader of protocol (1,2) agrees on (facts.md, Data 1). */
export type ColumnType =
  | 'string'
  | 'long'
  | 'integer'
  | 'double'
  | 'boolean'
  | 'binary'
  | 'date'
  | 'timestamp'
  | `decimal(${number},${number})`;

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** The partition column of every sliced table; its values are slice keys. It is not stored inside the data files. */
export const SLICE_COLUMN = '_slice';

/** A file that an engine wrote and that no table names yet. */
export interface WrittenFile {
  /** Absolute path on the engine's local disk. */
  readonly localPath: string;
  /** Name in the table's folder: `2026-11-22.<uuid>.parquet`. */
  readonly name: string;
  readonly slice: string;
  readonly rows: number;
  readonly bytes: number;
  /** Delta statistics as JSON text (PROTOCOL.md, Per-file Statistics). */
  readonly stats: string;
}
