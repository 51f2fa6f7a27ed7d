import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Column } from '@lakewarden/contracts';
import type { InputFile } from './engine.ts';
import { WorkerHost, type WorkerHostOptions } from './worker-host.ts';

/** Of one question, unless the caller knows better. */
const MEMORY_LIMIT_BYTES = 1 << 30;
export const QUERY_ROWS_MAX = 10_000;

/** A read-only question over explicit files. */
export interface LakeQuery {
  /** One SELECT (or EXPLAIN, DESCRIBE, SUMMARIZE) in DuckDB's dialect. */
  readonly sql: string;
  /** The tables that it may name. */
  readonly relations: readonly LakeRelation[];
  /** At most this many rows are returned; 10,000 by default. */
  readonly rowsMax?: number;
}

export interface LakeRelation {
  /** Such as `silver.orders`. The query sees its columns and `_slice`. */
  readonly name: string;
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

export function createQueryEngine(options: Partial<WorkerHostOptions> = {}): QueryEngine {
  const host = new WorkerHost({
    memoryLimitBytes: MEMORY_LIMIT_BYTES,
    threads: availableParallelism(),
    tempDir: join(tmpdir(), 'lakewarden-query'),
    ...options,
  });
  return {
    query: (question, signal) => host.run('query', question, signal),
    close: () => host.close(),
  };
}
