/** The peer of `bench drain`: Microsoft's consumer over the same TLS and credential, tuned (batches of 500, prefetch 4,000, default parsing), doing nothing. */

import { EventHubConsumerClient, earliestEventPosition } from '@azure/event-hubs';
import { DefaultAzureCredential } from '@azure/identity';

const [host = '', endpoint = '', hub = '', total] = process.argv.slice(2);
const client = new EventHubConsumerClient('$Default', host, hub, new DefaultAzureCredential(), {
  customEndpointAddress: `sb://${endpoint}`,
});
const wanted = Number(total);
let seen = 0;
const startedMs = performance.now();
await new Promise<void>((resolve, reject) => {
  client.subscribe(
    {
      processEvents: async (events) => {
        seen += events.length;
        if (seen >= wanted) resolve();
      },
      processError: async (error) => reject(error),
    },
    {
      startPosition: earliestEventPosition,
      maxBatchSize: 500,
      prefetchCount: 4_000,
      maxWaitTimeInSeconds: 60,
    },
  );
});
console.log(JSON.stringify({ received: seen, ms: performance.now() - startedMs }));
process.exit(0);
