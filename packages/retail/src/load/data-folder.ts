import { access, constants, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '@lakewarden/contracts';
import { type CsvLayout, CsvSource } from './csv-source.ts';
import type { EventSource } from './event-source.ts';

/** One kind of event files: every file of `folder` feeds `hub`. */
interface EventFolder {
  readonly hub: string;
  readonly folder: string;
  readonly layout: CsvLayout;
}

/** `transactions`: each row is an event with the columns and values as spelled. */
export const TRANSACTIONS: EventFolder = {
  hub: 'orders',
  folder: 'transactions',
  layout: {
    delimiter: ',',
    required: [
      'InvoiceNo',
      'StockCode',
      'Description',
      'Quantity',
      'InvoiceDate',
      'UnitPrice',
      'CustomerID',
      'Country',
    ],
  },
};

/** `clickstream`: the day stands in three columns; the event has it as `date` too, which is its event time. */
export const CLICKSTREAM: EventFolder = {
  hub: 'clicks',
  folder: 'clickstream',
  layout: {
    delimiter: ';',
    required: ['year', 'month', 'day', 'order', 'country', 'session ID', 'price', 'page'],
    isoDay: { name: 'date', year: 'year', month: 'month', day: 'day' },
  },
};

/** What Data Factory copies, as its pipelines say (factory/pipeline). */
export const BATCH_FILES: readonly string[] = [
  'geo/stores.json',
  'geo/all_us_zipcodes.csv',
  'catalog/categories.json',
  'vendors/Vendor.csv',
  'vendors/PurchaseOrderHeader.csv',
  'vendors/PurchaseOrderDetail.csv',
];

export interface DataFolder {
  readonly hubs: readonly { readonly hub: string; readonly sources: readonly EventSource[] }[];
  readonly problems: readonly Problem[];
}

/** Looks at a folder of real files. What is missing or unreadable is a problem of its own; the rest is still read. */
export async function openDataFolder(root: string): Promise<DataFolder> {
  const problem = await problemOfFolder(
    root,
    'give the folder that holds transactions, clickstream, geo, catalog and vendors',
  );
  if (problem !== undefined) return { hubs: [], problems: [problem] };
  const folders = await Promise.all([TRANSACTIONS, CLICKSTREAM].map((each) => openEventFolder(root, each)));
  const missing = await Promise.all(BATCH_FILES.map((file) => problemOfFile(join(root, file))));
  return {
    hubs: folders.map(({ hub, sources }) => ({ hub, sources })),
    problems: [...folders.flatMap((each) => each.problems), ...missing.filter((each) => each !== undefined)],
  };
}

const EVENT_FILE = /\.csv(\.zst|\.gz)?$/;

async function openEventFolder(root: string, { hub, folder, layout }: EventFolder) {
  const path = join(root, folder);
  const remedy = `put CSV files with the columns ${layout.required.join(', ')} there`;
  const problem = await problemOfFolder(path, remedy);
  if (problem !== undefined) return { hub, sources: [], problems: [problem] };
  // `ground_truth_daily.csv` is a figure about the data, not data; so are hidden files.
  const names = (await readdir(path)).filter(
    (name) => EVENT_FILE.test(name) && !/^(\.|ground_truth)/.test(name),
  );
  if (names.length === 0) {
    return {
      hub,
      sources: [],
      problems: [{ ...place(path), message: 'holds no .csv, .csv.gz or .csv.zst file', remedy }],
    };
  }
  const problems = await Promise.all(names.map((name) => problemOfFile(join(path, name))));
  const sources = names
    .filter((_, index) => problems[index] === undefined)
    .toSorted()
    .map((name) => new CsvSource({ name: `${folder}/${name}`, path: join(path, name), layout }));
  return { hub, sources, problems: problems.filter((each) => each !== undefined) };
}

function place(file: string): { file: string; line: number; column: number } {
  return { file, line: 0, column: 0 };
}

async function problemOfFolder(path: string, remedy: string): Promise<Problem | undefined> {
  try {
    if ((await stat(path)).isDirectory()) return undefined;
    return { ...place(path), message: 'is not a folder', remedy };
  } catch (cause) {
    return unreadable(path, cause, 'no such folder', remedy);
  }
}

async function problemOfFile(path: string): Promise<Problem | undefined> {
  try {
    if (!(await stat(path)).isFile()) return { ...place(path), message: 'is not a file' };
    await access(path, constants.R_OK);
    return undefined;
  } catch (cause) {
    return unreadable(path, cause, 'no such file', 'put the file there; the other sources go on without it');
  }
}

function unreadable(path: string, cause: unknown, missing: string, remedy: string): Problem {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return { ...place(path), message: missing, remedy };
  if (code === 'EACCES' || code === 'EPERM') {
    return { ...place(path), message: 'may not be read', remedy: 'give this user the right to read it' };
  }
  return { ...place(path), message: `cannot be read (${code ?? String(cause)})`, remedy };
}
