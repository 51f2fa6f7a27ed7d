import { unreachable } from '@lakewarden/contracts';
import { decimalShape } from './column-types.ts';
import { type Dialect, quoteText, sqlType } from './dialect.ts';
import { emitAggregate } from './emit-aggregate.ts';
import { emitCall } from './emit-call.ts';
import { emitCastCall, emitParse, emitUtcDay } from './emit-cast.ts';
import type { Arithmetic, Case, Cast, Expression, Literal } from './tree.ts';

/** SQL of a column reference. `relation` is undefined outside queries. */
export type ColumnSql = (relation: string | undefined, name: string) => string;

/**
 * SQL of one expression; its type in the engine is exactly `sqlType(expression.type)`. Every operand is written once,
 * so the text grows with the tree and not faster. The session must stand as `sessionSettings` says.
 */
export function emitExpression(expression: Expression, dialect: Dialect, column: ColumnSql): string {
  const emit = (node: Expression) => emitExpression(node, dialect, column);
  switch (expression.kind) {
    case 'literal':
      return emitLiteral(expression, dialect);
    case 'column':
      return column(expression.relation, expression.name);
    case 'cast':
      return emitCast(expression, emit(expression.operand), dialect);
    case 'negate':
      // DuckDB forgets the type of a constant null here.
      return `CAST((- ${emit(expression.operand)}) AS ${sqlType(expression.type, dialect)})`;
    case 'arithmetic':
      return emitArithmetic(expression, emit, dialect);
    case 'comparison':
      return `(${emit(expression.left)} ${expression.operator} ${emit(expression.right)})`;
    case 'logical':
      return `(${expression.operands.map(emit).join(expression.operator === 'and' ? ' AND ' : ' OR ')})`;
    case 'not':
      return `(NOT ${emit(expression.operand)})`;
    case 'is-null':
      return `(${emit(expression.operand)} IS ${expression.negated ? 'NOT ' : ''}NULL)`;
    case 'between':
      return `(${emit(expression.operand)}${expression.negated ? ' NOT' : ''} BETWEEN ${emit(expression.low)} AND ${emit(expression.high)})`;
    case 'in':
      return `(${emit(expression.operand)}${expression.negated ? ' NOT' : ''} IN (${expression.items.map(emit).join(', ')}))`;
    case 'case':
      return emitCase(expression, emit);
    case 'call':
      return emitCall(expression, expression.args.map(emit), dialect);
    case 'aggregate':
      return emitAggregate(expression, expression.args.map(emit), dialect);
    default:
      return unreachable(expression);
  }
}

function emitLiteral(literal: Literal, dialect: Dialect): string {
  const { type, value } = literal;
  if (value === null) return `CAST(NULL AS ${sqlType(type, dialect)})`;
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  switch (type) {
    case 'string':
      return quoteText(value, dialect);
    case 'date':
      return `DATE '${value}'`;
    case 'timestamp':
      return `${dialect === 'duckdb' ? 'TIMESTAMPTZ' : 'TIMESTAMP'} '${value}'`;
    case 'long':
    case 'integer':
      return `CAST(${value} AS ${sqlType(type, dialect)})`;
    default:
      // As text: a number with many digits is a double before the cast would see it.
      return `CAST('${value}' AS ${sqlType(type, dialect)})`;
  }
}

function emitCast(cast: Cast, operand: string, dialect: Dialect): string {
  const from = cast.operand.type;
  if (from === 'string') return emitParse(operand, cast.type, cast.onFailure, dialect);
  if (from === 'timestamp' && cast.type === 'date') return emitUtcDay(operand, dialect);
  return emitCastCall(operand, cast.type, cast.onFailure, dialect);
}

/** Up to here DuckDB calculates in 64 bits, and keeps a result there that needs more. */
const NARROW_PRECISION_MAX = 18;

function emitArithmetic(node: Arithmetic, emit: (e: Expression) => string, dialect: Dialect): string {
  const left = emit(node.left);
  const right = emit(node.right);
  const shape = decimalShape(node.type);
  if (shape === undefined) {
    // Engines give infinity, null or an error for x / 0; ours is null.
    return node.operator === '/'
      ? `(${left} / nullif(${right}, CAST('0' AS DOUBLE)))`
      : `(${left} ${node.operator} ${right})`;
  }
  const type = sqlType(node.type, dialect);
  if (dialect === 'spark' || shape.precision <= NARROW_PRECISION_MAX) {
    return `CAST((${left} ${node.operator} ${right}) AS ${type})`;
  }
  // Both narrow: DuckDB would calculate in 64 bits and fail where the declared type has room. One wide side is enough.
  const leftShape = decimalShape(node.left.type);
  const isWide = [leftShape, decimalShape(node.right.type)].some(
    (side) => side !== undefined && side.precision > NARROW_PRECISION_MAX,
  );
  const wide = isWide ? left : `CAST(${left} AS DECIMAL(${shape.precision},${leftShape?.scale ?? 0}))`;
  return `CAST((${wide} ${node.operator} ${right}) AS ${type})`;
}

function emitCase(node: Case, emit: (e: Expression) => string): string {
  const branches = node.branches.map((branch) => `WHEN ${emit(branch.when)} THEN ${emit(branch.value)}`);
  const otherwise = node.otherwise === undefined ? '' : ` ELSE ${emit(node.otherwise)}`;
  return `CASE ${branches.join(' ')}${otherwise} END`;
}
