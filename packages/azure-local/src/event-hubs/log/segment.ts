/**
 * One file of a partition's log: a header, then batch frames in order. Only the last segment of a partition is written;
 * the others never change until retention drops them whole.
 */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { syncDirectory } from '../../server/durable-file.ts';
import { frameBytesAt, isIntact, lastEventIn, PREFIX_BYTES, readFrameHeader } from './batch-frame.ts';
import { noteFrame, readIndexFile, type SegmentSummary, writeIndexFile } from './segment-index.ts';

export const SEGMENT_HEADER_BYTES = 48;
const MAGIC = Buffer.from('LWEHSEG1', 'latin1');
const SCAN_BYTES = 1 << 20;
/** A send is at most 1 MiB; a frame adds annotations. Anything longer is damage. */
export const FRAME_BYTES_MAX = 64 << 20;

export type SegmentBase = {
  readonly baseSequence: bigint;
  /** Offset in the partition's stream of the first byte behind the header. */
  readonly baseOffset: bigint;
  /** Of the last event before this segment: all that is left of it once retention has dropped it. */
  readonly lastOffset: bigint;
  readonly lastEnqueuedMs: number;
};

/** A log file that another version wrote, or one that is damaged before its end. */
export class DamagedSegment extends Error {}

export class Segment {
  readonly dir: string;
  readonly base: SegmentBase;
  readonly summary: SegmentSummary;

  constructor(dir: string, base: SegmentBase, summary: SegmentSummary) {
    this.dir = dir;
    this.base = base;
    this.summary = summary;
  }

  get path(): string {
    return join(this.dir, fileName(this.base.baseSequence, 'log'));
  }

  get isEmpty(): boolean {
    return this.summary.nextSequence === this.base.baseSequence;
  }

  /** Offset in the partition's stream of the byte at `position` of the file. */
  offsetAt(position: number): bigint {
    return this.base.baseOffset + BigInt(position - SEGMENT_HEADER_BYTES);
  }

  positionOf(offset: bigint): number {
    return Number(offset - this.base.baseOffset) + SEGMENT_HEADER_BYTES;
  }

  writeIndex(): Promise<void> {
    return writeIndexFile(join(this.dir, fileName(this.base.baseSequence, 'idx')), this.summary);
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
    await rm(join(this.dir, fileName(this.base.baseSequence, 'idx')), { force: true });
  }
}

/** Name of a segment's file: 20 digits, so that names sort as sequences do. */
function fileName(baseSequence: bigint, extension: 'log' | 'idx'): string {
  return `${baseSequence.toString().padStart(20, '0')}.${extension}`;
}

export async function createSegment(dir: string, base: SegmentBase): Promise<Segment> {
  const summary: SegmentSummary = {
    bytes: SEGMENT_HEADER_BYTES,
    nextSequence: base.baseSequence,
    lastOffset: base.lastOffset,
    lastEnqueuedMs: base.lastEnqueuedMs,
    entries: [],
  };
  const segment = new Segment(dir, base, summary);
  const handle = await open(segment.path, 'w');
  try {
    await handle.writeFile(encodeHeader(base));
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await syncDirectory(dir);
  return segment;
}

function encodeHeader(base: SegmentBase): Buffer {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  MAGIC.copy(header);
  header.writeBigInt64BE(base.baseSequence, 8);
  header.writeBigInt64BE(base.baseOffset, 16);
  header.writeBigInt64BE(base.lastOffset, 24);
  header.writeBigInt64BE(BigInt(base.lastEnqueuedMs), 32);
  header.writeUInt32BE(crc32(header.subarray(0, 40)), 40);
  return header;
}

/**
 * Opens a segment of `dir`. What the index file does not cover is read and checked; a torn end, which no sender was told
 * to be safe, is cut when `isLast`. Undefined: the last segment has not even a header (a crash while it was made).
 */
export async function openSegment(dir: string, name: string, isLast: boolean): Promise<Segment | undefined> {
  const path = join(dir, name);
  const handle = await open(path, 'r+');
  try {
    const fileBytes = (await handle.stat()).size;
    const base = await readHeader(handle);
    if (base === undefined) {
      if (!isLast) throw new DamagedSegment(`${path}: the header is damaged`);
      return undefined;
    }
    const known = await readIndexFile(join(dir, fileName(base.baseSequence, 'idx')), fileBytes);
    const summary = known ?? {
      bytes: SEGMENT_HEADER_BYTES,
      nextSequence: base.baseSequence,
      lastOffset: base.lastOffset,
      lastEnqueuedMs: base.lastEnqueuedMs,
      entries: [],
    };
    const segment = new Segment(dir, base, summary);
    await scan(segment, handle, fileBytes);
    if (summary.bytes < fileBytes) {
      if (!isLast) throw new DamagedSegment(`${path}: damaged at byte ${summary.bytes} of ${fileBytes}`);
      await handle.truncate(summary.bytes);
      await handle.sync();
    }
    return segment;
  } finally {
    await handle.close();
  }
}

async function readHeader(handle: FileHandle): Promise<SegmentBase | undefined> {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  const { bytesRead } = await handle.read(header, 0, SEGMENT_HEADER_BYTES, 0);
  if (bytesRead < SEGMENT_HEADER_BYTES || !header.subarray(0, 8).equals(MAGIC)) return undefined;
  if (crc32(header.subarray(0, 40)) !== header.readUInt32BE(40)) return undefined;
  return {
    baseSequence: header.readBigInt64BE(8),
    baseOffset: header.readBigInt64BE(16),
    lastOffset: header.readBigInt64BE(24),
    lastEnqueuedMs: Number(header.readBigInt64BE(32)),
  };
}

/** Reads frames from `summary.bytes` on, until the end or the first one that is not whole and in sequence. */
async function scan(segment: Segment, handle: FileHandle, fileBytes: number): Promise<void> {
  const { summary } = segment;
  let buffer = Buffer.allocUnsafe(SCAN_BYTES);
  while (summary.bytes < fileBytes) {
    const start = summary.bytes;
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, fileBytes - start), start);
    takeFrames(segment, buffer.subarray(0, bytesRead), start);
    if (summary.bytes > start) continue;
    const wanted = bytesRead < PREFIX_BYTES ? 0 : frameBytesAt(buffer, 0);
    if (wanted <= buffer.length || wanted > Math.min(FRAME_BYTES_MAX, fileBytes - start)) return;
    buffer = Buffer.allocUnsafe(wanted);
  }
}

function takeFrames(segment: Segment, buffer: Buffer, start: number): void {
  const { summary } = segment;
  let at = 0;
  for (;;) {
    const header = readFrameHeader(buffer, at, buffer.length);
    if (header === undefined || header.firstSequence !== summary.nextSequence) return;
    if (!isIntact(buffer, at, header.bytes)) return;
    const position = start + at;
    noteFrame(summary, { position, firstSequence: header.firstSequence, enqueuedMs: header.enqueuedMs });
    summary.nextSequence += BigInt(header.events);
    summary.lastOffset = segment.offsetAt(position + lastEventIn(buffer, at, header));
    summary.lastEnqueuedMs = header.enqueuedMs;
    at += header.bytes;
    summary.bytes = start + at;
  }
}
