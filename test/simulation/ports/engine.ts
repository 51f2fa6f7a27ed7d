import type {
  AggregateJob,
  AggregateManifest,
  BatchLanded,
  BatchLanding,
  CleanJob,
  CleanManifest,
  DedupJob,
  DedupManifest,
  Engine,
  EventChunk,
  InputFile,
  LandedFile,
  LandingWriter,
  SliceFiles,
  StreamLanding,
} from '@lakewarden/compute';
import {
  addDigests,
  type Digest,
  EMPTY_DIGEST,
  type RowAccounting,
  SLICE_COLUMN,
  sliceAt,
  type WrittenFile,
} from '@lakewarden/contracts';
import { aggregateRows, dedupRows } from '../shop/gold-rows.ts';
import { canonical, cleanRows, eventTimeOf, type StreamRow, silverSliceOf } from '../shop/silver-rows.ts';
import { hash32 } from '../world/chance.ts';
import type { SimProcess } from '../world/process.ts';
import type { Disk, Row, Rows } from './data-files.ts';

/** A botched job loses a row: before it counted what came in, or after. */
type Botch = 'input' | 'output' | undefined;

/**
 * An engine that really computes the shop's datasets, over rows in memory, so that what ends in the lake can be compared
 * with what the events say.
 */
export class SimEngine implements Engine, LandingWriter {
  readonly name = 'simulated';
  readonly #process: SimProcess;
  readonly #disk: Disk;

  constructor(process: SimProcess, disk: Disk) {
    this.#process = process;
    this.#disk = disk;
  }

  clean(job: CleanJob, signal: AbortSignal): Promise<CleanManifest> {
    const path = `${job.step.name} ${job.slices.join()}`;
    const botch = hash32(path) % 2 === 0 ? 'input' : 'output';
    return this.#job('clean', path, signal, (botched) => this.#clean(job, botched ? botch : undefined));
  }

  aggregate(job: AggregateJob, signal: AbortSignal): Promise<AggregateManifest> {
    return this.#job('aggregate', `${job.step.name} ${job.slices.join()}`, signal, () => {
      const parts = aggregateRows(job.step.name, (dataset) =>
        (job.inputs[dataset] ?? []).map((file) => ({ slice: file.slice, rows: this.#read([file]) })),
      );
      const rowsOf = (slice: string) =>
        parts.filter((part) => part.slice === slice).flatMap(({ rows }) => rows);
      return { files: this.#table(job.outDir, 'aggregate', job.slices, rowsOf), totals: {} };
    });
  }

  dedup(job: DedupJob, signal: AbortSignal): Promise<DedupManifest> {
    return this.#job('dedup', `${job.step.name} ${job.slices.join()}`, signal, (botched) => {
      const parts = new Map(
        job.input.files.map(({ slice, files }) => {
          const rows = this.#read(files.map(({ localPath }) => ({ localPath, slice })));
          return [slice, { in: rows.length, ...dedupRows(rows) }];
        }),
      );
      const kept = (slice: string) => lose(parts.get(slice)?.kept ?? [], botched);
      const gold = this.#table(job.outDir, 'gold', job.slices, kept);
      const dropped = (slice: string) => parts.get(slice)?.dropped ?? [];
      const duplicates = this.#table(job.outDir, 'duplicates', job.slices, dropped);
      const counted = (slice: string) => parts.get(slice)?.in ?? 0;
      return { gold, duplicates, accounting: account(job.slices, counted, gold, [], duplicates) };
    });
  }

