import {
  EventHubConsumerClient,
  EventHubProducerClient,
  type EventPosition,
  MessagingError,
  type ReceivedEventData,
} from '@azure/event-hubs';
import { DefaultAzureCredential } from '@azure/identity';
import { type FailureCode, TerminalError, TransientError } from '@lakewarden/contracts';
import type { StampedEvent } from '../load/event-source.ts';
import type { HubLinks, PartitionLink } from '../load/partition-link.ts';
import type { LastRows, Stamp } from '../load/stamp.ts';
import { ConnectionWatch } from './connection-watch.ts';
import type { AzureTarget } from './target.ts';

/** No answer for this long is a doubt. The SDK's own limit cannot be below 60 s, hence an abort signal with each call. */
const ANSWER_MS_MAX = 20_000;
/** A close that hangs (SDK issue 34731) must not hang the loader. */
const CLOSE_MS_MAX = 3_000;
/** What a broken connection left in flight has arrived, or never will, when this has passed since. */
const SETTLE_MS = 100;
const CONSUMER_GROUP = '$Default';
/** The SDK must not send twice by itself: a repeated send is a duplicate. The lane decides. */
const CLIENT_OPTIONS = { retryOptions: { maxRetries: 0 } };

/** The partitions of one hub through the SDK. One connection a partition, so that a doubt in one closes only that one. */
export function openHubLinks(
  target: AzureTarget,
  hub: string,
  sleep: (ms: number) => Promise<void>,
): HubLinks {
  return {
    async partitions() {
      const client = createProducer(target, hub);
      try {
        return (await client.getPartitionIds(inTime())).length;
      } catch (cause) {
        throw classed(cause, hub);
      } finally {
        await closed(client);
      }
    },
    open: (partition) => new EventHubLink(target, hub, `${partition}`, sleep),
    close: async () => {},
  };
}

class EventHubLink implements PartitionLink {
  readonly #target: AzureTarget;
  readonly #hub: string;
  readonly #partition: string;
  readonly #sleep: (ms: number) => Promise<void>;
  readonly #watch = new ConnectionWatch();
  #producer: EventHubProducerClient | undefined;
  #failed = false;

  constructor(target: AzureTarget, hub: string, partition: string, sleep: (ms: number) => Promise<void>) {
    this.#target = target;
    this.#hub = hub;
    this.#partition = partition;
    this.#sleep = sleep;
  }

