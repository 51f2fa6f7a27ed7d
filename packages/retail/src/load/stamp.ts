import { createHash } from 'node:crypto';

/**
 * How a loader that may be killed anywhere sends each row exactly once, with no state of its own:
 *
 * - Row r (1-based) of a source goes to partition (r - 1) mod partitions, always.
 * - Each event carries a *stamp*: its source and row. A partition gets the rows of a source in order, and the sources in
 *   the order of their names, with one batch in flight. So the newest event of a partition tells all that it holds.
 * - After any doubt the loader reads that event and goes on behind it.
 *
 * When a hub is filled from several sources, the stamp also says what the partition held of the others (`after`). When
 * that is not what the loader would have sent by now (files were added, renamed or grew), the newest event is not enough
 * and the whole partition is read once.
 */
export interface Stamp {
  readonly source: string;
  readonly row: number;
  readonly after?: string;
}

export interface SourceRows {
  readonly name: string;
  readonly rows: number;
}

/** Last row of each source that a partition holds; a source that is not in it was never sent there. */
export type LastRows = ReadonlyMap<string, number>;

export type ResumePoint =
  | { readonly kind: 'known'; readonly lastRows: LastRows }
  /** The newest event does not tell enough: read the partition. */
  | { readonly kind: 'scan' };

export function partitionOf(row: number, partitions: number): number {
  return (row - 1) % partitions;
}

/** How many of the first `rows` rows lie in `partition`. */
export function rowsInPartition(rows: number, partition: number, partitions: number): number {
  return Math.max(0, Math.ceil((rows - partition) / partitions));
}

/** Last row of a source of `rows` rows that lies in `partition`; 0 when none does. */
export function lastRowIn(rows: number, partition: number, partitions: number): number {
  const count = rowsInPartition(rows, partition, partitions);
  return count === 0 ? 0 : (count - 1) * partitions + partition + 1;
}

/** The `after` of a stamp; `others` are the last rows of all other sources in the partition. Undefined: there are none. */
export function afterMark(others: LastRows): string | undefined {
  if (others.size === 0) return undefined;
  const sorted = [...others].sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16);
}

/** What a partition holds when all `sources` were sent. */
export function allRows(
  sources: readonly SourceRows[],
  partition: number,
  partitions: number,
): Map<string, number> {
  const rows = sources.map(({ name, rows }) => [name, lastRowIn(rows, partition, partitions)] as const);
  return new Map(rows.filter(([, last]) => last > 0));
}

/**
 * Where to go on in a partition. `newest` is the stamp of its newest event, `'none'` when it is empty and
 * `'foreign'` when that event has no stamp of ours. `sources` in the order of sending.
 */
export function resumeFrom(
  newest: Stamp | 'none' | 'foreign',
  sources: readonly SourceRows[],
  partition: number,
  partitions: number,
): ResumePoint {
  if (newest === 'none') return { kind: 'known', lastRows: new Map() };
  if (newest === 'foreign') return { kind: 'scan' };
  const index = sources.findIndex((source) => source.name === newest.source);
  if (index === -1) return { kind: 'scan' };
  const lastRows = allRows(sources.slice(0, index), partition, partitions);
  if (newest.after !== afterMark(lastRows)) return { kind: 'scan' };
  return { kind: 'known', lastRows: lastRows.set(newest.source, newest.row) };
}
