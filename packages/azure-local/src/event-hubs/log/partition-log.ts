/**
 * The durable log of one partition. What `append` has resolved for is on disk and never comes back with another sequence;
 * what is not on disk yet is not shown to readers. Memory holds a sparse index only, whatever the log's size.
 */
import { type FileHandle, mkdir, open, readdir } from 'node:fs/promises';
import { encodeFrame, frameBytesMax } from './batch-frame.ts';
import { createSegment, openSegment, SEGMENT_HEADER_BYTES, type Segment } from './segment.ts';
import { noteFrame } from './segment-index.ts';
import type { IncomingEvent } from './stored-event.ts';

export type PartitionLogOptions = {
  readonly dir: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Sequence of the first event ever; for a new partition only. Default 0. */
  readonly firstSequence?: bigint;
  readonly segmentBytesMax?: number;
};

const SEGMENT_BYTES_MAX = 64 << 20;
/** What one write and fsync may cover; a larger batch goes alone. */
const GROUP_BYTES_MAX = 4 << 20;
/** Kept between writes, so that a steady stream makes no garbage. */
const SCRATCH_BYTES_KEPT = 1 << 20;

type Pending = {
  readonly events: readonly IncomingEvent[];
  readonly bytesMax: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
};

/** What `$management` tells of a partition. */
export type PartitionLogState = {
  readonly firstSequence: bigint;
  /** One less than `firstSequence` of a new partition when nothing was ever written. */
  readonly lastSequence: bigint;
  readonly lastOffset: bigint;
  /** Undefined when nothing was ever written. */
  readonly lastEnqueuedMs: number | undefined;
  readonly isEmpty: boolean;
};

export class PartitionLog {
  readonly #dir: string;
  readonly #now: () => number;
  readonly #segmentBytesMax: number;
  #segments: Segment[];
  #writer: { readonly segment: Segment; readonly handle: FileHandle } | undefined;
  readonly #pending: Pending[] = [];
  /** Never rejects. At most one change of the files goes on at a time. */
  #busy: Promise<void> | undefined;
  readonly #listeners = new Set<() => void>();
  #closed = false;
  #scratch: Buffer = Buffer.alloc(0);

  private constructor(options: PartitionLogOptions, segments: Segment[]) {
    this.#dir = options.dir;
    this.#now = options.now;
    this.#segmentBytesMax = options.segmentBytesMax ?? SEGMENT_BYTES_MAX;
    this.#segments = segments;
  }

  static async open(options: PartitionLogOptions): Promise<PartitionLog> {
    const { dir, firstSequence = 0n } = options;
    await mkdir(dir, { recursive: true });
    const names = (await readdir(dir)).filter((name) => name.endsWith('.log')).sort();
    const segments: Segment[] = [];
    for (const name of names) {
      const segment = await openSegment(dir, name, name === names.at(-1));
      if (segment !== undefined) segments.push(segment);
    }
    if (segments.length === 0) {
      const base = { baseSequence: firstSequence, baseOffset: 0n, lastOffset: -1n, lastEnqueuedMs: 0 };
      segments.push(await createSegment(dir, base));
    }
    return new PartitionLog(options, segments);
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  get #last(): Segment {
    return this.#segments[this.#segments.length - 1] as Segment;
  }

  /** Sequence of the next event to come; all below it are on disk. */
  get nextSequence(): bigint {
    return this.#last.summary.nextSequence;
  }

  get firstSequence(): bigint {
    return (this.#segments[0] as Segment).base.baseSequence;
  }

  state(): PartitionLogState {
    const { nextSequence, lastOffset, lastEnqueuedMs } = this.#last.summary;
    return {
      firstSequence: this.firstSequence,
      lastSequence: nextSequence - 1n,
      lastOffset,
      lastEnqueuedMs: lastOffset < 0n ? undefined : lastEnqueuedMs,
      isEmpty: nextSequence === this.firstSequence,
    };
  }

  /** Resolves when the events are on disk, in the order of the calls and all of them or none. */
  append(events: readonly IncomingEvent[]): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('the partition log is closed'));
    return new Promise((resolve, reject) => {
      this.#pending.push({ events, bytesMax: frameBytesMax(events), resolve, reject });
      if (this.#busy === undefined) this.#occupy(this.#writeAll());
    });
  }

