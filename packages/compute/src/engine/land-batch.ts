import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  BIGINT,
  BLOB,
  type DuckDBAppender,
  DuckDBBlobValue,
  DuckDBDataChunk,
  VARCHAR,
} from '@duckdb/node-api';
import { type Digest, TerminalError } from '@lakewarden/contracts';
import { batchBronzeColumns } from '../pipeline/auxiliary-tables.ts';
import { digestAggregates, hash64, readDigest } from './canonical-row.ts';
import type { BatchLanded, BatchLanding } from './engine.ts';
import { sliceKey } from './event-slice.ts';
import type { RawRecord } from './records/raw-record.ts';
import { createRecordSplitter } from './records/record-splitter.ts';
import type { Row, Session } from './session.ts';
import { text } from './sql-text.ts';
import { typedColumns, writeFile } from './write-files.ts';

const READ_BYTES = 1 << 20;
const CHUNK_ROWS_MAX = 2_048;

/**
 * What a batch brought → one bronze file of its window. Every record lands: one that cannot be read lands as its raw
 * bytes, which clean sends to quarantine with its coordinates (file, line or record number).
 */
export async function landBatch(session: Session, job: BatchLanding): Promise<BatchLanded> {
  const { source } = job.dataset;
  if (source.kind !== 'data-factory') throw new Error(`${job.dataset.name} is not fed by batches`);
  await session.run(
    'CREATE TEMP TABLE raw (source_file VARCHAR, digest_name VARCHAR, "row" BIGINT, body BLOB)',
  );
  const appender = await session.connection.createAppender('raw');
  try {
    for (const file of job.files) {
      const rows = new RowBuffer(appender, file.name);
      const splitter = createRecordSplitter(source.format, file.name, (record) => rows.add(record));
      await readInto(session, file.localPath, (bytes) => splitter.push(bytes));
      splitter.end();
      rows.flush();
    }
  } finally {
    appender.closeSync();
  }
  return writeWindow(session, job);
}

async function readInto(session: Session, path: string, take: (bytes: Buffer) => void): Promise<void> {
  const handle = await open(path, 'r');
  try {
    for (;;) {
      session.throwIfAborted();
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES);
      if (bytesRead === 0) return;
      take(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

/** Hands records to the appender a vector at a time. */
class RowBuffer {
  readonly #appender: DuckDBAppender;
  readonly #file: string;
  #records: RawRecord[] = [];

  constructor(appender: DuckDBAppender, file: string) {
    this.#appender = appender;
    this.#file = file;
  }

  add(record: RawRecord): void {
    this.#records.push(record);
    if (this.#records.length === CHUNK_ROWS_MAX) this.flush();
  }

  flush(): void {
    const records = this.#records;
    if (records.length === 0) return;
    this.#records = [];
    const chunk = DuckDBDataChunk.create([VARCHAR, VARCHAR, BIGINT, BLOB], records.length);
    const digestName = basename(this.#file);
    chunk.setColumns([
      records.map(() => this.#file),
      records.map(() => digestName),
      records.map((record) => BigInt(record.row)),
      records.map((record) => new DuckDBBlobValue(record.body)),
    ]);
    this.#appender.appendDataChunk(chunk);
  }
}

async function writeWindow(session: Session, job: BatchLanding): Promise<BatchLanded> {
  const columns = batchBronzeColumns;
  const start = `TIMESTAMPTZ ${text(windowStart(job.window))}`;
  // The folder of a file names the attempt, so it is left out: the same rows brought again are the same digest.
  const identity = `encode(concat(strlen(digest_name), ':', digest_name, ':', "row", ':', epoch_us(${start}), ':'))`;
  const [counted] = await session.rows(
    `SELECT ${digestAggregates(hash64(`${identity} || body`))}, ${sliceKey(start, job.dataset.touchGrain)} AS touch FROM raw`,
  );
  const digest: Digest = readDigest(counted);
  const select = `SELECT ${typedColumns(columns, (column) => (column.name === 'event_time' ? start : `"${column.name}"`))}
    FROM raw ORDER BY source_file, "row"`;
  const output = { select, columns, dir: job.outDir, slice: job.window, compression: 'zstd' as const };
  const file = await writeFile(session, output);
  const touches = { [(counted as Row).touch as string]: digest };
  return { files: [{ ...file, digest, touches }], rows: digest.rows };
}

/** The first instant of a slice key. */
function windowStart(window: string): string {
  switch (window.length) {
    case 7:
      return `${window}-01 00:00:00+00`;
    case 10:
      return `${window} 00:00:00+00`;
    case 13:
      return `${window.replace('T', ' ')}:00:00+00`;
    default:
      throw new TerminalError('invalid', `the window ${window} is neither an hour, a day nor a month`);
  }
}
