/** A local Event Hubs of its own for one test file: temporary folder, real sockets, real SDK. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  EventHubConsumerClient,
  EventHubProducerClient,
  type EventPosition,
  type ReceivedEventData,
  type SubscribeOptions,
} from '@azure/event-hubs';
import {
  createEventHubs,
  type EventHubsService,
  type EventHubsServiceOptions,
} from '../src/event-hubs/service.ts';
import { FaultBoard } from '../src/faults/fault-board.ts';
import { loadCertificates } from '../src/server/certificate-authority.ts';
import type { Secrets } from '../src/server/service.ts';

/** Failures are to show within seconds; the SDK's own defaults wait half a minute before it tries again. */
export const QUICK_RETRY = { maxRetries: 2, retryDelayInMs: 50, timeoutInMs: 10_000 };

export type World = {
  readonly dataDir: string;
  readonly secrets: Secrets;
  readonly faults: FaultBoard;
  readonly service: EventHubsService;
  readonly amqpPort: number;
  readonly amqpsPort: number;
  readonly caFile: string;
  connectionString(hub: string, key?: string): string;
  producer(hub: string): EventHubProducerClient;
  consumer(hub: string, group?: string): EventHubConsumerClient;
  /** Stops gracefully and starts again on the same folder. */
  restart(): Promise<World>;
  /** Stops and removes the folder. */
  end(): Promise<void>;
};

export const NAMESPACE = 'retail-events';

export async function startWorld(options: Partial<EventHubsServiceOptions> = {}): Promise<World> {
  const dataDir = await mkdtemp(join(tmpdir(), 'lakewarden-event-hubs-'));
  return startOn(dataDir, options);
}

async function startOn(dataDir: string, options: Partial<EventHubsServiceOptions>): Promise<World> {
  const secrets = options.secrets ?? testSecrets();
  const faults = new FaultBoard();
  const now = options.now ?? Date.now;
  const { caFile, ...tls } = await loadCertificates(dataDir, Date.now());
  const service = await createEventHubs({
    dataDir,
    secrets,
    faults,
    now,
    tls,
    verifyToken: async () => ({ valid: false, reason: 'malformed' }),
    ...options,
  });
  const { amqpPort, amqpsPort } = await service.listen({ host: '127.0.0.1', amqpPort: 0, amqpsPort: 0 });
  const clients = new Set<{ close(): Promise<void> }>();
  const kept = <T extends { close(): Promise<void> }>(client: T): T => {
    clients.add(client);
    return client;
  };
  const connectionString = (hub: string, key = secrets.sharedAccessKey) =>
    `Endpoint=sb://127.0.0.1:${amqpPort};SharedAccessKeyName=${secrets.sharedAccessKeyName};SharedAccessKey=${key};EntityPath=${hub};UseDevelopmentEmulator=true`;
  const closeClients = async () => {
    await Promise.all([...clients].map((client) => client.close().catch(() => {})));
    clients.clear();
  };
  return {
    dataDir,
    secrets,
    faults,
    service,
    amqpPort,
    amqpsPort,
    caFile,
    connectionString,
    producer: (hub) => kept(new EventHubProducerClient(connectionString(hub), { retryOptions: QUICK_RETRY })),
    consumer: (hub, group = '$Default') =>
      kept(new EventHubConsumerClient(group, connectionString(hub), { retryOptions: QUICK_RETRY })),
    restart: async () => {
      await closeClients();
      await service.close();
      return startOn(dataDir, { ...options, secrets });
    },
    end: async () => {
      await closeClients();
      await service.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export function testSecrets(): Secrets {
  return {
    tenantId: randomUUID(),
    clientId: randomUUID(),
    clientSecret: 'not used',
    identityHeader: 'not used',
    sharedAccessKeyName: 'RootManageSharedAccessKey',
    sharedAccessKey: randomBytes(32).toString('base64'),
    controlToken: 'not used',
    subscriptionId: randomUUID(),
    resourceGroup: 'lakewarden',
    storageAccountKey: () => '',
  };
}

/** Reads `count` events of one partition from `startPosition` on; fails on an error of the receiver. */
export async function receive(
  client: EventHubConsumerClient,
  partition: string,
  count: number,
  startPosition: EventPosition,
  options: SubscribeOptions = {},
): Promise<ReceivedEventData[]> {
  const events: ReceivedEventData[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const subscription = client.subscribe(
    partition,
    {
      processEvents: async (batch) => {
        events.push(...batch);
        if (events.length >= count) resolve();
      },
      processError: async (error) => reject(error),
    },
    { startPosition, maxBatchSize: 500, prefetchCount: 4000, maxWaitTimeInSeconds: 60, ...options },
  );
  try {
    await promise;
  } finally {
    await subscription.close();
  }
  return events;
}

/** All events of a hub's partition, oldest first. */
export async function receiveAll(world: World, hub: string, partition: string): Promise<ReceivedEventData[]> {
  const client = world.consumer(hub);
  const { isEmpty, beginningSequenceNumber, lastEnqueuedSequenceNumber } =
    await client.getPartitionProperties(partition);
  if (isEmpty) return [];
  const count = lastEnqueuedSequenceNumber - beginningSequenceNumber + 1;
  return receive(client, partition, count, { offset: '-1' });
}
