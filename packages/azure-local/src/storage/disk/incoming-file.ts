/** A file on its way in: written and synced under a private name, invisible until it is published. */
import { createHash, randomUUID } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StorageRefusal } from '../storage-refusal.ts';

export type IncomingFile = {
  readonly path: string;
  /** Of the synced file; link and rename change neither inode, size nor mtime. */
  readonly stats: BigIntStats;
  /** Base64, when it was asked for. */
  readonly md5?: string;
};

export type Content = Uint8Array | AsyncIterable<Uint8Array>;

export type IncomingOptions = {
  /** Private folder on the same disk as the lake. */
  readonly folder: string;
  readonly stampMs: number;
  readonly bytesMax: number;
  readonly md5?: boolean;
};

/** Chunks are gathered to this size before they go to disk. */
const WRITE_BYTES = 1024 * 1024;

/** Writes and syncs `content`; on any failure nothing is left. */
export async function receiveFile(content: Content, options: IncomingOptions): Promise<IncomingFile> {
  const path = join(options.folder, randomUUID());
  const handle = await open(path, 'wx', 0o644);
  try {
    const hash = options.md5 === true ? createHash('md5') : undefined;
    if (content instanceof Uint8Array) {
      if (content.length > options.bytesMax) throw new StorageRefusal('too-large');
      hash?.update(content);
      await writeAll(handle, content);
    } else await writeChunks(handle, content, options.bytesMax, (chunk) => hash?.update(chunk));
    const stampS = options.stampMs / 1000;
    await handle.utimes(stampS, stampS);
    const stats = await handle.stat({ bigint: true });
    await handle.sync();
    return { path, stats, ...(hash === undefined ? {} : { md5: hash.digest('base64') }) };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

async function writeChunks(
  handle: FileHandle,
  content: AsyncIterable<Uint8Array>,
  bytesMax: number,
  onChunk: (chunk: Uint8Array) => void,
): Promise<void> {
  let total = 0;
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  const flush = async () => {
    const buffer =
      pending.length === 1 && pending[0] !== undefined ? pending[0] : Buffer.concat(pending, pendingBytes);
    pending = [];
    pendingBytes = 0;
    await writeAll(handle, buffer);
  };
  for await (const chunk of content) {
    total += chunk.length;
    if (total > bytesMax) throw new StorageRefusal('too-large');
    onChunk(chunk);
    pending.push(chunk);
    pendingBytes += chunk.length;
    if (pendingBytes >= WRITE_BYTES) await flush();
  }
  if (pendingBytes > 0) await flush();
}

// write(2) may stop short (a disk running full); the error comes with the next call.
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, offset, bytes.length - offset);
    offset += bytesWritten;
  }
}
