import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { HttpAnswer } from '../server/service.ts';
import type { Call } from './account-context.ts';
import { readConditions, requireRead } from './conditions.ts';
import type { LakeStore } from './disk/lake-store.ts';
import { type PathState, stateOf } from './disk/path-state.ts';
import { pathHeaders, readRange } from './property-headers.ts';
import { StorageRefusal } from './storage-refusal.ts';

/** Answers up to this size are read at once; larger ones stream. */
const BUFFERED_BYTES_MAX = 256 * 1024;
const STREAM_CHUNK_BYTES = 512 * 1024;

/** "Get Blob": a range whose MD5 is asked for has at most 4 MiB. */
const RANGE_MD5_BYTES_MAX = 4 * 1024 * 1024;

/** Get Blob and Path - Read. The open handle is a snapshot: contents never change in place. */
export async function readPath(call: Call): Promise<HttpAnswer> {
  const { request, address, account } = call;
  const opened = await openPath(account.store, address.fileSystem, address.path);
  try {
    const { state } = opened;
    requireRead(readConditions(request.headers), state);
    const range = readRange(request.headers, state.bytes);
    const start = range?.start ?? 0;
    const bytes = range === undefined ? state.bytes : range.end - range.start + 1;
    const headers: Record<string, string> = { ...pathHeaders(state), 'content-length': String(bytes) };
    if (range !== undefined) {
      headers['content-range'] = `bytes ${range.start}-${range.end}/${state.bytes}`;
      // The whole's checksum must not be taken for the range's ("Get Blob": then it moves to this header).
      if (headers['content-md5'] !== undefined) headers['x-ms-blob-content-md5'] = headers['content-md5'];
      delete headers['content-md5'];
    }
    const status = range === undefined ? 200 : 206;
    const wantsMd5 = request.headers['x-ms-range-get-content-md5'] === 'true';
    if (wantsMd5 && (range === undefined || bytes > RANGE_MD5_BYTES_MAX)) {
      throw new StorageRefusal(
        'invalid-header',
        'x-ms-range-get-content-md5 needs a range of at most 4 MiB.',
      );
    }
    if (bytes > BUFFERED_BYTES_MAX && !wantsMd5) {
      const body = opened.handle.createReadStream({
        start,
        end: start + bytes - 1,
        highWaterMark: STREAM_CHUNK_BYTES,
      });
      return { status, headers, body };
    }
    const body = state.isDirectory ? new Uint8Array(0) : await readExactly(opened.handle, start, bytes);
    await opened.handle.close();
    if (wantsMd5) headers['content-md5'] = createHash('md5').update(body).digest('base64');
    return { status, headers, body };
  } catch (error) {
    await opened.handle.close();
    throw error;
  }
}

/** Get Blob Properties and Path - Get Properties (action=getStatus, or none). */
export async function headPath(call: Call): Promise<HttpAnswer> {
  const { request, address, account } = call;
  const state = await account.store.requirePath(address.fileSystem, address.path);
  requireRead(readConditions(request.headers), state);
  return { status: 200, headers: { ...pathHeaders(state), 'content-length': String(state.bytes) } };
}

async function openPath(
  store: LakeStore,
  fileSystem: string,
  path: string,
): Promise<{ handle: FileHandle; state: PathState }> {
  let handle: FileHandle;
  try {
    // No following of links: nothing that was put into the folder may show a file outside of it.
    handle = await open(
      store.onDisk(fileSystem, path),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'ELOOP') throw error;
    await store.requirePath(fileSystem, path);
    throw error;
  }
  try {
    const stats = await handle.stat({ bigint: true });
    return { handle, state: stateOf(stats, await store.properties.read(stats)) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

// A file changed by hand while it is read may be shorter than it was.
async function readExactly(handle: FileHandle, start: number, bytes: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafe(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await handle.read(buffer, filled, bytes - filled, start + filled);
    if (bytesRead === 0) throw new Error('the file became shorter while it was read');
    filled += bytesRead;
  }
  return buffer;
}
