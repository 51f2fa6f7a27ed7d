/**
 * A finite or endless row of events that always comes in the same order with the same bytes: row n is the nth event.
 * Names are unique within a hub and never change their meaning, because they stand in the stamps of the events.
 */
export interface EventSource {
  readonly name: string;
  /** Rows in all. Undefined for an endless source, which must be the only one of its hub. */
  count(signal: AbortSignal): Promise<number | undefined>;
  /** The rows in order, a block at a time; those up to `sentRows` are not needed and may be left out. */
  blocks(signal: AbortSignal, sentRows: number): AsyncIterable<EventBlock>;
}

export interface EventBlock {
  /** Row number of the first event of the block. */
  readonly firstRow: number;
  readonly count: number;
  /** Bytes of the event with this index in the block; made when asked, as rows sent before are passed over. */
  body(index: number): Buffer;
}

/** One event on its way to a partition. */
export interface StampedEvent {
  readonly source: string;
  readonly row: number;
  readonly after: string | undefined;
  readonly body: Buffer;
}
