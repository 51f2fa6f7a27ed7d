import type { DatasetName } from '@lakewarden/contracts';
import type { Dialect } from './dialect.ts';
import type { Expression, Query } from './tree.ts';

/** SQL of a column reference. `relation` is undefined outside queries. */
export type ColumnSql = (relation: string | undefined, name: string) => string;

export interface QueryOptions {
  readonly dialect: Dialect;
  /** SQL that can stand after FROM (a table, `read_parquet(…)`, a subquery in parentheses): the dataset's columns and `_slice`. */
  readonly relation: (dataset: DatasetName) => string;
}

/** SQL of one scalar expression; its type in the engine is exactly `sqlType(expression.type)`. */
export function emitExpression(_expression: Expression, _dialect: Dialect, _column: ColumnSql): string {
  throw new Error('not written yet');
}

/** One SELECT: the declared columns in order, then `_slice` (the output slice). */
export function emitQuery(_query: Query, _options: QueryOptions): string {
  throw new Error('not written yet');
}
