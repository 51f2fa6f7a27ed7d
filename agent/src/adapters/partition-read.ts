import assert from 'node:assert/strict';
import type { EventHubConsumerClient, ReceivedEventData, SubscribeOptions } from '@azure/event-hubs';
import type { EventChunk } from '@lakewarden/compute';
import { TerminalError, TransientError } from '@lakewarden/contracts';
import type { Clock, ReadRequest } from '@lakewarden/core';
import { classAmqpError, isStolen } from './amqp-errors.ts';
import { checkedSequence, createEventPacker, type EventPacker } from './event-packer.ts';
import { settledWithin } from './settled-within.ts';

/** How one subscription ended, as far as the hub is concerned. */
export type ReadEnd =
  /** `isClosed`: the subscription is gone, so that its client may be used again. */
  | { readonly kind: 'reached'; readonly isClosed: boolean }
  | { readonly kind: 'stolen' }
  /** Whoever takes the chunks has failed, with this; the hub has not. */
  | { readonly kind: 'refused'; readonly error: unknown };

/** The state of a read that outlives its subscriptions. */
export interface PartitionRead {
  /**
   * Reads with this client until the end of the range or a theft. Throws what is wrong otherwise, a silence of
   * `stallMsMax` as `TransientError('timeout')`; another run then goes on after the last event seen.
   */
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

/** A link that was read to its end closes within milliseconds. */
const SUBSCRIPTION_CLOSE_MS_MAX = 1_000;

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

/** Tells what the taker of chunks threw from what is wrong with the events. */
class Refusal extends Error {}

export function createPartitionRead(options: PartitionReadOptions): PartitionRead {
  const { request, onChunk, clock, stallMsMax } = options;
  const where = `${request.source.namespace}/${request.source.hub}/${request.partition}`;
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
      if (packer.isFull || sequence === upTo) await hand(packer.take());
      if (sequence === upTo) return true;
      if (!isOpen()) return false;
    }
    return false;
  }

  async function hand(chunk: EventChunk): Promise<void> {
    try {
      await onChunk(chunk);
    } catch (cause) {
      throw new Refusal('a chunk was refused', { cause });
    }
  }

  /**
   * Sequence numbers of a partition are contiguous, so a gap is a loss (I11), except before the first event: there
   * retention may have removed events, which the caller sees in `PartitionState.first`.
   */
  function checkNoHole(sequence: number): void {
    if (!isFirst && seen !== undefined && sequence !== seen + 1) {
      throw new TerminalError('corrupt', `${where}: event ${sequence} came after ${seen}`);
    }
    isFirst = false;
  }

  async function run(client: EventHubConsumerClient, signal: AbortSignal): Promise<ReadEnd> {
    if (seen !== undefined && seen >= upTo) return { kind: 'reached', isClosed: true };
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
        if (await take(events, () => isOpen)) end({ kind: 'reached', isClosed: false });
      } catch (error) {
        if (error instanceof Refusal) end({ kind: 'refused', error: error.cause });
        else fail(error);
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
          if (isStolen(error)) end({ kind: 'stolen' });
          else fail(classAmqpError(error, `read ${where}`));
        },
      },
      { ...SUBSCRIBE, startPosition: startPosition(seen), ownerLevel: ownerLevel(request.ownerLevel) },
    );
    watch(() => (isHandling ? undefined : (seen ?? -1)), stop.signal).then((isStalled) => {
      if (isStalled) fail(new TransientError('timeout', `${where}: nothing after ${seen ?? 'the start'}`));
    }, fail);
    let closed: Promise<boolean> | undefined;
    try {
      const outcome = await ended;
      if (outcome.kind !== 'reached') return outcome;
      isOpen = false;
      closed = settledWithin(SUBSCRIPTION_CLOSE_MS_MAX, subscription.close());
      return { kind: 'reached', isClosed: await closed };
    } finally {
      isOpen = false;
      stop.abort();
      signal.removeEventListener('abort', onAbort);
      // Its pump stops at the call; what it answers is not waited for, as its client is thrown away (8.5).
      closed ??= settledWithin(SUBSCRIPTION_CLOSE_MS_MAX, subscription.close());
      // close() may settle while the handler runs: that one is ours to wait for.
      await inFlight;
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
