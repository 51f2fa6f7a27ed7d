import { createHash } from 'node:crypto';
import { type DatasetName, type Digest, formatDigest } from '@lakewarden/contracts';

/** One slice that another slice is built from, by what its rows are. */
export interface SliceInput {
  readonly dataset: DatasetName;
  readonly slice: string;
  readonly digest: Digest;
  /** The slice is waived as empty: whatever files it has are not read. */
  readonly isWaived?: true;
}

/**
 * H(step version, digests of the slices read, salt), DESIGN §3. Versions of tables, files and engines are not in it:
 * compaction, failover or a rebuild to equal rows makes nothing stale.
 */
export function fingerprintOf(stepVersion: string, inputs: readonly SliceInput[], salt = ''): string {
  const lines = inputs.map((input) => `${input.dataset}@${input.slice} ${formatDigest(input.digest)}`).sort();
  return createHash('sha256')
    .update([stepVersion, salt, ...lines].join('\n'))
    .digest('hex')
    .slice(0, 32);
}
