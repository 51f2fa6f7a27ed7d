import type { RowAccounting } from './accounting.ts';
import { type Digest, formatDigest, parseDigest } from './digest.ts';

/**
 * What a data file says about itself in `add.tags` (DESIGN §3): enough to decide whether its slice is stale
 * without opening it. All values are text. A file without them was written by someone else and is scanned.
 */
export interface SliceTags {
  /** What the slice was made from. */
  readonly fingerprint: string;
  /** What the rows of this file are. Files of one slice add up. */
  readonly digest: Digest;
  /** The run that wrote it. */
  readonly run: string;
  /** Rows of the whole slice, on the first file of the slice in that commit only. */
  readonly accounting?: RowAccounting;
  /** Exact decimals by name, of the whole slice, on the first file only: the control totals (I13). */
  readonly totals?: Readonly<Record<string, string>>;
  /** Table versions that the run read, by dataset. */
  readonly inputs: Readonly<Record<string, number>>;
}

/** What a bronze file of a hub says: where it stands in the stream, and which silver slices its rows belong to. */
export interface LandedTags {
  readonly run: string;
  readonly digest: Digest;
  /** Present for hub files. */
  readonly stream?: {
    readonly generation: string;
    readonly partition: number;
    readonly first: bigint;
    readonly last: bigint;
  };
  /** By slice key at the finest grain that a silver dataset of this bronze table has. */
  readonly touches: Readonly<Record<string, Digest>>;
}

export function encodeSliceTags(tags: SliceTags): Record<string, string> {
  return {
    'lw.fingerprint': tags.fingerprint,
    'lw.digest': formatDigest(tags.digest),
    'lw.run': tags.run,
    'lw.inputs': JSON.stringify(tags.inputs),
    ...(tags.accounting && { 'lw.accounting': JSON.stringify(tags.accounting) }),
    ...(tags.totals && { 'lw.totals': JSON.stringify(tags.totals) }),
  };
}

export function decodeSliceTags(tags: Readonly<Record<string, string>> | undefined): SliceTags | undefined {
  const digest = parseDigest(tags?.['lw.digest'] ?? '');
  const fingerprint = tags?.['lw.fingerprint'];
  if (tags === undefined || digest === undefined || fingerprint === undefined) return undefined;
  const accounting = tags['lw.accounting'];
  const totals = tags['lw.totals'];
  return {
    fingerprint,
    digest,
    run: tags['lw.run'] ?? '',
    inputs: JSON.parse(tags['lw.inputs'] ?? '{}') as Record<string, number>,
    ...(accounting !== undefined && { accounting: JSON.parse(accounting) as RowAccounting }),
    ...(totals !== undefined && { totals: JSON.parse(totals) as Record<string, string> }),
  };
}

export function encodeLandedTags(tags: LandedTags): Record<string, string> {
  const touches = Object.fromEntries(
    Object.entries(tags.touches).map(([key, value]) => [key, formatDigest(value)]),
  );
  return {
    'lw.run': tags.run,
    'lw.digest': formatDigest(tags.digest),
    'lw.touches': JSON.stringify(touches),
    ...(tags.stream && {
      'lw.generation': tags.stream.generation,
      'lw.partition': String(tags.stream.partition),
      'lw.first': String(tags.stream.first),
      'lw.last': String(tags.stream.last),
    }),
  };
}

export function decodeLandedTags(tags: Readonly<Record<string, string>> | undefined): LandedTags | undefined {
  const digest = parseDigest(tags?.['lw.digest'] ?? '');
  const touchesText = tags?.['lw.touches'];
  if (tags === undefined || digest === undefined || touchesText === undefined) return undefined;
  const touches: Record<string, Digest> = {};
  for (const [key, text] of Object.entries(JSON.parse(touchesText) as Record<string, string>)) {
    const part = parseDigest(text);
    if (part === undefined) return undefined;
    touches[key] = part;
  }
  const generation = tags['lw.generation'];
  return {
    run: tags['lw.run'] ?? '',
    digest,
    touches,
    ...(generation !== undefined && {
      stream: {
        generation,
        partition: Number(tags['lw.partition']),
        first: BigInt(tags['lw.first'] ?? '0'),
        last: BigInt(tags['lw.last'] ?? '0'),
      },
    }),
  };
}
