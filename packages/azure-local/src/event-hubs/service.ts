/** Event Hubs of the local Azure: hubs on disk, AMQP 1.0 in front of them, ARM routes to make them. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventHubs, EventHubsOptions } from '../server/service.ts';
import { type AmqpListener, listenAmqp } from './amqp/listener.ts';
import { PartitionOwners } from './amqp/partition-owners.ts';
import { createEventHubsArm } from './arm/routes.ts';
import type { Hub } from './hub.ts';
import { type HubSpec, HubStore } from './hub-store.ts';
import { createIncomingMessages } from './incoming-messages.ts';

const MAINTAIN_EVERY_MS = 10_000;

export type EventHubsService = EventHubs & {
  /** Makes a hub without ARM; an existing one is returned as it is. */
  createHub(spec: HubSpec): Promise<Hub>;
  /** What is done now and then: drops events past their retention, and ends links whose token has expired. */
  maintain(): Promise<void>;
};

export type EventHubsServiceOptions = EventHubsOptions & {
  /** A partition's log begins a new file after so many bytes. */
  readonly segmentBytesMax?: number;
};

/** Opens all hubs below `dataDir`/eventhubs. Throws `DamagedSegment` when a log is damaged before its end. */
export async function createEventHubs(options: EventHubsServiceOptions): Promise<EventHubsService> {
  const { dataDir, secrets, faults, now, verifyToken, segmentBytesMax } = options;
  const dir = join(dataDir, 'eventhubs');
  await mkdir(dir, { recursive: true });
  const hubs = await HubStore.open({ dir, now, segmentBytesMax });
  const sas = { keyName: secrets.sharedAccessKeyName, key: secrets.sharedAccessKey };
  const broker = { hubs, owners: new PartitionOwners(), sas, verifyToken, faults, now };
  const listeners: AmqpListener[] = [];
  const maintain = async () => {
    for (const listener of listeners) listener.endExpired();
    for (const hub of hubs.allHubs()) await hub.applyRetention();
  };
  // A round that fails is harmless: the next one does what this one left.
  const timer = setInterval(() => void maintain().catch(() => {}), MAINTAIN_EVERY_MS);
  timer.unref();
  return {
    arm: createEventHubsArm(hubs),
    incoming: createIncomingMessages(hubs),
    createHub: (spec) => hubs.create(spec),
    maintain,
    listen: async ({ host, amqpPort, amqpsPort }) => {
      const { key, cert } = options.tls;
      const plain = await listenAmqp(broker, { host, port: amqpPort });
      listeners.push(plain);
      const secure = await listenAmqp(broker, { host, port: amqpsPort, tls: { key, cert } });
      listeners.push(secure);
      return { amqpPort: plain.port, amqpsPort: secure.port };
    },
    close: async () => {
      clearInterval(timer);
      await Promise.all(listeners.map((listener) => listener.close()));
      await hubs.close();
    },
  };
}
