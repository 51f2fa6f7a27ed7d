import type { ReceivedEventData } from '@azure/event-hubs';
import type { EventChunk } from '@lakewarden/compute';
import { TerminalError } from '@lakewarden/contracts';

export interface EventPacker {
  /** Copies the event in. The caller keeps sequences in order and takes the chunk when it is full. */
  add(event: ReceivedEventData): void;
  readonly count: number;
  /** The event count or the byte bound is reached; the last body may lie beyond the bound. */
  readonly isFull: boolean;
  /** What was added since the last take; the packer starts anew. */
  take(): EventChunk;
}

const BODIES_BYTES_FIRST = 64 * 1024;

/**
 * Turns events into columns without keeping the SDK's objects alive: an event of 1 kB costs about three times that as
 * objects, and only the columns can go to another thread without being copied.
 */
export function createEventPacker(partition: number, eventsMax: number, bytesMax: number): EventPacker {
  let sequences = new BigInt64Array(eventsMax);
  let enqueuedMs = new Float64Array(eventsMax);
  let ends = new Uint32Array(eventsMax);
  let offsets: string[] = [];
  let bodies = new Uint8Array(BODIES_BYTES_FIRST);
  let bytes = 0;
  let count = 0;

  return {
    add(event) {
      const body = Buffer.isBuffer(event.body) ? event.body : bodyBytes(event);
      if (bytes + body.length > bodies.length) bodies = grow(bodies, bytes + body.length);
      bodies.set(body, bytes);
      bytes += body.length;
      sequences[count] = BigInt(event.sequenceNumber);
      enqueuedMs[count] = event.enqueuedTimeUtc.getTime();
      ends[count] = bytes;
      offsets.push(event.offset);
      count++;
    },
    get count() {
      return count;
    },
    get isFull() {
      return count >= eventsMax || bytes >= bytesMax;
    },
    take() {
      const whole = count === eventsMax;
      const chunk: EventChunk = {
        partition,
        count,
        sequences: whole ? sequences : sequences.slice(0, count),
        enqueuedMs: whole ? enqueuedMs : enqueuedMs.slice(0, count),
        ends: whole ? ends : ends.slice(0, count),
        offsets,
        // Shrinks in place; the old view is detached.
        bodies: new Uint8Array(bodies.buffer.transfer(bytes)),
      };
      sequences = whole ? new BigInt64Array(eventsMax) : sequences;
      enqueuedMs = whole ? new Float64Array(eventsMax) : enqueuedMs;
      ends = whole ? new Uint32Array(eventsMax) : ends;
      offsets = [];
      bodies = new Uint8Array(Math.max(BODIES_BYTES_FIRST, bytes));
      bytes = 0;
      count = 0;
      return chunk;
    },
  };
}

function grow(bodies: Uint8Array<ArrayBuffer>, needed: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bodies.buffer.transfer(Math.max(needed, bodies.length * 2)));
}

/**
 * A 64-bit sequence number as the SDK hands it over. Beyond 2^53 its JavaScript number has lost digits, and what cannot
 * be told apart must not be landed.
 */
export function checkedSequence(sequenceNumber: number): number {
  if (Number.isSafeInteger(sequenceNumber)) return sequenceNumber;
  throw new TerminalError('unsupported', `the SDK cannot represent the sequence number ${sequenceNumber}`);
}

/**
 * The bytes of a body as they were sent. A data section (also one in several parts) is taken as it is; text and binary
 * of an AMQP value section too; every other AMQP value or sequence becomes its JSON text.
 */
export function bodyBytes(event: Pick<ReceivedEventData, 'body' | 'getRawAmqpMessage'>): Uint8Array {
  const body: unknown = event.body;
  if (body instanceof Uint8Array) return body;
  if (typeof body === 'string') return Buffer.from(body, 'utf8');
  const isData = event.getRawAmqpMessage().bodyType === 'data';
  if (isData && (body === null || body === undefined)) return new Uint8Array(0);
  if (isData && Array.isArray(body) && body.every((part) => part instanceof Uint8Array))
    return Buffer.concat(body);
  return Buffer.from(JSON.stringify(body, replaceBigint) ?? 'null', 'utf8');
}

function replaceBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
