import { EventHubProducerClient } from '@azure/event-hubs';
import type { TokenCredential } from '@azure/identity';
import type { EventChunk, HubSource } from '@lakewarden/compute';
import type { EventStream, ReadOutcome, ReadRequest } from '@lakewarden/core';
import type { LocalAzure } from './local-azure.ts';

const HOST = 'retail-events.servicebus.windows.net';
const never = new AbortController().signal;

export interface TestHub {
  readonly source: HubSource;
  readonly producer: EventHubProducerClient;
}

/** Hubs of a local Azure, filled by Microsoft's producer and read through the adapter. */
export class HubWorld {
  readonly #azure: LocalAzure;
  readonly #credential: TokenCredential;
  readonly #producers: EventHubProducerClient[] = [];

  constructor(azure: LocalAzure, credential: TokenCredential) {
    this.#azure = azure;
    this.#credential = credential;
  }

  async arm(method: string, hub: string): Promise<void> {
    const { subscriptionId, resourceGroup, routes } = this.#azure;
    const group = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
    const path = `${group}/providers/Microsoft.EventHub/namespaces/retail-events/eventhubs/${hub}`;
    const token = await this.#credential.getToken('https://management.azure.com/.default');
    const answer = await fetch(`${routes['management.azure.com']}${path}?api-version=2024-01-01`, {
      method,
      headers: { authorization: `Bearer ${token?.token}`, 'content-type': 'application/json' },
      ...(method === 'PUT' && { body: JSON.stringify({ properties: { partitionCount: 2 } }) }),
    });
    if (!answer.ok) throw new Error(`${method} ${hub}: ${answer.status} ${await answer.text()}`);
  }

  async makeHub(name: string): Promise<TestHub> {
    await this.arm('PUT', name);
    const options = { customEndpointAddress: this.#azure.routes[HOST] as string };
    const producer = new EventHubProducerClient(HOST, name, this.#credential, options);
    this.#producers.push(producer);
    return { source: { kind: 'event-hub', name, namespace: 'retail-events', hub: name }, producer };
  }

  async close(): Promise<void> {
    await Promise.all(this.#producers.map((producer) => producer.close()));
  }
}

export async function sendEvents(
  producer: EventHubProducerClient,
  partitionId: string,
  from: number,
  count: number,
): Promise<void> {
  const events = Array.from({ length: count }, (_, i) => ({ body: Buffer.from(`{"n":${from + i}}`) }));
  for (let i = 0; i < count; i += 500) await producer.sendBatch(events.slice(i, i + 500), { partitionId });
}

export function readEvents(
  stream: EventStream,
  source: HubSource,
  more: Partial<ReadRequest>,
  signal: AbortSignal = never,
  onChunk?: () => Promise<void>,
): { readonly outcome: Promise<ReadOutcome>; readonly chunks: EventChunk[] } {
  const chunks: EventChunk[] = [];
  const request = {
    partition: 0,
    after: undefined,
    upTo: 0n,
    ownerLevel: 1n,
    chunkEventsMax: 1_000,
    ...more,
  };
  const take = async (chunk: EventChunk) => {
    chunks.push(chunk);
    await onChunk?.();
  };
  const outcome = stream.read({ source, ...request }, take, signal);
  outcome.catch(() => undefined);
  return { outcome, chunks };
}

export function rowsOf(chunks: readonly EventChunk[]): { sequence: bigint; body: string }[] {
  return chunks.flatMap((chunk) =>
    [...chunk.sequences].map((sequence, i) => {
      const from = i === 0 ? 0 : (chunk.ends[i - 1] ?? 0);
      return { sequence, body: Buffer.from(chunk.bodies.subarray(from, chunk.ends[i])).toString() };
    }),
  );
}
