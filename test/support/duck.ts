import { DuckDBInstance } from '@duckdb/node-api';
import type { LoggedTable } from './delta-log.ts';

export type DuckRow = Record<string, unknown>;

/** DuckDB's own Parquet reader over exactly the files of a log. Each table is a view; `_slice` is not in it. */
export async function queryFiles(
  tables: Readonly<Record<string, LoggedTable>>,
  sql: string,
): Promise<DuckRow[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  try {
    for (const [name, table] of Object.entries(tables)) {
      const files = [...table.files.values()].map((file) => `'${file.localPath}'`).join(', ');
      await connection.run(
        `create view "${name}" as select * from read_parquet([${files}], hive_partitioning = false)`,
      );
    }
    const reader = await connection.runAndReadAll(sql);
    return reader.getRowObjectsJson() as DuckRow[];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
