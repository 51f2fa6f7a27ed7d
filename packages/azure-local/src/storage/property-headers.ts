/** Properties of a path as HTTP headers, both ways. Pure. */
import type { IncomingHttpHeaders } from 'node:http';
import type { PathState } from './disk/path-state.ts';
import type { HttpProperties } from './disk/properties-store.ts';
import { StorageRefusal } from './storage-refusal.ts';

const METADATA_PREFIX = 'x-ms-meta-';
/** "Setting and retrieving properties and metadata": names are C# identifiers; all of it at most 8 KiB. */
const METADATA_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const METADATA_BYTES_MAX = 8192;

const HTTP_HEADERS: readonly (readonly [keyof HttpProperties, string, string])[] = [
  ['contentType', 'x-ms-blob-content-type', 'x-ms-content-type'],
  ['contentEncoding', 'x-ms-blob-content-encoding', 'x-ms-content-encoding'],
  ['contentLanguage', 'x-ms-blob-content-language', 'x-ms-content-language'],
  ['contentDisposition', 'x-ms-blob-content-disposition', 'x-ms-content-disposition'],
  ['cacheControl', 'x-ms-blob-cache-control', 'x-ms-cache-control'],
  ['contentMd5', 'x-ms-blob-content-md5', 'x-ms-content-md5'],
];

export const DEFAULT_CONTENT_TYPE = 'application/octet-stream';

/** Undefined when the request states none, or only the default type: then nothing needs to be stored. */
export function readHttpProperties(
  headers: IncomingHttpHeaders,
  api: 'blob' | 'dfs',
): HttpProperties | undefined {
  const found: { -readonly [K in keyof HttpProperties]: HttpProperties[K] } = {};
  for (const [property, blobHeader, dfsHeader] of HTTP_HEADERS) {
    const value = headers[api === 'blob' ? blobHeader : dfsHeader];
    if (typeof value === 'string' && value !== '') found[property] = value;
  }
  const isDefault = Object.keys(found).length === 1 && found.contentType === DEFAULT_CONTENT_TYPE;
  return Object.keys(found).length === 0 || isDefault ? undefined : found;
}

/** `x-ms-meta-*`; undefined when there is none. */
export function readMetadata(headers: IncomingHttpHeaders): Readonly<Record<string, string>> | undefined {
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith(METADATA_PREFIX) && value !== undefined
      ? [[name.slice(METADATA_PREFIX.length), String(value)] as const]
      : [],
  );
  return checkMetadata(pairs);
}

/** `x-ms-properties`: `name=base64,...` ("Path - Create", "Path - Update"); undefined without the header. */
export function readDfsProperties(
  headers: IncomingHttpHeaders,
): Readonly<Record<string, string>> | undefined {
  const header = headers['x-ms-properties'];
  if (typeof header !== 'string') return undefined;
  const pairs = header
    .split(',')
    .filter((pair) => pair.trim() !== '')
    .map((pair) => {
      const mark = pair.indexOf('=');
      if (mark <= 0) throw new StorageRefusal('invalid-header', 'x-ms-properties can not be read.');
      return [
        pair.slice(0, mark).trim(),
        Buffer.from(pair.slice(mark + 1).trim(), 'base64').toString('utf8'),
      ] as const;
    });
  return checkMetadata(pairs) ?? {};
}

export function writeDfsProperties(metadata: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(metadata ?? {})
    .map(([name, value]) => `${name}=${Buffer.from(value, 'utf8').toString('base64')}`)
    .join(',');
}

function checkMetadata(
  pairs: readonly (readonly [string, string])[],
): Readonly<Record<string, string>> | undefined {
  if (pairs.length === 0) return undefined;
  let bytes = 0;
  for (const [name, value] of pairs) {
    if (!METADATA_NAME.test(name)) throw new StorageRefusal('invalid-metadata');
    bytes += name.length + Buffer.byteLength(value);
  }
  if (bytes > METADATA_BYTES_MAX) throw new StorageRefusal('invalid-metadata', 'It is too large.');
  // A null prototype: `__proto__` is a legal metadata name.
  return Object.assign(Object.create(null) as Record<string, string>, Object.fromEntries(pairs));
}

export function identityHeaders(state: Pick<PathState, 'etag' | 'lastModifiedMs'>): Record<string, string> {
  return { etag: `"${state.etag}"`, 'last-modified': new Date(state.lastModifiedMs).toUTCString() };
}

/** All headers that Get Blob and Get Blob Properties (also DFS read and getStatus) say about a path. */
export function pathHeaders(state: PathState): Record<string, string> {
  const { http, metadata } = state.properties;
  const headers: Record<string, string> = {
    ...identityHeaders(state),
    'content-type': http?.contentType ?? DEFAULT_CONTENT_TYPE,
    'accept-ranges': 'bytes',
    'x-ms-creation-time': new Date(state.createdMs).toUTCString(),
    'x-ms-blob-type': 'BlockBlob',
    'x-ms-resource-type': state.isDirectory ? 'directory' : 'file',
    'x-ms-server-encrypted': 'true',
    'x-ms-access-tier': 'Hot',
    'x-ms-access-tier-inferred': 'true',
    'x-ms-lease-status': 'unlocked',
    'x-ms-lease-state': 'available',
  };
  if (http?.contentEncoding !== undefined) headers['content-encoding'] = http.contentEncoding;
  if (http?.contentLanguage !== undefined) headers['content-language'] = http.contentLanguage;
  if (http?.contentDisposition !== undefined) headers['content-disposition'] = http.contentDisposition;
  if (http?.cacheControl !== undefined) headers['cache-control'] = http.cacheControl;
  if (http?.contentMd5 !== undefined) headers['content-md5'] = http.contentMd5;
  for (const [name, value] of Object.entries(metadata ?? {})) headers[`${METADATA_PREFIX}${name}`] = value;
  // The blob endpoint knows folders only by this mark, and the datalake client by nothing else.
  if (state.isDirectory) headers[`${METADATA_PREFIX}hdi_isfolder`] = 'true';
  return headers;
}

/** `bytes=from-[to]` from `x-ms-range` (which wins) or `Range`; undefined: the whole. */
export function readRange(
  headers: IncomingHttpHeaders,
  bytes: number,
): { start: number; end: number } | undefined {
  const header = headers['x-ms-range'] ?? headers.range;
  if (typeof header !== 'string') return undefined;
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(header.trim()) ?? [];
  const suffix = /^bytes=-(\d+)$/.exec(header.trim())?.[1];
  // RFC 9110 14.2: a range that can not be read is ignored. Suffix ranges are answered, as the service does of late.
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), bytes);
    if (length === 0) throw invalidRange(bytes);
    return { start: bytes - length, end: bytes - 1 };
  }
  if (from === undefined) return undefined;
  const start = Number(from);
  const end = to === undefined || to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1);
  if (start >= bytes || end < start) throw invalidRange(bytes);
  return { start, end };
}

function invalidRange(bytes: number): StorageRefusal {
  return new StorageRefusal('invalid-range', undefined, { 'content-range': `bytes */${bytes}` });
}
