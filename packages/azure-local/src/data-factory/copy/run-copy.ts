/** The Copy activity: files of a source into the lake, byte for byte, counted on the way. */
import type { LakeFiles } from '../../server/service.ts';
import { type JsonObject, textOf } from '../json.ts';
import { ActivityFailure, copyFailure } from './copy-error.ts';
import { createDelimitedTextCounter, createJsonCounter, type RowCounter } from './count-rows.ts';
import { fileFailure, listFileServer } from './file-server-source.ts';
import { listHttp } from './http-source.ts';
import { lakePlaceOf, listLake } from './lake-source.ts';
import { pathSegments } from './path-segments.ts';
import type { ResolvedCopy } from './resolve-copy.ts';
import type { SourceFile } from './source-file.ts';

/** What a fault may make of a copy that then still reports success (reliability: Succeeded with files absent). */
export type CopyDistortion =
  /** No file is written and no row counted. */
  | { readonly kind: 'zero-rows' }
  /** Only the first `fileCount` files (undefined: half of them) are written, all are reported. */
  | { readonly kind: 'partial-files'; readonly fileCount: number | undefined };

export interface CopyDeps {
  readonly lake: LakeFiles;
  readonly now: () => number;
  readonly distortion: CopyDistortion | undefined;
}

interface CopyTotals {
  readonly filesRead: number;
  readonly bytes: number;
  readonly rows: number | undefined;
}

/** The `output` of the activity run. Throws ActivityFailure, or the signal's reason when aborted. */
export async function runCopy(copy: ResolvedCopy, deps: CopyDeps, signal: AbortSignal): Promise<JsonObject> {
  const startMs = deps.now();
  const place = lakePlaceOf(copy.sink, 'Sink');
  const found = await listSource(copy, deps.lake);
  const files = deps.distortion?.kind === 'zero-rows' ? [] : found;
  const targets = sinkPaths(copy, files);
  const keptCount = keptOf(deps.distortion, files.length);
  let totals: CopyTotals = { filesRead: 0, bytes: 0, rows: copy.rows === undefined ? undefined : 0 };
  for (const [index, file] of files.entries()) {
    signal.throwIfAborted();
    const path = targets[index];
    if (path === undefined) throw new Error('every file has a target');
    const one =
      index >= keptCount
        ? await drain(file, copy, signal)
        : await copyFile(file, copy, signal, (content) =>
            deps.lake.write(place.account, place.fileSystem, path, content),
          );
    totals = {
      filesRead: totals.filesRead + 1,
      bytes: totals.bytes + one.bytes,
      rows: totals.rows === undefined ? undefined : totals.rows + (one.rows ?? 0),
    };
  }
  return outputOf(copy, totals, startMs, deps.now());
}

function keptOf(distortion: CopyDistortion | undefined, found: number): number {
  return distortion?.kind === 'partial-files' ? (distortion.fileCount ?? Math.floor(found / 2)) : found;
}

async function listSource(copy: ResolvedCopy, lake: LakeFiles): Promise<readonly SourceFile[]> {
  switch (copy.source.store) {
    case 'FileServer':
      return listFileServer(copy);
    case 'HttpServer':
      return listHttp(copy);
    case 'AzureBlobFS':
      return listLake(copy, lake);
  }
}

function sinkPaths(copy: ResolvedCopy, files: readonly SourceFile[]): readonly string[] {
  const folder = pathSegments(textOf(copy.sink.location.folderPath), 'Sink');
  const fileName = pathSegments(textOf(copy.sink.location.fileName), 'Sink');
  if (fileName.length > 0 && files.length > 1) {
    const message = 'The sink names one file but the source has several.';
    throw copyFailure('UserErrorInvalidCopyBehavior', 'Sink', message);
  }
  return files.map(({ relative }) => [...folder, ...(fileName.length > 0 ? fileName : relative)].join('/'));
}

type Write = (content: AsyncIterable<Uint8Array>) => Promise<{ bytes: number }>;

async function copyFile(
  file: SourceFile,
  copy: ResolvedCopy,
  signal: AbortSignal,
  write: Write,
): Promise<{ bytes: number; rows: number | undefined }> {
  const counter = counterOf(copy);
  let bytes = 0;
  let rows: number | undefined;
  let sourceFailure: unknown;
  async function* tapped(): AsyncIterable<Uint8Array> {
    try {
      for await (const chunk of await file.open(signal)) {
        signal.throwIfAborted();
        counter?.push(chunk);
        bytes += chunk.length;
        yield chunk;
      }
      // Inside the stream: a file that cannot be counted must not become visible at the sink.
      rows = counter?.end();
    } catch (error) {
      sourceFailure = error;
      throw error;
    }
  }
  try {
    await write(tapped());
  } catch (error) {
    signal.throwIfAborted();
    if (sourceFailure !== undefined) throw fileFailure(sourceFailure, file.relative.join('/'));
    if (error instanceof ActivityFailure) throw error;
    throw copyFailure('AdlsGen2OperationFailed', 'Sink', `Writing to the lake failed: ${codeOf(error)}.`);
  }
  return { bytes, rows };
}

function drain(file: SourceFile, copy: ResolvedCopy, signal: AbortSignal) {
  return copyFile(file, copy, signal, async (content) => {
    let bytes = 0;
    for await (const chunk of content) bytes += chunk.length;
    return { bytes };
  });
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : 'unknown error';
}

function counterOf({ rows }: ResolvedCopy): RowCounter | undefined {
  if (rows === undefined) return undefined;
  return rows.kind === 'json' ? createJsonCounter() : createDelimitedTextCounter(rows);
}

/** Field names of MS Learn "Monitor copy activity"; durations in seconds, throughput in KB/s. */
function outputOf(copy: ResolvedCopy, totals: CopyTotals, startMs: number, endMs: number): JsonObject {
  const { filesRead, bytes, rows } = totals;
  const seconds = Math.max(1, Math.ceil((endMs - startMs) / 1000));
  return {
    dataRead: bytes,
    dataWritten: bytes,
    filesRead,
    filesWritten: filesRead,
    sourcePeakConnections: 1,
    sinkPeakConnections: 1,
    ...(rows === undefined ? {} : { rowsRead: rows, rowsCopied: rows }),
    copyDuration: seconds,
    throughput: Math.round(bytes / 1024 / seconds),
    errors: [],
    effectiveIntegrationRuntime: 'AutoResolveIntegrationRuntime (Local)',
    usedDataIntegrationUnits: 4,
    usedParallelCopies: 1,
    executionDetails: [
      {
        source: { type: copy.source.store },
        sink: { type: copy.sink.store },
        status: 'Succeeded',
        start: new Date(startMs).toISOString(),
        duration: seconds,
        usedDataIntegrationUnits: 4,
        usedParallelCopies: 1,
        detailedDurations: { queuingDuration: 0, transferDuration: seconds },
      },
    ],
    dataConsistencyVerification: { VerificationResult: 'NotVerified' },
  };
}
