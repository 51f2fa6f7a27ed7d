import assert from 'node:assert/strict';
import type { EventHubConsumerClient, ReceivedEventData, SubscribeOptions } from '@azure/event-hubs';
import type { EventChunk } from '@lakewarden/compute';
import { TerminalError, TransientError } from '@lakewarden/contracts';
import type { Clock, ReadRequest } from '@lakewarden/core';
import { classAmqpError, isStolen } from './amqp-errors.ts';
import { checkedSequence, createEventPacker, type EventPacker } from './event-packer.ts';
import { CLOSE_MS_MAX } from './hub-clients.ts';
import { settledWithin } from './settled-within.ts';

/** How one subscription ended. After `stalled` another one may go on from the last event seen. */
export type ReadEnd = 'reached' | 'stolen' | 'stalled';

/** The state of a read that outlives its subscriptions. */
export interface PartitionRead {
  /** Reads with this client until the end of the range, a theft, or a stall. Throws what is wrong otherwise. */
  run(client: EventHubConsumerClient, signal: AbortSignal): Promise<ReadEnd>;
  /** Last sequence number packed or passed over; undefined when nothing came yet and the read began at the oldest. */
  readonly seen: number | undefined;
}

export interface PartitionReadOptions {
  readonly request: ReadRequest;
  readonly onChunk: (chunk: EventChunk) => Promise<void>;
  readonly clock: Clock;
  readonly stallMsMax: number;
  readonly chunkBytesMax: number;
}

/**
 * What the drain rate was measured with (facts.md, Azure 3: a fetch of less than a batch sleeps 20 ms, so the prefetch
 * is several batches). More would only keep events alive until they are old, and garbage: at 4,000 a drain of four
 * partitions took 180 MB more and was no faster. The long wait keeps idle partitions from piling up credit (8.1); it delays nothing.
 */
const SUBSCRIBE: SubscribeOptions = {
  maxBatchSize: 250,
  prefetchCount: 1_000,
  maxWaitTimeInSeconds: 60,
  skipParsingBodyAsJson: true,
};

export function createPartitionRead(options: PartitionReadOptions): PartitionRead {
  const { request, onChunk, clock, stallMsMax } = options;
  const upTo = toNumber(request.upTo);
  const packer: EventPacker = createEventPacker(
    request.partition,
    request.chunkEventsMax,
    options.chunkBytesMax,
  );
  let seen = request.after === undefined ? undefined : toNumber(request.after);
  let isFirst = true;

  /** True when the range is complete. Trims what is known already and what lies beyond it. */
  async function take(events: readonly ReceivedEventData[], isOpen: () => boolean): Promise<boolean> {
    for (const event of events) {
      const sequence = checkedSequence(event.sequenceNumber);
      if (seen !== undefined && sequence <= seen) continue;
      checkNoHole(sequence);
      if (sequence > upTo) return true;
      packer.add(event);
      seen = sequence;
      if (packer.isFull || sequence === upTo) await onChunk(packer.take());
      if (sequence === upTo) return true;
      if (!isOpen()) return false;
    }
    return false;
  }

  /**
   * Sequence numbers of a partition are contiguous, so a gap is a loss (I11), except before the first event: there
   * retention may have removed events, which the caller sees in `PartitionState.first`.
   */
  function checkNoHole(sequence: number): void {
    if (!isFirst && seen !== undefined && sequence !== seen + 1) {
      const where = `${request.source.namespace}/${request.source.hub}/${request.partition}`;
      throw new TerminalError('corrupt', `${where}: event ${sequence} came after ${seen}`);
    }
    isFirst = false;
  }

  async function run(client: EventHubConsumerClient, signal: AbortSignal): Promise<ReadEnd> {
    if (seen !== undefined && seen >= upTo) return 'reached';
    const { promise: ended, resolve: end, reject: fail } = Promise.withResolvers<ReadEnd>();
    // It may fail while what was received last is still being handed over.
    ended.catch(() => undefined);
    const stop = new AbortController();
    let isOpen = true;
    let inFlight: Promise<void> = Promise.resolve();
    let isHandling = false;

    const handle = async (events: ReceivedEventData[]) => {
      if (!isOpen) return;
      isHandling = true;
      try {
        if (await take(events, () => isOpen)) end('reached');
      } catch (error) {
        fail(error);
      } finally {
        isHandling = false;
      }
    };
    const onAbort = () => fail(new TransientError('cancelled', 'the read was cancelled'));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();

    const subscription = client.subscribe(
      String(request.partition),
      {
        // Never throws: a handler that does darkens the partition for 70 s (facts.md, Azure 8.4).
        processEvents: (events) => {
          inFlight = handle(events);
          return inFlight;
        },
        // A pump that goes on after a theft would steal the partition back (8.3), so every error ends the read.
        processError: async (error) => {
          if (isStolen(error)) end('stolen');
          else fail(classAmqpError(error, `read ${request.source.hub}/${request.partition}`));
        },
      },
      { ...SUBSCRIBE, startPosition: startPosition(seen), ownerLevel: ownerLevel(request.ownerLevel) },
    );
    watch(() => (isHandling ? undefined : (seen ?? -1)), stop.signal).then((isStalled) => {
      if (isStalled) end('stalled');
    }, fail);
    try {
      return await ended;
    } finally {
      isOpen = false;
      stop.abort();
      signal.removeEventListener('abort', onAbort);
      // close() settles early or never (8.5): the handler is ours to wait for, and what hangs is thrown away.
      await inFlight;
      await settledWithin(CLOSE_MS_MAX, subscription.close());
    }
  }

  /** True after `stallMsMax` in which `progress` was the same number; undefined stands for work of the caller. */
  async function watch(progress: () => number | undefined, stopped: AbortSignal): Promise<boolean> {
    let before = progress();
    for (;;) {
      try {
        await clock.sleep(stallMsMax, stopped);
      } catch (error) {
        if (stopped.aborted) return false;
        throw error;
      }
      const now = progress();
      if (now !== undefined && now === before) return true;
      before = now;
    }
  }

  return {
    run,
    get seen() {
      return seen;
    },
  };
}

function startPosition(seen: number | undefined): NonNullable<SubscribeOptions['startPosition']> {
  return seen === undefined ? { offset: '-1' } : { sequenceNumber: seen, isInclusive: false };
}

/** The SDK sends no epoch at all for level 0, and none above 2^53 without loss. */
function ownerLevel(epoch: bigint): number {
  assert(epoch > 0n, 'an owner level is at least 1');
  return toNumber(epoch);
}

function toNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new TerminalError('unsupported', `the SDK cannot represent ${value}, it is beyond 2^53`);
  }
  return number;
}
