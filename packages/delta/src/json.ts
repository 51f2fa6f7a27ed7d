/**
 * Longs of the log are 64-bit (txn versions are sequence numbers): a JavaScript number would round them above 2^53.
 * `JSON.rawJSON` and the reviver's `source` are ES2026; TypeScript's library does not describe them yet.
 */
interface JsonWithSource {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
}

const json = JSON as unknown as JsonWithSource;
const INTEGER = /^-?\d+$/;

/** For `JSON.stringify`: stands as a number of any size in the text. */
export function jsonLong(value: bigint): unknown {
  return json.rawJSON(value.toString());
}

/** `JSON.parse` in which each integer is a bigint. Slow (a call a value): only for lines that hold a long. */
export function parseJsonLongs(text: string): unknown {
  return json.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && INTEGER.test(source) ? BigInt(source) : value,
  );
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
