/**
 * Sparse index of a segment: where a frame begins, about every 64 KiB. Beside a sealed segment it lies in `<base>.idx`,
 * so that a start need not read gigabytes; the file is a cache and is made again when it is absent or damaged.
 */
import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { writeFileDurably } from '../../server/durable-file.ts';

export type IndexEntry = {
  readonly position: number;
  readonly firstSequence: bigint;
  readonly enqueuedMs: number;
};

/** What is known of a segment up to `bytes`. */
export type SegmentSummary = {
  /** Length of the intact part of the file. */
  bytes: number;
  /** Sequence that the next event gets. */
  nextSequence: bigint;
  /** Of the last event at or before here; -1 when the partition never had one. */
  lastOffset: bigint;
  lastEnqueuedMs: number;
  readonly entries: IndexEntry[];
};

const SPACING_BYTES = 65_536;
const MAGIC = 0x4c574958;
const HEADER_BYTES = 44;
const ENTRY_BYTES = 24;

/** Notes a frame; every so many bytes it becomes an entry. */
export function noteFrame(summary: SegmentSummary, entry: IndexEntry): void {
  const last = summary.entries.at(-1);
  if (last === undefined || entry.position - last.position >= SPACING_BYTES) summary.entries.push(entry);
}

/** The last entry for which `isBefore` holds (it must hold for a prefix of them), else the first one. */
export function lastEntryWhere(
  entries: readonly IndexEntry[],
  isBefore: (entry: IndexEntry) => boolean,
): IndexEntry | undefined {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(entries[middle] as IndexEntry)) low = middle + 1;
    else high = middle;
  }
  return entries[Math.max(0, low - 1)];
}

export async function writeIndexFile(path: string, summary: SegmentSummary): Promise<void> {
  const bytes = Buffer.alloc(HEADER_BYTES + summary.entries.length * ENTRY_BYTES);
  bytes.writeUInt32BE(MAGIC, 0);
  bytes.writeBigInt64BE(BigInt(summary.bytes), 8);
  bytes.writeBigInt64BE(summary.nextSequence, 16);
  bytes.writeBigInt64BE(summary.lastOffset, 24);
  bytes.writeBigInt64BE(BigInt(summary.lastEnqueuedMs), 32);
  bytes.writeUInt32BE(summary.entries.length, 40);
  for (const [index, entry] of summary.entries.entries()) {
    const at = HEADER_BYTES + index * ENTRY_BYTES;
    bytes.writeBigInt64BE(BigInt(entry.position), at);
    bytes.writeBigInt64BE(entry.firstSequence, at + 8);
    bytes.writeBigInt64BE(BigInt(entry.enqueuedMs), at + 16);
  }
  bytes.writeUInt32BE(crc32(bytes.subarray(8)), 4);
  await writeFileDurably(path, bytes);
}

/** Undefined when the file is absent or damaged, or tells of more than the `bytesMax` that the segment has. */
export async function readIndexFile(path: string, bytesMax: number): Promise<SegmentSummary | undefined> {
  let file: Buffer;
  try {
    file = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (file.length < HEADER_BYTES || file.readUInt32BE(0) !== MAGIC) return undefined;
  if (crc32(file.subarray(8)) !== file.readUInt32BE(4)) return undefined;
  const bytes = Number(file.readBigInt64BE(8));
  const count = file.readUInt32BE(40);
  if (bytes > bytesMax || file.length !== HEADER_BYTES + count * ENTRY_BYTES) return undefined;
  const entries = Array.from({ length: count }, (_, index) => {
    const at = HEADER_BYTES + index * ENTRY_BYTES;
    return {
      position: Number(file.readBigInt64BE(at)),
      firstSequence: file.readBigInt64BE(at + 8),
      enqueuedMs: Number(file.readBigInt64BE(at + 16)),
    };
  });
  return {
    bytes,
    nextSequence: file.readBigInt64BE(16),
    lastOffset: file.readBigInt64BE(24),
    lastEnqueuedMs: Number(file.readBigInt64BE(32)),
    entries,
  };
}
