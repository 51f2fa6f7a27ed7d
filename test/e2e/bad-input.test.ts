import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { zstdCompressSync } from 'node:zlib';
import { EventHubProducerClient } from '@azure/event-hubs';
import type { RunSummary } from '@lakewarden/contracts';
import { afterAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import { readLog } from '../support/delta-log.ts';
import { type DuckRow, queryFiles } from '../support/duck.ts';
import { ROOT } from '../support/paths.ts';
import { CLICK_ROWS, clicksFile, ORDER_ROWS, ordersFile, writeTinyData } from '../support/tiny-data.ts';

/** What is broken never stops the rest: it is told with its place and remedy, or kept aside with its reason. */
const folder = mkdtempSync(join(tmpdir(), 'lakewarden-bad-input-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inFolder = (...names: string[]) => join(folder, ...names);

async function upOnce(lake: string, args: readonly string[]) {
  const { code, stdout, stderr } = await runCli(['up', '--once', '--json', '--lake', lake, ...args]);
  const summary = stdout === '' ? undefined : (JSON.parse(stdout) as RunSummary);
  return { code, stderr, summary, accounting: summary?.accounting ?? {} };
}

function rowsOf(lake: string, table: string, sql: string): Promise<DuckRow[]> {
  const path = join(lake, 'azure/storage/retaillake/lake', table.replace('.', '/'));
  return queryFiles({ t: readLog(path) }, sql);
}

const BODY_AND_REASON = 'select body::varchar body, reason from t order by all';

describe('a broken pipeline file', () => {
  it('is told whole, each problem with place and remedy, before anything is started', async () => {
    const pipeline = inFolder('pipeline');
    cpSync(join(ROOT, 'packages/retail/pipeline'), pipeline, { recursive: true });
    change(join(pipeline, 'pipeline.yaml'), [
      ['unit_price >= 0', 'unit_prise >= 0'],
      [
        'type: "decimal(18,3)", required: true }\n      customer_id',
        'type: decimall, required: true }\n      customer_id',
      ],
      ['source: clicks }', 'source: klicks }'],
    ]);
    change(join(pipeline, 'sql/daily_sales.sql'), [['silver.orders', 'silver.ordes']]);
    const lake = inFolder('lake-of-broken-pipeline');
    const { code, stderr, summary } = await upOnce(lake, ['--pipeline', join(pipeline, 'pipeline.yaml')]);
    expect([code, summary]).toEqual([1, undefined]);
    const told = stderr.split('\n').filter((line) => /^[\w./]+:\d+:\d+ {2}\S.* · \S/.test(line));
    for (const word of ['klicks', 'decimall', 'unit_prise', 'ordes']) {
      expect(
        told.filter((line) => line.includes(word)),
        `${word} in\n${stderr}`,
      ).not.toEqual([]);
    }
    expect(existsSync(join(lake, 'azure'))).toBe(false);
  });
});

function change(file: string, edits: readonly (readonly [string, string])[]): void {
  let text = readFileSync(file, 'utf8');
  for (const [from, to] of edits) {
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    text = text.replace(from, to);
  }
  writeFileSync(file, text);
}

describe('a broken data folder', () => {
  it('is refused as wrong usage when it is not there at all', async () => {
    const { code, stderr } = await upOnce(inFolder('lake-of-nothing'), ['--data', inFolder('nowhere')]);
    expect(code).toBe(2);
    expect(stderr).toContain(`--data ${inFolder('nowhere')} is no folder · `);
  });

  it('keeps broken lines for quarantine, says where they are, and is done when all rows are accounted for', async () => {
    const [data, lake] = [inFolder('broken-lines'), inFolder('lake-of-broken-lines')];
    const bytes = Buffer.from([0x35, 0x33, 0x2c, 0xff, 0xfe, 0x0a]);
    const open = '537000,85123A,"never closed,1,2010-12-01 08:26:00,2.55,17850,United Kingdom';
    const fine = '537001,85123A,FINE,1,2010-12-01 08:26:00,2.55,17850,United Kingdom';
    writeTinyData(data, {
      'transactions/orders.csv': Buffer.concat([
        Buffer.from(ordersFile(['1,2,3', '', 'x,"y"z,3,4,5,6,7,8'])),
        bytes,
        Buffer.from(`${open}\n${fine}\n`),
      ]),
    });
    const { code, stderr, accounting } = await upOnce(lake, ['--data', data]);
    expect(code, stderr).toBe(0);
    const rows = { in: ORDER_ROWS + 5, out: ORDER_ROWS + 1, quarantined: 4, duplicates: 0 };
    expect(accounting['silver.orders']).toEqual(rows);
    const first = ORDER_ROWS + 2;
    for (const [line, reason] of [
      [first, 'expected 8 fields, found 3'],
      [first + 2, 'goes on after its closing quote'],
      [first + 3, 'not UTF-8'],
    ] as const) {
      expect(stderr).toMatch(new RegExp(`orders\\.csv:${line} .*${reason}.* · `));
    }
    expect(stderr).toContain('1 more broken line');
    const quarantined = await rowsOf(lake, 'quarantine.orders', BODY_AND_REASON);
    expect(quarantined.map((row) => row.reason)).toEqual(Array(4).fill('unparseable'));
    expect(quarantined.map((row) => row.body)).toContain('53,\\xFF\\xFE');
  });

  it('builds the rest when files are missing, wrong or cut off, and all of it once they are mended', async () => {
    const [data, lake] = [inFolder('broken-files'), inFolder('lake-of-broken-files')];
    const second = zstdCompressSync(Buffer.from(ordersFile([], 600_000)));
    writeTinyData(data, {
      'geo/stores.json': undefined,
      'clickstream/clicks.csv': clicksFile().replace('session ID', 'session'),
      'transactions/second.csv.zst': second.subarray(0, second.length - 9),
      'catalog/categories.json': '[{"id":"cat1","name":"Gifts"},{"id":"ca',
    });
    const broken = await upOnce(lake, ['--data', data]);
    expect(broken.code).toBe(1);
    for (const told of [
      /stores\.json .*no such file · /,
      /clicks\.csv:1 .*"session ID" · /,
      /second\.csv\.zst .*cannot be read to its end.* · /,
    ]) {
      expect(broken.stderr).toMatch(told);
      expect(broken.summary?.failures.filter(({ reason }) => told.test(reason)).length).toBe(1);
    }
    const whole = { in: ORDER_ROWS, out: ORDER_ROWS, quarantined: 0, duplicates: 0 };
    expect(broken.accounting['silver.orders']).toEqual(whole);
    expect(broken.accounting['silver.categories']).toEqual({ in: 2, out: 1, quarantined: 1, duplicates: 0 });
    expect(broken.accounting['silver.zipcodes']?.out).toBe(1);
    const status = await runCli(['status', '--lake', lake]);
    expect(status.stdout).toMatch(/^failed +bronze\.stores@2011-12-10: .*geo\/stores\.json/m);
    expect(status.stdout).toMatch(/^stale +gold\.store_coverage@all · waits for .*silver\.stores/m);

    writeTinyData(data, { 'transactions/second.csv.zst': second });
    const mended = await upOnce(lake, ['--data', data]);
    expect(mended.code, mended.stderr).toBe(0);
    expect(mended.accounting['silver.orders']).toEqual({ ...whole, in: 2 * ORDER_ROWS, out: 2 * ORDER_ROWS });
    expect(mended.accounting['silver.clicks']?.out).toBe(CLICK_ROWS);
    expect(mended.accounting['silver.stores']?.out).toBe(1);
  });
});

describe('poison events', () => {
  it('land, are kept with exact values or quarantined, and stop nothing', async () => {
    const [data, lake] = [inFolder('good'), inFolder('lake-of-poison')];
    writeTinyData(data);
    const { kept, refused } = poison();
    await sendBefore(lake, data, [...kept.map(({ body }) => body), ...refused]);
    const { code, stderr, accounting } = await upOnce(lake, ['--data', data]);
    expect(code, stderr).toBe(0);
    expect(accounting['silver.orders']).toEqual({
      in: ORDER_ROWS + kept.length + refused.length,
      out: ORDER_ROWS + kept.length,
      quarantined: refused.length,
      duplicates: 0,
    });
    const silver = await rowsOf(
      lake,
      'silver.orders',
      `select invoice_no, quantity::varchar quantity, unit_price::varchar unit_price, strlen(description)::integer bytes
       from t where invoice_no like 'poison%'`,
    );
    for (const { invoice, quantity, unitPrice, bytes } of kept) {
      const row = silver.find((each) => each.invoice_no === invoice);
      expect(row, invoice).toMatchObject({ quantity, unit_price: unitPrice, bytes });
    }
    const landed = await rowsOf(lake, 'quarantine.orders', 'select md5(body) h from t');
    const sent = refused.map((body) => createHash('md5').update(body).digest('hex'));
    expect(landed.map((row) => row.h).sort()).toEqual(sent.sort());
  });
});

interface Kept {
  readonly body: Buffer;
  readonly invoice: string;
  readonly quantity: string;
  readonly unitPrice: string;
  /** Of the description, as UTF-8. */
  readonly bytes: number;
}

const MIB = 1024 * 1024;

/** Events that look like an attack or an accident. `kept` are orders all the same, to the last digit. */
function poison(): { readonly kept: readonly Kept[]; readonly refused: readonly Buffer[] } {
  const order = (invoice: string, more: string) =>
    Buffer.from(
      `{"InvoiceNo":"${invoice}","StockCode":"S","InvoiceDate":"2010-12-01 09:00:00","CustomerID":"","Country":"Iceland",${more}}`,
    );
  const usual = '"Description":"d","Quantity":"1","UnitPrice":"1.5"';
  const kept: Kept[] = [];
  const keep = (more: string, quantity: string, unitPrice: string, bytes: number) => {
    const invoice = `poison-${kept.length + 1}`;
    kept.push({ body: order(invoice, more), invoice, quantity, unitPrice, bytes });
  };
  keep(
    `"Description":"d","Quantity":9007199254740993,"UnitPrice":"123456789012345.678"`,
    '9007199254740993',
    '123456789012345.678',
    1,
  );
  keep(
    `"Description":"d","Quantity":"-9223372036854775807","UnitPrice":"0"`,
    '-9223372036854775807',
    '0.000',
    1,
  );
  keep(
    `"__proto__":{"InvoiceNo":"x","Quantity":"7"},"constructor":{"prototype":1},${usual}`,
    '1',
    '1.500',
    1,
  );
  keep(
    `"Description":"${'x'.repeat(900 * 1024)}","Quantity":"1","UnitPrice":"1.5"`,
    '1',
    '1.500',
    900 * 1024,
  );
  keep(`"Description":"\\ud83d\\ude00 \\u202egnp","Quantity":"1","UnitPrice":"1.5"`, '1', '1.500', 11);
  keep(`"deep":${'['.repeat(200)}${']'.repeat(200)},${usual}`, '1', '1.500', 1);
  // RFC 8259 leaves the meaning of a repeated name open; the engine takes the first, and bronze keeps both.
  keep(`"Quantity":"2",${usual}`, '2', '1.500', 1);
  const refused = [
    Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
    order('refused', `"Description":"\\ud800","Quantity":"1","UnitPrice":"1"`),
    order('refused', '"Description":"d","Quantity":NaN,"UnitPrice":1'),
    order('refused', '"Description":"d","Quantity":"NaN","UnitPrice":"1"'),
    order('refused', '"Description":"d","Quantity":"9223372036854775808","UnitPrice":"1"'),
    order('refused', '"Description":"d","Quantity":"1","UnitPrice":"Infinity"'),
    order('refused', '"Description":"d","Quantity":"1","UnitPrice":"1e400"'),
    Buffer.from('['.repeat(200_000)),
    Buffer.from(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`),
    Buffer.from(''),
    Buffer.from('\u0000'),
    Buffer.from('"text"'),
    Buffer.from('{"InvoiceNo":"cut off'),
  ];
  for (const { body } of kept) if (body.length > MIB) throw new Error('too large for one event');
  return { kept, refused };
}

/** Bodies as they are, by the real SDK, into hub `orders` of a lake that nobody has looked at yet. */
async function sendBefore(lake: string, data: string, bodies: readonly Buffer[]): Promise<void> {
  const azureDir = join(lake, 'azure');
  const azure = spawn(
    process.execPath,
    [join(ROOT, 'packages/azure-local/src/main.ts'), '--data', azureDir],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    await once(createInterface({ input: azure.stdout }), 'line');
    const endpointsFile = join(azureDir, 'endpoints.json');
    await provision(endpointsFile, data);
    const endpoints = JSON.parse(readFileSync(endpointsFile, 'utf8'));
    const connection = [
      `Endpoint=sb://${endpoints.eventHubs.amqp}`,
      `SharedAccessKeyName=${endpoints.sharedAccessKeyName}`,
      `SharedAccessKey=${endpoints.sharedAccessKey}`,
      'UseDevelopmentEmulator=true',
    ].join(';');
    const producer = new EventHubProducerClient(connection, 'orders');
    for (const [index, body] of bodies.entries())
      await producer.sendBatch([{ body }], { partitionId: String(index % 4) });
    await producer.close();
  } finally {
    azure.kill('SIGTERM');
    if (azure.exitCode === null) await once(azure, 'exit');
  }
}

async function provision(endpoints: string, data: string): Promise<void> {
  const args = [
    join(ROOT, 'packages/retail/src/main.ts'),
    'provision',
    '--endpoints',
    endpoints,
    '--data',
    data,
  ];
  const sources = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = await once(sources, 'exit');
  if (code !== 0) throw new Error(`provision ended with ${code}`);
}
