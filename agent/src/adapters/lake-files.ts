import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TerminalError, TransientError } from '@lakewarden/contracts';
import type { LakeFiles, Random } from '@lakewarden/core';
import {
  isAbsent,
  type LakeAccount,
  type LakeAccountOptions,
  listFiles,
  openLakeAccount,
} from './lake-account.ts';
import { createSharedWork } from './shared-work.ts';
import { checkedPath, openSpool, type Spool } from './spool.ts';

export interface LakeFilesOptions extends LakeAccountOptions {
  readonly random: Random;
  readonly spoolDir: string;
  /** Bound of what is kept on disk beyond the inputs of the jobs that run. */
  readonly spoolBytesMax: number;
  /** Up to here a file is one request and appears at once; above it is appended in parts and then flushed. */
  readonly singlePutBytesMax?: number;
}

const SINGLE_PUT_BYTES_MAX = 64 * 1024 * 1024;
/** Read at once: cheaper than a stream. Several uploads run at a time. */
const IN_MEMORY_BYTES_MAX = 1024 * 1024;
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_IN_FLIGHT_MAX = 2;
/** Slower than this is not a transfer but a hang. */
const BYTES_PER_MS_MIN = 256;

export async function createLakeFiles(options: LakeFilesOptions): Promise<LakeFiles> {
  return lakeFilesOn(openLakeAccount(options), options);
}

/** For a process that also keeps its Delta logs in the same account, and so shares its connections. */
export async function lakeFilesOn(
  lake: LakeAccount,
  options: Pick<LakeFilesOptions, 'spoolDir' | 'spoolBytesMax' | 'random' | 'singlePutBytesMax'>,
): Promise<LakeFiles> {
  const { spoolDir, spoolBytesMax, random, singlePutBytesMax = SINGLE_PUT_BYTES_MAX } = options;
  const spool = await openSpool({ dir: spoolDir, bytesMax: spoolBytesMax, random });
  const downloads = createSharedWork<string>();
  return {
    async fetch(path, bytes, signal) {
      return (
        spool.find(path, bytes) ??
        downloads(path, signal, (shared) => download(lake, spool, path, bytes, shared))
      );
    },
    async store(localPath, path, signal, { keep = true } = {}) {
      const { size } = await stat(localPath);
      const put = size <= singlePutBytesMax ? putFile : appendFile;
      await lake.repeated(
        `store ${path}`,
        signal,
        (abortSignal) => put(lake, localPath, checkedPath(path), size, abortSignal),
        transferTimeoutMs(lake, size),
      );
      // So that the next step does not download what this process has just written.
      if (keep) await spool.adopt(localPath, path, size);
    },
    list: (folder, signal) => listFiles(lake, folder.replace(/\/+$/, ''), undefined, signal),
    scratch: () => spool.scratch(),
  };
}

async function download(
  lake: LakeAccount,
  spool: Spool,
  path: string,
  bytes: number,
  signal: AbortSignal,
): Promise<string> {
  checkedPath(path);
  return lake.repeated(
    `fetch ${path}`,
    signal,
    async (abortSignal) => {
      const draft = spool.draft();
      try {
        await downloadTo(lake, draft, path, abortSignal);
        await checkSize(draft, path, bytes);
        return await spool.admit(draft, path, bytes);
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
    },
    transferTimeoutMs(lake, bytes),
  );
}

async function downloadTo(
  lake: LakeAccount,
  draft: string,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const response = await lake.blobs
    .getBlobClient(path)
    .download(0, undefined, { abortSignal: signal, maxRetryRequests: 0 })
    .catch((error: unknown) => {
      if (isAbsent(error)) throw new TerminalError('not-found', `no such file in the lake: ${path}`);
      throw error;
    });
  try {
    await pipeline(response.readableStreamBody as Readable, createWriteStream(draft), { signal });
  } catch (cause) {
    if (isDiskError(cause)) throw cause;
    throw new TransientError('unavailable', `fetch ${path}: the body broke off`, { cause });
  }
}

async function checkSize(draft: string, path: string, bytes: number): Promise<void> {
  const { size } = await stat(draft);
  if (size !== bytes) {
    throw new TerminalError('corrupt', `${path} has ${size} bytes in the lake, ${bytes} are expected`);
  }
}

async function putFile(
  lake: LakeAccount,
  localPath: string,
  path: string,
  bytes: number,
  abortSignal: AbortSignal,
): Promise<void> {
  const blob = lake.blobs.getBlockBlobClient(path);
  if (bytes <= IN_MEMORY_BYTES_MAX) {
    await blob.upload(await readFile(localPath), bytes, { abortSignal });
    return;
  }
  const stream = createReadStream(localPath);
  const broken = new Promise<never>((_, reject) => stream.once('error', reject));
  broken.catch(() => undefined);
  try {
    // The SDK neither hears an error of the stream nor closes it when the request ends early.
    await Promise.race([blob.upload(() => stream, bytes, { abortSignal }), broken]);
  } finally {
    stream.destroy();
  }
}

/** Readers see a growing file meanwhile, but no log names it yet. */
async function appendFile(
  lake: LakeAccount,
  localPath: string,
  path: string,
  _bytes: number,
  abortSignal: AbortSignal,
): Promise<void> {
  await lake.paths.getFileClient(path).uploadFile(localPath, {
    abortSignal,
    singleUploadThreshold: PART_BYTES,
    chunkSize: PART_BYTES,
    maxConcurrency: PARTS_IN_FLIGHT_MAX,
  });
}

function transferTimeoutMs(lake: LakeAccount, bytes: number): number {
  return lake.requestTimeoutMs + Math.ceil(bytes / BYTES_PER_MS_MIN);
}

const DISK_CODES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EACCES', 'EMFILE']);

function isDiskError(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && DISK_CODES.has(code);
}
