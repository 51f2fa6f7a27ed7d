/** One record of a file, as the JSON text of an object, or as raw bytes that are none when it could not be read. */
export interface RawRecord {
  /** 1-based: the line it starts on (csv, json-lines) or its place in the array (json-array). */
  readonly row: number;
  readonly body: Uint8Array;
}

/** Takes a file's bytes piece by piece. Its memory is bounded by one record. */
export interface RecordSplitter {
  push(bytes: Uint8Array): void;
  /** No more bytes: gives what is left. */
  end(): void;
}

/** A longer record is cut into raw pieces, which end in quarantine. Bounds the splitter's memory. */
export const RECORD_BYTES_MAX = 16 << 20;
export const RAW_PIECE_BYTES_MAX = 1 << 20;

/** Emits bytes that are no record, cut to size. */
export function emitRaw(emit: (record: RawRecord) => void, row: number, bytes: Uint8Array): void {
  for (let start = 0; start < bytes.length; start += RAW_PIECE_BYTES_MAX) {
    emit({ row, body: notAnObject(bytes.subarray(start, start + RAW_PIECE_BYTES_MAX)) });
  }
}

/**
 * Raw bytes that happen to read as a JSON object must not pass as a record: they are quoted as JSON text. Anything that
 * begins with a brace is, so that nobody has to prove what it is.
 */
function notAnObject(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
  if (bytes[first] !== 0x7b) return bytes;
  return Buffer.from(JSON.stringify(Buffer.from(bytes).toString('utf8')));
}

const BOM = [0xef, 0xbb, 0xbf];

export function withoutBom(bytes: Uint8Array): Uint8Array {
  return BOM.every((byte, index) => bytes[index] === byte) ? bytes.subarray(BOM.length) : bytes;
}
