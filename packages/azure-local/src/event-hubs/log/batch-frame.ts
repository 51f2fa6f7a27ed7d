/**
 * One acknowledged send on disk. The checksum covers the whole batch: after a crash a batch is there or not at all, as in
 * the service.
 *
 *     0  u32 bytes after this prefix of 8   4  u32 crc32 of those bytes
 *     8  i64 sequence of the first event   16  i64 enqueued, milliseconds since 1970   24  u32 events
 *    28  per event: u32 bytes, u16 bytes of its AMQP header section, wire bytes (stored-event.ts)
 */
import { crc32 } from 'node:zlib';
import { eventBytesMax, type IncomingEvent, writeEvent } from './stored-event.ts';

export const PREFIX_BYTES = 8;
const FRAME_HEADER_BYTES = 28;
const EVENT_HEADER_BYTES = 6;

export type FramePlace = {
  readonly firstSequence: bigint;
  readonly enqueuedMs: number;
  /** Offset in the partition's stream of the frame's first byte. */
  readonly offset: bigint;
};

/** An upper bound of what `encodeFrame` needs. */
export function frameBytesMax(events: readonly IncomingEvent[]): number {
  let bytesMax = FRAME_HEADER_BYTES;
  for (const event of events) bytesMax += EVENT_HEADER_BYTES + eventBytesMax(event);
  return bytesMax;
}

/** Both counted from the frame's first byte. */
export type EncodedFrame = { readonly bytes: number; readonly lastEventAt: number };

/** Writes the frame at `start` of `target`. */
export function encodeFrame(
  target: Buffer,
  start: number,
  events: readonly IncomingEvent[],
  place: FramePlace,
): EncodedFrame {
  let at = start + FRAME_HEADER_BYTES;
  let sequence = place.firstSequence;
  let lastEventAt = at;
  for (const event of events) {
    lastEventAt = at;
    const offset = (place.offset + BigInt(at - start)).toString();
    const coordinates = { sequence, offset, enqueuedMs: place.enqueuedMs };
    const end = writeEvent(target, at + EVENT_HEADER_BYTES, event, coordinates);
    target.writeUInt32BE(end - at - EVENT_HEADER_BYTES, at);
    target.writeUInt16BE(event.header.length, at + 4);
    at = end;
    sequence += 1n;
  }
  target.writeUInt32BE(at - start - PREFIX_BYTES, start);
  target.writeBigInt64BE(place.firstSequence, start + 8);
  target.writeBigInt64BE(BigInt(place.enqueuedMs), start + 16);
  target.writeUInt32BE(events.length, start + 24);
  target.writeUInt32BE(crc32(target.subarray(start + PREFIX_BYTES, at)), start + 4);
  return { bytes: at - start, lastEventAt: lastEventAt - start };
}

export type FrameHeader = {
  /** With the prefix. */
  readonly bytes: number;
  readonly firstSequence: bigint;
  readonly enqueuedMs: number;
  readonly events: number;
};

/** The header of the frame at `at`, or undefined when the buffer ends before the frame does. */
export function readFrameHeader(buffer: Buffer, at: number, end: number): FrameHeader | undefined {
  if (end - at < FRAME_HEADER_BYTES) return undefined;
  const bytes = buffer.readUInt32BE(at) + PREFIX_BYTES;
  if (bytes > end - at || bytes < FRAME_HEADER_BYTES) return undefined;
  return {
    bytes,
    firstSequence: buffer.readBigInt64BE(at + 8),
    enqueuedMs: Number(buffer.readBigInt64BE(at + 16)),
    events: buffer.readUInt32BE(at + 24),
  };
}

/** How many bytes the frame at `at` has by its prefix, which alone must be in the buffer. */
export function frameBytesAt(buffer: Buffer, at: number): number {
  return buffer.readUInt32BE(at) + PREFIX_BYTES;
}

export function isIntact(buffer: Buffer, at: number, bytes: number): boolean {
  return crc32(buffer.subarray(at + PREFIX_BYTES, at + bytes)) === buffer.readUInt32BE(at + 4);
}

/** One event of a frame: `wire` is a view into the buffer, `headerBytes` of it are the AMQP header section. */
export type StoredEvent = { readonly sequence: bigint; readonly wire: Buffer; readonly headerBytes: number };

/** Appends the events of the frame at `at` whose sequence is `from` or more. */
export function pushEvents(
  target: StoredEvent[],
  buffer: Buffer,
  at: number,
  header: FrameHeader,
  from: bigint,
): void {
  let next = at + FRAME_HEADER_BYTES;
  const skip = from > header.firstSequence ? Number(from - header.firstSequence) : 0;
  for (let index = 0; index < header.events; index++) {
    const wireBytes = buffer.readUInt32BE(next);
    const start = next + EVENT_HEADER_BYTES;
    if (index >= skip)
      target.push({
        sequence: header.firstSequence + BigInt(index),
        wire: buffer.subarray(start, start + wireBytes),
        headerBytes: buffer.readUInt16BE(next + 4),
      });
    next = start + wireBytes;
  }
}

/** Where the last event of the frame at `at` begins, counted from the frame. */
export function lastEventIn(buffer: Buffer, at: number, header: FrameHeader): number {
  let next = FRAME_HEADER_BYTES;
  for (let index = 1; index < header.events; index++)
    next += EVENT_HEADER_BYTES + buffer.readUInt32BE(at + next);
  return next;
}

/** Sequence of the first event in the frame that begins after byte `position` of the buffer (at it too when `inclusive`). */
export function firstEventAfter(
  buffer: Buffer,
  at: number,
  header: FrameHeader,
  position: number,
  inclusive: boolean,
): bigint {
  let next = at + FRAME_HEADER_BYTES;
  for (let index = 0; index < header.events; index++) {
    if (next > position || (inclusive && next === position)) return header.firstSequence + BigInt(index);
    next += EVENT_HEADER_BYTES + buffer.readUInt32BE(next);
  }
  return header.firstSequence + BigInt(header.events);
}
