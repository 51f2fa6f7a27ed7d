import { type DuckDBExtractedStatements, StatementType } from '@duckdb/node-api';
import { TerminalError } from '@lakewarden/contracts';
import { type LakeQuery, type LakeQueryResult, QUERY_ROWS_MAX } from './lake-query.ts';
import { sliceFilesRelation } from './relations.ts';
import { classify, exceptionType, type Session } from './session.ts';
import { name, textList } from './sql-text.ts';
import { unknownTable } from './unknown-table.ts';

/**
 * Answers one question. The instance is this question's own: after the views are known it may open their files and
 * nothing else, and its settings are locked, so not even a statement that slipped through could reach the machine.
 */
export async function runLakeQuery(session: Session, question: LakeQuery): Promise<LakeQueryResult> {
  await defineViews(session, question);
  const paths = question.relations.flatMap(({ files }) => files.map((file) => file.localPath));
  await session.run(`SET allowed_paths = ${textList(paths)}`);
  await session.run('SET enable_external_access = false');
  await session.run('SET lock_configuration = true');
  try {
    await refuseWrites(session, question.sql);
    return await read(session, question);
  } catch (error) {
    throw withHint(error, question);
  }
}

/** The engine's own "did you mean" knows no layers. */
function withHint(error: unknown, { sql, relations }: LakeQuery): unknown {
  if (!(error instanceof TerminalError) || error.code !== 'invalid') return error;
  const tables = relations.map((relation) => relation.name);
  const hint = exceptionType(error.message) === 'Catalog Error' ? unknownTable(sql, tables) : undefined;
  return hint === undefined ? error : new TerminalError('invalid', hint, { cause: error });
}

async function defineViews(session: Session, { relations }: LakeQuery): Promise<void> {
  const schemas = new Set(relations.map((relation) => splitName(relation.name)[0]));
  for (const schema of schemas) await session.run(`CREATE SCHEMA IF NOT EXISTS ${name(schema)}`);
  for (const { name: table, columns, files } of relations) {
    const view = splitName(table).map(name).join('.');
    await session.run(`CREATE VIEW ${view} AS SELECT * FROM ${sliceFilesRelation(columns, files)}`);
  }
}

function splitName(table: string): readonly [string, string] {
  const dot = table.indexOf('.');
  return dot < 0 ? ['main', table] : [table.slice(0, dot), table.slice(dot + 1)];
}

const READS: ReadonlySet<StatementType> = new Set([StatementType.SELECT, StatementType.EXPLAIN]);

async function refuseWrites(session: Session, sql: string): Promise<void> {
  const statements = await extract(session, sql);
  if (statements.count !== 1) throw new TerminalError('unsupported', 'one statement at a time');
  const prepared = await guarded(session, () => statements.prepare(0));
  const read = READS.has(prepared.statementType);
  prepared.destroySync();
  if (!read) throw new TerminalError('unsupported', 'only statements that read: SELECT, EXPLAIN, DESCRIBE');
}

/** Nothing but the parser speaks here; @duckdb/node-api 1.5 puts words of its own in front. */
async function extract(session: Session, sql: string): Promise<DuckDBExtractedStatements> {
  session.throwIfAborted();
  try {
    return await session.connection.extractStatements(sql);
  } catch (cause) {
    const { message } = cause as Error;
    throw new TerminalError('invalid', message.slice(message.startsWith(EXTRACT) ? EXTRACT.length : 0), {
      cause,
    });
  }
}

const EXTRACT = 'Failed to extract statements: ';

async function read(
  session: Session,
  { sql, rowsMax = QUERY_ROWS_MAX }: LakeQuery,
): Promise<LakeQueryResult> {
  const reader = await guarded(session, () => session.connection.streamAndReadUntil(sql, rowsMax + 1));
  const rows = reader.getRowsJson();
  return {
    columns: reader.columnNames().map((column, index) => ({
      name: column,
      type: String(reader.columnTypes()[index]),
    })),
    rows: rows.slice(0, rowsMax),
    truncated: rows.length > rowsMax,
  };
}

async function guarded<T>(session: Session, work: () => Promise<T>): Promise<T> {
  session.throwIfAborted();
  try {
    return await work();
  } catch (cause) {
    session.throwIfAborted();
    throw classify(cause);
  }
}
