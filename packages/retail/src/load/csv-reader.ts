import { isUtf8 } from 'node:buffer';

/**
 * Reads delimited text as RFC 4180 has it, for files that strangers wrote: a line that is broken becomes a record of its
 * own with a reason and its raw bytes, and the reader goes on with the next line. Nothing is dropped unseen.
 *
 * A quote counts only at the start of a field, so `12" RULER` is plain text. A quoted field may hold line breaks; one
 * that is never closed would swallow the rest of the file, so such a record may span `RECORD_LINES_MAX` lines and
 * `RECORD_CHARS_MAX` characters, after which only its first line is called broken and the others are read again.
 */
export type CsvRecord =
  | { readonly kind: 'row'; readonly line: number; readonly fields: readonly string[] }
  | { readonly kind: 'broken'; readonly line: number; readonly raw: Buffer; readonly reason: string };

export const RECORD_LINES_MAX = 100;
export const RECORD_CHARS_MAX = 65_536;

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** A line that is not UTF-8 stays bytes. */
type Line = string | Buffer;

interface NumberedLine {
  readonly line: number;
  readonly text: Line;
}

export class CsvReader {
  /** Lines without any character: they are no records, and counted so that nobody has to wonder. */
  blankLines = 0;
  readonly #delimiter: string;
  #width: number | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #lines = 0;
  #open: NumberedLine[] = [];

  /** `width` is the number of fields of a record; when it is left out the first record decides. */
  constructor(options: { readonly delimiter: string; readonly width?: number }) {
    this.#delimiter = options.delimiter;
    this.#width = options.width;
  }

  /** The records that `chunk` completes, in file order. */
  push(chunk: Buffer): CsvRecord[] {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const cut = data.lastIndexOf(NEWLINE) + 1;
    this.#rest = data.subarray(cut);
    const records: CsvRecord[] = [];
    if (cut > 0) for (const text of linesOf(data.subarray(0, cut - 1))) this.#take(text, records);
    return records;
  }

  /** What is left at the end of the file. */
  end(): CsvRecord[] {
    const records: CsvRecord[] = [];
    if (this.#rest.length > 0) for (const text of linesOf(this.#rest)) this.#take(text, records);
    this.#rest = Buffer.alloc(0);
    while (this.#open.length > 0) this.#giveUp(records);
    return records;
  }

  #take(text: Line, records: CsvRecord[]): void {
    this.#lines += 1;
    this.#read({ line: this.#lines, text }, records);
  }

  #read(line: NumberedLine, records: CsvRecord[]): void {
    if (this.#open.length > 0) this.#continue(line, records);
    else this.#begin(line, records);
  }

  #begin(line: NumberedLine, records: CsvRecord[]): void {
    if (typeof line.text !== 'string') {
      records.push(broken(line, 'the line is not UTF-8 text'));
      return;
    }
    const text = line.line === 1 && line.text.startsWith('\uFEFF') ? line.text.slice(1) : line.text;
    if (text === '' || text === '\r') {
      this.blankLines += 1;
      return;
    }
    const fields = splitRecord(text, this.#delimiter);
    if (fields === 'open') this.#open = [{ line: line.line, text }];
    else if (fields === 'malformed')
      records.push(broken(line, 'a quoted field goes on after its closing quote'));
    else this.#accept(line, fields, records);
  }

  #accept(line: NumberedLine, fields: readonly string[], records: CsvRecord[]): void {
    this.#width ??= fields.length;
    if (fields.length === this.#width) records.push({ kind: 'row', line: line.line, fields });
    else records.push(broken(line, `expected ${this.#width} fields, found ${fields.length}`));
  }

  #continue(line: NumberedLine, records: CsvRecord[]): void {
    this.#open.push(line);
    const text = this.#open.every((each) => typeof each.text === 'string')
      ? this.#open.map((each) => each.text).join('\n')
      : undefined;
    const tooLong = this.#open.length > RECORD_LINES_MAX || (text?.length ?? 0) > RECORD_CHARS_MAX;
    const fields = text === undefined || tooLong ? 'malformed' : splitRecord(text, this.#delimiter);
    if (fields === 'open') return;
    if (fields === 'malformed' || fields.length !== (this.#width ?? fields.length)) {
      this.#giveUp(records);
      return;
    }
    const first = this.#open[0] ?? line;
    this.#open = [];
    this.#accept(first, fields, records);
  }

  /** The quote of the first open line never closes in a sensible way: that line is broken, the others get their own chance. */
  #giveUp(records: CsvRecord[]): void {
    const [first, ...others] = this.#open;
    this.#open = [];
    if (first !== undefined) records.push(broken(first, 'a quote is opened and never closed'));
    for (const line of others) this.#read(line, records);
  }
}

function broken(line: NumberedLine, reason: string): CsvRecord {
  const bytes = typeof line.text === 'string' ? Buffer.from(line.text) : line.text;
  const raw = bytes[bytes.length - 1] === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes;
  return { kind: 'broken', line: line.line, raw, reason };
}

/** Decodes a whole block at once when it is clean, which it nearly always is. */
function linesOf(block: Buffer): Line[] {
  if (isUtf8(block)) return block.toString('utf8').split('\n');
  const lines: Line[] = [];
  for (let start = 0; start <= block.length; ) {
    const end = block.indexOf(NEWLINE, start);
    const line = block.subarray(start, end === -1 ? block.length : end);
    lines.push(isUtf8(line) ? line.toString('utf8') : Buffer.from(line));
    start = (end === -1 ? block.length : end) + 1;
  }
  return lines;
}

function splitRecord(text: string, delimiter: string): string[] | 'open' | 'malformed' {
  const line = text.charCodeAt(text.length - 1) === CARRIAGE_RETURN ? text.slice(0, -1) : text;
  if (!line.includes('"')) return line.split(delimiter);
  const fields: string[] = [];
  for (let at = 0; ; ) {
    if (line[at] !== '"') {
      const end = line.indexOf(delimiter, at);
      fields.push(line.slice(at, end === -1 ? undefined : end));
      if (end === -1) return fields;
      at = end + delimiter.length;
      continue;
    }
    const close = closingQuote(line, at + 1);
    if (close === -1) return 'open';
    fields.push(line.slice(at + 1, close).replaceAll('""', '"'));
    if (close + 1 === line.length) return fields;
    if (!line.startsWith(delimiter, close + 1)) return 'malformed';
    at = close + 1 + delimiter.length;
  }
}

function closingQuote(line: string, from: number): number {
  for (let at = line.indexOf('"', from); at !== -1; at = line.indexOf('"', at + 2)) {
    if (line[at + 1] !== '"') return at;
  }
  return -1;
}
