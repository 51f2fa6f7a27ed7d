import type { ColumnType } from '@lakewarden/contracts';
import { type DecimalShape, decimalShape, decimalType, PRECISION_MAX } from './column-types.ts';
import type { Expression, Literal } from './tree.ts';

const LONG_MAX = 2n ** 63n - 1n;
const LONG_MIN = -(2n ** 63n);
const INTEGER_MAX = 2n ** 31n - 1n;
const INTEGER_MIN = -(2n ** 31n);

export function nullOf(type: ColumnType): Literal {
  return { kind: 'literal', type, value: null };
}

/**
 * A number as it is written: long when it is whole and fits 64 bits, else the smallest decimal that holds it.
 * Undefined past 38 digits.
 */
export function numberLiteral(text: string, negative: boolean): Literal | undefined {
  const [whole = '', fraction = ''] = text.split('.');
  const digits = whole.replace(/^0+/, '');
  const isZero = digits === '' && /^0*$/.test(fraction);
  const sign = negative && !isZero ? '-' : '';
  if (!text.includes('.') || fraction === '') {
    const value = `${sign}${digits === '' ? '0' : digits}`;
    if (digits.length > PRECISION_MAX) return undefined;
    if (fitsLong(value)) return { kind: 'literal', type: 'long', value };
    return { kind: 'literal', type: decimalType({ precision: digits.length, scale: 0 }), value };
  }
  const precision = Math.max(1, digits.length + fraction.length);
  if (precision > PRECISION_MAX) return undefined;
  const value = `${sign}${digits === '' ? '0' : digits}.${fraction}`;
  return { kind: 'literal', type: decimalType({ precision, scale: fraction.length }), value };
}

export function isNumberLiteral(expression: Expression): expression is Literal & { readonly value: string } {
  return (
    expression.kind === 'literal' &&
    typeof expression.value === 'string' &&
    (expression.type === 'long' || decimalShape(expression.type) !== undefined)
  );
}

/** Digits that a written number needs, whatever type it has by now. */
export function literalShape(literal: Literal & { readonly value: string }): DecimalShape {
  const [whole = '', fraction = ''] = literal.value.replace('-', '').split('.');
  const digits = whole === '0' ? 0 : whole.length;
  return { precision: Math.max(1, digits + fraction.length), scale: fraction.length };
}

/** The same number written as another number type. The caller has checked that it fits. */
export function rewriteLiteral(literal: Literal & { readonly value: string }, type: ColumnType): Literal {
  const scale = decimalShape(type)?.scale;
  if (scale === undefined) return { kind: 'literal', type, value: literal.value };
  const [whole = '0', fraction = ''] = literal.value.split('.');
  const padded = fraction.padEnd(scale, '0');
  return { kind: 'literal', type, value: padded === '' ? whole : `${whole}.${padded}` };
}

export function fitsInteger(text: string): boolean {
  return isWithin(text, INTEGER_MIN, INTEGER_MAX);
}

function fitsLong(text: string): boolean {
  return isWithin(text, LONG_MIN, LONG_MAX);
}

function isWithin(text: string, low: bigint, high: bigint): boolean {
  if (!/^-?\d+$/.test(text)) return false;
  const value = BigInt(text);
  return value >= low && value <= high;
}

/** `date '…'` or `timestamp '…'` in canonical form; undefined when it names no real day or time. Times are UTC. */
export function temporalLiteral(type: 'date' | 'timestamp', text: string): Literal | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?Z?)?$/.exec(text);
  const day = match?.[1];
  if (match === null || day === undefined || (type === 'date' && text.length !== day.length))
    return undefined;
  const seconds = `${day}T${match[2] ?? '00:00'}:${match[3] ?? '00'}`;
  const epochMs = Date.parse(`${seconds}Z`);
  // Date.parse takes 30 February for 1 March: a real instant prints as it was written.
  if (!Number.isFinite(epochMs) || !new Date(epochMs).toISOString().startsWith(seconds)) return undefined;
  const value = type === 'date' ? day : `${seconds}.${(match[4] ?? '').padEnd(6, '0')}Z`;
  return { kind: 'literal', type, value };
}
