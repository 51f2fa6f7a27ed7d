import type { ColumnType } from '@lakewarden/contracts';
import { decimalShape, isWhole } from './column-types.ts';

/** Digits of a decimal that become the same double on every engine: one exact division, one rounding. */
const DOUBLE_DIGITS_MAX = 15;

/** Undefined when every engine does this cast alike; else the way out. Casts never round: `round` does. */
export function refuseCast(from: ColumnType, to: ColumnType): string | undefined {
  if (from === to) return undefined;
  if (from === 'binary' || to === 'binary') return 'binary values cannot be cast';
  if (from === 'string') return undefined;
  if (from === 'double') return 'a double is not exact; declare the column as decimal where it enters';
  if (from === 'boolean') return to === 'string' ? undefined : 'use CASE WHEN x THEN … ELSE … END';
  if (from === 'timestamp')
    return to === 'date' ? undefined : 'use to_date or to_month first: engines print times differently';
  if (from === 'date') return to === 'timestamp' || to === 'string' ? undefined : 'a date is no number';
  return refuseNumberCast(from, to);
}

function refuseNumberCast(from: ColumnType, to: ColumnType): string | undefined {
  if (to === 'string') return undefined;
  if (to === 'boolean') return 'compare it: x <> 0';
  if (to === 'date' || to === 'timestamp') return 'a number is no time';
  const fromShape = decimalShape(from);
  if (to === 'double') {
    const exact = isWhole(from) || (fromShape !== undefined && fromShape.precision <= DOUBLE_DIGITS_MAX);
    return exact ? undefined : `a decimal of more than ${DOUBLE_DIGITS_MAX} digits is not exact as a double`;
  }
  const toScale = decimalShape(to)?.scale ?? 0;
  if (fromShape === undefined || fromShape.scale <= toScale) return undefined;
  return `this cast would lose digits; use round(x, ${toScale}) first`;
}
