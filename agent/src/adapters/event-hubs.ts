import type { EventHubConsumerClient, PartitionProperties } from '@azure/event-hubs';
import type { EventChunk, HubSource } from '@lakewarden/compute';
import { TransientError } from '@lakewarden/contracts';
import type { EventStream, HubState, PartitionState, ReadOutcome, ReadRequest } from '@lakewarden/core';
import { checkedSequence } from './event-packer.ts';
import type { Guard } from './guard/guard.ts';
import { createHubClients, type HubClients, type HubClientsOptions } from './hub-clients.ts';
import { createPartitionRead, type ReadEnd } from './partition-read.ts';

export interface EventStreamOptions extends HubClientsOptions {
  /** Of Event Hubs. */
  readonly guard: Guard;
  /** No event for this long although there are some: the subscription is made anew. */
  readonly stallMsMax?: number;
  /** Bodies of one chunk; the last event may lie beyond. */
  readonly chunkBytesMax?: number;
  /** Of one attempt to describe a hub. */
  readonly describeTimeoutMs?: number;
}

const STALL_MS_MAX = 20_000;
const CHUNK_BYTES_MAX = 16 * 1024 * 1024;
const DESCRIBE_TIMEOUT_MS = 8_000;

export function createEventStream(options: EventStreamOptions): EventStream {
  const { guard, describeTimeoutMs: timeoutMs = DESCRIBE_TIMEOUT_MS } = options;
  const clients = createHubClients(options);
  // A hub that was used last tells best whether work that is parked can go on.
  const use = (source: HubSource) =>
    guard.probeWith(async (signal) => {
      await withClient(clients, source, async (client) => {
        await client.getEventHubProperties({ abortSignal: signal });
        return { result: undefined, isHealthy: true };
      });
    });
  return {
    describe(source, signal) {
      use(source);
      const attempt = (abortSignal: AbortSignal) =>
        withClient(clients, source, async (client) => ({
          result: await describe(client, abortSignal),
          isHealthy: true,
        }));
      const what = `describe ${source.namespace}/${source.hub}`;
      return guard.run(what, signal, attempt, { timeoutMs, repeatable: true });
    },
    read(request, onChunk, signal) {
      use(request.source);
      return read(clients, options, request, onChunk, signal);
    },
    close: () => clients.close(),
  };
}

/**
 * One long operation, its attempts each on a connection of their own (facts.md, Azure 8). A read that came further before
 * it broke is a new operation; one that stands still is given up after the attempts of one (I8).
 */
async function read(
  clients: HubClients,
  options: EventStreamOptions,
  request: ReadRequest,
  onChunk: (chunk: EventChunk) => Promise<void>,
  signal: AbortSignal,
): Promise<ReadOutcome> {
  const { source, partition } = request;
  const { clock, guard, stallMsMax = STALL_MS_MAX, chunkBytesMax = CHUNK_BYTES_MAX } = options;
  const reading = createPartitionRead({ request, onChunk, clock, stallMsMax, chunkBytesMax });
  const attempt = (abortSignal: AbortSignal) =>
    withClient(clients, source, async (client) => {
      const result = await reading.run(client, abortSignal);
      return { result, isHealthy: result.kind === 'reached' && result.isClosed };
    });
  const what = `read ${source.namespace}/${source.hub}/${partition}`;
  for (;;) {
    const before = reading.seen;
    let end: ReadEnd;
    try {
      end = await guard.run(what, signal, attempt, { repeatable: true, isLasting: true });
    } catch (error) {
      if (!isBroken(error) || reading.seen === before) throw error;
      continue;
    }
    if (end.kind === 'refused') throw end.error;
    return { kind: end.kind };
  }
}

/** A connection that ended on its own, not the caller, not the breaker. */
function isBroken(error: unknown): boolean {
  return error instanceof TransientError && error.code !== 'cancelled' && error.code !== 'parked';
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
    clients.release(source, client, isReusable);
  }
}

async function describe(client: EventHubConsumerClient, abortSignal: AbortSignal): Promise<HubState> {
  const hub = await client.getEventHubProperties({ abortSignal });
  const partitions = await Promise.all(
    hub.partitionIds.map((id) => client.getPartitionProperties(id, { abortSignal })),
  );
  return {
    generation: String(hub.createdOn.getTime()),
    partitions: partitions.map(partitionState).sort((a, b) => a.partition - b.partition),
  };
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
