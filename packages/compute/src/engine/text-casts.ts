import type { ColumnType } from '@lakewarden/contracts';
import { sqlType } from '../sql/dialect.ts';

/**
 * How the text of a field becomes a value, strictly: a text outside these patterns is not the type, and becomes null
 * here and `invalid:<column>` in quarantine. The patterns are the definition (I22): engines differ in what their own
 * casts accept (DuckDB takes `1_000`, ` 5`, `0x10`, `infinity` and rounds `1.005`), so a cast only ever sees texts on
 * which all agree. Exponents are not accepted for exact types.
 *
 * - long, integer: `17850`, `-3`, `17850.0`
 * - decimal(p,s): at most s significant fraction digits: `2.550` is a decimal(18,2), `2.555` is not
 * - double: also `1e-3`; finite; negative zero is zero
 * - boolean: `true`, `false` in any case, `1`, `0`
 * - date: `2011-12-09`, also with a time of midnight
 * - timestamp: `2011-12-09[T ]hh:mm[:ss[.fraction]]`, `Z`, `±hh:mm` or nothing (UTC); past microseconds is cut off
 */
export function castText(text: string, type: ColumnType): string {
  const cast = `TRY_CAST(${text} AS ${sqlType(type, 'duckdb')})`;
  switch (type) {
    case 'string':
      return text;
    case 'binary':
      return `encode(${text})`;
    case 'long':
    case 'integer':
      return when(matches(text, '[+-]?[0-9]+(\\.0*)?'), cast);
    case 'double':
      return doubleOf(text, cast);
    case 'boolean':
      return `CASE lower(${text}) WHEN 'true' THEN true WHEN '1' THEN true WHEN 'false' THEN false WHEN '0' THEN false END`;
    case 'date':
      return when(
        `${matches(text, '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]00:00(:00(\\.0{1,9})?)?Z?)?')} AND NOT starts_with(${text}, '0000')`,
        `TRY_CAST(left(${text}, 10) AS DATE)`,
      );
    case 'timestamp':
      return timestampOf(text);
    default:
      return when(matches(text, decimalPattern(scaleOf(type))), cast);
  }
}

const DATE_TIME =
  '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,9})?)?';
const UTC_PATTERN = `${DATE_TIME}Z?)?`;
const OFFSET_PATTERN = `${DATE_TIME}[+-][0-9]{2}:[0-9]{2})`;

/**
 * TIMESTAMPTZ or null; also the event time at landing. UTC has a path of its own, as the cast that knows zones takes
 * three times as long. There is no year 0, and an offset may not lead out of the years that a slice key can spell.
 */
export function timestampOf(text: string): string {
  const zoned = `TRY_CAST(${text} AS TIMESTAMP WITH TIME ZONE)`;
  const inRange = `${zoned} >= TIMESTAMPTZ '0001-01-01 00:00:00+00' AND ${zoned} <= TIMESTAMPTZ '9999-12-31 23:59:59.999999+00'`;
  return `CASE WHEN starts_with(${text}, '0000') THEN NULL
    WHEN ${matches(text, UTC_PATTERN)} THEN make_timestamptz(epoch_us(TRY_CAST(${text} AS TIMESTAMP)))
    WHEN ${matches(text, OFFSET_PATTERN)} AND ${inRange} THEN ${zoned} END`;
}

function doubleOf(text: string, cast: string): string {
  const pattern = matches(text, '[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]{1,4})?');
  return when(`${pattern} AND isfinite(${cast})`, `${cast} + CAST(0 AS DOUBLE)`);
}

function decimalPattern(scale: number): string {
  if (scale === 0) return '[+-]?[0-9]+(\\.0*)?';
  return `[+-]?([0-9]+(\\.[0-9]{0,${scale}}0*)?|\\.[0-9]{1,${scale}}0*)`;
}

export function scaleOf(type: ColumnType): number {
  return Number(/^decimal\(\d+,(\d+)\)$/.exec(type)?.[1] ?? 0);
}

/** CASE, not AND: it alone promises that the cast is not tried on other texts. */
function when(condition: string, value: string): string {
  return `CASE WHEN ${condition} THEN ${value} END`;
}

function matches(text: string, pattern: string): string {
  return `regexp_full_match(${text}, '${pattern}')`;
}
