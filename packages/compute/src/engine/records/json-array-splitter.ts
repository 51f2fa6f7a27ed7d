import {
  emitRaw,
  RAW_PIECE_BYTES_MAX,
  type RawRecord,
  RECORD_BYTES_MAX,
  type RecordSplitter,
  withoutBom,
} from './raw-record.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Where the splitter stands: before `[`, in the array, after `]`, or past a break from which nothing more is read. */
type Place = 'before' | 'inside' | 'after' | 'broken';

/**
 * A JSON array of records: cuts it between its elements without reading them, so numbers keep their spelling and one
 * broken element harms only itself. Where the array itself breaks off (no `[`, text after `]`, the end too early), what
 * is left lands raw.
 */
export class JsonArraySplitter implements RecordSplitter {
  readonly #emit: (record: RawRecord) => void;
  #place: Place = 'before';
  /** Bytes of the element (or the break) that is not finished. */
  #rest: Buffer = Buffer.alloc(0);
  /** How far `#rest` is read, and the state there. */
  #read = 0;
  #depth = 0;
  #inText = false;
  #escaped = false;
  #row = 1;
  #first = true;

  constructor(emit: (record: RawRecord) => void) {
    this.#emit = emit;
  }

  push(bytes: Uint8Array): void {
    this.#rest = Buffer.concat([this.#rest, this.#first ? withoutBom(bytes) : bytes]);
    this.#first = false;
    if (this.#place === 'before') this.#open();
    if (this.#place === 'inside') this.#scan();
    if (this.#place === 'after' && !isBlank(this.#rest)) this.#place = 'broken';
    if (this.#place === 'inside' && this.#rest.length > RECORD_BYTES_MAX) this.#place = 'broken';
    if (this.#place === 'broken') this.#drainBroken(false);
  }

  end(): void {
    if (this.#place === 'broken') this.#drainBroken(true);
    if (this.#place !== 'inside') return;
    // Cut off: even when it was between two elements, something must tell of it.
    if (isBlank(this.#rest)) this.#emit({ row: this.#row, body: new Uint8Array() });
    else this.#drainBroken(true);
  }

  #open(): void {
    const start = this.#rest.findIndex((byte) => !isSpace(byte));
    if (start < 0) return;
    if (this.#rest[start] !== OPEN_ARRAY) this.#place = 'broken';
    else {
      this.#place = 'inside';
      this.#rest = this.#rest.subarray(start + 1);
    }
  }

  /** One byte at a time; an element ends at a comma or the closing bracket outside all of its own brackets. */
  #scan(): void {
    const text = this.#rest;
    let start = 0;
    let at = this.#read;
    for (; at < text.length; at += 1) {
      const byte = text[at];
      if (this.#inText) this.#textByte(byte);
      else if (byte === QUOTE) this.#inText = true;
      else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) this.#depth += 1;
      else if (this.#depth > 0 && (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT)) this.#depth -= 1;
      else if (this.#depth === 0 && (byte === COMMA || byte === CLOSE_ARRAY)) {
        this.#element(text.subarray(start, at), byte === CLOSE_ARRAY);
        start = at + 1;
        if (byte === CLOSE_ARRAY) {
          this.#place = 'after';
          at += 1;
          break;
        }
      }
    }
    this.#rest = text.subarray(start);
    this.#read = at - start;
  }

  #textByte(byte: number | undefined): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#inText = false;
  }

  #element(raw: Uint8Array, last: boolean): void {
    const start = raw.findIndex((byte) => !isSpace(byte));
    // `[]` and a comma before the end hold no element.
    if (start < 0 && last) return;
    const end = raw.findLastIndex((byte) => !isSpace(byte)) + 1;
    const body = start < 0 ? raw : raw.subarray(start, end);
    if (body.length > RECORD_BYTES_MAX) emitRaw(this.#emit, this.#row, body);
    else this.#emit({ row: this.#row, body });
    this.#row += 1;
  }

  /** What cannot be an element is handed on a piece at a time, whole pieces first. */
  #drainBroken(all: boolean): void {
    const whole = all ? this.#rest.length : this.#rest.length - (this.#rest.length % RAW_PIECE_BYTES_MAX);
    emitRaw(this.#emit, this.#row, this.#rest.subarray(0, whole));
    this.#rest = this.#rest.subarray(whole);
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every(isSpace);
}
