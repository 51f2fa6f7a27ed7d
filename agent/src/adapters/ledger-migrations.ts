import type { DatabaseSync } from 'node:sqlite';
import { TerminalError } from '@lakewarden/contracts';

/**
 * One entry a schema version, in order; never edited once released. The SQL stays in the subset that PostgreSQL shares
 * (facts.md, Data 7).
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE epochs (scope TEXT PRIMARY KEY, epoch BIGINT NOT NULL);
   CREATE TABLE runs (
     id TEXT PRIMARY KEY,
     dataset TEXT NOT NULL,
     slices TEXT NOT NULL,
     state TEXT NOT NULL,
     started_ms BIGINT NOT NULL,
     ended_ms BIGINT,
     rows BIGINT,
     error TEXT
   );
   CREATE INDEX runs_by_start ON runs (started_ms, id);`,
  'ALTER TABLE runs ADD COLUMN backfill TEXT;',
];

/** Brings the schema up to date in one transaction. A ledger of a newer agent is refused, not touched (I21). */
export function migrate(database: DatabaseSync, file: string): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    const row = database.prepare('PRAGMA user_version').get() as { user_version: number };
    if (row.user_version > MIGRATIONS.length) {
      throw new TerminalError(
        'unsupported',
        `the ledger ${file} has schema ${row.user_version}, this agent knows ${MIGRATIONS.length}; use a newer agent`,
      );
    }
    for (const sql of MIGRATIONS.slice(row.user_version)) database.exec(sql);
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
