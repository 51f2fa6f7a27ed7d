import type { Column, ColumnType } from '@lakewarden/contracts';

/** What `COPY … (RETURN_STATS)` says of one column; values are DuckDB's texts. */
export interface ColumnStats {
  readonly min?: string;
  readonly max?: string;
  readonly nullCount: number;
  readonly hasNan: boolean;
}

/** Code points of a string bound (facts.md, Data 1.2; Spark: `dataSkippingStringPrefixLength`). */
const PREFIX_LENGTH_MAX = 32;
/** Greater than whatever was cut off. */
const LAST_CODE_POINT = '\u{10FFFF}';

/**
 * Delta statistics (PROTOCOL.md, Per-file Statistics) as JSON text. It is put together by hand: numbers keep their
 * digits, which 64-bit integers and decimals would lose as JavaScript numbers.
 */
export function deltaStats(
  columns: readonly Column[],
  rows: number,
  stats: ReadonlyMap<string, ColumnStats>,
): string {
  const minima: string[] = [];
  const maxima: string[] = [];
  const nulls: string[] = [];
  for (const { name, type } of columns) {
    const column = stats.get(name);
    if (column === undefined) continue;
    const key = JSON.stringify(name);
    nulls.push(`${key}:${column.nullCount}`);
    const min = boundText(type, column.min, false);
    const max = boundText(type, column.max, true);
    if (column.hasNan || min === undefined || max === undefined) continue;
    minima.push(`${key}:${min}`);
    maxima.push(`${key}:${max}`);
  }
  return `{"numRecords":${rows},"minValues":{${minima}},"maxValues":{${maxima}},"nullCount":{${nulls}}}`;
}

/** JSON text of a bound; undefined when it is better left out. */
function boundText(type: ColumnType, value: string | undefined, isMax: boolean): string | undefined {
  if (value === undefined) return undefined;
  switch (type) {
    case 'boolean':
    case 'binary':
      return undefined;
    case 'string':
      return stringBound(value, isMax);
    case 'date':
      return /^\d{4}-\d{2}-\d{2}$/.test(value) ? JSON.stringify(value) : undefined;
    case 'timestamp':
      return timestampBound(value);
    default:
      return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(value) ? value : undefined;
  }
}

function stringBound(value: string, isMax: boolean): string {
  const points = [...value];
  if (points.length <= PREFIX_LENGTH_MAX) return JSON.stringify(value);
  const prefix = points.slice(0, PREFIX_LENGTH_MAX).join('');
  return JSON.stringify(isMax ? prefix + LAST_CODE_POINT : prefix);
}

/** Truncated down to milliseconds, exactly three digits and Z; readers widen the maximum by 1 ms themselves. */
function timestampBound(value: string): string | undefined {
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?\+00$/.exec(value);
  if (match === null) return undefined;
  return `"${match[1]}T${match[2]}.${(match[3] ?? '').padEnd(3, '0').slice(0, 3)}Z"`;
}
