import type { Column } from '@lakewarden/contracts';

/** A live data file of a table: Delta action `add` (PROTOCOL.md, Add File and Remove File). */
export interface AddFile {
  /** Decoded path relative to the table's folder. */
  readonly path: string;
  readonly partitionValues: Readonly<Record<string, string | null>>;
  readonly size: number;
  readonly modificationTime: number;
  readonly dataChange: boolean;
  /** JSON text as it stands in the log. */
  readonly stats?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface TableMetadata {
  readonly id: string;
  readonly name?: string;
  /** `schemaString` as it stands in the log. */
  readonly schemaString: string;
  readonly partitionColumns: readonly string[];
  readonly configuration: Readonly<Record<string, string>>;
  readonly createdTime?: number;
}

/** One version of a table: an immutable value. */
export interface Snapshot {
  /** Folder of the table below the lake's root, such as `silver/orders`. */
  readonly root: string;
  readonly version: number;
  readonly protocol: { readonly minReaderVersion: number; readonly minWriterVersion: number };
  readonly metadata: TableMetadata;
  /** Columns, partition columns included. */
  readonly columns: readonly Column[];
  /** By appId; 64-bit. */
  readonly txns: ReadonlyMap<string, bigint>;
  /** By path. */
  readonly files: ReadonlyMap<string, AddFile>;
}
