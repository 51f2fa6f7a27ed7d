import type { Column, Digest } from '@lakewarden/contracts';
import { name } from './sql-text.ts';

/**
 * The canonical text of a row: its columns in table order (never `_slice`), a string or binary as `<octets>:<text>`, any
 * other as `<text>:`, a null as `:`. With the columns known it reads back in one way only, whatever the texts hold. A
 * column's text is
 *
 * - string: itself; binary: lower-case hex
 * - long, integer: decimal digits, `-` in front when negative
 * - decimal(p,s): digits, `.` and exactly s digits (no point when s = 0), at least one digit before it
 * - double: the shortest digits that read back as the same number, spelled as C++ `{fmt}` does (`0.1`, `1e+21`, `100.0`)
 * - boolean: `true` or `false`; date: `2011-12-09`; timestamp: microseconds since 1970-01-01T00:00Z, as a long
 *
 * A row's hash is the first 8 bytes, big-endian, of md5 of that text in UTF-8; a digest sums them modulo 2^64
 * (contracts: `Digest`). Spark: `conv(substr(md5(text), 1, 16), 16, 10)` as decimal(20,0), summed, `% 2^64`.
 */
export function canonicalRow(columns: readonly Column[]): string {
  // `concat` passes nulls over: both the length and the text of a null column are null.
  const parts = columns.map((column) => {
    const text = columnText(column);
    const counted = column.type === 'string' || column.type === 'binary';
    return counted ? `strlen(${text}), ':', ${text}` : `${text}, ':'`;
  });
  return `concat(${parts.join(', ')})`;
}

function columnText({ name: column, type }: Column): string {
  const value = name(column);
  switch (type) {
    case 'string':
      return value;
    case 'binary':
      return `lower(hex(${value}))`;
    case 'timestamp':
      return `CAST(epoch_us(${value}) AS VARCHAR)`;
    default:
      return `CAST(${value} AS VARCHAR)`;
  }
}

/** UBIGINT. The hex detour is the big-endian reading. */
export function hash64(textOrBlob: string): string {
  return `CAST('0x' || left(md5(${textOrBlob}), 16) AS UBIGINT)`;
}

/**
 * The same as `hash64` of a text, from a column that holds `md5_number` of it: a third cheaper, for rows by the million.
 * DuckDB reads md5 little-endian, so its low half is the first 8 bytes backwards.
 */
export function hash64OfNumber(column: string): string {
  const low = `CAST(${column} & 18446744073709551615::UHUGEINT AS UBIGINT)`;
  const bytes = [0, 8, 16, 24, 32, 40, 48, 56].map(
    (shift) => `(((${low} >> ${shift}) & 255) << ${56 - shift})`,
  );
  return `(${bytes.join(' | ')})`;
}

export function rowHash(columns: readonly Column[]): string {
  return hash64(canonicalRow(columns));
}

/** Aggregates of a digest over a UBIGINT column of row hashes: `rows` and `hash_sum` (HUGEINT, below 2^127 for 2^63 rows). */
export function digestAggregates(hash: string): string {
  return `count(*) AS digest_rows, coalesce(sum(CAST(${hash} AS HUGEINT)), 0) AS digest_sum`;
}

export function readDigest(row: Readonly<Record<string, unknown>> | undefined): Digest {
  if (row === undefined) return { rows: 0, sum: 0n };
  return {
    rows: Number(row.digest_rows),
    sum: BigInt.asUintN(64, BigInt(row.digest_sum as string)),
  };
}
