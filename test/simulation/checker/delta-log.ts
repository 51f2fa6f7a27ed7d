/**
 * A reader of Delta logs of the judge's own: it shares no code with the product. It keeps every version of a table, so that
 * a commit can be judged by what its writer said it had read.
 */
export interface LoggedFile {
  readonly path: string;
  readonly slice: string;
  readonly rows: number;
  readonly dataChange: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

export interface LoggedCommit {
  readonly version: number;
  readonly adds: readonly LoggedFile[];
  readonly removes: readonly string[];
  readonly txns: ReadonlyMap<string, bigint>;
}

/** Live files by slice. */
export type TableVersion = ReadonlyMap<string, readonly LoggedFile[]>;

export class LoggedTable {
  readonly root: string;
  readonly versions: TableVersion[] = [];
  readonly files = new Map<string, LoggedFile>();
  readonly txns = new Map<string, bigint>();

  constructor(root: string) {
    this.root = root;
  }

  get newest(): TableVersion {
    return this.versions.at(-1) ?? new Map();
  }

  /** Applies the next version; says what is wrong with the entry itself. */
  apply(commit: LoggedCommit): readonly string[] {
    const problems: string[] = [];
    if (commit.version !== this.versions.length) {
      problems.push(`I4 version ${commit.version} follows ${this.versions.length - 1}`);
    }
    const next = new Map(this.newest);
    const drop = (file: LoggedFile) => {
      this.files.delete(file.path);
      const left = (next.get(file.slice) ?? []).filter(({ path }) => path !== file.path);
      if (left.length === 0) next.delete(file.slice);
      else next.set(file.slice, left);
    };
    for (const path of commit.removes) {
      const file = this.files.get(path);
      if (file === undefined)
        problems.push(`I7 version ${commit.version} removes ${path}, which is not live`);
      else drop(file);
    }
    for (const file of commit.adds) {
      const before = this.files.get(file.path);
      if (before !== undefined && file.dataChange) problems.push(`I7 ${file.path} is added a second time`);
      if (before === undefined && !file.dataChange)
        problems.push(`I7 ${file.path} is retagged, but not live`);
      if (before !== undefined) drop(before);
      this.files.set(file.path, file);
      next.set(file.slice, [...(next.get(file.slice) ?? []), file]);
    }
    for (const [appId, value] of commit.txns) {
      const before = this.txns.get(appId);
      if (before !== undefined && value < before) {
        const invariant = appId.startsWith('lw/fence/') ? 'I4' : 'I3';
        problems.push(`${invariant} ${appId} went back from ${before} to ${value}`);
      }
      this.txns.set(appId, value);
    }
    this.versions.push(next);
    return problems;
  }
}

interface Action {
  readonly add?: {
    readonly path: string;
    readonly partitionValues: Readonly<Record<string, string>>;
    readonly dataChange: boolean;
    readonly stats: string;
    readonly tags?: Readonly<Record<string, string>>;
  };
  readonly remove?: { readonly path: string };
  readonly txn?: { readonly appId: string };
}

const DECODER = new TextDecoder();

export function parseEntry(version: number, body: Uint8Array): LoggedCommit {
  const adds: LoggedFile[] = [];
  const removes: string[] = [];
  const txns = new Map<string, bigint>();
  for (const line of DECODER.decode(body).split('\n')) {
    if (line === '') continue;
    const { add, remove, txn } = JSON.parse(line) as Action;
    if (remove !== undefined) removes.push(decodeURIComponent(remove.path));
    // A version is 64-bit: JSON.parse would round it.
    if (txn !== undefined) txns.set(txn.appId, BigInt(/"version":(-?\d+)/.exec(line)?.[1] ?? 'none'));
    if (add === undefined) continue;
    adds.push({
      path: decodeURIComponent(add.path),
      slice: Object.values(add.partitionValues)[0] ?? '',
      rows: (JSON.parse(add.stats) as { numRecords: number }).numRecords,
      dataChange: add.dataChange,
      tags: add.tags ?? {},
    });
  }
  return { version, adds, removes, txns };
}
