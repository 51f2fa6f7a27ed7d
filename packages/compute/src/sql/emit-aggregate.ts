import { unreachable } from '@lakewarden/contracts';
import { decimalShape } from './column-types.ts';
import { type Dialect, sqlType } from './dialect.ts';
import type { Aggregate } from './tree.ts';

export function emitAggregate(aggregate: Aggregate, args: readonly string[], dialect: Dialect): string {
  const [first = ''] = args;
  switch (aggregate.function) {
    case 'count_rows':
      return 'count(*)';
    case 'count':
      return `count(${first})`;
    case 'count_distinct':
      return `count(DISTINCT ${first})`;
    case 'sum':
      return emitSum(aggregate, first, dialect);
    case 'min':
    case 'max':
      return `${aggregate.function}(${first})`;
    case 'latest':
      return emitLatest(args, dialect);
    default:
      return unreachable(aggregate.function);
  }
}

/** DuckDB adds BIGINT up as HUGEINT (which Parquet holds as DOUBLE): the cast checks the range (facts.md, Data 1.4). */
function emitSum(aggregate: Aggregate, operand: string, dialect: Dialect): string {
  const type = sqlType(aggregate.type, dialect);
  switch (dialect) {
    case 'duckdb':
      return decimalShape(aggregate.type) === undefined
        ? `CAST(sum(${operand}) AS ${type})`
        : `sum(${operand})`;
    case 'spark':
      return decimalShape(aggregate.type) === undefined
        ? `sum(${operand})`
        : `sum(CAST(${operand} AS ${type}))`;
    default:
      return unreachable(dialect);
  }
}

/**
 * Greatest by (by..., value). Engines order nulls inside structs differently, so each `by` is led by a flag that puts
 * its nulls first; rows with a null value are passed over.
 */
function emitLatest(args: readonly string[], dialect: Dialect): string {
  const [value = '', ...by] = args;
  const order = [...by.flatMap((key) => [`(${key} IS NOT NULL)`, key]), value].join(', ');
  switch (dialect) {
    case 'duckdb':
      return `arg_max(${value}, row(${order})) FILTER (WHERE ${value} IS NOT NULL)`;
    case 'spark':
      return `max_by(${value}, struct(${order})) FILTER (WHERE ${value} IS NOT NULL)`;
    default:
      return unreachable(dialect);
  }
}
