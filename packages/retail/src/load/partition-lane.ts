import { TransientError } from '@lakewarden/contracts';
import type { StampedEvent } from './event-source.ts';
import type { HubLinks, PartitionLink } from './partition-link.ts';
import { RowQueue } from './row-queue.ts';
import { type LastRows, resumeFrom, type SourceRows } from './stamp.ts';

/** Failures in a row, without an acknowledged batch between, before a lane gives up: about half a minute. */
export const DOUBTS_MAX = 18;
const DOUBT_PAUSE_MS_FIRST = 50;
const DOUBT_PAUSE_MS_MAX = 2_000;
export const BATCH_EVENTS_MAX = 500;
const QUEUED_EVENTS_MAX = 2_000;

export interface LaneOptions {
  readonly links: HubLinks;
  readonly partition: number;
  readonly partitions: number;
  /** In the order of sending. */
  readonly sources: readonly SourceRows[];
  /** Called after each acknowledged batch, and with the rows that turned out to have arrived after a doubt. */
  readonly onSent: (events: number) => void;
  readonly onTooLarge: (event: StampedEvent) => void;
  readonly onDoubt: (partition: number, cause: unknown) => void;
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * Sends the rows of one partition, each exactly once: one batch in flight, and after any doubt the link is closed and
 * the newest stamp of the partition decides what of the batch arrived (I6).
 */
export class PartitionLane {
  readonly queue = new RowQueue<StampedEvent>(QUEUED_EVENTS_MAX);
  readonly #options: LaneOptions;
  #link: PartitionLink | undefined;
  /** Taken from the queue and not yet known to have arrived. */
  #pending: readonly StampedEvent[] = [];
  #doubts = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** What the partition holds already. Rows up to these must not be queued. */
  async open(): Promise<LastRows> {
    return this.#retrying(() => this.#resume());
  }

  /** Runs until the queue is closed and empty, or fails. Stops between two batches when `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        if (this.#pending.length === 0) {
          const taken = await this.queue.take(BATCH_EVENTS_MAX);
          if (taken === undefined) return;
          this.#pending = taken;
        }
        await this.#retrying(() => this.#sendSome());
      }
    } catch (reason) {
      this.queue.fail(reason);
      throw reason;
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    await link?.close();
  }

  async #sendSome(): Promise<void> {
    if (this.#link === undefined) await this.#dropArrived();
    const first = this.#pending[0];
    if (first === undefined || this.#link === undefined) return;
    const sent = await this.#link.send(this.#pending);
    this.#pending = this.#pending.slice(Math.max(1, sent));
    if (sent === 0) this.#options.onTooLarge(first);
    else this.#options.onSent(sent);
  }

  async #dropArrived(): Promise<void> {
    const lastRows = await this.#resume();
    const before = this.#pending.length;
    this.#pending = this.#pending.filter((event) => event.row > (lastRows.get(event.source) ?? 0));
    if (this.#pending.length < before) this.#options.onSent(before - this.#pending.length);
  }

  async #resume(): Promise<LastRows> {
    const { links, partition, partitions, sources } = this.#options;
    this.#link ??= links.open(partition);
    const point = resumeFrom(await this.#link.newestStamp(), sources, partition, partitions);
    return point.kind === 'known' ? point.lastRows : await this.#link.scan();
  }

  async #retrying<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await attempt();
        this.#doubts = 0;
        return result;
      } catch (cause) {
        this.#doubts += 1;
        await this.close();
        if (!(cause instanceof TransientError) || this.#doubts >= DOUBTS_MAX) throw cause;
        this.#options.onDoubt(this.#options.partition, cause);
        const pauseMs = Math.min(DOUBT_PAUSE_MS_MAX, DOUBT_PAUSE_MS_FIRST * 2 ** (this.#doubts - 1));
        await this.#options.sleep(Math.max(pauseMs, cause.retryAfterMs ?? 0));
      }
    }
  }
}
