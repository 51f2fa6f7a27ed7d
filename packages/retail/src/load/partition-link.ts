import type { StampedEvent } from './event-source.ts';
import type { LastRows, Stamp } from './stamp.ts';

/**
 * The way to one partition of a hub. Every call may fail with `TransientError` (the outcome of a send is then unknown)
 * or `TerminalError` (no use in trying again). After a failure the link is closed and another one opened.
 */
export interface PartitionLink {
  /** Sends as many of the first events as one batch holds and waits for the acknowledgement; returns how many. 0: the first is too large for any batch. */
  send(events: readonly StampedEvent[]): Promise<number>;
  /** Stamp of the newest event of the partition. */
  newestStamp(): Promise<Stamp | 'none' | 'foreign'>;
  /** Reads all of the partition up to its newest event. */
  scan(): Promise<LastRows>;
  /** Never fails. What was sent on this link before is decided afterwards: it arrived or never will. */
  close(): Promise<void>;
}

export interface HubLinks {
  partitions(signal: AbortSignal): Promise<number>;
  open(partition: number): PartitionLink;
  close(): Promise<void>;
}
