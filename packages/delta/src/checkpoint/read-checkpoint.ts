import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { TransientError } from '@lakewarden/contracts';
import { type Compressors, parquetMetadata, parquetReadObjects } from 'hyparquet';
import { isJsonObject, type JsonObject } from '../json.ts';
import { corrupt, readAdd, readMetadata, readProtocol, readRemove, readTxn } from '../log/actions.ts';
import { checkpointPartPath, checkpointPath } from '../log/log-paths.ts';
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
    const there = new Set(metadata.schema.map(({ name }) => name));
    const columns = ['txn', 'add', 'metaData', 'protocol', ...(history ? ['remove'] : [])];
    const present = columns.filter((column) => there.has(column));
    return await parquetReadObjects({ file, metadata, columns: present, compressors: COMPRESSORS });
  } catch (cause) {
    throw corrupt(path, 'the checkpoint is not a readable Parquet file', cause);
  }
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