  /** Calls `listener` whenever new events can be read; returns how to stop that. */
  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Drops the segments whose events were all enqueued before `beforeMs`. */
  async dropBefore(beforeMs: number): Promise<void> {
    while (this.#busy !== undefined) await this.#busy;
    if (this.#closed) return;
    const dropping = this.#drop(beforeMs);
    this.#occupy(dropping.catch(() => {}));
    await dropping;
  }

  async close(): Promise<void> {
    this.#closed = true;
    while (this.#busy !== undefined) await this.#busy;
    await this.#writer?.handle.close();
    this.#writer = undefined;
    await this.#last.writeIndex();
  }

  #occupy(work: Promise<void>): void {
    this.#busy = work.then(() => {
      this.#busy = undefined;
      if (this.#pending.length > 0) this.#occupy(this.#writeAll());
    });
  }

  async #drop(beforeMs: number): Promise<void> {
    if (!this.#last.isEmpty && this.#last.summary.lastEnqueuedMs < beforeMs) await this.#roll();
    const kept = this.#segments.filter(
      (segment) => segment === this.#last || segment.summary.lastEnqueuedMs >= beforeMs,
    );
    const dropped = this.#segments.slice(0, this.#segments.length - kept.length);
    this.#segments = kept;
    for (const segment of dropped) await segment.remove();
  }

  async #writeAll(): Promise<void> {
    // Sends of one turn of the event loop come in one after the other: let them share the first fsync.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending.length > 0) {
      const group = this.#nextGroup();
      try {
        await this.#write(group);
      } catch (error) {
        for (const { reject } of group) reject(error);
        continue;
      }
      for (const { resolve } of group) resolve();
      for (const listener of [...this.#listeners]) listener();
    }
  }

  #nextGroup(): Pending[] {
    let count = 1;
    let bytes = this.#pending[0]?.bytesMax ?? 0;
    for (; count < this.#pending.length; count++) {
      bytes += this.#pending[count]?.bytesMax ?? 0;
      if (bytes > GROUP_BYTES_MAX) break;
    }
    return this.#pending.splice(0, count);
  }

  async #write(group: readonly Pending[]): Promise<void> {
    if (this.#last.summary.bytes >= this.#segmentBytesMax) await this.#roll();
    const segment = this.#last;
    const { summary } = segment;
    const handle = await this.#handleOf(segment);
    // Never backwards, also when the machine's clock is: positions by time rest on it.
    const enqueuedMs = Math.max(this.#now(), summary.lastEnqueuedMs);
    const scratch = this.#scratchOf(group);
    const after = { ...summary };
    let at = 0;
    for (const { events } of group) {
      const position = after.bytes;
      const { nextSequence: firstSequence } = after;
      const offset = segment.offsetAt(position);
      const frame = encodeFrame(scratch, at, events, { firstSequence, enqueuedMs, offset });
      noteFrame(summary, { position, firstSequence, enqueuedMs });
      at += frame.bytes;
      after.bytes += frame.bytes;
      after.nextSequence += BigInt(events.length);
      after.lastOffset = offset + BigInt(frame.lastEventAt);
    }
    try {
      await writeFully(handle, scratch.subarray(0, at), summary.bytes);
      await handle.datasync();
    } catch (error) {
      while ((summary.entries.at(-1)?.position ?? 0) >= summary.bytes) summary.entries.pop();
      await handle.truncate(summary.bytes);
      throw error;
    }
    summary.bytes = after.bytes;
    summary.nextSequence = after.nextSequence;
    summary.lastOffset = after.lastOffset;
    summary.lastEnqueuedMs = enqueuedMs;
  }

  #scratchOf(group: readonly Pending[]): Buffer {
    const bytes = group.reduce((sum, { bytesMax }) => sum + bytesMax, 0);
    if (bytes > SCRATCH_BYTES_KEPT) return Buffer.allocUnsafeSlow(bytes);
    if (this.#scratch.length < bytes) this.#scratch = Buffer.allocUnsafeSlow(bytes);
    return this.#scratch;
  }

  async #handleOf(segment: Segment): Promise<FileHandle> {
    if (this.#writer?.segment !== segment) {
      await this.#writer?.handle.close();
      this.#writer = { segment, handle: await open(segment.path, 'r+') };
    }
    return this.#writer.handle;
  }

  async #roll(): Promise<void> {
    const { summary, base } = this.#last;
    await this.#last.writeIndex();
    const next = await createSegment(this.#dir, {
      baseSequence: summary.nextSequence,
      baseOffset: base.baseOffset + BigInt(summary.bytes - SEGMENT_HEADER_BYTES),
      lastOffset: summary.lastOffset,
      lastEnqueuedMs: summary.lastEnqueuedMs,
    });
    this.#segments = [...this.#segments, next];
  }
}

/** A short write is legal: goes on with the rest. */
async function writeFully(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
