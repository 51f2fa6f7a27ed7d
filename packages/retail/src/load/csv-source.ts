import { createReadStream } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Problem } from '@lakewarden/contracts';
import { CsvReader, type CsvRecord } from './csv-reader.ts';
import type { EventBlock, EventSource } from './event-source.ts';

export interface CsvLayout {
  readonly delimiter: string;
  /** Columns without which the file is not what it should be; others may come too. */
  readonly required: readonly string[];
  /** A field to add: an ISO day from three columns. */
  readonly isoDay?: {
    readonly name: string;
    readonly year: string;
    readonly month: string;
    readonly day: string;
  };
}

/** A file that cannot be read (on): the loader reports it and goes on with the other sources. */
export class SourceProblem extends Error {
  override readonly name = 'SourceProblem';
  readonly problem: Problem;
  constructor(problem: Problem, options: { readonly cause?: unknown } = {}) {
    super(problem.message, options);
    this.problem = problem;
  }
}

export interface CsvSourceOptions {
  readonly name: string;
  readonly path: string;
  readonly layout: CsvLayout;
}

const READ_BYTES = 262_144;

/** A CSV file with a header line, each record of it one event: a JSON object of text, or the raw line when it is broken. */
export class CsvSource implements EventSource {
  readonly name: string;
  readonly #path: string;
  readonly #layout: CsvLayout;
  /** Broken lines of the last complete reading: place and reason of the first few, and how many in all. */
  readonly broken: { count: number; first: Problem[] } = { count: 0, first: [] };
  blankLines = 0;

  constructor({ name, path, layout }: CsvSourceOptions) {
    this.name = name;
    this.#path = path;
    this.#layout = layout;
  }

  async count(signal: AbortSignal): Promise<number> {
    let rows = 0;
    this.broken.count = 0;
    this.broken.first = [];
    for await (const records of this.#read(signal)) {
      rows += records.length;
      for (const record of records) if (record.kind === 'broken') this.#note(record);
    }
    return Math.max(0, rows - 1);
  }

  async *blocks(signal: AbortSignal): AsyncIterable<EventBlock> {
    let encode: ((record: CsvRecord) => Buffer) | undefined;
    let firstRow = 1;
    for await (const records of this.#read(signal)) {
      const rows = encode === undefined ? records.slice(1) : records;
      encode ??= this.#encoder(records[0]);
      const body = encode;
      const at = (index: number): Buffer => body(rows[index] as CsvRecord);
      if (rows.length > 0) yield { firstRow, count: rows.length, body: at };
      firstRow += rows.length;
    }
  }

  /** Blocks of records, the first with the header in front. */
  async *#read(signal: AbortSignal): AsyncIterable<CsvRecord[]> {
    const reader = new CsvReader({ delimiter: this.#layout.delimiter });
    let headerSeen = false;
    const check = (records: CsvRecord[]): CsvRecord[] => {
      if (!headerSeen && records.length > 0) this.#checkHeader(records[0]);
      headerSeen ||= records.length > 0;
      return records;
    };
    try {
      for await (const chunk of this.#open(signal)) {
        const records = check(reader.push(chunk as Buffer));
        if (records.length > 0) yield records;
      }
      const last = check(reader.end());
      if (last.length > 0) yield last;
    } catch (cause) {
      if (cause instanceof SourceProblem || signal.aborted) throw cause;
      throw new SourceProblem(this.#unreadable(cause), { cause });
    }
    this.blankLines = reader.blankLines;
    if (!headerSeen) throw this.#problem(1, 'the file is empty', this.#headerRemedy());
  }

  #open(signal: AbortSignal): Readable {
    const file = createReadStream(this.#path, { highWaterMark: READ_BYTES, signal });
    const unpack = this.#path.endsWith('.zst')
      ? createZstdDecompress({ chunkSize: READ_BYTES })
      : this.#path.endsWith('.gz')
        ? createGunzip({ chunkSize: READ_BYTES })
        : undefined;
    if (unpack === undefined) return file;
    // The failure of either reaches the reader of `unpack`, which `pipeline` destroys with it.
    return pipeline(file, unpack, () => {}) as unknown as Readable;
  }

  #checkHeader(record: CsvRecord | undefined): void {
    if (record?.kind !== 'row')
      throw this.#problem(1, 'the header line cannot be read', this.#headerRemedy());
    const missing = this.#layout.required.filter((column) => !record.fields.includes(column));
    if (missing.length === 0) return;
    const message = `the header has no column ${missing.map((name) => JSON.stringify(name)).join(', ')}`;
    throw this.#problem(record.line, message, this.#headerRemedy());
  }

  #headerRemedy(): string {
    return `begin the file with the columns ${this.#layout.required.join(this.#layout.delimiter)}`;
  }

  #encoder(header: CsvRecord | undefined): (record: CsvRecord) => Buffer {
    const names = header?.kind === 'row' ? header.fields : [];
    const keys = names.map((name, index) => `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`);
    const extra = this.#isoDay(names);
    return (record) => {
      if (record.kind === 'broken') return record.raw;
      let json = '';
      for (let index = 0; index < keys.length; index++)
        json += keys[index] + JSON.stringify(record.fields[index]);
      return Buffer.from(`${json}${extra(record.fields)}}`);
    };
  }

  #isoDay(names: readonly string[]): (fields: readonly string[]) => string {
    const { isoDay } = this.#layout;
    if (isoDay === undefined) return () => '';
    const [year, month, day] = [isoDay.year, isoDay.month, isoDay.day].map((name) => names.indexOf(name));
    const padded = (fields: readonly string[], at = -1) => (fields[at] ?? '').padStart(2, '0');
    return (fields) => {
      const text = `${padded(fields, year)}-${padded(fields, month)}-${padded(fields, day)}`;
      return `,${JSON.stringify(isoDay.name)}:${JSON.stringify(text)}`;
    };
  }

  #note(record: Extract<CsvRecord, { kind: 'broken' }>): void {
    this.broken.count += 1;
    if (this.broken.first.length < 3) this.broken.first.push(this.#at(record.line, record.reason));
  }

  #at(line: number, message: string, remedy?: string): Problem {
    return { file: this.#path, line, column: 0, message, ...(remedy === undefined ? {} : { remedy }) };
  }

  #problem(line: number, message: string, remedy: string): SourceProblem {
    return new SourceProblem(this.#at(line, message, remedy));
  }

  #unreadable(cause: unknown): Problem {
    const { code } = cause as NodeJS.ErrnoException;
    return this.#at(
      0,
      `cannot be read to its end (${code ?? String(cause)})`,
      'get a whole copy of the file',
    );
  }
}
