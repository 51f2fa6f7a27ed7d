import { mkdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { TerminalError, TransientError } from '@lakewarden/contracts';
import { sessionSettings } from '../sql/dialect.ts';
import type { WorkerSettings } from './messages.ts';

/** Open partition files of one COPY: fewer would give a slice several files. Bounds descriptors (I15). */
const OPEN_FILES_MAX = 1_000;

const INTERRUPT_EVERY_MS = 20;

/** A row as text, numbers and nulls; 64-bit integers, decimals and times are text, so nothing loses digits. */
export type Row = Readonly<Record<string, unknown>>;

/** One job's connection. Temporary tables live as long as it does. */
export class Session {
  readonly connection: DuckDBConnection;
  #aborted = false;
  #closed = false;

  constructor(connection: DuckDBConnection) {
    this.connection = connection;
  }

  /**
   * Stops what runs and everything after it. DuckDB forgets an interrupt that comes just before a statement starts
   * (it clears the flag then), so it is repeated until the job has noticed.
   */
  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    void this.#interruptUntilClosed();
  }

  async #interruptUntilClosed(): Promise<void> {
    while (!this.#closed) {
      this.connection.interrupt();
      await wait(INTERRUPT_EVERY_MS);
    }
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  async run(sql: string): Promise<void> {
    await this.rows(sql);
  }

  async rows(sql: string): Promise<readonly Row[]> {
    this.throwIfAborted();
    try {
      const reader = await this.connection.runAndReadAll(sql);
      return reader.getRowObjectsJson() as readonly Row[];
    } catch (cause) {
      throw this.#aborted ? interrupted() : classify(cause);
    }
  }

  throwIfAborted(): void {
    if (this.#aborted) throw interrupted();
  }

  close(): void {
    this.#closed = true;
    this.connection.disconnectSync();
  }
}

/** Opens the one instance of a worker. */
export async function openInstance(settings: WorkerSettings): Promise<DuckDBInstance> {
  mkdirSync(settings.tempDir, { recursive: true });
  return DuckDBInstance.create(':memory:', {
    threads: String(settings.threads),
    memory_limit: `${Math.ceil(settings.memoryLimitBytes / 1024)}KiB`,
    temp_directory: settings.tempDir,
    // Nothing of ours depends on the order of rows: what must be ordered says so.
    preserve_insertion_order: 'false',
    partitioned_write_max_open_files: String(OPEN_FILES_MAX),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
}

export async function openSession(instance: DuckDBInstance): Promise<Session> {
  const session = new Session(await instance.connect());
  for (const setting of sessionSettings('duckdb')) await session.run(setting);
  return session;
}

function interrupted(): TransientError {
  return new TransientError('cancelled', 'the job was interrupted');
}

/**
 * DuckDB's C API gives Node no error code, only `<Exception type>: …` (node-bindings 1.5.6, `query` rejects with a plain
 * Error). The type is its first words and part of its contract with every client; nothing after the colon is looked at.
 */
export function classify(cause: unknown): Error {
  if (cause instanceof TransientError || cause instanceof TerminalError) return cause;
  const error = cause instanceof Error ? cause : new Error(String(cause));
  switch (exceptionType(error.message)) {
    case 'Out of Memory Error':
      return new TransientError('out-of-memory', error.message, { cause });
    case 'INTERRUPT Error':
      return new TransientError('cancelled', error.message, { cause });
    case 'IO Error':
      return new TransientError('unavailable', error.message, { cause });
    case 'Parser Error':
    case 'Binder Error':
    case 'Catalog Error':
      return new TerminalError('invalid', error.message, { cause });
    case 'Permission Error':
      return new TerminalError('unauthorized', error.message, { cause });
    case 'Conversion Error':
    case 'Out of Range Error':
    case 'Invalid Input Error':
    case 'Invalid Error':
    case 'Constraint Error':
    case 'Not implemented Error':
      return new TerminalError('failed', error.message, { cause });
    default:
      return error;
  }
}

/** `Catalog Error` of `Catalog Error: Table with name …`. */
export function exceptionType(message: string): string {
  return message.slice(0, message.indexOf(':'));
}
