import type { Column } from '@lakewarden/contracts';
import type { InputFile } from './engine.ts';

export const QUERY_ROWS_MAX = 10_000;

/** A read-only question over explicit files. */
export interface LakeQuery {
  /** One SELECT (or EXPLAIN, DESCRIBE, SUMMARIZE) in DuckDB's dialect. */
  readonly sql: string;
  /** The tables that it may name. */
  readonly relations: readonly LakeRelation[];
  /** At most this many rows are returned; 10,000 by default. */
  readonly rowsMax?: number;
}

export interface LakeRelation {
  /** Such as `silver.orders`. The query sees its columns and `_slice`. */
  readonly name: string;
  readonly columns: readonly Column[];
  readonly files: readonly InputFile[];
}

export interface LakeQueryResult {
  /** `type` is DuckDB's name, such as `DECIMAL(18,3)`. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** JSON-safe: integers past 32 bits, decimals, dates and timestamps are exact text. */
  readonly rows: readonly (readonly unknown[])[];
  /** True when more rows than `rowsMax` were found. */
  readonly truncated: boolean;
}
