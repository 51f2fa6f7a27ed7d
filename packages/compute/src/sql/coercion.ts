import type { ColumnType } from '@lakewarden/contracts';
import {
  type DecimalShape,
  decimalShape,
  decimalType,
  exactShape,
  isNumeric,
  isWhole,
  PRECISION_MAX,
} from './column-types.ts';
import { fitsInteger, isNumberLiteral, literalShape, nullOf, rewriteLiteral } from './literals.ts';
import type { Expression, Literal } from './tree.ts';

/** NULL as it is written, before its neighbours tell its type. Compared by identity. */
export const UNTYPED_NULL: Literal = { kind: 'literal', type: 'string', value: null };

export type Common =
  | { readonly kind: 'common'; readonly type: ColumnType }
  | { readonly kind: 'none'; readonly why: string };

/**
 * The one type in which values stand side by side without losing anything: equal types; exact numbers, where the result
 * holds all digits of each; a written number takes the type of its company. Everything else needs a cast by the author.
 */
export function commonType(expressions: readonly Expression[]): Common {
  const known = expressions.filter((expression) => expression !== UNTYPED_NULL);
  const first = known[0];
  if (first === undefined) return { kind: 'none', why: 'the type of NULL is not known here' };
  const same = known.every((expression) => expression.type === first.type);
  if (same) return { kind: 'common', type: first.type };
  const types = [...new Set(known.map((expression) => expression.type))].join(' and ');
  if (!known.every((expression) => isNumeric(expression.type)))
    return { kind: 'none', why: `${types} do not go together` };
  return commonNumber(known, types);
}

function commonNumber(known: readonly Expression[], types: string): Common {
  if (known.some((expression) => expression.type === 'double')) {
    const exact = known.every((e) => e.type === 'double' || e.type === 'integer' || isNumberLiteral(e));
    return exact ? { kind: 'common', type: 'double' } : { kind: 'none', why: `${types} do not go together` };
  }
  const isWholeOrWritten = (e: Expression) => isWhole(e.type);
  if (known.every(isWholeOrWritten)) {
    const narrow = known.every((e) => e.type === 'integer' || (isNumberLiteral(e) && fitsInteger(e.value)));
    return { kind: 'common', type: narrow ? 'integer' : 'long' };
  }
  const shape = widest(known.map(shapeOf));
  return shape.precision <= PRECISION_MAX
    ? { kind: 'common', type: decimalType(shape) }
    : { kind: 'none', why: `${types} need more than ${PRECISION_MAX} digits together` };
}

function widest(shapes: readonly DecimalShape[]): DecimalShape {
  const scale = Math.max(...shapes.map((shape) => shape.scale));
  const whole = Math.max(...shapes.map((shape) => shape.precision - shape.scale));
  return { precision: Math.max(1, whole + scale), scale };
}

/** Digits of an exact number: what is written, else what its type can hold. */
export function shapeOf(expression: Expression): DecimalShape {
  const shape = isNumberLiteral(expression) ? literalShape(expression) : exactShape(expression.type);
  if (shape === undefined) throw new Error(`assertion: ${expression.type} is not an exact number`);
  return shape;
}

/** The same value in a type that `commonType` gave. */
export function coerce(expression: Expression, type: ColumnType): Expression {
  if (expression === UNTYPED_NULL) return nullOf(type);
  if (expression.type === type) return expression;
  if (isNumberLiteral(expression)) return rewriteLiteral(expression, type);
  return { kind: 'cast', type, operand: expression, onFailure: 'fail' };
}

/** An exact number as a decimal that holds all its digits. */
export function toDecimal(expression: Expression): Expression {
  if (decimalShape(expression.type) !== undefined && !isNumberLiteral(expression)) return expression;
  return coerce(expression, decimalType(shapeOf(expression)));
}
