import type { ColumnType } from '@lakewarden/contracts';

export interface DecimalShape {
  readonly precision: number;
  readonly scale: number;
}

/** Digits that every engine and Parquet reader can hold. */
export const PRECISION_MAX = 38;

const SIMPLE_TYPES: ReadonlySet<string> = new Set([
  ...['string', 'long', 'integer', 'double', 'boolean', 'binary', 'date', 'timestamp'],
]);

/** Reads the name of a type; undefined when it is none of ours. Spaces and case do not count. */
export function parseColumnType(text: string): ColumnType | undefined {
  const name = text.toLowerCase().replaceAll(/\s+/g, '');
  if (SIMPLE_TYPES.has(name)) return name as ColumnType;
  const match = /^decimal\((\d{1,2}),(\d{1,2})\)$/.exec(name);
  if (match === null) return undefined;
  const precision = Number(match[1]);
  const scale = Number(match[2]);
  return precision >= 1 && precision <= PRECISION_MAX && scale <= precision
    ? decimalType({ precision, scale })
    : undefined;
}

export function decimalType(shape: DecimalShape): ColumnType {
  return `decimal(${shape.precision},${shape.scale})`;
}

export function decimalShape(type: ColumnType): DecimalShape | undefined {
  const match = /^decimal\((\d+),(\d+)\)$/.exec(type);
  return match === null ? undefined : { precision: Number(match[1]), scale: Number(match[2]) };
}

/** Digits that hold every value of an exact number type; undefined for the others. */
export function exactShape(type: ColumnType): DecimalShape | undefined {
  if (type === 'long') return { precision: 19, scale: 0 };
  if (type === 'integer') return { precision: 10, scale: 0 };
  return decimalShape(type);
}

export function isNumeric(type: ColumnType): boolean {
  return type === 'double' || exactShape(type) !== undefined;
}

export function isWhole(type: ColumnType): boolean {
  return type === 'long' || type === 'integer';
}
