import { mkdirSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { EXIT, Refusal } from './exit.ts';
import type { LakeFolder } from './lake-folder.ts';

const SQLITE_BUSY = 5;

export interface LakeLock {
  release(): void;
}

/**
 * One `up` a lake. An exclusive transaction that is never ended: the operating system frees it when the process dies,
 * however it dies, so a crash leaves nothing to clean up. Throws `Refusal(refused)` when another process holds it.
 */
export function lockLake(folder: LakeFolder): LakeLock {
  mkdirSync(folder.root, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(folder.lock, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    const { errcode = 0 } = error as { errcode?: number };
    // The low byte is the primary result code (sqlite.org/rescode.html).
    if ((errcode & 0xff) !== SQLITE_BUSY) throw error;
    throw new Refusal(
      EXIT.refused,
      `another lakewarden up runs on ${folder.root} · stop it first, or give another --lake`,
    );
  }
  return { release: () => database.close() };
}
