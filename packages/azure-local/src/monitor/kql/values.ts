/** Kusto's scalar values in JavaScript: order, text, and how they go over the wire. */
import type { ScalarType, Value } from './plan.ts';

const DAY_MS = 86_400_000;
/** The service keeps ticks of 100 ns. */
const TICKS_PER_MS = 10_000;

/** Both not null. Text by code unit; NaN before all numbers. */
export function compareValues(left: Value, right: Value): number {
  if (left === right) return 0;
  if (typeof left === 'number' && typeof right === 'number') {
    if (Number.isNaN(left)) return Number.isNaN(right) ? 0 : -1;
    if (Number.isNaN(right)) return 1;
  }
  return (left as string | number | boolean) < (right as string | number | boolean) ? -1 : 1;
}

/** Equal for values that group together, different for all others. */
export function groupKey(values: readonly Value[]): string {
  let key = '';
  for (const value of values) {
    const text = String(value);
    key += `${typeof value}${text.length}:${text}`;
  }
  return key;
}

/** `tostring()`. Null is the empty text. */
export function textOf(value: Value, type: ScalarType): string {
  if (value === null) return '';
  switch (type) {
    case 'datetime':
      return datetimeText(value as number);
    case 'timespan':
      return timespanText(value as number);
    case 'real':
      return realText(value as number);
    default:
      return String(value);
  }
}

/** As the query API writes a cell: text for datetimes, timespans and numbers that JSON has not. */
export function cellOf(value: Value, type: ScalarType): Value {
  if (value === null) return null;
  if (type === 'datetime') return datetimeText(value as number).replace(/\.?0+Z$/, 'Z');
  if (type === 'timespan') return timespanText(value as number);
  if (typeof value === 'number' && !Number.isFinite(value)) return realText(value);
  return value;
}

function realText(value: number): string {
  if (Number.isFinite(value))
    return Number.isInteger(value) && Math.abs(value) < 1e15 ? `${value}.0` : String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? 'Infinity' : '-Infinity';
}

/** Milliseconds of the year 1 and of the end of 9999: Kusto has no others. */
export const DATETIME_MS_MIN = -62_135_596_800_000;
export const DATETIME_MS_MAX = 253_402_300_799_999;

/** With all seven digits of a tick. */
function datetimeText(timeMs: number): string {
  const whole = Math.floor(timeMs);
  const ticks = Math.min(Math.round((timeMs - whole) * TICKS_PER_MS), TICKS_PER_MS - 1);
  return `${new Date(whole).toISOString().slice(0, -1)}${String(ticks).padStart(4, '0')}Z`;
}

/** `[-][d.]hh:mm:ss[.fffffff]` */
function timespanText(spanMs: number): string {
  const sign = spanMs < 0 ? '-' : '';
  const ticks = Math.round(Math.abs(spanMs) * TICKS_PER_MS);
  const ms = Math.floor(ticks / TICKS_PER_MS);
  const days = Math.floor(ms / DAY_MS);
  const two = (value: number) => String(value).padStart(2, '0');
  const clock = [Math.floor(ms / 3_600_000) % 24, Math.floor(ms / 60_000) % 60, Math.floor(ms / 1000) % 60];
  const fraction = ticks % (1000 * TICKS_PER_MS);
  const tail = fraction === 0 ? '' : `.${String(fraction).padStart(7, '0')}`;
  return `${sign}${days === 0 ? '' : `${days}.`}${clock.map(two).join(':')}${tail}`;
}
