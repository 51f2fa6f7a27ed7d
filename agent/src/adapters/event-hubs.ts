import type { EventHubConsumerClient, PartitionProperties } from '@azure/event-hubs';
import type { EventChunk, HubSource } from '@lakewarden/compute';
import { TransientError } from '@lakewarden/contracts';
import type {
  EventStream,
  HubState,
  PartitionState,
  Random,
  ReadOutcome,
  ReadRequest,
} from '@lakewarden/core';
import { classAmqpError } from './amqp-errors.ts';
import { checkedSequence } from './event-packer.ts';
import { createHubClients, type HubClients, type HubClientsOptions } from './hub-clients.ts';
import { createPartitionRead, type PartitionRead } from './partition-read.ts';
import { withRetry } from './retry.ts';
import { systemRandom } from './system-random.ts';
import { withTimeLimit } from './time-limit.ts';

export interface EventStreamOptions extends HubClientsOptions {
  /** No event for this long although there are some: the subscription is made anew. */
  readonly stallMsMax?: number;
  /** Bodies of one chunk; the last event may lie beyond. */
  readonly chunkBytesMax?: number;
  /** Of one attempt to describe a hub. */
  readonly describeTimeoutMs?: number;
  readonly random?: Random;
}

const STALL_MS_MAX = 20_000;
const CHUNK_BYTES_MAX = 16 * 1024 * 1024;
const DESCRIBE_TIMEOUT_MS = 8_000;
/** A partition that is silent this often in one read is not going to speak. */
const RESTARTS_MAX = 2;

export function createEventStream(options: EventStreamOptions): EventStream {
  const { clock, random = systemRandom } = options;
  const readers = createHubClients(options);
  // A request whose connection breaks waits for its whole time limit inside the SDK: short attempts on fresh
  // connections take their place.
  const describers = createHubClients({ ...options, retriesMax: 0 });
  const describeTimeoutMs = options.describeTimeoutMs ?? DESCRIBE_TIMEOUT_MS;
  return {
    describe: (source, signal) =>
      withRetry({ clock, random }, signal, () =>
        withClient(describers, source, async (client) => ({
          result: await describe(client, source, describeTimeoutMs, signal),
          isHealthy: true,
        })),
      ),
    read: (request, onChunk, signal) => read(readers, options, request, onChunk, signal),
    async close() {
      await Promise.all([readers.close(), describers.close()]);
    },
  };
}

async function read(
  clients: HubClients,
  options: EventStreamOptions,
  request: ReadRequest,
  onChunk: (chunk: EventChunk) => Promise<void>,
  signal: AbortSignal,
): Promise<ReadOutcome> {
  const stallMsMax = options.stallMsMax ?? STALL_MS_MAX;
  const chunkBytesMax = options.chunkBytesMax ?? CHUNK_BYTES_MAX;
  const reading = createPartitionRead({ request, onChunk, clock: options.clock, stallMsMax, chunkBytesMax });
  for (let restarts = 0; ; restarts++) {
    const end = await runOnce(clients, request.source, reading, signal);
    if (end !== 'stalled') return { kind: end };
    if (restarts >= RESTARTS_MAX) {
      const { source, partition, upTo } = request;
      throw new TransientError(
        'timeout',
        `${source.namespace}/${source.hub}/${partition}: nothing after ${reading.seen ?? 'the start'}, ${upTo} is there`,
      );
    }
  }
}

function runOnce(clients: HubClients, source: HubSource, reading: PartitionRead, signal: AbortSignal) {
  return withClient(clients, source, async (client) => {
    const result = await reading.run(client, signal);
    return { result, isHealthy: result === 'reached' };
  });
}

async function withClient<T>(
  clients: HubClients,
  source: HubSource,
  work: (client: EventHubConsumerClient) => Promise<{ readonly result: T; readonly isHealthy: boolean }>,
): Promise<T> {
  const client = clients.acquire(source);
  let isReusable = false;
  try {
    const { result, isHealthy } = await work(client);
    isReusable = isHealthy;
    return result;
  } finally {
    await clients.release(source, client, isReusable);
  }
}

async function describe(
  client: EventHubConsumerClient,
  source: HubSource,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<HubState> {
  try {
    return await withTimeLimit(timeoutMs, signal, async (abortSignal) => {
      const hub = await client.getEventHubProperties({ abortSignal });
      const partitions = await Promise.all(
        hub.partitionIds.map((id) => client.getPartitionProperties(id, { abortSignal })),
      );
      return {
        generation: String(hub.createdOn.getTime()),
        partitions: partitions.map(partitionState).sort((a, b) => a.partition - b.partition),
      };
    });
  } catch (error) {
    throw classAmqpError(error, `describe ${source.namespace}/${source.hub}`);
  }
}

/**
 * A partition that was never written reports -1 as its last sequence number. One whose events have all expired is empty
 * as well, but keeps its numbers: nothing below the next one can be read any more.
 */
export function partitionState(properties: PartitionProperties): PartitionState {
  const partition = Number(properties.partitionId);
  const last = checkedSequence(properties.lastEnqueuedSequenceNumber);
  if (last < 0) return { partition, first: 0n, last: undefined, lastEnqueuedMs: undefined };
  const first = properties.isEmpty ? last + 1 : checkedSequence(properties.beginningSequenceNumber);
  return {
    partition,
    first: BigInt(first),
    last: BigInt(last),
    lastEnqueuedMs: properties.lastEnqueuedOnUtc.getTime(),
  };
}
