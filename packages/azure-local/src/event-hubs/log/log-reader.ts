/** Reads a partition's log in pages, from any point; holds one page at a time. */
import { type FileHandle, open } from 'node:fs/promises';
import {
  type FrameHeader,
  firstEventAfter,
  frameBytesAt,
  PREFIX_BYTES,
  pushEvents,
  readFrameHeader,
  type StoredEvent,
} from './batch-frame.ts';
import type { PartitionLog } from './partition-log.ts';
import type { Segment } from './segment.ts';
import { type IndexEntry, lastEntryWhere } from './segment-index.ts';

const PAGE_BYTES = 256 << 10;

type Visit = (buffer: Buffer, at: number, header: FrameHeader, position: number) => 'more' | 'enough';

export class LogReader {
  readonly #log: PartitionLog;
  #next: bigint;
  /** The frame that holds `#next` begins at `position` of `segment`, if it exists already. */
  #place: { segment: Segment; position: number } | undefined;
  #page: Buffer | undefined;
  #open: { readonly segment: Segment; readonly handle: FileHandle } | undefined;

  /** `from`: sequence of the first event to read; events that retention has dropped are passed over. */
  constructor(log: PartitionLog, from: bigint) {
    this.#log = log;
    this.#next = from;
  }

  /** Sequence of the next event that `readPage` gives. */
  get next(): bigint {
    return this.#next;
  }

  get isAtEnd(): boolean {
    return this.#next >= this.#log.nextSequence;
  }

  /** Up to a page of events; empty when there are no newer ones. Views into the page, valid until the next call. */
  async readPage(): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    while (events.length === 0 && !this.isAtEnd) {
      if (this.#next < this.#log.firstSequence) this.#moveTo(this.#log.firstSequence);
      const from = this.#next;
      const { segment, position } = this.#place ?? this.#placeOf(from);
      const end = await this.#visitPage(segment, position, (buffer, at, header) => {
        pushEvents(events, buffer, at, header, from);
        return 'more';
      });
      const last = events.at(-1);
      if (last !== undefined) this.#next = last.sequence + 1n;
      this.#place = end < segment.summary.bytes ? { segment, position: end } : undefined;
    }
    return events;
  }

  /** Sequence of the first event whose offset is greater than `offset` (or equal to it, when `inclusive`). */
  async sequenceAtOffset(offset: bigint, inclusive: boolean): Promise<bigint> {
    const segment = this.#log.segments.findLast(({ base }) => base.baseOffset <= offset);
    if (segment === undefined) return this.#log.firstSequence;
    const wanted = segment.positionOf(offset);
    const start = lastEntryWhere(segment.summary.entries, ({ position }) => position <= wanted);
    return this.#search(segment, start, (buffer, at, header, position) =>
      position + header.bytes <= wanted
        ? undefined
        : firstEventAfter(buffer, at, header, at + wanted - position, inclusive),
    );
  }

  /** Sequence of the first event enqueued after `afterMs`. */
  async sequenceAfterTime(afterMs: number): Promise<bigint> {
    const segment = this.#log.segments.find(({ summary }) => summary.lastEnqueuedMs > afterMs);
    if (segment === undefined) return this.#log.nextSequence;
    const start = lastEntryWhere(segment.summary.entries, ({ enqueuedMs }) => enqueuedMs <= afterMs);
    return this.#search(segment, start, (_buffer, _at, header) =>
      header.enqueuedMs > afterMs ? header.firstSequence : undefined,
    );
  }

  async close(): Promise<void> {
    const opened = this.#open;
    this.#open = undefined;
    await opened?.handle.close();
  }

  #moveTo(sequence: bigint): void {
    this.#next = sequence;
    this.#place = undefined;
  }

  #placeOf(sequence: bigint): { segment: Segment; position: number } {
    const segment = this.#log.segments.findLast(({ base }) => base.baseSequence <= sequence) as Segment;
    const entry = lastEntryWhere(segment.summary.entries, ({ firstSequence }) => firstSequence <= sequence);
    return { segment, position: (entry as IndexEntry).position };
  }

  async #search(
    segment: Segment,
    start: IndexEntry | undefined,
    find: (buffer: Buffer, at: number, header: FrameHeader, position: number) => bigint | undefined,
  ): Promise<bigint> {
    let found: bigint | undefined;
    let position = start?.position ?? segment.summary.bytes;
    while (found === undefined && position < segment.summary.bytes)
      position = await this.#visitPage(segment, position, (buffer, at, header, framePosition) => {
        found = find(buffer, at, header, framePosition);
        return found === undefined ? 'more' : 'enough';
      });
    return found ?? segment.summary.nextSequence;
  }

  /** Shows the whole frames of the page at `start`, at least one; returns where the first frame not shown begins. */
  async #visitPage(segment: Segment, start: number, visit: Visit): Promise<number> {
    const handle = await this.#handleOf(segment);
    const available = segment.summary.bytes - start;
    this.#page ??= Buffer.allocUnsafeSlow(PAGE_BYTES);
    let buffer = this.#page.subarray(0, Math.min(PAGE_BYTES, available));
    await readFully(handle, buffer, start);
    const firstBytes = frameBytesAt(buffer, 0);
    if (firstBytes > buffer.length) {
      buffer = Buffer.allocUnsafeSlow(firstBytes);
      await readFully(handle, buffer, start);
    }
    let at = 0;
    while (buffer.length - at >= PREFIX_BYTES) {
      const header = readFrameHeader(buffer, at, buffer.length);
      if (header === undefined) break;
      const verdict = visit(buffer, at, header, start + at);
      at += header.bytes;
      if (verdict === 'enough') break;
    }
    if (at === 0) throw new Error(`${segment.path}: no frame at byte ${start}`);
    return start + at;
  }

  async #handleOf(segment: Segment): Promise<FileHandle> {
    if (this.#open?.segment !== segment) {
      await this.close();
      this.#open = { segment, handle: await open(segment.path, 'r') };
    }
    return this.#open.handle;
  }
}

async function readFully(handle: FileHandle, buffer: Buffer, position: number): Promise<void> {
  for (let done = 0; done < buffer.length; ) {
    const { bytesRead } = await handle.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) throw new Error('the log is shorter than its index says');
    done += bytesRead;
  }
}
