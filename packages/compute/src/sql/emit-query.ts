import { type DatasetName, type Grain, SLICE_COLUMN, unreachable } from '@lakewarden/contracts';
import { type Dialect, quoteName } from './dialect.ts';
import { type ColumnSql, emitExpression } from './emit-expression.ts';
import type { Expression, Join, Query, Relation } from './tree.ts';

export interface QueryOptions {
  readonly dialect: Dialect;
  /**
   * SQL that can stand after FROM (a table, `read_parquet(…)`, a subquery in parentheses) with the dataset's columns
   * and `_slice`: all wanted slices for a `window` input, the newest slice alone for a `latest` one.
   */
  readonly relation: (dataset: DatasetName) => string;
}

/**
 * One SELECT: the declared columns in order, then `_slice`, the output slice. Rows of different output slices never
 * meet, neither in a group nor in a join of two `window` inputs, so one scan may build any set of slices (DESIGN §3,
 * Runs) and gives for each what it would give alone.
 */
export function emitQuery(query: Query, options: QueryOptions): string {
  const { dialect } = options;
  const column: ColumnSql = (relation, name) =>
    relation === undefined
      ? quoteName(name, dialect)
      : `${quoteName(relation, dialect)}.${quoteName(name, dialect)}`;
  const emit = (expression: Expression) => emitExpression(expression, dialect, column);
  const slice = sliceOf(query.driving, query.grain, dialect);
  const items = query.items.map((item) => `  ${emit(item.expression)} AS ${quoteName(item.name, dialect)}`);
  const lines = [
    'SELECT',
    [...items, `  ${slice} AS ${quoteName(SLICE_COLUMN, dialect)}`].join(',\n'),
    `FROM ${emitRelation(query.driving, options)}`,
    ...query.joins.map((join) => emitJoin(join, query, options, emit)),
  ];
  if (query.where !== undefined) lines.push(`WHERE ${emit(query.where)}`);
  if (query.aggregated)
    lines.push(`GROUP BY ${[...query.groupBy.filter(isNoConstant).map(emit), slice].join(', ')}`);
  return lines.join('\n');
}

/** A constant key makes no group of its own, and engines read some constants there as positions. */
function isNoConstant(expression: Expression): boolean {
  return expression.kind !== 'literal';
}

function emitRelation(relation: Relation, options: QueryOptions): string {
  return `${options.relation(relation.dataset)} AS ${quoteName(relation.alias, options.dialect)}`;
}

function emitJoin(join: Join, query: Query, options: QueryOptions, emit: (e: Expression) => string): string {
  const { dialect } = options;
  const conditions = join.on.map(({ left, right }) => `${emit(left)} = ${emit(right)}`);
  if (join.relation.asof === 'window' && query.grain !== 'all') {
    const [ours, theirs] = [query.driving, join.relation].map((side) => sliceOf(side, query.grain, dialect));
    conditions.push(`${ours} = ${theirs}`);
  }
  const keyword = join.kind === 'left' ? 'LEFT JOIN' : 'INNER JOIN';
  return `${keyword} ${emitRelation(join.relation, options)} ON ${conditions.join(' AND ')}`;
}

/** The output slice that a row of a relation belongs to. Keys of a coarser grain are prefixes. */
function sliceOf(relation: Relation, grain: Grain, dialect: Dialect): string {
  const key = `${quoteName(relation.alias, dialect)}.${quoteName(SLICE_COLUMN, dialect)}`;
  if (relation.grain === grain && grain !== 'all') return key;
  switch (grain) {
    case 'all':
      return "'all'";
    case 'hour':
      return `substr(${key}, 1, 13)`;
    case 'day':
      return `substr(${key}, 1, 10)`;
    case 'month':
      return `substr(${key}, 1, 7)`;
    default:
      return unreachable(grain);
  }
}
