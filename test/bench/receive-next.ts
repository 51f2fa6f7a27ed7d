/** The peer of `bench reaction`: Microsoft's consumer from now on, saying a line for each batch that its handler gets. */
import { EventHubConsumerClient, latestEventPosition } from '@azure/event-hubs';
import { DefaultAzureCredential } from '@azure/identity';

const [host = '', endpoint = '', hub = '', group = ''] = process.argv.slice(2);
const client = new EventHubConsumerClient(group, host, hub, new DefaultAzureCredential(), {
  customEndpointAddress: `sb://${endpoint}`,
});
const waiting = new Set(await client.getPartitionIds());
client.subscribe(
  {
    processInitialize: async ({ partitionId }) => {
      waiting.delete(partitionId);
      if (waiting.size === 0) console.log(JSON.stringify({ listening: true }));
    },
    processEvents: async (events) => {
      if (events.length > 0) console.log(JSON.stringify({ received: true }));
    },
    processError: async (error) => console.error(error.message),
  },
  { startPosition: latestEventPosition, maxBatchSize: 1, maxWaitTimeInSeconds: 60 },
);
process.on('SIGTERM', () => process.exit(0));
