import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LakeQuery, LakeQueryResult } from './lake-query.ts';
import { WorkerHost, type WorkerHostOptions } from './worker-host.ts';

/** Of one question, unless the caller knows better. */
const MEMORY_LIMIT_BYTES = 1 << 30;

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
