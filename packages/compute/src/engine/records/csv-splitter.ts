import { isUtf8 } from 'node:buffer';
import { TerminalError } from '@lakewarden/contracts';
import type { RecordFormat } from '../../pipeline/model.ts';
import { emitRaw, type RawRecord, type RecordSplitter, withoutBom } from './raw-record.ts';

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;
/** A record that spans lines is looked for this far; a quote that nobody closed must not swallow the file. */
const MULTILINE_BYTES_MAX = 1 << 20;
/** After so many quotes without an end, each line is taken by itself: looking ahead again and again is quadratic. */
const OPEN_QUOTES_MAX = 100;

type CsvFormat = Extract<RecordFormat, { kind: 'csv' }>;

/** One parsed record: its fields, or undefined when it breaks the rules, and where the next begins. */
type Parsed =
  | { readonly kind: 'record'; readonly fields: readonly Buffer[]; readonly next: number }
  | { readonly kind: 'broken' }
  | { readonly kind: 'incomplete' };

/**
 * RFC 4180 with any one-byte delimiter, LF or CRLF. Each record becomes a JSON object of strings as spelled. A quote
 * inside an unquoted field is a character (inches in product names). A record that is broken (text after a closing
 * quote, a quote without end, another number of fields than the header, not UTF-8) lands as its raw first line, and
 * reading goes on with the next line. `row` is the line a record starts on.
 */
export class CsvSplitter implements RecordSplitter {
  readonly #file: string;
  readonly #emit: (record: RawRecord) => void;
  readonly #delimiter: number;
  #columns: readonly string[] | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #line = 1;
  #first = true;
  #openQuotes = 0;

  constructor(format: CsvFormat, file: string, emit: (record: RawRecord) => void) {
    const delimiter = Buffer.from(format.delimiter);
    if (delimiter.length !== 1 || delimiter[0] === QUOTE || delimiter[0] === LF || delimiter[0] === CR) {
      throw new TerminalError('invalid', `the delimiter ${JSON.stringify(format.delimiter)} is not one byte`);
    }
    this.#file = file;
    this.#emit = emit;
    this.#delimiter = delimiter[0] as number;
    this.#columns = format.columns;
  }

  push(bytes: Uint8Array): void {
    this.#rest = Buffer.concat([this.#rest, this.#first ? withoutBom(bytes) : bytes]);
    this.#first = false;
    this.#consume(false);
  }

  end(): void {
    this.#consume(true);
  }

  #consume(atEnd: boolean): void {
    let start = 0;
    while (start < this.#rest.length) {
      const parsed = parseRecord(this.#rest, start, this.#delimiter, atEnd);
      if (parsed.kind === 'record') {
        this.#take(parsed.fields, start, parsed.next);
        start = parsed.next;
      } else if (!atEnd && this.#mayWait(start, parsed.kind)) {
        break;
      } else {
        if (parsed.kind === 'incomplete') this.#openQuotes += 1;
        start = this.#takeBrokenLine(start);
      }
    }
    this.#rest = this.#rest.subarray(start);
  }

  /** Bytes to come may close an unfinished record, unless its quotes are open for too long, and end a broken line. */
  #mayWait(start: number, kind: 'broken' | 'incomplete'): boolean {
    if (this.#rest.length - start > MULTILINE_BYTES_MAX) return false;
    if (this.#rest.indexOf(LF, start) < 0) return true;
    return kind === 'incomplete' && this.#openQuotes < OPEN_QUOTES_MAX;
  }

  #take(fields: readonly Buffer[], start: number, next: number): void {
    const raw = this.#rest.subarray(start, next);
    const line = this.#line;
    this.#line += countLines(raw);
    if (fields.length === 1 && fields[0]?.length === 0) return;
    if (this.#columns === undefined) {
      this.#columns = this.#header(fields, line);
    } else if (fields.length !== this.#columns.length || !isUtf8(raw)) {
      emitRaw(this.#emit, line, withoutLineEnd(raw));
    } else {
      this.#emit({ row: line, body: jsonObject(this.#columns, fields) });
    }
  }

  #takeBrokenLine(start: number): number {
    const end = this.#rest.indexOf(LF, start);
    const next = end < 0 ? this.#rest.length : end + 1;
    const raw = this.#rest.subarray(start, next);
    if (this.#columns === undefined) this.#header([], this.#line);
    emitRaw(this.#emit, this.#line, withoutLineEnd(raw));
    this.#line += countLines(raw);
    return next;
  }

  #header(fields: readonly Buffer[], line: number): readonly string[] {
    const columns = fields.map((field) => field.toString('utf8'));
    const twice = columns.find((column, index) => columns.indexOf(column) !== index);
    const broken = fields.length === 0 || fields.some((field) => !isUtf8(field)) || columns.includes('');
    if (!broken && twice === undefined) return columns;
    const what = twice === undefined ? 'is not a header' : `names the column ${JSON.stringify(twice)} twice`;
    const remedy = 'name the columns in the pipeline file (format: columns) or mend the header';
    throw new TerminalError('invalid', `${this.#file}:${line} ${what} · ${remedy}`);
  }
}

function parseRecord(bytes: Buffer, start: number, delimiter: number, atEnd: boolean): Parsed {
  const fields: Buffer[] = [];
  let at = start;
  for (;;) {
    const field = bytes[at] === QUOTE ? quotedField(bytes, at) : plainField(bytes, at, delimiter);
    if (field === undefined) return { kind: 'incomplete' };
    fields.push(field.value);
    at = field.next;
    const byte = bytes[at];
    if (byte === delimiter) at += 1;
    else if (byte === LF) return { kind: 'record', fields, next: at + 1 };
    else if (byte === CR && bytes[at + 1] === LF) return { kind: 'record', fields, next: at + 2 };
    else if (byte === undefined || (byte === CR && at + 1 === bytes.length)) {
      return atEnd ? { kind: 'record', fields, next: bytes.length } : { kind: 'incomplete' };
    } else return { kind: 'broken' };
  }
}

interface Field {
  readonly value: Buffer;
  readonly next: number;
}

function plainField(bytes: Buffer, start: number, delimiter: number): Field {
  let at = start;
  for (; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === delimiter || byte === LF || (byte === CR && (bytes[at + 1] ?? LF) === LF)) break;
  }
  return { value: bytes.subarray(start, at), next: at };
}

/** Undefined when the closing quote is not there. */
function quotedField(bytes: Buffer, start: number): Field | undefined {
  const parts: Buffer[] = [];
  let from = start + 1;
  for (;;) {
    const quote = bytes.indexOf(QUOTE, from);
    if (quote < 0 || quote - start > MULTILINE_BYTES_MAX) return undefined;
    if (bytes[quote + 1] !== QUOTE) {
      parts.push(bytes.subarray(from, quote));
      return { value: parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts), next: quote + 1 };
    }
    parts.push(bytes.subarray(from, quote + 1));
    from = quote + 2;
  }
}

function jsonObject(columns: readonly string[], fields: readonly Buffer[]): Uint8Array {
  const members = columns.map(
    (column, index) =>
      `${JSON.stringify(column)}:${JSON.stringify((fields[index] as Buffer).toString('utf8'))}`,
  );
  return Buffer.from(`{${members.join(',')}}`);
}

function withoutLineEnd(raw: Buffer): Buffer {
  if (raw.at(-1) !== LF) return raw;
  return raw.subarray(0, raw.at(-2) === CR ? -2 : -1);
}

function countLines(raw: Buffer): number {
  let lines = 0;
  for (let at = raw.indexOf(LF); at >= 0; at = raw.indexOf(LF, at + 1)) lines += 1;
  return lines;
}
