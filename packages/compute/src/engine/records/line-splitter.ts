import {
  emitRaw,
  RAW_PIECE_BYTES_MAX,
  type RawRecord,
  RECORD_BYTES_MAX,
  type RecordSplitter,
  withoutBom,
} from './raw-record.ts';

const LF = 0x0a;
const CR = 0x0d;

/** JSON Lines: a record a line, as it stands. Blank lines are passed over; a broken one is for clean to find. */
export class LineSplitter implements RecordSplitter {
  readonly #emit: (record: RawRecord) => void;
  #rest: Buffer = Buffer.alloc(0);
  #line = 1;
  /** The line on which pieces of an over-long line are cut off. */
  #cutting = false;

  constructor(emit: (record: RawRecord) => void) {
    this.#emit = emit;
  }

  push(bytes: Uint8Array): void {
    const text = Buffer.concat([this.#rest, bytes]);
    let start = 0;
    for (let end = text.indexOf(LF, start); end >= 0; end = text.indexOf(LF, start)) {
      this.#take(text.subarray(start, end), true);
      start = end + 1;
    }
    this.#rest = text.subarray(start);
    if (this.#rest.length > RECORD_BYTES_MAX) this.#cut();
  }

  end(): void {
    if (this.#rest.length > 0) this.#take(this.#rest, false);
    this.#rest = Buffer.alloc(0);
  }

  #take(raw: Uint8Array, whole: boolean): void {
    const unmarked = this.#line === 1 && !this.#cutting ? withoutBom(raw) : raw;
    const line = unmarked.at(-1) === CR ? unmarked.subarray(0, -1) : unmarked;
    if (this.#cutting || line.length > RECORD_BYTES_MAX) emitRaw(this.#emit, this.#line, line);
    else if (line.some((byte) => byte !== 0x20 && byte !== 0x09)) this.#emit({ row: this.#line, body: line });
    this.#cutting = false;
    if (whole) this.#line += 1;
  }

  #cut(): void {
    const whole = this.#rest.length - (this.#rest.length % RAW_PIECE_BYTES_MAX);
    emitRaw(this.#emit, this.#line, this.#rest.subarray(0, whole));
    this.#rest = this.#rest.subarray(whole);
    this.#cutting = true;
  }
}