  async send(events: readonly StampedEvent[]): Promise<number> {
    this.#producer ??= createProducer(this.#target, this.#hub);
    const producer = this.#producer;
    try {
      return await this.#watch.watch(() => this.#sendBatch(producer, events));
    } catch (cause) {
      this.#failed = true;
      throw classed(cause, this.#hub);
    }
  }

  async #sendBatch(producer: EventHubProducerClient, events: readonly StampedEvent[]): Promise<number> {
    const options = { abortSignal: AbortSignal.any([inTime().abortSignal, this.#watch.lost]) };
    const batch = await producer.createBatch({ partitionId: this.#partition, ...options });
    for (const { body, source, row, after } of events) {
      const properties = after === undefined ? { source, row } : { source, row, after };
      if (!batch.tryAdd({ body, properties })) break;
    }
    if (batch.count > 0) await producer.sendBatch(batch, options);
    return batch.count;
  }

  async newestStamp(): Promise<Stamp | 'none' | 'foreign'> {
    const event = await this.#read(async (consumer) => {
      const newest = await consumer.getPartitionProperties(this.#partition, inTime());
      if (newest.isEmpty) return undefined;
      const position = { offset: newest.lastEnqueuedOffset, isInclusive: true };
      return firstEvent(consumer, this.#partition, position);
    });
    return event === undefined ? 'none' : (stampOf(event) ?? 'foreign');
  }

  async scan(): Promise<LastRows> {
    const lastRows = new Map<string, number>();
    await this.#read(async (consumer) => {
      const newest = await consumer.getPartitionProperties(this.#partition, inTime());
      if (newest.isEmpty) return;
      await readUpTo(consumer, this.#partition, newest.lastEnqueuedOffset, (event) => {
        const stamp = stampOf(event);
        if (stamp !== undefined) lastRows.set(stamp.source, stamp.row);
      });
    });
    return lastRows;
  }

  async close(): Promise<void> {
    if (this.#producer !== undefined) await closed(this.#producer);
    this.#producer = undefined;
    if (this.#failed) await this.#sleep(SETTLE_MS);
  }

  async #read<T>(use: (consumer: EventHubConsumerClient) => Promise<T>): Promise<T> {
    const consumer = createConsumer(this.#target, this.#hub);
    try {
      return await use(consumer);
    } catch (cause) {
      throw classed(cause, this.#hub);
    } finally {
      await closed(consumer);
    }
  }
}

function firstEvent(
  consumer: EventHubConsumerClient,
  partition: string,
  position: EventPosition,
): Promise<ReceivedEventData> {
  const found = Promise.withResolvers<ReceivedEventData>();
  return receive(consumer, partition, position, found.promise, (events) => {
    if (events[0] !== undefined) found.resolve(events[0]);
  });
}

/** By offset, as the SDK gives sequence numbers as JavaScript numbers and they have 64 bits. */
function readUpTo(
  consumer: EventHubConsumerClient,
  partition: string,
  lastOffset: string,
  onEvent: (event: ReceivedEventData) => void,
): Promise<void> {
  const reached = Promise.withResolvers<void>();
  return receive(consumer, partition, { offset: '-1' }, reached.promise, (events) => {
    for (const event of events) onEvent(event);
    if (events.some((event) => event.offset === lastOffset)) reached.resolve();
  });
}

/** Receives until `until` is settled; no events for `ANSWER_MS_MAX` or an error is a failure. */
async function receive<T>(
  consumer: EventHubConsumerClient,
  partition: string,
  startPosition: EventPosition,
  until: Promise<T>,
  onEvents: (events: readonly ReceivedEventData[]) => void,
): Promise<T> {
  const failed = Promise.withResolvers<never>();
  const subscription = consumer.subscribe(
    partition,
    {
      processEvents: async (events) => {
        if (events.length > 0) onEvents(events);
        else failed.reject(new TransientError('timeout', `partition ${partition} is silent`));
      },
      processError: async (cause) => failed.reject(cause),
    },
    {
      startPosition,
      maxBatchSize: 500,
      prefetchCount: 4_000,
      maxWaitTimeInSeconds: ANSWER_MS_MAX / 1_000,
      skipParsingBodyAsJson: true,
    },
  );
  try {
    return await Promise.race([until, failed.promise]);
  } finally {
    await closed(subscription);
  }
}

function inTime(): { abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(ANSWER_MS_MAX) };
}

function stampOf(event: ReceivedEventData): Stamp | undefined {
  const { source, row, after } = event.properties ?? {};
  if (typeof source !== 'string' || typeof row !== 'number') return undefined;
  return typeof after === 'string' ? { source, row, after } : { source, row };
}

function createProducer(target: AzureTarget, hub: string): EventHubProducerClient {
  return target.eventHubsConnection === undefined
    ? new EventHubProducerClient(hostOf(target), hub, new DefaultAzureCredential(), CLIENT_OPTIONS)
    : new EventHubProducerClient(target.eventHubsConnection, hub, CLIENT_OPTIONS);
}

function createConsumer(target: AzureTarget, hub: string): EventHubConsumerClient {
  return target.eventHubsConnection === undefined
    ? new EventHubConsumerClient(
        CONSUMER_GROUP,
        hostOf(target),
        hub,
        new DefaultAzureCredential(),
        CLIENT_OPTIONS,
      )
    : new EventHubConsumerClient(CONSUMER_GROUP, target.eventHubsConnection, hub, CLIENT_OPTIONS);
}

function hostOf(target: AzureTarget): string {
  return `${target.namespace}.servicebus.windows.net`;
}

const TERMINAL: Readonly<Record<string, FailureCode>> = {
  MessagingEntityNotFoundError: 'not-found',
  UnauthorizedError: 'unauthorized',
  MessagingEntityDisabledError: 'unavailable',
  MessageTooLargeError: 'limit',
  ArgumentError: 'invalid',
};

/** The SDK's `code`, never its words. What is not known for certain to be final is a doubt. */
function classed(cause: unknown, hub: string): Error {
  if (cause instanceof TransientError || cause instanceof TerminalError) return cause;
  const code = cause instanceof MessagingError ? cause.code : undefined;
  const terminal = TERMINAL[code ?? ''];
  if (terminal !== undefined) return new TerminalError(terminal, `hub ${hub} refuses: ${code}`, { cause });
  return new TransientError('unavailable', `hub ${hub} did not answer${code ? `: ${code}` : ''}`, { cause });
}

async function closed(client: { close(): Promise<void> }): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, CLOSE_MS_MAX);
  await Promise.race([client.close().catch(() => {}), late.promise]);
  clearTimeout(timer);
}
