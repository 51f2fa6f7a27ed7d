import { type ColumnType, unreachable } from '@lakewarden/contracts';
import { decimalShape } from './column-types.ts';
import { type Dialect, quoteText, sqlType } from './dialect.ts';

/**
 * Reads a text as a value. Engines accept different texts (DuckDB takes `1_000` and `1e3` for 1000, rounds `1.2345` to
 * three digits and a time without its zone; Spark does not), so ours are pinned by a pattern that RE2 and Java read
 * alike: what does not match becomes the empty text, which no engine reads. The operand is written once, so that nested
 * casts do not grow.
 * Accepted are the same texts as for the fields of a body (engine/text-casts.ts).
 */
export function emitParse(
  text: string,
  type: ColumnType,
  onFailure: 'fail' | 'null',
  dialect: Dialect,
): string {
  if (type === 'string') return text;
  const extracted = `regexp_extract(${text}, ${quoteText(patternOf(type), dialect)}, 1)`;
  return emitCastCall(extracted, type, onFailure, dialect);
}

export function emitCastCall(
  operand: string,
  type: ColumnType,
  onFailure: 'fail' | 'null',
  dialect: Dialect,
): string {
  return `${onFailure === 'fail' ? 'CAST' : 'TRY_CAST'}(${operand} AS ${sqlType(type, dialect)})`;
}

/** The day in UTC; in DuckDB by way of the epoch, which is fifteen times as fast as its calendar. */
export function emitUtcDay(operand: string, dialect: Dialect): string {
  switch (dialect) {
    case 'duckdb':
      return `CAST(make_timestamp(epoch_us(${operand})) AS DATE)`;
    case 'spark':
      return `CAST(${operand} AS DATE)`;
    default:
      return unreachable(dialect);
  }
}

const DATE = '[0-9]{4}-[0-9]{2}-[0-9]{2}';
const TIME = '(?:[01][0-9]|2[0-3]):[0-5][0-9]';
const ZONE = 'Z|[+-](?:0[0-9]|1[0-7]):[0-5][0-9]';

function patternOf(type: ColumnType): string {
  return `^${bodyPattern(type)}\\z`;
}

/** Group 1 is what the engine reads. */
function bodyPattern(type: ColumnType): string {
  const decimal = decimalShape(type);
  if (decimal !== undefined) return decimalPattern(decimal.scale);
  switch (type) {
    case 'long':
    case 'integer':
      return '([+-]?[0-9]+)(?:\\.0*)?';
    case 'double':
      return '([+-]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)';
    case 'boolean':
      return '([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[01])';
    case 'date':
      return `(${DATE})(?:[T ]00:00(?::00(?:\\.0{1,9})?)?Z?)?`;
    case 'timestamp':
      // Digits past the microsecond are cut off by both engines; a zone stands only after seconds.
      return `(${DATE}(?:[T ]${TIME}(?::[0-5][0-9](?:\\.[0-9]{1,9})?(?:${ZONE})?)?)?)`;
    case 'binary':
    case 'string':
      throw new Error(`assertion: a text is not parsed as ${type}`);
    default:
      return unreachable(type as never);
  }
}

/** Zeros past the scale lose nothing; other digits past it do not fit: money is never rounded on its way in. */
function decimalPattern(scale: number): string {
  if (scale === 0) return '([+-]?[0-9]+)(?:\\.0*)?';
  return `([+-]?(?:[0-9]+(?:\\.[0-9]{0,${scale}})?|\\.[0-9]{1,${scale}}))0*`;
}
