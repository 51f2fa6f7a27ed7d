import type { ColumnType } from '@lakewarden/contracts';
import { coerce, commonType, shapeOf, toDecimal, UNTYPED_NULL } from './coercion.ts';
import {
  type DecimalShape,
  decimalShape,
  decimalType,
  isNumeric,
  isWhole,
  PRECISION_MAX,
} from './column-types.ts';
import type { ArithmeticOperator, SyntaxExpression } from './syntax.ts';
import type { Arithmetic, Expression } from './tree.ts';
import type { TypingContext } from './typing-context.ts';

/** Types `left operator right`: exact on long and decimal, double with double, everything else refused with a way out. */
export function typeArithmetic(
  typer: TypingContext,
  at: number,
  operator: ArithmeticOperator,
  leftNode: SyntaxExpression,
  rightNode: SyntaxExpression,
): Expression | undefined {
  const sides = typer.inferAll([leftNode, rightNode]);
  if (sides === undefined) return undefined;
  for (const side of sides) {
    if (side === UNTYPED_NULL)
      return typer.refuse(at, 'arithmetic with NULL is NULL', 'write cast(null as type)');
    if (!isNumeric(side.type))
      return typer.refuse(at, `"${operator}" needs numbers, not ${side.type}`, textRemedy(side.type));
  }
  const [left, right] = sides;
  if (left === undefined || right === undefined) return undefined;
  if (left.type === 'double' || right.type === 'double') return typeDouble(typer, at, operator, left, right);
  if (operator === '/') {
    return typer.refuse(
      at,
      'a quotient of exact numbers is not exact',
      'keep both numbers and divide where it is shown, or cast both to double',
    );
  }
  if (isWhole(left.type) && isWhole(right.type)) {
    return {
      kind: 'arithmetic',
      type: 'long',
      operator,
      left: coerce(left, 'long'),
      right: coerce(right, 'long'),
    };
  }
  return typeDecimal(typer, at, operator, left, right);
}

function typeDouble(
  typer: TypingContext,
  at: number,
  operator: ArithmeticOperator,
  left: Expression,
  right: Expression,
): Arithmetic | undefined {
  const common = commonType([left, right]);
  if (common.kind === 'none' || common.type !== 'double') {
    return typer.refuse(
      at,
      `${left.type} and ${right.type} do not go together`,
      'exact and floating numbers mix only by a cast: money stays decimal',
    );
  }
  return {
    kind: 'arithmetic',
    type: 'double',
    operator,
    left: coerce(left, 'double'),
    right: coerce(right, 'double'),
  };
}

function typeDecimal(
  typer: TypingContext,
  at: number,
  operator: '+' | '-' | '*',
  left: Expression,
  right: Expression,
): Arithmetic | undefined {
  const shape =
    operator === '*' ? productShape(shapeOf(left), shapeOf(right)) : sumShape(shapeOf(left), shapeOf(right));
  if (shape.scale > PRECISION_MAX) {
    return typer.refuse(
      at,
      `the product has ${shape.scale} fraction digits, more than ${PRECISION_MAX}`,
      'round one side first: round(x, digits)',
    );
  }
  // Past 38 digits only the whole part loses room, and a value that needs it ends the job: nothing is rounded.
  const type = decimalType({ precision: Math.min(shape.precision, PRECISION_MAX), scale: shape.scale });
  return { kind: 'arithmetic', type, operator, left: toDecimal(left), right: toDecimal(right) };
}

function sumShape(a: DecimalShape, b: DecimalShape): DecimalShape {
  const scale = Math.max(a.scale, b.scale);
  return { precision: Math.max(a.precision - a.scale, b.precision - b.scale) + scale + 1, scale };
}

function productShape(a: DecimalShape, b: DecimalShape): DecimalShape {
  return { precision: a.precision + b.precision, scale: a.scale + b.scale };
}

/** `-x`. Written numbers take their sign before this. */
export function typeNegation(
  typer: TypingContext,
  at: number,
  node: SyntaxExpression,
): Expression | undefined {
  const operand = typer.type(node);
  if (operand === undefined) return undefined;
  if (isWhole(operand.type)) return { kind: 'negate', type: 'long', operand: coerce(operand, 'long') };
  if (operand.type === 'double' || decimalShape(operand.type) !== undefined) {
    return { kind: 'negate', type: operand.type, operand };
  }
  return typer.refuse(at, `"-" needs a number, not ${operand.type}`);
}

function textRemedy(type: ColumnType): string | undefined {
  if (type === 'string') return 'join texts with ||, or cast them: cast(x as long)';
  if (type === 'date' || type === 'timestamp') return 'engines add days differently; compare times instead';
  return undefined;
}
