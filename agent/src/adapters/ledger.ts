import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type DatasetName, TerminalError } from '@lakewarden/contracts';
import type { Guard } from './guard/guard.ts';
import { migrate } from './ledger-migrations.ts';
import { isBusy, isUnreadable } from './sqlite-errors.ts';

/**
 * The embedded ledger (DESIGN §3, Control state): a cache for questions, and the source of epochs together with the
 * lake. One agent a ledger; two agents need PostgreSQL. Calls throw what the guard throws: `TransientError` for a file
 * that is held or cannot be written, `('parked')` while the breaker is open.
 */
export interface Ledger {
  /**
   * 1 + the highest of what was ever given out for this scope and `atLeast` (what the lake holds). On disk before it
   * returns, so that no epoch is given twice (I4).
   */
  nextEpoch(scope: string, atLeast: bigint): bigint;
  /** Inserts or replaces by id. */
  recordRun(run: RunRecord): void;
  /** Newest first. */
  listRuns(limit: number): RunRecord[];
  close(): void;
}

export type RunState = 'running' | 'committed' | 'conflict' | 'failed' | 'cancelled' | 'parked';

export interface RunRecord {
  readonly id: string;
  readonly dataset: DatasetName;
  /** Slice keys. */
  readonly slices: readonly string[];
  readonly state: RunState;
  readonly startedMs: number;
  readonly endedMs?: number;
  readonly rows?: number;
  readonly error?: string;
  /** Absent: live work. */
  readonly backfill?: string;
}

export interface LedgerOptions {
  /** Of the ledger. */
  readonly guard: Guard;
  /** How long to wait for another process that is just ending. Blocks the thread; opening is the first thing done. */
  readonly waitMsMax?: number;
  /** The same for a statement later on, when the agent has more to do than to wait. */
  readonly statementWaitMsMax?: number;
}

const WAIT_MS_MAX = 5_000;
const STATEMENT_WAIT_MS_MAX = 250;
/** History beyond this is in `system.runs`. */
const RUNS_MAX = 50_000;

/**
 * Errors: `TerminalError('failed')` when another process holds this ledger, `('unsupported')` when a newer agent wrote
 * it, `('corrupt')` when it is no database; as it is a cache it may then be moved away.
 */
export function openLedger(file: string, options: LedgerOptions): Ledger {
  const { waitMsMax = WAIT_MS_MAX, statementWaitMsMax = STATEMENT_WAIT_MS_MAX } = options;
  mkdirSync(dirname(file), { recursive: true });
  const lock = takeLock(file, waitMsMax);
  try {
    const database = openDatabase(file, waitMsMax);
    database.exec(`PRAGMA busy_timeout = ${statementWaitMsMax}`);
    return ledgerOn(database, lock, options.guard);
  } catch (error) {
    lock.close();
    throw openingError(error, file);
  }
}

function ledgerOn(database: DatabaseSync, lock: DatabaseSync, guard: Guard): Ledger {
  const advance = database.prepare(
    `INSERT INTO epochs (scope, epoch) VALUES (:scope, :atLeast + 1)
     ON CONFLICT (scope) DO UPDATE SET epoch = max(epoch, :atLeast) + 1 RETURNING epoch`,
  );
  advance.setReadBigInts(true);
  const upsert = database.prepare(
    `INSERT INTO runs (id, dataset, slices, state, started_ms, ended_ms, rows, error, backfill)
     VALUES (:id, :dataset, :slices, :state, :startedMs, :endedMs, :rows, :error, :backfill)
     ON CONFLICT (id) DO UPDATE SET dataset = excluded.dataset, slices = excluded.slices, state = excluded.state,
       started_ms = excluded.started_ms, ended_ms = excluded.ended_ms, rows = excluded.rows, error = excluded.error`,
  );
  const newest = database.prepare('SELECT * FROM runs ORDER BY started_ms DESC, id DESC LIMIT ?');
  database
    .prepare(
      'DELETE FROM runs WHERE id IN (SELECT id FROM runs ORDER BY started_ms DESC, id DESC LIMIT -1 OFFSET ?)',
    )
    .run(RUNS_MAX);
  // One agent a ledger: what still runs in it ran in an agent that is gone.
  database.exec("UPDATE runs SET state = 'cancelled', error = 'its agent ended' WHERE state = 'running'");
  // Writes a page, as a full disk can still be read.
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  guard.probeWith(async () => database.exec(`PRAGMA user_version = ${version}`));
  return {
    nextEpoch: (scope, atLeast) =>
      guard.runSync(`take an epoch of ${scope}`, () => {
        const row = advance.get({ scope, atLeast }) as { epoch: bigint };
        return row.epoch;
      }),
    recordRun(run) {
      const row = {
        id: run.id,
        dataset: run.dataset,
        slices: JSON.stringify(run.slices),
        state: run.state,
        startedMs: run.startedMs,
        endedMs: run.endedMs ?? null,
        rows: run.rows ?? null,
        error: run.error ?? null,
        backfill: run.backfill ?? null,
      };
      guard.runSync(`record run ${run.id}`, () => upsert.run(row));
    },
    listRuns: (limit) =>
      guard.runSync('list runs', () => newest.all(limit).map((row) => toRun(row as unknown as RunRow))),
    close() {
      database.close();
      lock.close();
    },
  };
}

interface RunRow {
  readonly id: string;
  readonly dataset: DatasetName;
  readonly slices: string;
  readonly state: RunState;
  readonly started_ms: number;
  readonly ended_ms: number | null;
  readonly rows: number | null;
  readonly error: string | null;
  readonly backfill: string | null;
}

function toRun(row: RunRow): RunRecord {
  return {
    id: row.id,
    dataset: row.dataset,
    slices: JSON.parse(row.slices) as string[],
    state: row.state,
    startedMs: row.started_ms,
    ...(row.ended_ms !== null && { endedMs: row.ended_ms }),
    ...(row.rows !== null && { rows: row.rows }),
    ...(row.error !== null && { error: row.error }),
    ...(row.backfill !== null && { backfill: row.backfill }),
  };
}

/**
 * An exclusive transaction that is never ended, in a database of its own: the operating system frees it when the
 * process dies, however it dies, and others can still read the ledger itself.
 */
function takeLock(file: string, waitMsMax: number): DatabaseSync {
  const lock = new DatabaseSync(`${file}.lock`, { timeout: waitMsMax });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    throw openingError(error, file);
  }
}

function openDatabase(file: string, waitMsMax: number): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: waitMsMax });
  try {
    // FULL: an epoch that was given out survives a power cut (facts.md, Data 7: 7,300 commits/s all the same).
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
    migrate(database, file);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** At the start nothing is worth waiting for: whoever started the agent has to act. */
function openingError(error: unknown, file: string): unknown {
  if ((error as { errcode?: number }).errcode === undefined) return error;
  const options = { cause: error };
  if (isBusy(error)) {
    const text = `the ledger ${file} is in use by another agent; stop that one first`;
    return new TerminalError('failed', text, options);
  }
  if (isUnreadable(error)) {
    const text = `${file} is not a readable ledger; move it away, it is rebuilt from the lake`;
    return new TerminalError('corrupt', text, options);
  }
  return new TerminalError('failed', `the ledger ${file} cannot be opened`, options);
}
