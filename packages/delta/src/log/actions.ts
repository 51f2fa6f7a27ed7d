import type { JsonObject } from '../json.ts';
import type { AddFile, Snapshot, TableMetadata } from './snapshot.ts';

/** PROTOCOL.md, Protocol Evolution. */
export type ProtocolAction = Snapshot['protocol'] & {
  readonly readerFeatures?: readonly string[];
  readonly writerFeatures?: readonly string[];
};

/** What of `metaData` nobody but a checkpoint asks for is kept too, so that a checkpoint loses nothing. */
export interface MetadataAction extends TableMetadata {
  readonly description?: string;
  readonly format: { readonly provider: string; readonly options: Readonly<Record<string, string>> };
}

export interface TxnAction {
  readonly appId: string;
  readonly version: bigint;
  /** Milliseconds since the epoch. */
  readonly lastUpdated?: number;
}

export interface RemoveFile {
  /** Decoded, as in `AddFile`. */
  readonly path: string;
  readonly dataChange: boolean;
  /** Milliseconds since the epoch; without it vacuum may delete at once. */
  readonly deletionTimestamp?: number;
  readonly partitionValues?: Readonly<Record<string, string | null>>;
  readonly size?: number;
}

/** One log entry, read or about to be written. */
export interface Commit {
  readonly version: number;
  readonly info: JsonObject | undefined;
  readonly protocol: ProtocolAction | undefined;
  readonly metadata: MetadataAction | undefined;
  readonly txns: readonly TxnAction[];
  readonly adds: readonly AddFile[];
  readonly removes: readonly RemoveFile[];
}
