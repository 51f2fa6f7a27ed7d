import { type ColumnType, unreachable } from '@lakewarden/contracts';

/** Engines that we write SQL for. Every switch over it is total, so a new one does not compile until it is decided. */
export type Dialect = 'duckdb' | 'spark';

/** The engine's own name of a column type. Timestamps are instants (facts.md, Data 1.4: never without a zone). */
export function sqlType(type: ColumnType, dialect: Dialect): string {
  if (type.startsWith('decimal(')) return type.toUpperCase();
  switch (dialect) {
    case 'duckdb':
      return DUCKDB_TYPES[type as SimpleType];
    case 'spark':
      return SPARK_TYPES[type as SimpleType];
    default:
      return unreachable(dialect);
  }
}

type SimpleType = Exclude<ColumnType, `decimal(${number},${number})`>;

const DUCKDB_TYPES: Record<SimpleType, string> = {
  string: 'VARCHAR',
  long: 'BIGINT',
  integer: 'INTEGER',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  binary: 'BLOB',
  date: 'DATE',
  timestamp: 'TIMESTAMP WITH TIME ZONE',
};

const SPARK_TYPES: Record<SimpleType, string> = {
  string: 'STRING',
  long: 'BIGINT',
  integer: 'INT',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  binary: 'BINARY',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
};

/** Quotes a name. Names in this system never hold quotes, but a quoting that trusts that is a hole. */
export function quoteName(name: string, dialect: Dialect): string {
  switch (dialect) {
    case 'duckdb':
      return `"${name.replaceAll('"', '""')}"`;
    case 'spark':
      return `\`${name.replaceAll('`', '``')}\``;
    default:
      return unreachable(dialect);
  }
}

/** A text literal. Spark reads backslash escapes, DuckDB does not. */
export function quoteText(text: string, dialect: Dialect): string {
  switch (dialect) {
    case 'duckdb':
      return `'${text.replaceAll("'", "''")}'`;
    case 'spark':
      return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
    default:
      return unreachable(dialect);
  }
}

/**
 * What a session must be set to before our SQL means what the tree says: instants are UTC, and Spark neither loses
 * digits (allowPrecisionLoss) nor turns failures into nulls (ANSI).
 */
export function sessionSettings(dialect: Dialect): readonly string[] {
  switch (dialect) {
    case 'duckdb':
      return ["SET TimeZone = 'UTC'", 'SET ieee_floating_point_ops = true'];
    case 'spark':
      return [
        "SET spark.sql.session.timeZone = 'UTC'",
        'SET spark.sql.ansi.enabled = true',
        'SET spark.sql.decimalOperations.allowPrecisionLoss = false',
      ];
    default:
      return unreachable(dialect);
  }
}