  writeStream(job: StreamLanding, signal: AbortSignal): Promise<readonly LandedFile[]> {
    return this.#job('write-stream', job.dataset.name, signal, () => {
      const { source } = job.dataset;
      const field = source.kind === 'event-hub' ? source.eventTimeField : undefined;
      const rows = job.chunks.flatMap((chunk) => streamRows(chunk, job.generation, field));
      const groups = Map.groupBy(rows, (row) => `${row.partition}/${sliceAt('day', row.enqueuedMs)}`);
      return [...groups.values()].map((group) => this.#landed(job, group));
    });
  }

  writeBatch(job: BatchLanding, signal: AbortSignal): Promise<BatchLanded> {
    return this.#job('write-batch', job.window, signal, () => {
      const files = job.files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
      const rows = files.flatMap(({ name, localPath }) =>
        this.#read([{ localPath, slice: job.window }]).map((row, index) => ({
          file: name,
          row: index,
          window: job.window,
          body: canonical(row),
        })),
      );
      if (rows.length === 0) return { rows: 0, files: [] };
      const digest = digestOf(rows);
      const file = this.#write(`${job.outDir}/batch`, job.window, rows);
      return { rows: rows.length, files: [{ ...file, digest, touches: { [job.window]: digest } }] };
    });
  }

  #job<T>(op: string, path: string, signal: AbortSignal, work: (botched: boolean) => T): Promise<T> {
    return this.#process.call<T>({
      dependency: 'engine',
      op,
      path,
      mutates: false,
      effect: () => work(false),
      ...((op === 'clean' || op === 'dedup') && { botched: () => work(true) }),
      signal,
    });
  }

  #clean(job: CleanJob, botch: Botch): CleanManifest {
    const rows = lose(this.#read(job.files), botch === 'input');
    const cleaned = cleanRows(job.step, rows, job.slices);
    const table = (name: 'silver' | 'quarantine' | 'duplicates', isShort: boolean) =>
      this.#table(job.outDir, name, job.slices, (slice) => lose(cleaned.get(slice)?.[name] ?? [], isShort));
    const silver = table('silver', botch === 'output');
    const quarantine = table('quarantine', false);
    const duplicates = table('duplicates', false);
    const counted = (slice: string) => {
      const parts = cleaned.get(slice);
      return parts === undefined
        ? 0
        : parts.silver.length + parts.quarantine.length + parts.duplicates.length;
    };
    const accounting = account(job.slices, counted, silver, quarantine, duplicates);
    return { silver, quarantine, duplicates, accounting, totals: {} };
  }

  #landed(job: StreamLanding, rows: readonly StreamRow[]): LandedFile {
    const touches: Record<string, Digest> = {};
    for (const row of rows) {
      const slice = silverSliceOf(row, job.dataset.touchGrain);
      touches[slice] = addDigests(touches[slice] ?? EMPTY_DIGEST, digestOf([row]));
    }
    const [first, last] = [rows[0] as StreamRow, rows.at(-1) as StreamRow];
    const file = this.#write(`${job.outDir}/bronze`, sliceAt('day', first.enqueuedMs), rows);
    const range = { first: BigInt(first.sequence), last: BigInt(last.sequence) };
    return { ...file, digest: digestOf(rows), touches, partition: first.partition, ...range };
  }

  #read(files: readonly InputFile[]): Rows {
    return files.flatMap(({ localPath }) => {
      const rows = this.#disk.get(localPath);
      if (rows === undefined) throw new Error(`the engine was given ${localPath}, which is not on its disk`);
      return rows;
    });
  }

  #table(
    outDir: string,
    name: string,
    slices: readonly string[],
    rowsOf: (slice: string) => Rows,
  ): readonly SliceFiles[] {
    return slices.map((slice) => {
      const rows = rowsOf(slice);
      return { slice, files: [this.#write(`${outDir}/${name}`, slice, rows)], digest: digestOf(rows) };
    });
  }

  #write(dir: string, slice: string, rows: Rows): WrittenFile {
    const name = `${SLICE_COLUMN}=${slice}/${this.#process.random.uuid()}.parquet`;
    const localPath = `${dir}/${name}`;
    this.#disk.set(localPath, rows);
    const stats = `{"numRecords":${rows.length}}`;
    return { localPath, name, slice, rows: rows.length, bytes: rows.length + 1, stats };
  }
}

const DECODER = new TextDecoder();

function streamRows(chunk: EventChunk, generation: string, field: string | undefined): StreamRow[] {
  return Array.from({ length: chunk.count }, (_, index) => {
    const body = DECODER.decode(
      chunk.bodies.subarray(index === 0 ? 0 : chunk.ends[index - 1], chunk.ends[index]),
    );
    const enqueuedMs = chunk.enqueuedMs[index] as number;
    return {
      generation,
      partition: chunk.partition,
      sequence: Number(chunk.sequences[index]),
      enqueuedMs,
      eventMs: eventTimeOf(body, enqueuedMs, field),
      body,
    };
  });
}

function account(
  slices: readonly string[],
  counted: (slice: string) => number,
  ...[silver, quarantine, duplicates]: readonly (readonly SliceFiles[])[]
): Record<string, RowAccounting> {
  const rows = (table: readonly SliceFiles[] | undefined, index: number) => table?.[index]?.digest.rows ?? 0;
  return Object.fromEntries(
    slices.map((slice, index) => [
      slice,
      {
        in: counted(slice),
        out: rows(silver, index),
        quarantined: rows(quarantine, index),
        duplicates: rows(duplicates, index),
      },
    ]),
  );
}

function lose(rows: Rows, really: boolean): Rows {
  return really ? rows.slice(1) : rows;
}

/** The sum of a 64-bit hash of each row: any order of the same rows gives the same digest. */
export function digestOf(rows: Rows): Digest {
  let sum = 0n;
  for (const row of rows) sum += rowHash(row);
  return { rows: rows.length, sum: BigInt.asUintN(64, sum) };
}

const HASHES = new WeakMap<Row, bigint>();

function rowHash(row: Row): bigint {
  const known = HASHES.get(row);
  if (known !== undefined) return known;
  const content = canonical(row);
  const hash = (BigInt(mixed(hash32(content))) << 32n) | BigInt(mixed(hash32(content, 0x9e3779b9)));
  HASHES.set(row, hash);
  return hash;
}

/** MurmurHash3's last step: without it a digit that moves from one row to another would not change the sum. */
function mixed(hash: number): number {
  let bits = hash;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
