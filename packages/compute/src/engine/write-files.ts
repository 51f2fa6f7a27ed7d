import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  type Column,
  type Digest,
  EMPTY_DIGEST,
  SLICE_COLUMN,
  type WrittenFile,
} from '@lakewarden/contracts';
import { sqlType } from '../sql/dialect.ts';
import { digestAggregates, readDigest, rowHash } from './canonical-row.ts';
import { type ColumnStats, deltaStats } from './delta-stats.ts';
import type { SliceFiles } from './engine.ts';
import type { Row, Session } from './session.ts';
import { name, text } from './sql-text.ts';

export type Compression = 'snappy' | 'zstd';

/** Columns of a table as `CAST(x AS type) AS x`, so that a file's schema is exactly the table's (facts.md, Data 1.4). */
export function typedColumns(
  columns: readonly Column[],
  value = (column: Column) => name(column.name),
): string {
  return columns
    .map((column) => `CAST(${value(column)} AS ${sqlType(column.type, 'duckdb')}) AS ${name(column.name)}`)
    .join(', ');
}

export interface SlicedOutput {
  /** Rows with the table's columns, in order, and `_slice`. */
  readonly select: string;
  readonly columns: readonly Column[];
  /** Folder of this table; `_slice=…` folders are made below it. */
  readonly dir: string;
}

/** Writes one table's slices in one statement: a file a slice, more only when a thread had to close one early. */
export async function writeSlices(session: Session, output: SlicedOutput): Promise<readonly WrittenFile[]> {
  mkdirSync(output.dir, { recursive: true });
  const options = `FORMAT parquet, COMPRESSION snappy, PARTITION_BY (${SLICE_COLUMN}), WRITE_PARTITION_COLUMNS false, FILENAME_PATTERN '{uuid}', OVERWRITE_OR_IGNORE true, RETURN_STATS true`;
  const rows = await session.rows(`COPY (${output.select}) TO ${text(output.dir)} (${options})`);
  return rows.map((row) => writtenFile(row, output.columns, keyOf(row)));
}

/** Writes one file of one slice. */
export async function writeFile(
  session: Session,
  output: SlicedOutput & { readonly slice: string; readonly compression: Compression },
): Promise<WrittenFile> {
  const folder = join(output.dir, `${SLICE_COLUMN}=${output.slice}`);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${randomUUID()}.parquet`);
  const options = `FORMAT parquet, COMPRESSION ${output.compression}, RETURN_STATS true`;
  const rows = await session.rows(`COPY (${output.select}) TO ${text(path)} (${options})`);
  return writtenFile(rows[0] as Row, output.columns, output.slice);
}

/** One file of 0 rows for each slice: written once, then linked under further names, as all are the same bytes. */
export async function writeEmptySlices(
  session: Session,
  columns: readonly Column[],
  dir: string,
  slices: readonly string[],
): Promise<ReadonlyMap<string, WrittenFile>> {
  const files = new Map<string, WrittenFile>();
  if (slices.length === 0) return files;
  mkdirSync(dir, { recursive: true });
  const first = join(dir, `${randomUUID()}.parquet`);
  const select = `SELECT ${typedColumns(columns, () => 'NULL')} WHERE false`;
  const options = 'FORMAT parquet, COMPRESSION snappy, RETURN_STATS true';
  const rows = await session.rows(`COPY (${select}) TO ${text(first)} (${options})`);
  const template = writtenFile(rows[0] as Row, columns, '');
  for (const slice of slices) {
    const uuid = randomUUID();
    const localPath = join(dir, `${uuid}.parquet`);
    linkSync(first, localPath);
    files.set(slice, { ...template, localPath, slice, name: lakeName(slice, `${uuid}.parquet`) });
  }
  return files;
}

export interface TableOutput extends Omit<SlicedOutput, 'select'> {
  /** Undefined when it is known that there are no rows. */
  readonly select: string | undefined;
  readonly slices: readonly string[];
  /** By slice, when they are known; computed from the rows otherwise. */
  readonly digests?: ReadonlyMap<string, Digest>;
}

/** A table's entries of a manifest: one a requested slice, in order, with a file of 0 rows where there is nothing. */
export async function writeTable(session: Session, output: TableOutput): Promise<readonly SliceFiles[]> {
  const { select, columns, dir, slices } = output;
  const written = select === undefined ? [] : await writeSlices(session, { select, columns, dir });
  const digests =
    output.digests ?? (select === undefined ? new Map() : await digestSlices(session, select, columns));
  const bySlice = Map.groupBy(written, (file) => file.slice);
  const bare = slices.filter((slice) => !bySlice.has(slice));
  const empty = await writeEmptySlices(session, columns, dir, bare);
  return slices.map((slice) => ({
    slice,
    files: bySlice.get(slice) ?? [empty.get(slice) as WrittenFile],
    digest: digests.get(slice) ?? EMPTY_DIGEST,
  }));
}

/** Digest of each slice of some rows (`select`: the columns and `_slice`). */
export async function digestSlices(
  session: Session,
  select: string,
  columns: readonly Column[],
): Promise<ReadonlyMap<string, Digest>> {
  const rows = await session.rows(
    `SELECT _slice, ${digestAggregates(rowHash(columns))} FROM (${select}) GROUP BY _slice`,
  );
  return new Map(rows.map((row) => [row._slice as string, readDigest(row)]));
}

function keyOf(row: Row): string {
  const keys = row.partition_keys as readonly { key: string; value: string }[];
  const key = keys.find((entry) => entry.key === SLICE_COLUMN);
  if (key === undefined) throw new Error(`no ${SLICE_COLUMN} in the partition keys of ${row.filename}`);
  return key.value;
}

/**
 * All files of a table lie in one folder. Readers take the slice from the log, and a folder a slice would have to be made
 * and synced for each: a third of what it costs to store a thousand small files.
 */
function lakeName(slice: string, file: string): string {
  return `${slice}.${file}`;
}

function writtenFile(row: Row, columns: readonly Column[], slice: string): WrittenFile {
  const localPath = row.filename as string;
  const rows = Number(row.count);
  return {
    localPath,
    name: lakeName(slice, basename(localPath)),
    slice,
    rows,
    bytes: Number(row.file_size_bytes),
    stats: deltaStats(columns, rows, columnStats(row)),
  };
}

type MapEntry<Value> = { readonly key: string; readonly value: Value };

function columnStats(row: Row): ReadonlyMap<string, ColumnStats> {
  const stats = new Map<string, ColumnStats>();
  for (const { key, value } of row.column_statistics as readonly MapEntry<readonly MapEntry<string>[]>[]) {
    const entries = new Map(value.map((entry) => [entry.key, entry.value]));
    const min = entries.get('min');
    const max = entries.get('max');
    stats.set(unquote(key), {
      nullCount: Number(entries.get('null_count') ?? 0),
      hasNan: entries.get('has_nan') === 'true',
      ...(min !== undefined && { min }),
      ...(max !== undefined && { max }),
    });
  }
  return stats;
}

/** DuckDB quotes the parts of a column's path. */
function unquote(path: string): string {
  return path.startsWith('"') ? path.slice(1, -1).replaceAll('""', '"') : path;
}
