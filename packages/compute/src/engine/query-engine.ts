import type { Column } from '@lakewarden/contracts';
import type { InputFile } from './engine.ts';
import { WorkerHost, type WorkerHostOptions } from './worker-host.ts';

/** A read-only question over explicit files. */
export interface LakeQuery {
  /** One SELECT (or EXPLAIN, DESCRIBE, SUMMARIZE) in DuckDB's dialect. */
  readonly sql: string;
  /** By table name such as `silver.orders`. Each gets its columns and `_slice`. */
  readonly relations: Readonly<Record<string, LakeRelation>>;
  /** At most this many rows are returned. */
  readonly rowsMax: number;
}

export interface LakeRelation {
  readonly columns: readonly Column[];
  readonly files: readonly InputFile[];
}

export interface LakeQueryResult {
  /** `type` is DuckDB's name, such as `DECIMAL(18,3)`. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** JSON-safe: integers past 32 bits, decimals, dates and timestamps are exact text. */
  readonly rows: readonly (readonly unknown[])[];
  /** True when more rows than `rowsMax` were found. */
  readonly truncated: boolean;
}

/**
 * Answers `lakewarden query`: every question runs in a DuckDB instance of its own that can open the given files and
 * nothing else of the machine, and cannot be told otherwise. Errors: `TerminalError('invalid')` with DuckDB's own message
 * for SQL that is wrong, `TerminalError('unsupported')` for statements that are not a read, else as the engine's.
 */
export interface QueryEngine {
  query(question: LakeQuery, signal: AbortSignal): Promise<LakeQueryResult>;
  close(): Promise<void>;
}

export function createQueryEngine(options: WorkerHostOptions): QueryEngine {
  const host = new WorkerHost(options);
  return {
    query: (question, signal) => host.run('query', question, signal),
    close: () => host.close(),
  };
}
