/** ADLS Gen2: the DFS and the blob endpoint on one namespace, one folder an account (DIR/storage/<account>). */
import { join } from 'node:path';
import type {
  ErrorDetail,
  HttpAnswer,
  HttpRequest,
  HttpService,
  LakeFiles,
  ServiceOptions,
  VerifyToken,
} from '../server/service.ts';
import { type Account, type Call, refuseUnsupported } from './account-context.ts';
import { type Address, type KnownAccounts, parseAddress } from './address.ts';
import { createAuthorize } from './authorize.ts';
import { answerBatch, isBatch } from './blob/batch.ts';
import { blobRoute } from './blob/blob-routes.ts';
import { blobAccountRoute, containerRoute } from './blob/container-routes.ts';
import { dfsAccountRoute, fileSystemRoute } from './dfs/file-system-routes.ts';
import { pathRoute } from './dfs/path-routes.ts';
import { LakeStore } from './disk/lake-store.ts';
import { StagedAppends } from './disk/staged-appends.ts';
import { StagedBlocks } from './disk/staged-blocks.ts';
import { createLakeFiles } from './lake-files.ts';
import { operationOf } from './operation.ts';
import { createRequestLog, type RequestLog } from './request-log.ts';
import { StorageRefusal, sayStorageError } from './storage-refusal.ts';

export type StorageOptions = Omit<ServiceOptions, 'faults'> & {
  readonly verifyToken: VerifyToken;
  /** Accounts that exist from the start; one named by a production host name is made at its first request. */
  readonly accounts: readonly string[];
  readonly defaultAccount: string;
};

export type Storage = {
  readonly http: HttpService;
  readonly lake: LakeFiles;
  readonly requestLog: RequestLog;
  accounts(): readonly string[];
  close(): Promise<void>;
};

export async function createStorage(options: StorageOptions): Promise<Storage> {
  const opened = new Map<string, Promise<Account>>();
  const open = (name: string): Promise<Account> => {
    let account = opened.get(name);
    if (account === undefined) {
      account = openAccount(join(options.dataDir, 'storage', name), name, options.now);
      opened.set(name, account);
    }
    return account;
  };
  await Promise.all(options.accounts.map(open));
  const known: KnownAccounts = { has: (name) => opened.has(name), defaultAccount: options.defaultAccount };
  const authorize = createAuthorize(options);
  const handle = async (request: HttpRequest): Promise<HttpAnswer> => {
    try {
      const address = parseAddress(request, known);
      await authorize(request, address.account);
      refuseUnsupported(request);
      const call = { request, address, account: await open(address.account) };
      return withCommonHeaders(
        request,
        isBatch(request) ? await answerBatch(request, handle) : await route(call),
      );
    } catch (error) {
      if (!(error instanceof StorageRefusal)) throw error;
      const endpoint = endpointOf(request, known);
      const said = sayStorageError(endpoint, error.detail(endpoint), request.requestId, error.headers);
      return withCommonHeaders(request, said);
    }
  };
  const http: HttpService = {
    operation: (request) => tryAddress(request, known, (address) => operationOf(request, address)),
    handle,
    errorAnswer: (request, error: ErrorDetail) =>
      withCommonHeaders(request, sayStorageError(endpointOf(request, known), error, request.requestId)),
  };
  const requestLog = createRequestLog({
    now: options.now,
    addressOf: (request) =>
      tryAddress(request, known, (address) => ({ address, operation: operationOf(request, address) })),
  });
  return {
    http,
    requestLog,
    lake: createLakeFiles(open),
    accounts: () => [...opened.keys()],
    // Nothing is buffered: what was acknowledged is on disk, the rest was not acknowledged.
    close: async () => {},
  };
}

async function openAccount(root: string, name: string, now: () => number): Promise<Account> {
  const store = await LakeStore.open(root, now);
  return { name, store, blocks: new StagedBlocks(store), appends: new StagedAppends(store) };
}

function route(call: Call): Promise<HttpAnswer> {
  const { endpoint, fileSystem, path } = call.address;
  if (endpoint === 'dfs') {
    if (fileSystem === '') return dfsAccountRoute(call);
    // Access control of the root folder comes as a path operation on the file system.
    const isRoot = path === '' && call.request.query.has('action');
    return path === '' && !isRoot ? fileSystemRoute(call) : pathRoute(call);
  }
  if (fileSystem === '') return blobAccountRoute(call);
  return path === '' ? containerRoute(call) : blobRoute(call);
}

function tryAddress<T>(
  request: HttpRequest,
  known: KnownAccounts,
  use: (address: Address) => T,
): T | undefined {
  try {
    return use(parseAddress(request, known));
  } catch (error) {
    if (error instanceof StorageRefusal) return undefined;
    throw error;
  }
}

function endpointOf(request: HttpRequest, known: KnownAccounts): Address['endpoint'] {
  return tryAddress(request, known, (address) => address.endpoint) ?? 'blob';
}

function withCommonHeaders(request: HttpRequest, answer: HttpAnswer): HttpAnswer {
  const clientId = request.headers['x-ms-client-request-id'];
  return {
    ...answer,
    headers: {
      // Versions are echoed, never checked: SDKs move faster than we do (facts).
      'x-ms-version': String(request.headers['x-ms-version'] ?? '2026-06-06'),
      ...(typeof clientId === 'string' ? { 'x-ms-client-request-id': clientId } : {}),
      ...answer.headers,
    },
  };
}
