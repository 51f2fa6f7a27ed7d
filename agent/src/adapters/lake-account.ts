import type { TokenCredential } from '@azure/identity';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import {
  type DataLakeFileSystemClient,
  DataLakeServiceClient,
  type Path,
} from '@azure/storage-file-datalake';
import { TerminalError } from '@lakewarden/contracts';
import { type AzureRoutes, createStorageHttpClient } from './azure-routes.ts';
import type { Guard } from './guard/guard.ts';
import { restFailure } from './rest-errors.ts';

export interface LakeAccountOptions {
  /** Storage account, such as `retaillake`. */
  readonly account: string;
  readonly fileSystem: string;
  readonly credential: TokenCredential;
  readonly routes: AzureRoutes | undefined;
  /** Of storage. */
  readonly guard: Guard;
  /** For one request that moves little. Transfers of files get more, by their size. */
  readonly requestTimeoutMs?: number;
}

/** One file system seen through both of its endpoints, and how calls to it pass the guard. */
export interface LakeAccount {
  readonly blobs: ContainerClient;
  readonly paths: DataLakeFileSystemClient;
  readonly requestTimeoutMs: number;
  /** One request: limited in time, its error classed, never repeated. */
  once<T>(
    what: string,
    signal: AbortSignal | undefined,
    call: (signal: AbortSignal) => Promise<T>,
    timeoutMs?: number,
  ): Promise<T>;
  /** The same, repeated while it fails transiently. Only for calls that may be repeated. */
  repeated<T>(
    what: string,
    signal: AbortSignal | undefined,
    call: (signal: AbortSignal) => Promise<T>,
    timeoutMs?: number,
  ): Promise<T>;
}

export interface ListedFile {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

export const REQUEST_TIMEOUT_MS = 30_000;
const LIST_PAGE_MAX = 5_000;
/** A folder with more than this is not something that the agent made. */
const LISTED_FILES_MAX = 1_000_000;

/** The SDK's own retries are off: they would repeat a commit whose answer was lost (facts.md, Data 1.3; I8). */
const CLIENT_OPTIONS = { retryOptions: { maxTries: 1 } };

export function openLakeAccount(options: LakeAccountOptions): LakeAccount {
  const { account, fileSystem, credential, guard } = options;
  const requestTimeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  const httpClient = createStorageHttpClient(options.routes);
  const clientOptions = { ...CLIENT_OPTIONS, ...(httpClient && { httpClient }) };
  const blobService = new BlobServiceClient(
    `https://${account}.blob.core.windows.net`,
    credential,
    clientOptions,
  );
  const pathService = new DataLakeServiceClient(
    `https://${account}.dfs.core.windows.net`,
    credential,
    clientOptions,
  );
  const blobs = blobService.getContainerClient(fileSystem);
  guard.probeWith(async (abortSignal) => {
    await blobs.getProperties({ abortSignal });
  });
  return {
    blobs,
    paths: pathService.getFileSystemClient(fileSystem),
    requestTimeoutMs,
    once: (what, signal, call, timeoutMs = requestTimeoutMs) => guard.run(what, signal, call, { timeoutMs }),
    repeated: (what, signal, call, timeoutMs = requestTimeoutMs) =>
      guard.run(what, signal, call, { timeoutMs, repeatable: true }),
  };
}

/** True for "there is no such object", false for a missing file system, account or anything else. */
export function isAbsent(error: unknown): boolean {
  const failure = restFailure(error);
  return failure?.status === 404 && (failure.code === undefined || ABSENT_CODES.has(failure.code));
}

const ABSENT_CODES: ReadonlySet<string> = new Set(['BlobNotFound', 'PathNotFound', 'ResourceNotFound']);

/**
 * All files below a folder in byte order of their path; none when there is no such folder. `startFrom` is relative to
 * the folder and only saves work: the service may hand out more.
 *
 * The service walks folder by folder (`a/x` before `a-b`, although `-` sorts before `/`), so the whole listing is
 * collected and sorted. Our paths are ASCII, where JavaScript's order is byte order.
 */
export async function listFiles(
  lake: LakeAccount,
  folder: string,
  startFrom: string | undefined,
  signal: AbortSignal | undefined,
): Promise<ListedFile[]> {
  const files: ListedFile[] = [];
  let continuationToken: string | undefined;
  do {
    const token = continuationToken;
    const page = await lake.repeated('list', signal, (limited) =>
      listPage(lake, folder, startFrom, token, limited),
    );
    files.push(...page.files);
    continuationToken = page.next;
    if (files.length > LISTED_FILES_MAX) {
      throw new TerminalError('limit', `more than ${LISTED_FILES_MAX} files below ${folder}`);
    }
  } while (continuationToken !== undefined);
  return files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

interface ListedPage {
  readonly files: readonly ListedFile[];
  readonly next: string | undefined;
}

async function listPage(
  lake: LakeAccount,
  folder: string,
  startFrom: string | undefined,
  continuationToken: string | undefined,
  abortSignal: AbortSignal,
): Promise<ListedPage> {
  const pages = lake.paths
    .listPaths({ path: folder, recursive: true, abortSignal, ...(startFrom !== undefined && { startFrom }) })
    .byPage({ maxPageSize: LIST_PAGE_MAX, ...(continuationToken !== undefined && { continuationToken }) });
  try {
    const page = await pages.next();
    if (page.done === true) return { files: [], next: undefined };
    const { pathItems = [], continuation } = page.value;
    return { files: pathItems.flatMap(listedFile), next: continuation === '' ? undefined : continuation };
  } catch (error) {
    if (isAbsent(error)) return { files: [], next: undefined };
    throw error;
  }
}

function listedFile(item: Path): ListedFile[] {
  if (item.isDirectory === true || item.name === undefined) return [];
  const modifiedMs = item.lastModified?.getTime() ?? 0;
  return [{ path: item.name, bytes: item.contentLength ?? 0, modifiedMs }];
}
