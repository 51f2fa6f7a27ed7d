import {
  BIGINT,
  BLOB,
  DuckDBBlobValue,
  DuckDBDataChunk,
  DuckDBTimestampTZValue,
  type DuckDBValue,
  INTEGER,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api';
import { addDigests, type Column, type Digest, EMPTY_DIGEST } from '@lakewarden/contracts';
import { streamBronzeColumns } from '../pipeline/auxiliary-tables.ts';
import type { BronzeDataset } from '../pipeline/model.ts';
import { digestAggregates, hash64, readDigest } from './canonical-row.ts';
import type { EventChunk, LandedFile, StreamLanding } from './engine.ts';
import { silverSlice, sliceKey } from './event-slice.ts';
import type { Row, Session } from './session.ts';
import { jsonPointer, text } from './sql-text.ts';
import { timestampOf } from './text-casts.ts';
import { typedColumns, writeFile } from './write-files.ts';

/**
 * Events → bronze files. Nothing is judged: a body that is no JSON object, or has no readable event time, lands with
 * its enqueued time and `event_time_fallback` (DESIGN §2, land).
 *
 * - One file a (partition, enqueued day), sorted by sequence; partitions are never mixed in a file (I1, I2).
 * - The digest hashes (generation, partition, sequence, event time, body): md5, so it outlives DuckDB's own hash.
 */
export async function landStream(session: Session, job: StreamLanding): Promise<readonly LandedFile[]> {
  // Files keep the order of insertion, so that sorted events need no sort.
  await session.run('SET preserve_insertion_order = true');
  const files: LandedFile[] = [];
  // One partition after the other: only one partition's events are in DuckDB's memory at a time (I15).
  for (const [, chunks] of Map.groupBy(job.chunks, (chunk) => chunk.partition)) {
    await session.run(`CREATE OR REPLACE TEMP TABLE raw (${RAW_COLUMNS})`);
    const sorted = await appendChunks(session, chunks);
    const groups = groupLanded(await session.rows(groupsSelect(job)));
    for (const group of groups) files.push(await writeGroup(session, job, group, sorted));
  }
  await session.run('DROP TABLE IF EXISTS raw');
  return files;
}

const RAW_COLUMNS =
  '"partition" INTEGER, "sequence" BIGINT, "offset" VARCHAR, enqueued_at TIMESTAMPTZ, body BLOB';

/** A file to be: (partition, enqueued day). */
interface LandedGroup {
  readonly partition: number;
  readonly slice: string;
  readonly digest: Digest;
  readonly touches: Readonly<Record<string, Digest>>;
  readonly first: bigint;
  readonly last: bigint;
}

function groupsSelect(job: StreamLanding): string {
  const touch = silverSlice('event_time', 'enqueued_at', job.dataset.touchGrain);
  return `SELECT "partition", _slice, ${touch} AS touch, min("sequence") AS first, max("sequence") AS last,
    ${digestAggregates(HASH)} FROM (${landedSelect(job)}) GROUP BY ALL ORDER BY ALL`;
}

const APPENDED_TYPES = [INTEGER, BIGINT, VARCHAR, TIMESTAMPTZ, BLOB];
/** DuckDB's vector size: a data chunk holds no more. */
const CHUNK_ROWS_MAX = 2_048;

/** Returns whether the sequences rise all the way, as they do when a partition was read in order. */
async function appendChunks(session: Session, chunks: readonly EventChunk[]): Promise<boolean> {
  const appender = await session.connection.createAppender('raw');
  // One chunk for all: what a chunk holds natively is freed by `reset` at once, by garbage collection only some day.
  const vectors = DuckDBDataChunk.create(APPENDED_TYPES);
  let sorted = true;
  let last: bigint | undefined;
  try {
    for (const chunk of chunks) {
      for (let start = 0; start < chunk.count; start += CHUNK_ROWS_MAX) {
        const end = Math.min(start + CHUNK_ROWS_MAX, chunk.count);
        vectors.reset();
        vectors.rowCount = end - start;
        vectors.setColumns(columnsOf(chunk, start, end));
        appender.appendDataChunk(vectors);
      }
      for (const sequence of chunk.sequences) {
        sorted &&= last === undefined || sequence > last;
        last = sequence;
      }
      release(chunk.bodies);
    }
  } finally {
    appender.closeSync();
  }
  return sorted;
}

/** Gives the bytes back now: this thread allocates so little that its collector would let many calls' bodies pile up. */
function release(bytes: Uint8Array): void {
  if (bytes.buffer instanceof ArrayBuffer) bytes.buffer.transfer(0);
}

function columnsOf(events: EventChunk, start: number, end: number): DuckDBValue[][] {
  const rows = Array.from({ length: end - start }, (_, index) => start + index);
  const bodyStart = (row: number) => (row === 0 ? 0 : (events.ends[row - 1] as number));
  return [
    rows.map(() => events.partition),
    rows.map((row) => events.sequences[row] as bigint),
    rows.map((row) => events.offsets[row] as string),
    rows.map((row) => new DuckDBTimestampTZValue(microseconds(events.enqueuedMs[row] as number))),
    rows.map((row) => new DuckDBBlobValue(events.bodies.subarray(bodyStart(row), events.ends[row]))),
  ];
}

function microseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1_000));
}

