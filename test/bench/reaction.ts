import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { EventHubProducerClient } from '@azure/event-hubs';
import { ROOT } from '../support/paths.ts';
import { BenchAzure, type Endpoints, environment, NAMESPACE, putResource } from './bench-azure.ts';
import { judge, median, option } from './figures.ts';
import { BenchProcess } from './processes.ts';

/**
 * From an event sent to its row committed in bronze, and to the run that takes it to silver, with drains every second;
 * beside the handler of a bare SDK receiver, which gets it pushed and keeps nothing. Both hear of the same events.
 */
const HUB = 'orders';
/** Of the peer: the agent owns the partitions of the default one. */
const GROUP = 'bench';
const ROWS = 500;
const DRAIN_MS = 1_000;
/** A drain is half an interval away on average; the rest is ours. */
const LANDED_MS_MAX = 1_000;

export async function benchReaction(args: readonly string[]): Promise<boolean> {
  const events = option(args, 'events', 40);
  const folder = mkdtempSync(join(tmpdir(), 'lakewarden-bench-'));
  const azure = await BenchAzure.start(folder, ROWS);
  await putResource(azure.endpoints, `namespaces/${NAMESPACE}/eventhubs/${HUB}/consumergroups/${GROUP}`, {});
  const config = azure.writeConfig('reaction', { drainEveryMs: DRAIN_MS });
  const agent = azure.startAgent(config);
  const peer = receiver(azure.endpoints);
  const producer = producerOf(azure.endpoints);
  try {
    await agent.line((line) => line.type === 'RunCommitted' && line.dataset === 'gold.customer_value');
    await peer.line((line) => line.listening === true);
    const [handled, landed, begun]: [number[], number[], number[]] = [[], [], []];
    for (let n = 0; n < events; n++) {
      // Out of step with the drains.
      await pause(300 + ((n * 377) % DRAIN_MS));
      const isOf = (type: string, name: string, value: string) => (line: Readonly<Record<string, unknown>>) =>
        line.type === type && line[name] === value;
      const heard = [
        peer.next((line) => line.received === true),
        agent.next(
          (line) =>
            line.type === 'DrainFinished' && String(line.hub).endsWith(`/${HUB}`) && Number(line.events) > 0,
        ),
        agent.next(isOf('RunStarted', 'dataset', 'silver.orders')),
      ];
      const done = agent.next(isOf('RunCommitted', 'dataset', 'gold.customer_value'));
      const sentMs = performance.now();
      const times = Promise.all(heard.map((line) => line.then(() => performance.now() - sentMs)));
      await producer.sendBatch([{ body: order(n) }]);
      const [byPeer = 0, byDrain = 0, byRun = 0] = await times;
      handled.push(byPeer);
      landed.push(byDrain);
      begun.push(byRun);
      await done;
    }
    say('bare SDK handler', handled);
    say('committed in bronze', landed);
    say('first RunStarted', begun);
    return judge('event to committed, p50 ms', median(landed), { max: LANDED_MS_MAX });
  } finally {
    await producer.close();
    await Promise.all([agent.stop(), peer.stop()]);
    await azure.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function say(what: string, values: readonly number[]): void {
  const sorted = [...values].sort((a, b) => a - b);
  const p99 = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? Number.NaN;
  console.log(
    `${what.padEnd(20)} p50 ${median(values).toFixed(0)} ms · p99 ${p99.toFixed(0)} ms · ${values.length} events`,
  );
}

function receiver(endpoints: Endpoints): BenchProcess {
  const args = [`${NAMESPACE}.servicebus.windows.net`, endpoints.eventHubs.amqps, HUB, GROUP];
  return new BenchProcess(join(ROOT, 'test/bench/receive-next.ts'), args, environment(endpoints));
}

function producerOf({ eventHubs, sharedAccessKey, sharedAccessKeyName }: Endpoints): EventHubProducerClient {
  const key = `SharedAccessKeyName=${sharedAccessKeyName};SharedAccessKey=${sharedAccessKey}`;
  return new EventHubProducerClient(
    `Endpoint=sb://${eventHubs.amqp};${key};UseDevelopmentEmulator=true`,
    HUB,
  );
}

function order(row: number): Record<string, string> {
  return {
    InvoiceNo: String(900_000 + row),
    StockCode: '85123A',
    Description: 'WHITE HANGING HEART T-LIGHT HOLDER',
    Quantity: String(1 + (row % 12)),
    InvoiceDate: '2026-01-14 08:26:00',
    UnitPrice: '2.55',
    CustomerID: '17850.0',
    Country: 'United Kingdom',
  };
}
