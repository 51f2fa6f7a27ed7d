import { type EventHubClientOptions, EventHubConsumerClient } from '@azure/event-hubs';
import type { TokenCredential } from '@azure/identity';
import type { HubSource } from '@lakewarden/compute';
import type { Clock } from '@lakewarden/core';
import { type AzureRoutes, routeOf } from './azure-routes.ts';
import { settledWithin } from './settled-within.ts';

export interface HubClientsOptions {
  readonly credential: TokenCredential;
  readonly routes: AzureRoutes | undefined;
  readonly clock: Clock;
  readonly consumerGroup?: string;
}

/**
 * Connections, each used by one reader at a time and kept warm between ticks. After a failure, a theft or a stall a
 * connection is thrown away: the SDK's recovery has dark corners (facts.md, Azure 8), a new one has none.
 */
export interface HubClients {
  acquire(source: HubSource): EventHubConsumerClient;
  /** What is not healthy is closed behind the caller's back: its close may take seconds or never settle (8.5). */
  release(source: HubSource, client: EventHubConsumerClient, isHealthy: boolean): void;
  /** Waits, within a bound, until all are closed. */
  close(): Promise<void>;
}

/** The namespace closes idle connections after some time; younger ones are reused. */
const IDLE_MS_MAX = 4 * 60_000;
const IDLE_CLIENTS_MAX = 64;
export const CLOSE_MS_MAX = 5_000;

/**
 * The guard is the only layer that repeats (I8), each time on a new connection. The SDK's own retry waits 30 s without a
 * word (8.2), and goes on with a connection that is broken.
 */
const RETRY_OPTIONS = { maxRetries: 0, timeoutInMs: 20_000 };

interface Idle {
  readonly hub: string;
  readonly client: EventHubConsumerClient;
  readonly sinceMs: number;
}

export function createHubClients(options: HubClientsOptions): HubClients {
  let idle: Idle[] = [];
  const leaving = new Set<Promise<unknown>>();
  const discard = (client: EventHubConsumerClient) => {
    const closing = settledWithin(CLOSE_MS_MAX, client.close()).finally(() => leaving.delete(closing));
    leaving.add(closing);
  };
  return {
    acquire(source) {
      const now = options.clock.now();
      const hub = hubKey(source);
      const stale = idle.filter((one) => now - one.sinceMs > IDLE_MS_MAX);
      idle = idle.filter((one) => now - one.sinceMs <= IDLE_MS_MAX);
      for (const one of stale) discard(one.client);
      const warm = idle.findLastIndex((one) => one.hub === hub);
      const [found] = warm < 0 ? [] : idle.splice(warm, 1);
      return found?.client ?? connect(options, source);
    },
    release(source, client, isHealthy) {
      if (isHealthy && idle.length < IDLE_CLIENTS_MAX) {
        idle.push({ hub: hubKey(source), client, sinceMs: options.clock.now() });
      } else {
        discard(client);
      }
    },
    async close() {
      for (const one of idle.splice(0)) discard(one.client);
      await Promise.all(leaving);
    },
  };
}

function hubKey(source: HubSource): string {
  return `${source.namespace}/${source.hub}`;
}

function connect(options: HubClientsOptions, source: HubSource): EventHubConsumerClient {
  const { credential, routes, consumerGroup } = options;
  const host = `${source.namespace}.servicebus.windows.net`;
  const clientOptions: EventHubClientOptions = {
    retryOptions: RETRY_OPTIONS,
    // The real name stays in the AMQP open frame and in the token's audience; only the socket goes elsewhere.
    ...(routes && { customEndpointAddress: routeOf(routes, host) }),
  };
  return new EventHubConsumerClient(consumerGroup ?? '$Default', host, source.hub, credential, clientOptions);
}