/** Bronze rows from raw ones, with the enqueued day as `_slice`. */
function landedSelect({ dataset, generation }: StreamLanding): string {
  const field = eventTimeField(dataset);
  const stated =
    field === undefined
      ? 'CAST(NULL AS VARCHAR)'
      : `TRY(json_extract_string(TRY(decode(body)), ${jsonPointer([field])}))`;
  return `
    SELECT ${text(generation)} AS generation, * EXCLUDE (_stated), coalesce(_stated, enqueued_at) AS event_time,
      _stated IS NULL AS event_time_fallback, ${sliceKey('enqueued_at', 'day')} AS _slice
    FROM (SELECT * EXCLUDE (_text), ${timestampOf('_text')} AS _stated FROM (SELECT *, ${stated} AS _text FROM raw))`;
}

/** Of a bronze row: cheap to compare, as only the agent lands. */
const HASH = hash64(
  `encode(concat(strlen(generation), ':', generation, ':', "partition", ':', "sequence", ':', epoch_us(event_time), ':')) || body`,
);

function eventTimeField({ source }: BronzeDataset): string | undefined {
  return source.kind === 'event-hub' ? source.eventTimeField : undefined;
}

function groupLanded(rows: readonly Row[]): readonly LandedGroup[] {
  const groups = new Map<string, LandedGroup>();
  for (const row of rows) {
    const partition = Number(row.partition);
    const slice = row._slice as string;
    const id = `${partition}/${slice}`;
    const digest = readDigest(row);
    const first = BigInt(row.first as string);
    const last = BigInt(row.last as string);
    const before = groups.get(id);
    groups.set(id, {
      partition,
      slice,
      digest: addDigests(before?.digest ?? EMPTY_DIGEST, digest),
      touches: { ...before?.touches, [row.touch as string]: digest },
      first: before === undefined || first < before.first ? first : before.first,
      last: before === undefined || last > before.last ? last : before.last,
    });
  }
  return [...groups.values()];
}

async function writeGroup(
  session: Session,
  job: StreamLanding,
  group: LandedGroup,
  sorted: boolean,
): Promise<LandedFile> {
  const { slice, partition, digest, touches, first, last } = group;
  const columns: readonly Column[] = streamBronzeColumns;
  const order = sorted ? '' : 'ORDER BY "sequence"';
  const select = `SELECT ${typedColumns(columns)} FROM (${landedSelect(job)}) WHERE _slice = ${text(slice)} ${order}`;
  const output = { select, columns, dir: job.outDir, slice, compression: 'zstd' as const };
  return { ...(await writeFile(session, output)), digest, touches, partition, first, last };
}
