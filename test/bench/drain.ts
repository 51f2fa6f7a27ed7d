import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventHubProducerClient } from '@azure/event-hubs';
import { AGENT_ENVIRONMENT, AGENT_NODE_OPTIONS, STORAGE_ENVIRONMENT } from '../../packages/cli/src/parts.ts';
import { checkLanded, readLog } from '../support/delta-log.ts';
import { ROOT } from '../support/paths.ts';
import { type Endpoints, environment, NAMESPACE, putResource } from './bench-azure.ts';
import { judge, median, option } from './figures.ts';
import { BenchProcess } from './processes.ts';

/**
 * Drain from the local Event Hubs to committed bronze, beside the SDK receiving the same events into nothing. The hub,
 * its events and the machine are the same; the two take turns.
 */
const HUB = 'orders';
const PARTITIONS = 4;
const BATCH = 500;
const RATIO_MIN = 0.8;
const RSS_MIB_MAX = 512;

const PIPELINE = `pipeline: bench
sources:
  orders: { kind: event-hub, namespace: ${NAMESPACE}, hub: ${HUB}, eventTime: InvoiceDate }
bronze:
  orders: { source: orders }
`;

export async function benchDrain(args: readonly string[]): Promise<boolean> {
  const [events, rounds] = [option(args, 'events', 400_000), option(args, 'rounds', 3)];
  const folder = mkdtempSync(join(tmpdir(), 'lakewarden-bench-'));
  const script = join(ROOT, 'packages/azure-local/src/main.ts');
  const azure = new BenchProcess(script, ['--data', folder], STORAGE_ENVIRONMENT);
  try {
    await azure.line((line) => line.ready === true);
    const endpoints = JSON.parse(readFileSync(join(folder, 'endpoints.json'), 'utf8')) as Endpoints;
    await fill(endpoints, events);
    const [peer, ours, rss]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < rounds; round++) {
      peer.push(events / (await receiveIntoNothing(endpoints, events)));
      const drained = await drain(endpoints, join(folder, `agent-${round}`), folder, events, round);
      ours.push(events / drained.ms);
      rss.push(drained.rssMiB);
      const rate = (values: readonly number[]) =>
        Math.round((values.at(-1) ?? 0) * 1000).toLocaleString('en-US');
      console.log(
        `round ${round + 1}: SDK ${rate(peer)}/s · drain to bronze ${rate(ours)}/s · agent ${Math.round(drained.rssMiB)} MiB`,
      );
    }
    console.log(`local Azure: ${Math.round(azure.rssMiBMax)} MiB`);
    const ratio = median(ours.map((value, round) => value / (peer[round] ?? 1)));
    const speed = judge(`${events.toLocaleString('en-US')} events, drain ÷ SDK`, ratio, { min: RATIO_MIN });
    return judge('agent peak RSS, MiB', Math.max(...rss), { max: RSS_MIB_MAX }) && speed;
  } finally {
    await azure.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fill(endpoints: Endpoints, events: number): Promise<void> {
  await createHub(endpoints);
  const { amqp } = endpoints.eventHubs;
  const key = `SharedAccessKeyName=${endpoints.sharedAccessKeyName};SharedAccessKey=${endpoints.sharedAccessKey}`;
  const connection = `Endpoint=sb://${amqp};${key};EntityPath=${HUB};UseDevelopmentEmulator=true`;
  const lanes = Array.from({ length: PARTITIONS }, (_, partition) =>
    fillPartition(connection, partition, events / PARTITIONS),
  );
  await Promise.all(lanes);
}

async function fillPartition(connection: string, partition: number, events: number): Promise<void> {
  const producer = new EventHubProducerClient(connection, HUB);
  for (let sent = 0; sent < events; sent += BATCH) {
    const count = Math.min(BATCH, events - sent);
    const batch = Array.from({ length: count }, (_, i) => ({ body: body(sent + i) }));
    await producer.sendBatch(batch, { partitionId: String(partition) });
  }
  await producer.close();
}

/** About the size and shape of a real order line (the retail file's mean is 210 bytes as JSON). */
function body(row: number): Record<string, string> {
  const minute = String(row % 60).padStart(2, '0');
  return {
    InvoiceNo: String(536_365 + (row >> 4)),
    StockCode: `8512${row % 10}A`,
    Description: 'WHITE HANGING HEART T-LIGHT HOLDER',
    Quantity: String(1 + (row % 12)),
    InvoiceDate: `2010-12-${String(1 + (row % 28)).padStart(2, '0')} 08:${minute}:00`,
    UnitPrice: '2.55',
    CustomerID: '17850.0',
    Country: 'United Kingdom',
  };
}

async function createHub(endpoints: Endpoints): Promise<void> {
  const properties = { partitionCount: PARTITIONS, messageRetentionInDays: 7 };
  await putResource(endpoints, `namespaces/${NAMESPACE}/eventhubs/${HUB}`, properties);
}

async function receiveIntoNothing(endpoints: Endpoints, events: number): Promise<number> {
  const args = [`${NAMESPACE}.servicebus.windows.net`, endpoints.eventHubs.amqps, HUB, String(events)];
  const peer = new BenchProcess(join(ROOT, 'test/bench/receive-empty.ts'), args, environment(endpoints));
  const { ms } = await peer.line((line) => typeof line.ms === 'number');
  await peer.ended;
  return Number(ms);
}

async function drain(endpoints: Endpoints, stateDir: string, data: string, events: number, round: number) {
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(join(stateDir, 'pipeline.yaml'), PIPELINE);
  const fileSystem = `lake${round}`;
  const config = {
    pipeline: 'pipeline.yaml',
    storage: { account: 'retaillake', fileSystem },
    dataFactory: { subscriptionId: endpoints.subscriptionId, resourceGroup: endpoints.resourceGroup },
    stateDir: '.',
    lakeFolder: join(data, 'storage', 'retaillake', fileSystem),
    routes: {
      'retaillake.dfs.core.windows.net': endpoints.storage.http,
      'retaillake.blob.core.windows.net': endpoints.storage.http,
      'management.azure.com': endpoints.arm.http,
      [`${NAMESPACE}.servicebus.windows.net`]: `amqps://${endpoints.eventHubs.amqps}`,
    },
  };
  const file = join(stateDir, 'config.json');
  writeFileSync(file, JSON.stringify(config));
  mkdirSync(config.lakeFolder, { recursive: true });
  const script = join(ROOT, 'agent/src/main.ts');
  const options = ['run', '--once', '--config', file];
  const agent = new BenchProcess(
    script,
    options,
    { ...environment(endpoints), ...AGENT_ENVIRONMENT },
    AGENT_NODE_OPTIONS,
  );
  const started = await agent.line((line) => line.type === 'DrainStarted');
  const finished = await agent.line((line) => line.type === 'DrainFinished');
  await agent.ended;
  const landed = checkLanded(readLog(join(config.lakeFolder, 'bronze', 'orders')));
  if (landed.rows !== events) throw new Error(`${landed.rows} of ${events} events landed`);
  const ms = Date.parse(String(finished.at)) - Date.parse(String(started.at));
  return { ms, rssMiB: agent.rssMiBMax };
}
