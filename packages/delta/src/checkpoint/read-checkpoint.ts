import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { TransientError } from '@lakewarden/contracts';
import { type Compressors, parquetMetadata, parquetReadObjects, type RowGroup } from 'hyparquet';
import { isJsonObject, type JsonObject } from '../json.ts';
import { checkpointPartPath, checkpointPath } from '../log/log-paths.ts';
import { corrupt, readAdd, readMetadata, readProtocol, readRemove, readTxn } from '../log/parse-commit.ts';
import type { LogState } from '../log/replay.ts';
import type { LakeStorage } from '../storage/lake-storage.ts';

/** Snappy is hyparquet's own; the other codecs that Delta readers should know come with Node (LZ4 does not). */
const COMPRESSORS: Compressors = {
  GZIP: (input) => new Uint8Array(gunzipSync(input)),
  ZSTD: (input) => new Uint8Array(zstdDecompressSync(input)),
  BROTLI: (input) => new Uint8Array(brotliDecompressSync(input)),
};

/**
 * Fills an empty state from a classic or multi-part V1 checkpoint.
 *
 * @throws TerminalError `corrupt` when it is not a readable checkpoint; the log before it may still be whole.
 */
export async function readCheckpoint(
  storage: LakeStorage,
  root: string,
  checkpoint: { readonly version: number; readonly parts: number },
  state: LogState,
  signal?: AbortSignal,
): Promise<void> {
  const { version, parts } = checkpoint;
  for (let part = 1; part <= parts; part += 1) {
    const path = parts === 1 ? checkpointPath(root, version) : checkpointPartPath(root, version, part, parts);
    const body = await storage.read(path, { ...(signal && { signal }) });
    if (body === undefined) {
      throw new TransientError('unavailable', `${path}  went away while the log was read`);
    }
    const rows = await readRows(body, path, state.history !== undefined);
    for (const [i, row] of rows.entries()) applyRow(state, row, `${path}:${i + 1}`);
  }
  if (state.protocol === undefined || state.metadata === undefined) {
    throw corrupt(checkpointPath(root, version), 'the checkpoint has no protocol or no metaData');
  }
  state.version = version;
}

async function readRows(body: Uint8Array, path: string, history: boolean): Promise<readonly JsonObject[]> {
  try {
    const file = exactBuffer(body);
    const metadata = parquetMetadata(file);
    const wanted = Object.keys(ALWAYS_SET).filter((column) => history || column !== 'remove');
    const rows: JsonObject[] = [];
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      const columns = wanted.filter((column) => hasValues(group, column));
      if (columns.length > 0) {
        const options = { file, metadata, columns, rowStart, rowEnd, compressors: COMPRESSORS };
        for (const row of await parquetReadObjects(options)) rows.push(row);
      }
      rowStart = rowEnd;
    }
    return rows;
  } catch (cause) {
    throw corrupt(path, 'the checkpoint is not a readable Parquet file', cause);
  }
}

/** The field that tells whether a row is of this action. */
const ALWAYS_SET = {
  txn: 'appId',
  add: 'path',
  remove: 'path',
  metaData: 'id',
  protocol: 'minReaderVersion',
} as const;

/**
 * Whether any row of the group is of this action. Our own checkpoints keep removed files, which may outnumber the table
 * many times, in groups of their own, so that a reader passes over them.
 */
function hasValues(group: RowGroup, column: string): boolean {
  const field = ALWAYS_SET[column as keyof typeof ALWAYS_SET];
  const chunk = group.columns.find(({ meta_data: meta }) => {
    return meta?.path_in_schema[0] === column && meta.path_in_schema[1] === field;
  });
  if (chunk?.meta_data === undefined) return false;
  const { statistics, num_values: values } = chunk.meta_data;
  return statistics?.null_count === undefined || statistics.null_count < values;
}

/** Numbers of a checkpoint are INT64, so bigints; only `txn` needs them that wide. */
function applyRow(state: LogState, row: JsonObject, place: string): void {
  const { add, remove, txn, metaData, protocol } = row;
  if (isJsonObject(add)) {
    const file = readAdd(narrowed(add), place);
    state.files.set(file.path, file);
  } else if (isJsonObject(remove)) {
    const file = readRemove(narrowed(remove), place);
    state.history?.removed.set(file.path, file);
  } else if (isJsonObject(txn)) {
    const { appId, version, lastUpdated } = readTxn(txn, place);
    state.txns.set(appId, version);
    if (lastUpdated !== undefined) state.history?.txnUpdated.set(appId, lastUpdated);
  } else if (isJsonObject(metaData)) {
    state.metadata = readMetadata(narrowed(metaData), place);
  } else if (isJsonObject(protocol)) {
    state.protocol = readProtocol(protocol, place);
  }
}

function narrowed(action: JsonObject): JsonObject {
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(action)) {
    copy[key] = typeof value === 'bigint' ? Number(value) : value;
  }
  return copy;
}

function exactBuffer(body: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = body;
  if (byteOffset === 0 && byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) return buffer;
  return new Uint8Array(body).buffer;
}
