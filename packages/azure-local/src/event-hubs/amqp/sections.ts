/**
 * Finds the sections of an encoded AMQP 1.0 message without decoding their content, so that a body reaches the reader
 * byte for byte as the sender encoded it (AMQP 1.0 part 1.2 "Type Encodings", part 3.2 "Message Format").
 */

/** The message is not what the AMQP specification calls one; answered as `amqp:decode-error`. */
export class MalformedMessage extends Error {}

export const SECTION = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  properties: 0x73,
  applicationProperties: 0x74,
  data: 0x75,
  sequence: 0x76,
  value: 0x77,
  footer: 0x78,
} as const;

/** `[start, end)` is the whole section, `[value, end)` its value with the constructor byte. */
export type Section = {
  readonly code: number;
  readonly start: number;
  readonly value: number;
  readonly end: number;
};

const DESCRIBED = 0x00;
const SMALL_ULONG = 0x53;
const ULONG = 0x80;
const ARRAY_DEPTH_MAX = 32;

/** All sections of `[start, end)` in their order. Throws `MalformedMessage`. */
export function readSections(bytes: Buffer, start = 0, end = bytes.length): Section[] {
  const sections: Section[] = [];
  let at = start;
  while (at < end) {
    const section = readSection(bytes, at, end);
    sections.push(section);
    at = section.end;
  }
  return sections;
}

function readSection(bytes: Buffer, start: number, end: number): Section {
  if (bytes[start] !== DESCRIBED) throw new MalformedMessage('a section does not begin with a descriptor');
  const descriptor = start + 1;
  const value = skipValue(bytes, descriptor, end);
  const code = descriptorCode(bytes, descriptor);
  if (code < SECTION.header || code > SECTION.footer) throw new MalformedMessage('unknown message section');
  return { code, start, value, end: skipValue(bytes, value, end) };
}

function descriptorCode(bytes: Buffer, at: number): number {
  if (bytes[at] === SMALL_ULONG) return bytes[at + 1] ?? 0;
  if (bytes[at] === ULONG) return Number(bytes.readBigUInt64BE(at + 1));
  throw new MalformedMessage('a section has no numeric descriptor');
}

/** Where the value that begins at `at` ends. */
export function skipValue(bytes: Buffer, at: number, end: number, depth = 0): number {
  if (at >= end || depth > ARRAY_DEPTH_MAX) throw new MalformedMessage('a value is cut short');
  const code = bytes[at] as number;
  if (code === DESCRIBED) return skipValue(bytes, skipValue(bytes, at + 1, end, depth + 1), end, depth + 1);
  const next = at + 1 + widthOf(bytes, code, at + 1, end);
  if (next > end) throw new MalformedMessage('a value is cut short');
  return next;
}

/** Bytes after the constructor; the upper half of the constructor tells how they are counted. */
function widthOf(bytes: Buffer, code: number, at: number, end: number): number {
  switch (code >>> 4) {
    case 0x4:
      return 0;
    case 0x5:
      return 1;
    case 0x6:
      return 2;
    case 0x7:
      return 4;
    case 0x8:
      return 8;
    case 0x9:
      return 16;
    case 0xa:
    case 0xc:
    case 0xe:
      if (at + 1 > end) throw new MalformedMessage('a size is cut short');
      return 1 + (bytes[at] as number);
    case 0xb:
    case 0xd:
    case 0xf:
      if (at + 4 > end) throw new MalformedMessage('a size is cut short');
      return 4 + bytes.readUInt32BE(at);
    default:
      throw new MalformedMessage(`unknown type constructor ${code}`);
  }
}

/** One entry of a map section: `[start, end)` holds key and value, still encoded. */
export type MapEntry = {
  readonly key: string;
  readonly start: number;
  readonly value: number;
  readonly end: number;
};

/** The entries of the map that begins at `at` (its constructor byte). Keys that are not text have the key `''`. */
export function readMap(bytes: Buffer, at: number, end: number): MapEntry[] {
  const code = bytes[at];
  if (code !== 0xc1 && code !== 0xd1) {
    if (code === 0x40) return [];
    throw new MalformedMessage('expected a map');
  }
  const wide = code === 0xd1;
  const count = wide ? bytes.readUInt32BE(at + 5) : (bytes[at + 2] as number);
  const entries: MapEntry[] = [];
  let next = at + (wide ? 9 : 3);
  for (let pair = 0; pair < count; pair += 2) {
    const start = next;
    const value = skipValue(bytes, start, end);
    next = skipValue(bytes, value, end);
    entries.push({ key: textAt(bytes, start) ?? '', start, value, end: next });
  }
  return entries;
}

/** The string or symbol that begins at `at`; undefined for any other type. */
export function textAt(bytes: Buffer, at: number): string | undefined {
  const code = bytes[at];
  if (code === 0xa1 || code === 0xa3)
    return bytes.toString('utf8', at + 2, at + 2 + (bytes[at + 1] as number));
  if (code === 0xb1 || code === 0xb3) {
    const length = bytes.readUInt32BE(at + 1);
    return bytes.toString('utf8', at + 5, at + 5 + length);
  }
  return undefined;
}

/** The content of the binary value that begins at `at`, as a view; undefined for any other type. */
export function binaryAt(bytes: Buffer, at: number): Buffer | undefined {
  const code = bytes[at];
  if (code === 0xa0) return bytes.subarray(at + 2, at + 2 + (bytes[at + 1] as number));
  if (code === 0xb0) return bytes.subarray(at + 5, at + 5 + bytes.readUInt32BE(at + 1));
  return undefined;
}
