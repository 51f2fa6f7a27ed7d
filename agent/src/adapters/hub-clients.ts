import { type EventHubClientOptions, EventHubConsumerClient, RetryMode } from '@azure/event-hubs';
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
  /** First wait of the SDK between attempts; it doubles. Its own default of 30 s reads as a stall (facts.md, Azure 8.2). */
  readonly retryDelayMs?: number;
  /** Of the SDK itself; 0 where a layer above repeats. 4 attempts in all, as I8 has it. */
  readonly retriesMax?: number;
}

/**
 * Connections, each used by one reader at a time and kept warm between ticks. After a failure, a theft or a stall a
 * connection is thrown away: the SDK's recovery has dark corners (facts.md, Azure 8), a new one has none.
 */
export interface HubClients {
  acquire(source: HubSource): EventHubConsumerClient;
  release(source: HubSource, client: EventHubConsumerClient, isHealthy: boolean): Promise<void>;
  close(): Promise<void>;
}

/** The namespace closes idle connections after some time; younger ones are reused. */
const IDLE_MS_MAX = 4 * 60_000;
const IDLE_CLIENTS_MAX = 64;
export const CLOSE_MS_MAX = 5_000;

const RETRY_DELAY_MS = 500;
const RETRIES_MAX = 3;
const RETRY_OPTIONS = {
  maxRetryDelayInMs: 5_000,
  timeoutInMs: 20_000,
  mode: RetryMode.Exponential,
};

interface Idle {
  readonly hub: string;
  readonly client: EventHubConsumerClient;
  readonly sinceMs: number;
}

export function createHubClients(options: HubClientsOptions): HubClients {
  let idle: Idle[] = [];
  const discard = (client: EventHubConsumerClient) => settledWithin(CLOSE_MS_MAX, client.close());
  return {
    acquire(source) {
      const now = options.clock.now();
      const hub = hubKey(source);
      const stale = idle.filter((one) => now - one.sinceMs > IDLE_MS_MAX);
      idle = idle.filter((one) => now - one.sinceMs <= IDLE_MS_MAX);
      for (const one of stale) void discard(one.client);
      const warm = idle.findLastIndex((one) => one.hub === hub);
      const [found] = warm < 0 ? [] : idle.splice(warm, 1);
      return found?.client ?? connect(options, source);
    },
    async release(source, client, isHealthy) {
      if (isHealthy && idle.length < IDLE_CLIENTS_MAX) {
        idle.push({ hub: hubKey(source), client, sinceMs: options.clock.now() });
      } else {
        await discard(client);
      }
    },
    async close() {
      const clients = idle.map((one) => one.client);
      idle = [];
      await Promise.all(clients.map(discard));
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
    retryOptions: {
      ...RETRY_OPTIONS,
      maxRetries: options.retriesMax ?? RETRIES_MAX,
      retryDelayInMs: options.retryDelayMs ?? RETRY_DELAY_MS,
    },
    // The real name stays in the AMQP open frame and in the token's audience; only the socket goes elsewhere.
    ...(routes && { customEndpointAddress: routeOf(routes, host) }),
  };
  return new EventHubConsumerClient(consumerGroup ?? '$Default', host, source.hub, credential, clientOptions);
}
