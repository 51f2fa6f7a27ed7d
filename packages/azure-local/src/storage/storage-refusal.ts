/**
 * Everything the storage service refuses, named once and said twice: JSON with DFS codes, XML with blob codes.
 * Sources: "Common REST API error codes", "Blob service error codes" and "Data Lake Storage Gen2 error codes"
 * (learn.microsoft.com/rest/api/storageservices); what those pages leave open is listed in docs/local-azure.md.
 */

import { jsonError } from '../server/http-server.ts';
import type { ErrorDetail, HttpAnswer } from '../server/service.ts';
import { escapeXml } from './xml.ts';

export type Endpoint = 'dfs' | 'blob';

type Saying = {
  readonly status: number;
  readonly message: string;
  readonly dfs: string;
  readonly blob: string;
};

const same = (status: number, code: string, message: string): Saying => ({
  status,
  message,
  dfs: code,
  blob: code,
});

const SAYINGS = {
  'authentication-failed': same(
    403,
    'AuthenticationFailed',
    'Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.',
  ),
  'no-authentication': same(
    401,
    'NoAuthenticationInformation',
    'Server failed to authenticate the request. Please refer to the information in the www-authenticate header.',
  ),
  'invalid-token': same(
    401,
    'InvalidAuthenticationInfo',
    'Server failed to authenticate the request. Please refer to the information in the www-authenticate header.',
  ),
  'invalid-uri': same(400, 'InvalidUri', 'The request URI is invalid.'),
  'invalid-name': same(
    400,
    'InvalidResourceName',
    'The specified resource name contains invalid characters.',
  ),
  'invalid-query': same(
    400,
    'InvalidQueryParameterValue',
    'Value for one of the query parameters is invalid.',
  ),
  'missing-query': same(
    400,
    'MissingRequiredQueryParameter',
    'A query parameter that is required is missing.',
  ),
  'invalid-header': same(
    400,
    'InvalidHeaderValue',
    'The value for one of the HTTP headers is not in the correct format.',
  ),
  'unsupported-header': same(
    400,
    'UnsupportedHeader',
    'One of the headers specified in the request is not supported.',
  ),
  'missing-header': same(
    400,
    'MissingRequiredHeader',
    'An HTTP header that is mandatory for this request is not specified.',
  ),
  'invalid-xml': same(400, 'InvalidXmlDocument', 'XML specified is not syntactically valid.'),
  'invalid-input': same(400, 'InvalidInput', 'One of the request inputs is not valid.'),
  'invalid-metadata': same(
    400,
    'InvalidMetadata',
    'The metadata specified is invalid. It has characters that are not permitted.',
  ),
  'length-required': same(411, 'MissingContentLengthHeader', 'The Content-Length header was not specified.'),
  'too-large': same(
    413,
    'RequestBodyTooLarge',
    'The request body is too large and exceeds the maximum permissible limit.',
  ),
  'method-not-allowed': same(
    405,
    'UnsupportedHttpVerb',
    'The resource does not support the specified HTTP verb.',
  ),
  'not-implemented': same(
    501,
    'NotImplemented',
    'The requested operation is not implemented by the local Azure.',
  ),
  'md5-mismatch': same(
    400,
    'Md5Mismatch',
    'The MD5 value specified in the request did not match with the MD5 value calculated by the server.',
  ),
  'condition-not-met': same(
    412,
    'ConditionNotMet',
    'The condition specified using HTTP conditional header(s) is not met.',
  ),
  'source-condition-not-met': same(
    412,
    'SourceConditionNotMet',
    'The source condition specified using HTTP conditional header(s) is not met.',
  ),
  'not-modified': same(304, 'ConditionNotMet', ''),
  'invalid-range': same(
    416,
    'InvalidRange',
    'The range specified is invalid for the current size of the resource.',
  ),
  'file-system-exists': {
    status: 409,
    dfs: 'FilesystemAlreadyExists',
    blob: 'ContainerAlreadyExists',
    message: 'The specified container already exists.',
  },
  'file-system-not-found': {
    status: 404,
    dfs: 'FilesystemNotFound',
    blob: 'ContainerNotFound',
    message: 'The specified container does not exist.',
  },
  'path-not-found': {
    status: 404,
    dfs: 'PathNotFound',
    blob: 'BlobNotFound',
    message: 'The specified path does not exist.',
  },
  'path-exists': {
    status: 409,
    dfs: 'PathAlreadyExists',
    blob: 'BlobAlreadyExists',
    message: 'The specified path already exists.',
  },
  'type-conflict': {
    status: 409,
    dfs: 'PathConflict',
    blob: 'ResourceTypeMismatch',
    message:
      'The specified path, or an element of the path, exists and its resource type is invalid for this operation.',
  },
  'directory-not-empty': {
    status: 409,
    dfs: 'DirectoryNotEmpty',
    blob: 'DirectoryIsNotEmpty',
    message: 'The recursive query parameter value must be true to delete a non-empty directory.',
  },
  'source-not-found': {
    status: 404,
    dfs: 'SourcePathNotFound',
    blob: 'CannotVerifyCopySource',
    message: 'The source path for a rename operation does not exist.',
  },
  'destination-parent-not-found': same(
    404,
    'RenameDestinationParentPathNotFound',
    'The parent directory of the destination path does not exist.',
  ),
  'destination-in-source': same(
    409,
    'InvalidDestinationPath',
    'The destination path lies below its own source.',
  ),
  'invalid-flush-position': same(
    400,
    'InvalidFlushPosition',
    'The uploaded data is not contiguous or the position query parameter value is not equal to the length of the file after appending the uploaded data.',
  ),
  'invalid-block-list': same(400, 'InvalidBlockList', 'The specified block list is invalid.'),
  'invalid-block-id': same(400, 'InvalidBlockId', 'The specified block ID is invalid.'),
  'lease-not-present': same(
    412,
    'LeaseNotPresentWithBlobOperation',
    'There is currently no lease on the resource.',
  ),
} as const satisfies Record<string, Saying>;

export type RefusalKind = keyof typeof SAYINGS;

/** Thrown where the reason is known; becomes an answer at the edge of the service. `detail` is added to the message. */
export class StorageRefusal extends Error {
  readonly kind: RefusalKind;
  readonly headers: Readonly<Record<string, string>>;

  constructor(kind: RefusalKind, detail?: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail === undefined ? SAYINGS[kind].message : `${SAYINGS[kind].message} ${detail}`);
    this.kind = kind;
    this.headers = headers;
  }

  detail(endpoint: Endpoint): ErrorDetail {
    const saying: Saying = SAYINGS[this.kind];
    return { status: saying.status, code: saying[endpoint], message: this.message };
  }
}

/** The error as `endpoint` says it, with `x-ms-error-code`. */
export function sayStorageError(
  endpoint: Endpoint,
  error: ErrorDetail,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  const all = { ...headers, 'x-ms-error-code': error.code };
  if (error.status === 304) return { status: 304, headers: all };
  const message = `${error.message}\nRequestId:${requestId}`;
  if (endpoint === 'dfs') return jsonError({ ...error, message }, all);
  return {
    status: error.status,
    headers: { ...all, 'content-type': 'application/xml' },
    body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${error.code}</Code><Message>${escapeXml(message)}</Message></Error>`,
  };
}
