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
import { name, text } from './sql-text.ts';
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
  if (job.chunks.every((chunk) => chunk.count === 0)) return [];
  await session.run(
    'CREATE TEMP TABLE raw ("partition" INTEGER, "sequence" BIGINT, "offset" VARCHAR, enqueued_at TIMESTAMPTZ, body BLOB)',
  );
  await appendChunks(session, job.chunks);
  await session.run(`CREATE TEMP TABLE landed AS ${landedSelect(job)}`);
  await session.run('DROP TABLE raw');
  const groups = groupLanded(await session.rows(GROUPS));
  const files: LandedFile[] = [];
  for (const group of groups) files.push(await writeGroup(session, job.outDir, group));
  return files;
}

/** A file to be: (partition, enqueued day). */
interface LandedGroup {
  readonly partition: number;
  readonly slice: string;
  readonly digest: Digest;
  readonly touches: Readonly<Record<string, Digest>>;
  readonly first: bigint;
  readonly last: bigint;
}

const GROUPS = `SELECT "partition", _slice, _touch, min("sequence") AS first, max("sequence") AS last,
  ${digestAggregates('_hash')} FROM landed GROUP BY ALL ORDER BY ALL`;

const APPENDED_TYPES = [INTEGER, BIGINT, VARCHAR, TIMESTAMPTZ, BLOB];
/** DuckDB's vector size: a data chunk holds no more. */
const CHUNK_ROWS_MAX = 2_048;

async function appendChunks(session: Session, chunks: readonly EventChunk[]): Promise<void> {
  const appender = await session.connection.createAppender('raw');
  try {
    for (const chunk of chunks) {
      for (let start = 0; start < chunk.count; start += CHUNK_ROWS_MAX) {
        appender.appendDataChunk(dataChunk(chunk, start, Math.min(start + CHUNK_ROWS_MAX, chunk.count)));
      }
    }
  } finally {
    appender.closeSync();
  }
}

function dataChunk(events: EventChunk, start: number, end: number): DuckDBDataChunk {
  const rows = Array.from({ length: end - start }, (_, index) => start + index);
  const bodyStart = (row: number) => (row === 0 ? 0 : (events.ends[row - 1] as number));
  const columns: DuckDBValue[][] = [
    rows.map(() => events.partition),
    rows.map((row) => events.sequences[row] as bigint),
    rows.map((row) => events.offsets[row] as string),
    rows.map((row) => new DuckDBTimestampTZValue(microseconds(events.enqueuedMs[row] as number))),
    rows.map((row) => new DuckDBBlobValue(events.bodies.subarray(bodyStart(row), events.ends[row]))),
  ];
  const chunk = DuckDBDataChunk.create(APPENDED_TYPES, rows.length);
  chunk.setColumns(columns);
  return chunk;
}

function microseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1_000));
}

function landedSelect({ dataset, generation }: StreamLanding): string {
  const field = eventTimeField(dataset);
  const stated =
    field === undefined
      ? 'CAST(NULL AS VARCHAR)'
      : `TRY(json_extract_string(TRY(decode(body)), ${pointer([field])}))`;
  const identity = `encode(concat(strlen(generation), ':', generation, ':', "partition", ':', "sequence", ':', epoch_us(event_time), ':'))`;
  return `
    SELECT *, ${hash64(`${identity} || body`)} AS _hash,
      ${sliceKey('enqueued_at', 'day')} AS _slice,
      ${silverSlice('event_time', 'enqueued_at', dataset.touchGrain)} AS _touch
    FROM (
      SELECT ${text(generation)} AS generation, * EXCLUDE (_stated), coalesce(_stated, enqueued_at) AS event_time,
        _stated IS NULL AS event_time_fallback
      FROM (SELECT * EXCLUDE (_text), ${timestampOf('_text')} AS _stated FROM (SELECT *, ${stated} AS _text FROM raw)))`;
}

function eventTimeField({ source }: BronzeDataset): string | undefined {
  return source.kind === 'event-hub' ? source.eventTimeField : undefined;
}

/** RFC 6901, as an SQL literal: unlike `$.a`, any name can be spelled. */
export function pointer(path: readonly string[]): string {
  return text(path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''));
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
      touches: { ...before?.touches, [row._touch as string]: digest },
      first: before === undefined || first < before.first ? first : before.first,
      last: before === undefined || last > before.last ? last : before.last,
    });
  }
  return [...groups.values()];
}

async function writeGroup(session: Session, dir: string, group: LandedGroup): Promise<LandedFile> {
  const { slice, partition, digest, touches, first, last } = group;
  const columns: readonly Column[] = streamBronzeColumns;
  const select = `SELECT ${typedColumns(columns)} FROM landed
    WHERE "partition" = ${partition} AND _slice = ${text(slice)} ORDER BY ${name('sequence')}`;
  const file = await writeFile(session, { select, columns, dir, slice, compression: 'zstd' });
  return { ...file, digest, touches, partition, first, last };
}
