/** StorageBlobLogs from the ring of the newest requests; Data Lake requests are logged there too, as in Azure. */
import type { LoggedRequest } from '../../storage/request-log.ts';
import {
  type Entry,
  type LogTable,
  logTable,
  RESOURCE_COLUMNS,
  resourceColumns,
  type Workspace,
} from './log-table.ts';

/** "Storage Analytics logged operations"; what is not here has its short name in capitals. */
const BLOB_OPERATIONS: Readonly<Record<string, string>> = {
  'put-blob': 'PutBlob',
  read: 'GetBlob',
  'get-properties': 'GetBlobProperties',
  delete: 'DeleteBlob',
  list: 'ListBlobs',
  'put-block': 'PutBlock',
  'put-blocklist': 'PutBlockList',
  'get-blocklist': 'GetBlockList',
  'put-metadata': 'SetBlobMetadata',
  'put-properties': 'SetBlobProperties',
  'copy-blob': 'CopyBlob',
  'create-file-system': 'CreateContainer',
  'get-file-system': 'GetContainerProperties',
  'delete-file-system': 'DeleteContainer',
};
const DFS_OPERATIONS: Readonly<Record<string, string>> = {
  'create-file': 'CreatePathFile',
  'create-directory': 'CreatePathDir',
  read: 'ReadFile',
  append: 'AppendFile',
  flush: 'FlushFile',
  rename: 'RenamePathFile',
  delete: 'DeleteFile',
  list: 'ListFilesystemDir',
  'get-properties': 'GetFileProperties',
  'get-access-control': 'GetPathAccessControl',
  'set-access-control': 'SetPathAccessControl',
  'create-file-system': 'CreateFilesystem',
  'get-file-system': 'GetFilesystemProperties',
  'delete-file-system': 'DeleteFilesystem',
};

export function storageBlobLogsTable(
  requests: () => readonly LoggedRequest[],
  workspace: Workspace,
): LogTable {
  const columns = {
    ...RESOURCE_COLUMNS,
    AccountName: 'string',
    Category: 'string',
    OperationName: 'string',
    StatusCode: 'string',
    StatusText: 'string',
    DurationMs: 'real',
    Uri: 'string',
    Protocol: 'string',
    AuthenticationType: 'string',
    UserAgentHeader: 'string',
    CorrelationId: 'string',
  } as const;
  return logTable('StorageBlobLogs', columns, () => requests().map((request) => entryOf(request, workspace)));
}

function entryOf(request: LoggedRequest, workspace: Workspace): Entry {
  const path = `storageAccounts/${request.account}/blobServices/default`;
  return {
    ...resourceColumns(workspace, 'Microsoft.Storage', path),
    TimeGenerated: request.timeMs,
    AccountName: request.account,
    Category: categoryOf(request.method),
    OperationName: operationName(request),
    ...statusOf(request),
    DurationMs: request.elapsedMs,
    Uri: request.uri,
    Protocol: request.isSecure ? 'HTTPS' : 'HTTP',
    AuthenticationType: request.authentication,
    UserAgentHeader: request.userAgent,
    CorrelationId: request.requestId,
  };
}

/** Assumption: a connection that was cut without an answer is told as a network error with status 500. */
function statusOf({ status, errorCode }: LoggedRequest) {
  if (status === 0) return { StatusCode: '500', StatusText: 'NetworkError' };
  return { StatusCode: String(status), StatusText: status < 400 ? 'Success' : (errorCode ?? 'UnknownError') };
}

function categoryOf(method: string): string {
  if (method === 'GET' || method === 'HEAD') return 'StorageRead';
  return method === 'DELETE' ? 'StorageDelete' : 'StorageWrite';
}

function operationName({ endpoint, operation }: LoggedRequest): string {
  const known = (endpoint === 'dfs' ? DFS_OPERATIONS : BLOB_OPERATIONS)[operation];
  return known ?? operation.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
