import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Guard } from './guard/guard.ts';

/**
 * Alerts as they came in, on disk before they are answered (field.md §6; reliability.md A6, Webhook): storage may be the
 * very thing that an alert is about, so the lake cannot be what makes it durable. Losing this file loses no truth: an alert
 * is a hint, and the state is read again before any act.
 */
export interface AlertInbox {
  /** False: this alert was received before, and nothing changed. */
  accept(alert: StoredAlert): boolean;
  /** Received since, oldest first. */
  since(receivedMs: number): readonly StoredAlert[];
  close(): void;
}

export interface StoredAlert {
  /** Deduplication key. */
  readonly id: string;
  /** The normalised alert as JSON. */
  readonly body: string;
  readonly receivedMs: number;
}

/** Beyond these an old alert that comes again is a new one; Azure Monitor repeats for minutes only. */
const ALERTS_MAX = 20_000;
const PRUNE_EVERY = 1_000;

export function openAlertInbox(file: string, guard: Guard): AlertInbox {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(file, { timeout: 5_000 });
  // FULL: an accepted alert survives a power cut.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  database.exec(
    'CREATE TABLE IF NOT EXISTS alerts (id TEXT PRIMARY KEY, body TEXT NOT NULL, received_ms INTEGER NOT NULL) STRICT',
  );
  const known = database.prepare('SELECT 1 FROM alerts WHERE id = ?');
  const insert = database.prepare(
    'INSERT INTO alerts (id, body, received_ms) VALUES (:id, :body, :receivedMs) ON CONFLICT DO NOTHING',
  );
  const newer = database.prepare(
    'SELECT id, body, received_ms AS receivedMs FROM alerts WHERE received_ms >= ? ORDER BY received_ms, id',
  );
  const prune = database.prepare(
    'DELETE FROM alerts WHERE id IN (SELECT id FROM alerts ORDER BY received_ms DESC LIMIT -1 OFFSET ?)',
  );
  let accepted = 0;
  return {
    accept: (alert) =>
      guard.runSync('alert inbox', () => {
        // A storm of one alert is answered by a read, without a write to disk.
        if (known.get(alert.id) !== undefined) return false;
        const { changes } = insert.run({ ...alert });
        if (++accepted % PRUNE_EVERY === 0) prune.run(ALERTS_MAX);
        return changes === 1;
      }),
    since: (receivedMs) =>
      guard.runSync('alert inbox', () => newer.all(receivedMs) as unknown as StoredAlert[]),
    close: () => database.close(),
  };
}
