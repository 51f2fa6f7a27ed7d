/**
 * An event as it lies in the log: the very bytes that a consumer gets, annotations of the service included. They are
 * encoded once, at append, so that reading is slicing.
 */

/** An event as its sender encoded it, split where the service adds its annotations. */
export type IncomingEvent = {
  /** The encoded header section, or nothing. */
  readonly header: Buffer;
  /** The sender's own message annotations: encoded keys and values, without the map around them. */
  readonly annotations: Buffer;
  /** Keys plus values in `annotations`. */
  readonly annotationItems: number;
  readonly partitionKey: string | undefined;
  /** Properties, application properties, body and footer, untouched. */
  readonly rest: Buffer;
};

const SEQUENCE_KEY = symbol('x-opt-sequence-number');
const OFFSET_KEY = symbol('x-opt-offset');
const ENQUEUED_KEY = symbol('x-opt-enqueued-time');
const PARTITION_KEY = symbol('x-opt-partition-key');

/** Descriptor of the section (3), map32 constructor, size and count (9), three keys, long and timestamp (9 each). */
const FIXED_BYTES = 3 + 9 + SEQUENCE_KEY.length + 9 + OFFSET_KEY.length + 2 + ENQUEUED_KEY.length + 9;
/** An offset is a decimal of at most 20 digits. */
const OFFSET_DIGITS_MAX = 20;

/** An upper bound of what `writeEvent` needs. */
export function eventBytesMax(event: IncomingEvent): number {
  const key =
    event.partitionKey === undefined ? 0 : PARTITION_KEY.length + 5 + Buffer.byteLength(event.partitionKey);
  return (
    FIXED_BYTES + OFFSET_DIGITS_MAX + key + event.header.length + event.annotations.length + event.rest.length
  );
}

export type EventCoordinates = {
  readonly sequence: bigint;
  /** Text form, as consumers see it. */
  readonly offset: string;
  readonly enqueuedMs: number;
};

/** Writes the event's wire form at `at`; returns where it ends. */
export function writeEvent(
  target: Buffer,
  at: number,
  event: IncomingEvent,
  coordinates: EventCoordinates,
): number {
  let next = at + event.header.copy(target, at);
  target[next] = 0x00;
  target[next + 1] = 0x53;
  target[next + 2] = 0x72;
  target[next + 3] = 0xd1;
  const sizeAt = next + 4;
  const items = 6 + (event.partitionKey === undefined ? 0 : 2) + event.annotationItems;
  target.writeUInt32BE(items, sizeAt + 4);
  next = sizeAt + 8;
  next += SEQUENCE_KEY.copy(target, next);
  target[next] = 0x81;
  next = target.writeBigInt64BE(coordinates.sequence, next + 1);
  next += OFFSET_KEY.copy(target, next);
  next = writeText(target, next, coordinates.offset);
  next += ENQUEUED_KEY.copy(target, next);
  target[next] = 0x83;
  next = target.writeBigInt64BE(BigInt(coordinates.enqueuedMs), next + 1);
  if (event.partitionKey !== undefined) {
    next += PARTITION_KEY.copy(target, next);
    next = writeText(target, next, event.partitionKey);
  }
  next += event.annotations.copy(target, next);
  target.writeUInt32BE(next - sizeAt - 4, sizeAt);
  return next + event.rest.copy(target, next);
}

function writeText(target: Buffer, at: number, text: string): number {
  const length = Buffer.byteLength(text);
  if (length <= 255) {
    target[at] = 0xa1;
    target[at + 1] = length;
    return at + 2 + target.write(text, at + 2, 'utf8');
  }
  target[at] = 0xb1;
  target.writeUInt32BE(length, at + 1);
  return at + 5 + target.write(text, at + 5, 'utf8');
}

function symbol(text: string): Buffer {
  return Buffer.concat([Buffer.of(0xa3, text.length), Buffer.from(text, 'latin1')]);
}
