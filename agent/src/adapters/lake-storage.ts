import assert from 'node:assert/strict';
import type { Readable } from 'node:stream';
import type { BlobDownloadResponseParsed } from '@azure/storage-blob';
import { TerminalError, TransientError } from '@lakewarden/contracts';
import type { LakeStorage, ListOptions, PutOutcome, ReadOptions, StoredObject } from '@lakewarden/delta';
import {
  isAbsent,
  type LakeAccount,
  type LakeAccountOptions,
  listFiles,
  openLakeAccount,
} from './lake-account.ts';
import { restFailure, wasNeverSent } from './rest-errors.ts';

/** What is read whole into memory: log entries, checkpoints, control objects. Data files go through LakeFiles. */
const READ_BYTES_MAX = 512 * 1024 * 1024;

/** ADLS Gen2 behind the port of the Delta log, with a bearer token. */
export function createLakeStorage(options: LakeAccountOptions): LakeStorage {
  return lakeStorageOn(openLakeAccount(options));
}

/** For a process that also moves files through the same account, and so shares its connections. */
export function lakeStorageOn(lake: LakeAccount): LakeStorage {
  return {
    read: (path, readOptions = {}) => read(lake, path, readOptions),
    list: (prefix, listOptions = {}) => list(lake, prefix, listOptions),
    putIfAbsent: (path, body, callOptions = {}) => putIfAbsent(lake, path, body, callOptions.signal),
    async put(path, body, { signal } = {}) {
      await lake.repeated(`put ${path}`, signal, (abortSignal) =>
        lake.blobs.getBlockBlobClient(path).upload(body, body.byteLength, { abortSignal }),
      );
    },
    async delete(path, { signal } = {}) {
      await lake.repeated(`delete ${path}`, signal, async (abortSignal) => {
        try {
          await lake.blobs.getBlobClient(path).delete({ abortSignal });
        } catch (error) {
          if (!isAbsent(error)) throw error;
        }
      });
    },
  };
}

async function read(lake: LakeAccount, path: string, options: ReadOptions): Promise<Uint8Array | undefined> {
  const { range, signal } = options;
  // The SDK takes a count of 0 for "to the end".
  assert(range === undefined || range.length > 0, 'a range has at least one byte');
  return lake.repeated(`read ${path}`, signal, async (abortSignal) => {
    try {
      const response = await lake.blobs
        .getBlobClient(path)
        .download(range?.offset ?? 0, range?.length, { abortSignal, maxRetryRequests: 0 });
      return await readBody(path, response);
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  });
}

async function readBody(path: string, response: BlobDownloadResponseParsed): Promise<Uint8Array> {
  const bytes = response.contentLength ?? 0;
  const stream = response.readableStreamBody as Readable | undefined;
  assert(stream !== undefined, 'a download in Node has a stream');
  if (bytes > READ_BYTES_MAX) {
    stream.destroy();
    throw new TerminalError(
      'limit',
      `${path} has ${bytes} bytes, more than ${READ_BYTES_MAX} are not read whole`,
    );
  }
  const body = new Uint8Array(bytes);
  let at = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      body.set(chunk, at);
      at += chunk.byteLength;
    }
  } catch (cause) {
    // A body that breaks off reaches us as a plain Error of the SDK's stream, without a code.
    throw new TransientError('unavailable', `read ${path}: the body broke off`, { cause });
  }
  if (at !== bytes) throw new TransientError('unavailable', `read ${path}: ${at} of ${bytes} bytes arrived`);
  return body;
}

async function* list(lake: LakeAccount, prefix: string, options: ListOptions): AsyncIterable<StoredObject> {
  const { startAfter, signal } = options;
  const folder = prefix.replace(/\/+$/, '');
  const startFrom = startAfter === undefined ? undefined : listStart(folder, startAfter);
  for (const file of await listFiles(lake, folder, startFrom, signal)) {
    if (startAfter === undefined || file.path > startAfter) yield file;
  }
}

/**
 * Where the service may begin a listing (relative to the folder) without passing over a path > `startAfter`; undefined:
 * at its beginning. The service compares folder by folder, where a folder `a` and all that is in it comes before
 * `a-b` and `a.b`, while in byte order it comes after. Cutting at the first `-` or `.` removes the difference: every
 * other character of our alphabet sorts after `/`.
 */
export function listStart(folder: string, startAfter: string): string | undefined {
  if (!startAfter.startsWith(`${folder}/`)) return undefined;
  const start = startAfter
    .slice(folder.length + 1)
    .replace(/[-.].*$/, '')
    .replace(/\/$/, '');
  return start === '' ? undefined : start;
}

/**
 * Sent once: what a layer below repeats may be its own success (reliability.md §0.2). Throws only what surely had no
 * effect; whatever may have had one is `unknown`.
 */
async function putIfAbsent(
  lake: LakeAccount,
  path: string,
  body: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<PutOutcome> {
  let mayHaveHappened = false;
  try {
    return await lake.once(`put ${path}`, signal, async (abortSignal): Promise<PutOutcome> => {
      mayHaveHappened = true;
      try {
        // Put Blob is one request and so one condition; staged blocks could lose it (facts.md, Data 1.3).
        await lake.blobs
          .getBlockBlobClient(path)
          .upload(body, body.byteLength, { abortSignal, conditions: { ifNoneMatch: '*' } });
        return { kind: 'created' };
      } catch (error) {
        if (isTaken(error)) return { kind: 'exists' };
        mayHaveHappened = abortSignal.aborted || isAnswerLost(error);
        throw error;
      }
    });
  } catch (cause) {
    if (mayHaveHappened) return { kind: 'unknown', cause };
    throw cause;
  }
}

function isTaken(error: unknown): boolean {
  const status = restFailure(error)?.status;
  return status === 409 || status === 412;
}

function isAnswerLost(error: unknown): boolean {
  const failure = restFailure(error);
  if (failure === undefined || wasNeverSent(failure)) return false;
  // "The operation may or may not have succeeded on the server side" (Blob service error codes, OperationTimedOut).
  return failure.status === undefined || LOST_STATUSES.has(failure.status);
}

const LOST_STATUSES: ReadonlySet<number> = new Set([500, 502, 504]);
