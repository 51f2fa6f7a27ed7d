import type { Column } from '@lakewarden/contracts';
import type { Snapshot } from '../log/snapshot.ts';

/** A file to add. Its bytes are already in the lake under `<root>/<path>`. */
export interface NewFile {
  readonly path: string;
  readonly slice: string;
  readonly bytes: number;
  readonly stats: string;
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * What a writer wants of a table, prepared once and kept over every attempt: a retry never writes data again.
 *
 * - `append` adds files (landing). Never conflicts with other files; its `txns` decide.
 * - `overwrite` replaces all files that are *live at the moment of the commit* in `slices` by `files`. Conflicts when a
 *   version after `readVersion` with `dataChange=true` added or removed a file in one of these slices.
 * - `replace` takes exactly the files `remove` away and adds `files` (a replay of recorded ranges); other files of the same
 *   slices stay. Conflicts when one of them is gone, or was touched by a version after `base`.
 * - `retag` replaces the tags of live files (`dataChange=false`); conflicts when one of them is gone.
 */
export type CommitChange =
  | { readonly kind: 'append'; readonly files: readonly NewFile[] }
  | { readonly kind: 'overwrite'; readonly slices: readonly string[]; readonly files: readonly NewFile[] }
  | { readonly kind: 'replace'; readonly remove: readonly string[]; readonly files: readonly NewFile[] }
  | { readonly kind: 'retag'; readonly tags: ReadonlyMap<string, Readonly<Record<string, string>>> };

/** Moves the `txn` of `appId` from `from` (undefined: never set) to `to`; any other value found is a conflict (I3). */
export interface TxnMove {
  readonly appId: string;
  readonly from: bigint | undefined;
  readonly to: bigint;
}

/** `txn lw/fence/<scope>` = epoch. Refused, on every rebase too, when the table holds a higher one (I4). */
export interface Fence {
  readonly scope: string;
  readonly epoch: bigint;
}

export interface TableDefinition {
  readonly name: string;
  /** Without the partition column. */
  readonly columns: readonly Column[];
}

export interface CommitIntent {
  /** Folder of the table, such as `bronze/orders`. */
  readonly root: string;
  /** The table as the pipeline declares it; created by the first commit. Columns must equal those of an existing table. */
  readonly table: TableDefinition;
  /** What the writer saw. Undefined: the table did not exist. */
  readonly base: Snapshot | undefined;
  readonly change: CommitChange;
  readonly txns: readonly TxnMove[];
  readonly fences: readonly Fence[];
  /** Delta operation name for `commitInfo`: `WRITE`, `OVERWRITE`, … */
  readonly operation: string;
  /** Uuid of this commit, the same over all attempts: how we recognise our own after a lost answer (I6). */
  readonly commitId: string;
  /** Run that commits; into `commitInfo`. */
  readonly run: string;
}

export type CommitOutcome =
  | { readonly kind: 'committed'; readonly snapshot: Snapshot }
  /** Somebody else's commit makes ours wrong: read again and decide. */
  | { readonly kind: 'conflict'; readonly version: number; readonly reason: ConflictReason }
  /** A newer epoch holds these scopes: this writer must stop writing them. */
  | {
      readonly kind: 'fenced';
      readonly scopes: readonly { scope: string; held: bigint }[];
      readonly version: number;
    };

export type ConflictReason =
  | 'txn-moved'
  | 'slice-changed'
  | 'file-gone'
  | 'schema-changed'
  | 'protocol-changed';
