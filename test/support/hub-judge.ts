import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventHubProducerClient } from '@azure/event-hubs';
import { checkLanded } from './delta-log.ts';
import { readTable, rowsOf } from './standing-lake.ts';

/** Of the shipped pipeline: dataset → hub. */
export const HUBS: Readonly<Record<string, string>> = {
  orders: 'orders',
  clicks: 'clicks',
  pos_sales: 'pos',
  payments: 'payments',
};

export interface HubVerdict {
  /** Events that the hub has, as Microsoft's SDK is told by it. */
  readonly sent: number;
  /** Rows of bronze, each (partition, sequence) once, without a hole (I1, I2, I3). */
  readonly landed: number;
  /** Rows of silver, quarantine and duplicates (I12). */
  readonly accounted: number;
}

interface Endpoints {
  readonly eventHubs: { readonly amqp: string };
  readonly sharedAccessKeyName: string;
  readonly sharedAccessKey: string;
}

export function hubProducer(lake: string, hub: string): EventHubProducerClient {
  const endpoints = JSON.parse(readFileSync(join(lake, 'azure', 'endpoints.json'), 'utf8')) as Endpoints;
  const { eventHubs, sharedAccessKey, sharedAccessKeyName } = endpoints;
  const key = `SharedAccessKeyName=${sharedAccessKeyName};SharedAccessKey=${sharedAccessKey}`;
  return new EventHubProducerClient(
    `Endpoint=sb://${eventHubs.amqp};${key};UseDevelopmentEmulator=true`,
    hub,
  );
}

/** By readers that share no code with the product. Exact while nobody sends; the local Azure must be up. */
export async function judgeHubs(lake: string): Promise<Readonly<Record<string, HubVerdict>>> {
  const verdicts: Record<string, HubVerdict> = {};
  for (const [dataset, hub] of Object.entries(HUBS)) {
    verdicts[dataset] = {
      sent: await eventsIn(lake, hub),
      landed: checkLanded(readTable(lake, `bronze.${dataset}`)).rows,
      accounted: ['silver', 'quarantine', 'duplicates'].reduce(
        (sum, layer) => sum + rowsOf(readTable(lake, `${layer}.${dataset}`)),
        0,
      ),
    };
  }
  return verdicts;
}

/** Is everything that was sent landed and accounted for? */
export function isExact(verdicts: Readonly<Record<string, HubVerdict>>): boolean {
  return Object.values(verdicts).every(
    ({ sent, landed, accounted }) => sent > 0 && sent === landed && landed === accounted,
  );
}

async function eventsIn(lake: string, hub: string): Promise<number> {
  const producer = hubProducer(lake, hub);
  try {
    const ids = await producer.getPartitionIds();
    const ends = await Promise.all(ids.map((id) => producer.getPartitionProperties(id)));
    return ends.reduce((sum, { lastEnqueuedSequenceNumber }) => sum + lastEnqueuedSequenceNumber + 1, 0);
  } finally {
    await producer.close();
  }
}
