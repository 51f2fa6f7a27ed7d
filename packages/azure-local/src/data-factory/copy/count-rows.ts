/** Counts the rows of a stream while it passes, byte by byte, without keeping any of it. */
import { copyFailure } from './copy-error.ts';

export interface RowCounter {
  push(chunk: Uint8Array): void;
  /** The rows of the whole stream. Throws ActivityFailure where the format is broken beyond counting. */
  end(): number;
}

/** Single bytes; -1 = not used. */
export interface DelimitedTextRules {
  readonly quote: number;
  readonly escape: number;
  readonly columnDelimiter: number;
  readonly firstRowAsHeader: boolean;
}

const [lineFeed, carriageReturn] = [10, 13];
const byteOrderMark = [0xef, 0xbb, 0xbf];

/** The chunk without the UTF-8 byte order mark at the start of its stream, which belongs to no row. */
function createMarkFilter(): (chunk: Uint8Array) => Uint8Array {
  let seen = 0;
  return (chunk) => {
    let at = 0;
    while (seen < byteOrderMark.length && at < chunk.length) {
      if (chunk[at] !== byteOrderMark[seen]) seen = byteOrderMark.length;
      else {
        seen += 1;
        at += 1;
      }
    }
    return at === 0 ? chunk : chunk.subarray(at);
  };
}

/** 1 for the bytes that mean something, so that a loop may pass over all others without a look. */
function byteTable(bytes: readonly number[]): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of bytes) if (byte >= 0) table[byte] = 1;
  return table;
}

/**
 * Rows end at LF, CR or CR LF outside quotes; lines without any character are no rows (assumption: the service
 * counts only what it can read as a row). A quote opens only at the start of a field.
 */
export function createDelimitedTextCounter(rules: DelimitedTextRules): RowCounter {
  const { quote, escape: escapeByte, columnDelimiter } = rules;
  const hasEscape = escapeByte >= 0 && escapeByte !== quote;
  const special = byteTable([quote, columnDelimiter, lineFeed, carriageReturn]);
  const withoutMark = createMarkFilter();
  let rows = 0;
  let inRow = false;
  let inQuotes = false;
  let atFieldStart = true;
  let escaped = false;
  let closedBefore = false;

  /** From `at`, inside quotes, to behind the closing one or the end of the chunk. */
  function passQuoted(chunk: Uint8Array, at: number): number {
    for (let index = at; index < chunk.length; index += 1) {
      const byte = chunk[index];
      if (escaped) escaped = false;
      else if (hasEscape && byte === escapeByte) escaped = true;
      else if (byte === quote) {
        inQuotes = false;
        closedBefore = true;
        return index + 1;
      }
    }
    return chunk.length;
  }

  /** One byte that ends a field or a row, or is a quote; or one that follows such a byte. */
  function passOne(byte: number): void {
    const isEnd = byte === lineFeed || byte === carriageReturn;
    if (isEnd && inRow) rows += 1;
    inRow = !isEnd;
    // A doubled quote is a quote inside the field that had seemed to end, whatever the escape character: writers mix both.
    inQuotes = byte === quote && (atFieldStart || closedBefore);
    atFieldStart = isEnd || byte === columnDelimiter;
    closedBefore = false;
  }

  return {
    push(given) {
      const chunk = withoutMark(given);
      for (let at = 0; at < chunk.length; ) {
        if (inQuotes) at = passQuoted(chunk, at);
        else {
          passOne(chunk[at] ?? 0);
          at += 1;
          // Ordinary bytes inside a field change nothing any more.
          if (!atFieldStart && !inQuotes) while (at < chunk.length && special[chunk[at] ?? 0] === 0) at += 1;
        }
      }
    },
    end() {
      const total = rows + (inRow ? 1 : 0);
      return rules.firstRowAsHeader ? Math.max(0, total - 1) : total;
    },
  };
}

const [quoteByte, backslash, openBrace, closeBrace, openBracket, closeBracket] = [34, 92, 123, 125, 91, 93];
const brackets = byteTable([openBrace, closeBrace, openBracket, closeBracket]);
/** Blanks, comma and colon: what stands between values. */
const separators = byteTable([9, 10, 13, 32, 44, 58]);

/**
 * Rows are the elements of a top-level array, or the top-level values one after another (one a line, or concatenated).
 * Source: MS Learn "JSON format", JSON patterns.
 */
export function createJsonCounter(): RowCounter {
  const withoutMark = createMarkFilter();
  let rows = 0;
  let depth = 0;
  let inString = false;
  let escaped = false;
  let inScalar = false;
  /** 1 while inside a top-level array whose elements are the rows. */
  let arrayDepth = 0;
  let broken = false;

  function begin(): void {
    if (depth === arrayDepth) rows += 1;
  }
  function bracket(byte: number): void {
    if (byte === openBracket && depth === 0 && rows === 0) {
      arrayDepth = 1;
      depth = 1;
    } else if (byte === openBrace || byte === openBracket) {
      begin();
      depth += 1;
    } else {
      depth -= 1;
      if (depth < 0) broken = true;
      if (depth === 0) arrayDepth = 0;
    }
  }
  function passString(chunk: Uint8Array, at: number): number {
    for (let index = at; index < chunk.length; index += 1) {
      const byte = chunk[index];
      if (escaped) escaped = false;
      else if (byte === backslash) escaped = true;
      else if (byte === quoteByte) {
        inString = false;
        return index + 1;
      }
    }
    return chunk.length;
  }
  function passOne(byte: number): void {
    const isBracket = brackets[byte] === 1;
    const isScalar = !isBracket && byte !== quoteByte && separators[byte] === 0;
    if (byte === quoteByte) {
      begin();
      inString = true;
    } else if (isBracket) bracket(byte);
    else if (isScalar && !inScalar) begin();
    inScalar = isScalar;
  }

  return {
    push(given) {
      const chunk = withoutMark(given);
      for (let at = 0; at < chunk.length; ) {
        if (inString) at = passString(chunk, at);
        else {
          passOne(chunk[at] ?? 0);
          at += 1;
        }
      }
    },
    end() {
      if (broken || inString || depth !== 0) {
        const message = 'Error occurred when deserializing source JSON data. Check if it is valid JSON.';
        throw copyFailure('JsonInvalidDataFormat', 'Source', message);
      }
      return rows;
    },
  };
}
