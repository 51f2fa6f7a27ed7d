import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { EventHubConsumerClient } from '@azure/event-hubs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTarget } from '../azure/target.ts';
import { sourcesMain } from '../index.ts';
import { BATCH_FILES, TRANSACTIONS } from './data-folder.ts';

/**
 * The loader as a process of its own, against the local Azure as another: what holds in `fill-hub.test.ts` with links in
 * memory must hold with the real SDK, dropped connections and killed processes.
 */
const AZURE_LOCAL = fileURLToPath(new URL('../../../azure-local/src/main.ts', import.meta.url));
const FILES = { 'transactions/2010.csv': 2_600, 'transactions/2011.csv': 1_700 };
const CLICKS = 1_200;

let root = '';
let azure: ChildProcess | undefined;
const endpoints = () => join(root, 'azure', 'endpoints.json');

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'retail-load-'));
  await writeData(join(root, 'data'));
  azure = spawn(process.execPath, [AZURE_LOCAL, '--data', join(root, 'azure')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(createInterface({ input: azure.stdout as NodeJS.ReadableStream }), 'line');
}, 60_000);

afterAll(async () => {
  azure?.kill('SIGTERM');
  if (azure !== undefined && azure.exitCode === null) await once(azure, 'exit');
  await rm(root, { recursive: true, force: true });
});

async function writeData(dir: string): Promise<void> {
  const put = async (name: string, text: string) => {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  };
  for (const [name, rows] of Object.entries(FILES)) {
    const lines = Array.from(
      { length: rows },
      (_, row) => `${name}#${row + 1},B,C,1,2010-12-01 08:26:00,1.50,,UK`,
    );
    await put(name, `${TRANSACTIONS.layout.required.join(',')}\n${lines.join('\n')}\n`);
  }
  const header = 'year;month;day;order;country;session ID;price;page';
  const clicks = Array.from({ length: CLICKS }, (_, row) => `2008;4;1;${row + 1};29;1;28;1`);
  await put('clickstream/clicks.csv', `${header}\n${clicks.join('\n')}\n`);
  for (const file of BATCH_FILES) await put(file, 'x');
}

interface Run {
  readonly code: number | null;
  readonly lines: readonly Record<string, unknown>[];
}

/** `killAfter`: SIGKILL as soon as so many rows of any hub were acknowledged. */
async function load(options: { killAfter?: number } = {}): Promise<Run> {
  const args = ['load', '--endpoints', endpoints(), '--data', join(root, 'data')];
  const child = spawn(process.execPath, [sourcesMain, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as { progress?: { done: number } };
    lines.push(line as Record<string, unknown>);
    if (options.killAfter !== undefined && (line.progress?.done ?? 0) > options.killAfter)
      child.kill('SIGKILL');
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, lines };
}

async function installFault(fault: Readonly<Record<string, unknown>>): Promise<void> {
  const answer = await control(
    'POST',
    JSON.stringify({ service: 'event-hubs', match: { operation: 'send' }, ...fault }),
  );
  expect(answer.status).toBe(201);
}

async function control(method: string, body?: string): Promise<Response> {
  const { control: at } = JSON.parse(await readFile(endpoints(), 'utf8'));
  const headers = { authorization: `Bearer ${at.token}`, 'content-type': 'application/json' };
  return fetch(`${at.url}/faults`, { method, headers, ...(body === undefined ? {} : { body }) });
}

/** The bodies of each partition, in order. */
async function readHub(hub: string): Promise<string[][]> {
  const { eventHubsConnection = '' } = await readTarget(endpoints());
  const consumer = new EventHubConsumerClient('$Default', eventHubsConnection, hub);
  try {
    const ids = await consumer.getPartitionIds();
    return await Promise.all(ids.map((id) => readPartition(consumer, id)));
  } finally {
    await consumer.close();
  }
}

async function readPartition(consumer: EventHubConsumerClient, id: string): Promise<string[]> {
  const { isEmpty, lastEnqueuedSequenceNumber } = await consumer.getPartitionProperties(id);
  const bodies: string[] = [];
  if (isEmpty) return bodies;
  const reached = Promise.withResolvers<void>();
  const subscription = consumer.subscribe(
    id,
    {
      processEvents: async (events) => {
        for (const event of events) bodies.push(String(event.body));
        if ((events.at(-1)?.sequenceNumber ?? -1) >= lastEnqueuedSequenceNumber) reached.resolve();
      },
      processError: async (cause) => reached.reject(cause),
    },
    { startPosition: { offset: '-1' }, maxBatchSize: 500, prefetchCount: 4_000, skipParsingBodyAsJson: true },
  );
  await reached.promise;
  await subscription.close();
  return bodies;
}

async function expectEachRowOnce(): Promise<void> {
  const orders = await readHub('orders');
  const expected = Array.from({ length: 4 }, (_, partition) =>
    Object.entries(FILES).flatMap(([name, rows]) =>
      Array.from({ length: rows }, (_, index) => index + 1)
        .filter((row) => (row - 1) % 4 === partition)
        .map((row) => `${name}#${row}`),
    ),
  );
  expect(orders.map((bodies) => bodies.map((body) => JSON.parse(body).InvoiceNo))).toEqual(expected);
  const clicks = (await readHub('clicks')).flat().map((body) => Number(JSON.parse(body).order));
  expect(clicks.toSorted((a, b) => a - b)).toEqual(Array.from({ length: CLICKS }, (_, row) => row + 1));
}

// One story in order: each step leaves the hubs as the next one finds them.
describe('load against the local Azure', () => {
  test('killed in the middle of dropped connections, the loader leaves no hole and no repetition', async () => {
    await installFault({ action: { kind: 'drop', when: 'after' }, probability: 0.3, seed: 7, count: 6 });
    await installFault({ action: { kind: 'drop', when: 'before' }, probability: 0.3, seed: 8, count: 6 });
    const killed = await load({ killAfter: 900 });
    expect(killed.code).toBe(null);
    const again = await load();
    expect(again.code).toBe(0);
    await control('DELETE');
    await expectEachRowOnce();
  }, 60_000);

  test('the second time there is nothing to send', async () => {
    const { code, lines } = await load();
    expect(code).toBe(0);
    expect(lines.at(-1)).toMatchObject({
      done: {
        problems: 0,
        sources: [
          { source: 'orders', rows: 4_300, sent: 0, already: 4_300 },
          { source: 'clicks', rows: CLICKS, sent: 0, already: CLICKS },
        ],
      },
    });
    await expectEachRowOnce();
  }, 60_000);
});
