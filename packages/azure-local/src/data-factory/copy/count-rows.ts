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

const lineFeed = 10;
const carriageReturn = 13;

/**
 * Rows end at LF, CR or CR LF outside quotes; lines without any character are no rows (assumption: the service
 * counts only what it can read as a row). A quote opens only at the start of a field.
 */
export function createDelimitedTextCounter(rules: DelimitedTextRules): RowCounter {
  const { quote, escape: escapeByte, columnDelimiter } = rules;
  let rows = 0;
  let inRow = false;
  let inQuotes = false;
  let atFieldStart = true;
  let escaped = false;
  let quoteSeen = false;

  function insideQuotes(byte: number): void {
    if (escaped) escaped = false;
    else if (byte === escapeByte && escapeByte !== quote) escaped = true;
    else if (byte === quote) {
      inQuotes = false;
      quoteSeen = true;
    }
  }

  function outsideQuotes(byte: number): void {
    const closedBefore = quoteSeen;
    quoteSeen = false;
    if (byte === lineFeed || byte === carriageReturn) {
      if (inRow) rows += 1;
      inRow = false;
      atFieldStart = true;
      return;
    }
    inRow = true;
    // A doubled quote is a quote inside the field that had seemed to end, whatever the escape character: writers mix both.
    if (byte === quote && (atFieldStart || closedBefore)) inQuotes = true;
    atFieldStart = byte === columnDelimiter;
  }

  const isMark = createMarkFilter();
  return {
    push(chunk) {
      for (const byte of chunk) {
        if (isMark(byte)) continue;
        if (inQuotes) insideQuotes(byte);
        else outsideQuotes(byte);
      }
    },
    end() {
      const total = rows + (inRow ? 1 : 0);
      return rules.firstRowAsHeader ? Math.max(0, total - 1) : total;
    },
  };
}

const byteOrderMark = [0xef, 0xbb, 0xbf];

/** True for the bytes of a UTF-8 byte order mark at the start of the stream, which belong to no row. */
function createMarkFilter(): (byte: number) => boolean {
  let seen = 0;
  return (byte) => {
    if (seen >= byteOrderMark.length) return false;
    const isMark = byte === byteOrderMark[seen];
    seen = isMark ? seen + 1 : byteOrderMark.length;
    return isMark;
  };
}

const [quoteByte, backslash, openBrace, closeBrace, openBracket, closeBracket] = [34, 92, 123, 125, 91, 93];
const brackets = new Set([openBrace, closeBrace, openBracket, closeBracket]);
/** Blanks, comma and colon: what stands between values. */
const separators = new Set([9, 10, 13, 32, 44, 58]);

/**
 * Rows are the elements of a top-level array, or the top-level values one after another (one a line, or concatenated).
 * Source: MS Learn "JSON format", JSON patterns.
 */
export function createJsonCounter(): RowCounter {
  let rows = 0;
  let depth = 0;
  let inString = false;
  let escaped = false;
  let inScalar = false;
  let arrayDepth = 0;
  let broken = false;

  function begin(): void {
    if (depth === arrayDepth) rows += 1;
  }
  function structural(byte: number): void {
    if (byte === openBracket && depth === 0 && arrayDepth === 0 && rows === 0) {
      arrayDepth = 1;
      depth = 1;
    } else if (byte === openBrace || byte === openBracket) {
      begin();
      depth += 1;
    } else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1;
      if (depth < 0) broken = true;
      if (depth === 0 && arrayDepth === 1) arrayDepth = 0;
    }
  }
  function insideString(byte: number): void {
    if (escaped) escaped = false;
    else if (byte === backslash) escaped = true;
    else if (byte === quoteByte) inString = false;
  }
  function outsideString(byte: number): void {
    const isScalar = !separators.has(byte) && byte !== quoteByte && !brackets.has(byte);
    if (byte === quoteByte) {
      begin();
      inString = true;
    } else if (brackets.has(byte)) structural(byte);
    else if (isScalar && !inScalar) begin();
    inScalar = isScalar;
  }

  const isMark = createMarkFilter();
  return {
    push(chunk) {
      for (const byte of chunk) {
        if (isMark(byte)) continue;
        if (inString) insideString(byte);
        else outsideString(byte);
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
