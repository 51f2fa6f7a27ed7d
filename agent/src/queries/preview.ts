import { join } from 'node:path';
import { createQueryEngine, type InputFile, type LakeRelation, type QueryEngine } from '@lakewarden/compute';
import {
  type DatasetName,
  type QuarantineReport,
  SLICE_COLUMN,
  type TableRows,
  TerminalError,
} from '@lakewarden/contracts';
import { type LakeFiles, mapLimit, rootOf } from '@lakewarden/core';
import { type AddFile, type Snapshot, slicesOf } from '@lakewarden/delta';
import { rowsOfFile } from './shape.ts';

/** Looks into data files for people: first rows, quarantine by reason. Fetched through the spool, read by an engine of its own. */
export interface Previews {
  rows(
    table: DatasetName,
    slice: string | undefined,
    limit: number,
    signal: AbortSignal,
  ): Promise<TableRows | undefined>;
  quarantine(dataset: DatasetName, slice: string | undefined, signal: AbortSignal): Promise<QuarantineReport>;
  close(): Promise<void>;
}

export interface PreviewsOptions {
  readonly read: (root: string, signal: AbortSignal) => Promise<Snapshot | undefined>;
  readonly files: LakeFiles;
  readonly tempDir: string;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** A look is small: it may not push the work of the agent aside. */
const MEMORY_LIMIT_BYTES = 256 * 1024 * 1024;
const FILES_MAX = 2_000;
const BYTES_MAX = 512 * 1024 * 1024;
const FETCH_CONCURRENCY = 8;
const REASONS_MAX = 200;
/** The engine's thread is kept for the next look this long. */
const IDLE_MS_MAX = 30_000;

export function createPreviews(options: PreviewsOptions): Previews {
  const lease = createLease(options);
  return {
    async rows(table, slice, limit, signal) {
      const snapshot = await options.read(rootOf(table), signal);
      if (snapshot === undefined) return undefined;
      const files = newestWithRows(snapshot, slice, limit);
      const rowCount = rowsOf(withRows(snapshot, slice));
      return lease(async (engine) => {
        const relation = await relationOf(options.files, table, snapshot, files, signal);
        const order = snapshot.columns.some(({ name }) => name === 'sequence')
          ? ' order by sequence desc'
          : '';
        const sql = `select * from ${table}${order} limit ${limit}`;
        const found = await engine.query({ sql, relations: [relation], rowsMax: limit }, signal);
        return {
          table,
          columns: [...found.columns],
          rows: found.rows.map((row) => [...row]),
          truncated: found.rows.length < rowCount,
        };
      });
    },
    async quarantine(dataset, slice, signal) {
      const table = `quarantine.${dataset.slice(dataset.indexOf('.') + 1)}` as DatasetName;
      const snapshot = await options.read(rootOf(table), signal);
      const files = snapshot === undefined ? [] : withRows(snapshot, slice);
      if (snapshot === undefined || files.length === 0) return { dataset, rows: 0, reasons: [] };
      requireBounded(table, files);
      return lease(async (engine) => {
        const relation = await relationOf(options.files, table, snapshot, files, signal);
        const sql = `select reason, count(*) as n, min(_slice), max(_slice) from ${table} group by reason order by n desc, reason`;
        const found = await engine.query({ sql, relations: [relation], rowsMax: REASONS_MAX }, signal);
        const reasons = found.rows.map(([reason, rows, first, last]) => ({
          reason: String(reason),
          rows: Number(rows),
          firstSlice: String(first),
          lastSlice: String(last),
        }));
        return { dataset, rows: rowsOf(files), reasons };
      });
    },
    close: () => lease.close(),
  };
}

function withRows(snapshot: Snapshot, slice: string | undefined): readonly AddFile[] {
  return [...snapshot.files.values()].filter(
    (file) => rowsOfFile(file) > 0 && (slice === undefined || file.partitionValues[SLICE_COLUMN] === slice),
  );
}

function rowsOf(files: readonly AddFile[]): number {
  return files.reduce((sum, file) => sum + rowsOfFile(file), 0);
}

/** As few files as hold the rows that are asked for, newest slice first. */
function newestWithRows(snapshot: Snapshot, slice: string | undefined, limit: number): readonly AddFile[] {
  const order = new Map(slicesOf(snapshot).map((key, index) => [key, index]));
  const rank = (file: AddFile) => order.get(file.partitionValues[SLICE_COLUMN] ?? '') ?? 0;
  const files: AddFile[] = [];
  let rows = 0;
  for (const file of [...withRows(snapshot, slice)].sort((a, b) => rank(b) - rank(a))) {
    if (rows >= limit) break;
    files.push(file);
    rows += rowsOfFile(file);
  }
  return files;
}

function requireBounded(table: string, files: readonly AddFile[]): void {
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  if (files.length <= FILES_MAX && bytes <= BYTES_MAX) return;
  throw new TerminalError(
    'limit',
    `${table} has ${files.length} files and ${bytes} bytes here; ask for one slice`,
  );
}

async function relationOf(
  lake: LakeFiles,
  name: string,
  snapshot: Snapshot,
  files: readonly AddFile[],
  signal: AbortSignal,
): Promise<LakeRelation> {
  const local = await mapLimit(files, FETCH_CONCURRENCY, async (file): Promise<InputFile> => {
    const localPath = await lake.fetch(`${snapshot.root}/${file.path}`, file.size, signal);
    return { localPath, slice: file.partitionValues[SLICE_COLUMN] ?? '' };
  });
  return { name, columns: snapshot.columns.filter((column) => column.name !== SLICE_COLUMN), files: local };
}

/** One engine, made at the first look and let go when nobody looked for a while; one look at a time. */
function createLease({ tempDir, sleep }: PreviewsOptions) {
  let engine: QueryEngine | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let idle = new AbortController();
  const close = async () => {
    idle.abort();
    const open = engine;
    engine = undefined;
    await open?.close();
  };
  const lease = <T>(look: (engine: QueryEngine) => Promise<T>): Promise<T> => {
    const turn = last.then(async () => {
      idle.abort();
      engine ??= createQueryEngine({
        memoryLimitBytes: MEMORY_LIMIT_BYTES,
        threads: 1,
        tempDir: join(tempDir, 'preview'),
      });
      try {
        return await look(engine);
      } finally {
        idle = new AbortController();
        void sleep(IDLE_MS_MAX, idle.signal).then(close, () => undefined);
      }
    });
    last = turn.catch(() => undefined);
    return turn;
  };
  return Object.assign(lease, { close });
}
