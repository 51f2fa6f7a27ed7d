/** A local Event Hubs of its own for one test file: temporary folder, real sockets, real SDK. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  EventHubConsumerClient,
  EventHubProducerClient,
  type ReceivedEventData,
  type RetryOptions,
} from '@azure/event-hubs';
import {
  createEventHubs,
  type EventHubsService,
  type EventHubsServiceOptions,
} from '../src/event-hubs/service.ts';
import { FaultBoard } from '../src/faults/fault-board.ts';
import { loadCertificates } from '../src/server/certificate-authority.ts';
import type { HttpService, Secrets } from '../src/server/service.ts';
import { QUICK_RETRY, receive } from './event-hubs-clients.ts';

export type World = {
  readonly dataDir: string;
  readonly secrets: Secrets;
  readonly faults: FaultBoard;
  readonly service: EventHubsService;
  readonly amqpPort: number;
  readonly amqpsPort: number;
  readonly caFile: string;
  connectionString(hub: string, key?: string): string;
  producer(hub: string, retryOptions?: RetryOptions): EventHubProducerClient;
  consumer(hub: string, group?: string): EventHubConsumerClient;
  /** A request to the ARM routes; `path` goes on after `.../Microsoft.EventHub/namespaces`. */
  arm(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
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
    producer: (hub, retryOptions = QUICK_RETRY) =>
      kept(new EventHubProducerClient(connectionString(hub), { retryOptions })),
    consumer: (hub, group = '$Default') =>
      kept(new EventHubConsumerClient(group, connectionString(hub), { retryOptions: QUICK_RETRY })),
    arm: (method, path, body) => callArm(service.arm, method, path, body),
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

async function callArm(arm: HttpService, method: string, path: string, body: unknown) {
  const sent = Buffer.from(body === undefined ? '' : JSON.stringify(body));
  const answer = await arm.handle({
    service: 'arm',
    requestId: randomUUID(),
    method,
    rawPath: `/subscriptions/s/resourceGroups/g/providers/Microsoft.EventHub/namespaces${path}`,
    rawQuery: 'api-version=2024-01-01',
    query: new URLSearchParams('api-version=2024-01-01'),
    headers: {},
    origin: 'http://127.0.0.1',
    secure: false,
    signal: new AbortController().signal,
    stream: Readable.from([sent]),
    body: async () => sent,
    json: async () => body,
  });
  const text = typeof answer.body === 'string' ? answer.body : '';
  return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
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
    agentApiId: randomUUID(),
    workspaceId: randomUUID(),
    storageAccountKey: () => '',
  };
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
