import { canonicalJson } from '@lakewarden/compute';
import { type AuditEntry, TerminalError, TransientError } from '@lakewarden/contracts';
import type { LakeStorage } from '@lakewarden/delta';
import { mapLimit } from '../lake/map-limit.ts';
import { readEntry, type StoredEntry } from './audit-entry.ts';

/** Objects of the control log, `_lakewarden/control/log/<20 digits>.json`: named by the first entry that is in it. */
const CONTROL_FOLDER = '_lakewarden/control';
const LOG_FOLDER = `${CONTROL_FOLDER}/log`;
export const SNAPSHOT_FOLDER = `${CONTROL_FOLDER}/snapshot`;
export const PLAN_FOLDER = `${CONTROL_FOLDER}/plans`;

/** Entries in one object: so an entry is never further than this behind the name of its object. */
export const BATCH_ENTRIES_MAX = 256;
const SEQ_DIGITS = 20;
const READ_CONCURRENCY = 8;
/** Objects that are read ahead of what is done with them. */
const READ_AHEAD_OBJECTS = 64;

/** What one put wrote. */
export interface Batch {
  /** Of the process that wrote it; chosen anew at every start. */
  readonly writer: string;
  /** The writer's own names of its entries, in their order: how it knows them again after a lost answer. */
  readonly tickets: readonly number[];
  readonly entries: readonly AuditEntry[];
}

export interface StoredBatch extends Omit<Batch, 'entries'> {
  readonly first: number;
  readonly entries: readonly StoredEntry[];
}

export function sequencePath(folder: string, seq: number): string {
  return `${folder}/${String(seq).padStart(SEQ_DIGITS, '0')}.json`;
}

export function batchPath(first: number): string {
  return sequencePath(LOG_FOLDER, first);
}

/** The number in a path of ours; undefined for foreign objects, which are left alone. */
export function sequenceOf(path: string): number | undefined {
  const match = /\/([0-9]{20})\.json$/.exec(path);
  return match === null ? undefined : Number(match[1]);
}

export function encodeBatch(batch: Batch): Uint8Array {
  return Buffer.from(canonicalJson(batch));
}

/** @returns why it cannot be read, when it is no batch of entries */
export function decodeBatch(first: number, body: Uint8Array): StoredBatch | { readonly problem: string } {
  let found: unknown;
  try {
    found = JSON.parse(Buffer.from(body).toString());
  } catch {
    return { problem: `object ${first} is no JSON` };
  }
  const { writer, tickets, entries } = (found ?? {}) as Partial<Record<keyof Batch, unknown>>;
  if (
    typeof writer !== 'string' ||
    !Array.isArray(tickets) ||
    !Array.isArray(entries) ||
    entries.length === 0
  )
    return { problem: `object ${first} is no batch of entries` };
  const stored: StoredEntry[] = [];
  for (const [index, raw] of entries.entries()) {
    const entry = readEntry(raw);
    if (entry === undefined) return { problem: `entry ${first + index} cannot be read` };
    stored.push(entry);
  }
  return { first, writer, tickets: tickets.map(Number), entries: stored };
}

export type BatchReading =
  | { readonly first: number; readonly batch: StoredBatch }
  | { readonly first: number; readonly problem: string };

/** Batches whose first entry is above `after`, in order; read ahead, bounded. Stops at the first above `upTo`. */
export async function* readBatches(
  storage: LakeStorage,
  range: { readonly after: number; readonly upTo?: number },
  signal?: AbortSignal,
): AsyncGenerator<BatchReading> {
  let ahead: number[] = [];
  const options = { startAfter: batchPath(range.after), ...(signal && { signal }) };
  for await (const { path } of storage.list(LOG_FOLDER, options)) {
    const first = sequenceOf(path);
    if (first === undefined) continue;
    if (range.upTo !== undefined && first > range.upTo) break;
    ahead.push(first);
    if (ahead.length < READ_AHEAD_OBJECTS) continue;
    yield* await readAll(storage, ahead, signal);
    ahead = [];
  }
  yield* await readAll(storage, ahead, signal);
}

function readAll(
  storage: LakeStorage,
  firsts: readonly number[],
  signal: AbortSignal | undefined,
): Promise<readonly BatchReading[]> {
  return mapLimit(firsts, READ_CONCURRENCY, async (first): Promise<BatchReading> => {
    const body = await storage.read(batchPath(first), { ...(signal && { signal }) });
    if (body === undefined) return { first, problem: `object ${first} was listed and is gone` };
    const batch = decodeBatch(first, body);
    return 'problem' in batch ? { first, problem: batch.problem } : { first, batch };
  });
}

/** How often one upload without an answer is made (I8); each has waited for its time limit already. */
const UNANSWERED_MAX = 3;

/**
 * Creates the object, or reads who was first. `ours`: exactly these bytes stand there now, whoever answered what.
 *
 * @throws TransientError whether it was written may then be unknown
 */
export async function putOnce(
  storage: LakeStorage,
  path: string,
  body: Uint8Array,
): Promise<'ours' | 'taken'> {
  let cause: unknown;
  for (let unanswered = 0; unanswered < UNANSWERED_MAX; unanswered += 1) {
    const put = await storage.putIfAbsent(path, body);
    if (put.kind === 'created') return 'ours';
    const found = await storage.read(path);
    if (found !== undefined) return Buffer.from(found).equals(body) ? 'ours' : 'taken';
    if (put.kind === 'exists')
      throw new TransientError('unavailable', `${path}  exists but cannot be read yet`);
    cause = put.cause;
  }
  throw new TransientError('timeout', `${path}  no answer to ${UNANSWERED_MAX} uploads`, { cause });
}

/** The state cannot be known without what is broken: a person has to look (I11). */
export function corruptLog(problem: string): TerminalError {
  return new TerminalError(
    'corrupt',
    `${LOG_FOLDER}  ${problem}. Restore the object from the storage account's soft delete or versions; nothing but the agent writes there.`,
  );
}
