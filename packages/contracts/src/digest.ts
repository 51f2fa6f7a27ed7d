/**
 * What the rows of a slice *are*, independent of order, files and engine (DESIGN §3, Fingerprints and digests):
 * the row count, and the sum modulo 2^64 of the first 8 bytes (big-endian) of md5 of each canonical row.
 */
export interface Digest {
  readonly rows: number;
  /** Unsigned 64-bit. */
  readonly sum: bigint;
}

export const EMPTY_DIGEST: Digest = { rows: 0, sum: 0n };

export function addDigests(a: Digest, b: Digest): Digest {
  return { rows: a.rows + b.rows, sum: BigInt.asUintN(64, a.sum + b.sum) };
}

/** `<rows>:<sum in 16 hex digits>`; the form that stands in tags and fingerprints. */
export function formatDigest(digest: Digest): string {
  return `${digest.rows}:${digest.sum.toString(16).padStart(16, '0')}`;
}

export function parseDigest(text: string): Digest | undefined {
  const match = /^(\d{1,15}):([0-9a-f]{16})$/.exec(text);
  return match === null ? undefined : { rows: Number(match[1]), sum: BigInt(`0x${match[2]}`) };
}
