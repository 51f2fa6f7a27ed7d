import { type Column, SLICE_COLUMN } from '@lakewarden/contracts';
import type { InputFile } from './engine.ts';
import { name, textList } from './sql-text.ts';
import { typedColumns } from './write-files.ts';

/**
 * SQL that can stand after FROM: the rows of explicit files with the table's columns and `_slice`. The slice comes from
 * the file's entry, not from its path: a fetched file may lie anywhere.
 */
export function sliceFilesRelation(columns: readonly Column[], files: readonly InputFile[]): string {
  if (files.length === 0) {
    return `(SELECT ${typedColumns(columns, () => 'NULL')}, CAST(NULL AS VARCHAR) AS ${SLICE_COLUMN} WHERE false)`;
  }
  const paths = textList(files.map((file) => file.localPath));
  const slices = textList(files.map((file) => file.slice));
  const names = columns.map((column) => name(column.name)).join(', ');
  return `(SELECT ${names}, ${slices}[CAST(file_index + 1 AS BIGINT)] AS ${SLICE_COLUMN}
    FROM read_parquet(${paths}, hive_partitioning = false))`;
}
