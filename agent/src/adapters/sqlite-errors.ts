import { type FailureCode, TerminalError, TransientError } from '@lakewarden/contracts';

/** Primary result codes (sqlite.org/rescode.html). */
const BUSY = 5;
const LOCKED = 6;
const NOMEM = 7;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

/** What passes when somebody else lets go, or when the disk has room again. */
const TRANSIENT: ReadonlyMap<number, readonly [FailureCode, string]> = new Map([
  [BUSY, ['unavailable', 'another process holds it']],
  [LOCKED, ['unavailable', 'another statement holds it']],
  [NOMEM, ['out-of-memory', 'there is no memory for it']],
  [IOERR, ['unavailable', 'its disk does not work']],
  [FULL, ['unavailable', 'its disk is full']],
  [CANTOPEN, ['unavailable', 'its file cannot be opened']],
  [READONLY, ['unavailable', 'its file cannot be written']],
]);

/** What `node:sqlite` threw, classed by its result code; anything else passes through unchanged. */
export function classSqliteError(error: unknown, what: string): unknown {
  const code = sqliteCode(error);
  if (code === undefined) return error;
  const transient = TRANSIENT.get(code);
  if (transient !== undefined) {
    const [failure, why] = transient;
    return new TransientError(failure, `${what}: ${why}`, { cause: error });
  }
  if (isUnreadable(error)) return new TerminalError('corrupt', `${what}: it is damaged`, { cause: error });
  return new TerminalError('failed', `${what}: SQLite refused it with ${code}`, { cause: error });
}

export function isBusy(error: unknown): boolean {
  return sqliteCode(error) === BUSY;
}

export function isUnreadable(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === CORRUPT || code === NOTADB;
}

/** The low byte of an extended code is the primary one. */
function sqliteCode(error: unknown): number | undefined {
  const { errcode } = (error ?? {}) as { errcode?: unknown };
  return typeof errcode === 'number' ? errcode & 0xff : undefined;
}
