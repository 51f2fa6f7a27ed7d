import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SourceProblem } from './csv-source.ts';
import { BATCH_FILES, openDataFolder, TRANSACTIONS } from './data-folder.ts';
import type { EventSource } from './event-source.ts';

const HEADER = TRANSACTIONS.layout.required.join(',');
const CLICK_HEADER =
  'year;month;day;order;country;session ID;page 1 (main category);page 2 (clothing model);colour;location;model photography;price;price 2;page';
const never = new AbortController().signal;

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'retail-data-'));
});
afterEach(() => rm(root, { recursive: true }));

async function write(files: Readonly<Record<string, string | Buffer>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
}

async function bodiesOf(source: EventSource | undefined): Promise<string[]> {
  const bodies: string[] = [];
  for await (const block of source?.blocks(never, 0) ?? []) {
    for (let index = 0; index < block.count; index++) bodies.push(block.body(index).toString());
  }
  return bodies;
}

const BATCHES = Object.fromEntries(BATCH_FILES.map((file) => [file, 'x']));

describe('openDataFolder', () => {
  test('makes an event of each transaction, with the values as spelled', async () => {
    await write({
      ...BATCHES,
      'transactions/a.csv': `${HEADER}\n536365,85123A,"A ""B"", C",6,2010-12-01 08:26:00,2.55,,United Kingdom\n`,
      'clickstream/c.csv': `${CLICK_HEADER}\r\n2008;4;1;1;29;1;1;A13;1;5;1;28;2;1\r\n`,
    });
    const { hubs, problems } = await openDataFolder(root);
    expect(problems).toEqual([]);
    expect(hubs.map(({ hub, sources }) => [hub, sources.map((source) => source.name)])).toEqual([
      ['orders', ['transactions/a.csv']],
      ['clicks', ['clickstream/c.csv']],
    ]);
    const [order = ''] = await bodiesOf(hubs[0]?.sources[0]);
    expect(JSON.parse(order)).toEqual({
      InvoiceNo: '536365',
      StockCode: '85123A',
      Description: 'A "B", C',
      Quantity: '6',
      InvoiceDate: '2010-12-01 08:26:00',
      UnitPrice: '2.55',
      CustomerID: '',
      Country: 'United Kingdom',
    });
    const [click = ''] = await bodiesOf(hubs[1]?.sources[0]);
    expect(JSON.parse(click)).toMatchObject({ 'session ID': '1', price: '28', date: '2008-04-01' });
  });

  test('reads packed files, counts their rows, and sends broken lines as they are', async () => {
    const lines = Array.from({ length: 500 }, (_, row) => `${row},B,C,1,2010-12-01 08:26:00,1,2,UK`);
    const text = `${HEADER}\n${lines.join('\n')}\nbroken line\n`;
    await write({
      'transactions/1.csv.zst': zstdCompressSync(Buffer.from(text)),
      'transactions/2.csv.gz': gzipSync(Buffer.from(text)),
      'transactions/notes.txt': 'not events',
    });
    const { hubs } = await openDataFolder(root);
    for (const source of hubs[0]?.sources ?? []) {
      expect(await source.count(never)).toBe(501);
      const bodies = await bodiesOf(source);
      expect(bodies.length).toBe(501);
      expect(bodies.at(-1)).toBe('broken line');
    }
    expect(hubs[0]?.sources.map((source) => source.name)).toEqual([
      'transactions/1.csv.zst',
      'transactions/2.csv.gz',
    ]);
  });

  test('names what is missing, and still reads the rest', async () => {
    await write({ ...BATCHES, 'transactions/a.csv': `${HEADER}\n` });
    await rm(join(root, 'geo/stores.json'));
    const { hubs, problems } = await openDataFolder(root);
    expect(hubs[0]?.sources.length).toBe(1);
    expect(problems.map(({ file, message }) => [file, message])).toEqual([
      [join(root, 'clickstream'), 'no such folder'],
      [join(root, 'geo/stores.json'), 'no such file'],
    ]);
    expect(problems.every((problem) => problem.remedy !== undefined)).toBe(true);
    expect((await openDataFolder(join(root, 'nowhere'))).problems).toMatchObject([
      { message: 'no such folder' },
    ]);
  });

  test.each([
    ['is empty', '', 1, 'the file is empty'],
    ['has another header', 'a,b\n1,2\n', 1, 'the header has no column "InvoiceNo"'],
    ['lost a column', `${HEADER.replace(',UnitPrice', '')}\n`, 1, 'the header has no column "UnitPrice"'],
    [
      'is cut off',
      zstdCompressSync(Buffer.from(`${HEADER}\n${'1,2,3,4,5,6,7,8\n'.repeat(9_999)}`)).subarray(0, -9),
      0,
      'cannot be read',
    ],
  ])('says where and why when a file %s', async (_, content, line, message) => {
    const name = typeof content === 'string' ? 'transactions/a.csv' : 'transactions/a.csv.zst';
    await write({ [name]: content });
    const { hubs } = await openDataFolder(root);
    const failure = await hubs[0]?.sources[0]?.count(never).catch((cause: unknown) => cause);
    expect(failure).toBeInstanceOf(SourceProblem);
    const { problem } = failure as SourceProblem;
    expect(problem).toMatchObject({ file: join(root, name), line });
    expect(problem.message).toContain(message);
    expect(problem.remedy).toBeDefined();
  });
});

const REAL = fileURLToPath(new URL('../../../../../shared/data/retail', import.meta.url));

describe.runIf(existsSync(REAL) || process.env.CI !== undefined)('the real retail data', () => {
  test('has the rows that were counted elsewhere, and no broken line', async () => {
    const { hubs, problems } = await openDataFolder(REAL);
    expect(problems).toEqual([]);
    const counts = hubs.map(async ({ sources }) => Promise.all(sources.map((source) => source.count(never))));
    expect(await Promise.all(counts)).toEqual([[541_909], [165_474]]);
  });
});
