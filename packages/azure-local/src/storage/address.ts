/** Which account, file system and path a request means. Pure. */
import type { HttpRequest } from '../server/service.ts';
import { type Endpoint, StorageRefusal } from './storage-refusal.ts';

export type Address = {
  readonly account: string;
  readonly endpoint: Endpoint;
  /** Empty: the request is about the account. */
  readonly fileSystem: string;
  /** Decoded, no leading or trailing slash. Empty: the request is about the file system. */
  readonly path: string;
};

/** What the address of a request may rest on besides the request itself. */
export type KnownAccounts = { has(account: string): boolean; readonly defaultAccount: string };

const ACCOUNT_NAME = /^[a-z0-9]{3,24}$/;
const FILE_SYSTEM_NAME = /^(?:\$root|\$web|\$logs|[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){2,62})$/;
const PRODUCTION_HOST = /^([a-z0-9]{3,24})\.(dfs|blob)\.core\.windows\.net(?::\d+)?$/i;
/** "Naming and referencing containers, blobs, and metadata": at most 1,024 characters. */
const PATH_CHARS_MAX = 1024;
/** A name on disk (ext4, xfs, btrfs). Azure allows 255 characters a segment; for ASCII names the two agree. */
const SEGMENT_BYTES_MAX = 255;
/** "Azure Data Lake Storage Gen2 namespace": at most 63 segments deep. */
const SEGMENTS_MAX = 63;

/**
 * The account comes from `x-lakewarden-host` (set by routing clients, which keep production URLs), else from a
 * production Host header, else from the first segment of the path, as emulators do. The datalake SDK drops that
 * segment when it renames (facts: `move()` replaces the whole path): then the shared key's account or the default.
 */
export function parseAddress(request: HttpRequest, accounts: KnownAccounts): Address {
  const decoded = decodePath(request.rawPath);
  const host = hostOf(request);
  const named = PRODUCTION_HOST.exec(host);
  if (named?.[1] !== undefined) {
    const endpoint = named[2]?.toLowerCase() === 'dfs' && !isBlobCall(request) ? 'dfs' : 'blob';
    return { account: named[1].toLowerCase(), endpoint, ...splitPath(decoded) };
  }
  const endpoint: Endpoint = isDfsCall(request) ? 'dfs' : 'blob';
  const [first = '', ...rest] = decoded.split('/');
  if (ACCOUNT_NAME.test(first) && accounts.has(first)) {
    return { account: first, endpoint, ...splitPath(rest.join('/')) };
  }
  return { account: sharedKeyAccount(request) ?? accounts.defaultAccount, endpoint, ...splitPath(decoded) };
}

/** The source of a rename or copy within one account: `/fs/path` or `/account/fs/path`, still percent-encoded. */
export function parseSource(raw: string, account: string): { fileSystem: string; path: string } {
  const [encoded = ''] = raw.split('?');
  const decoded = decodePath(encoded.startsWith('/') ? encoded : `/${encoded}`);
  const [first, ...rest] = decoded.split('/');
  const named = first === account && rest.length > 1 ? rest.join('/') : decoded;
  const source = splitPath(named);
  if (source.path === '') throw new StorageRefusal('invalid-header', 'The source names no path.');
  return source;
}

/** Checks and normalises a path that came in a query (`directory=`), not percent-encoded. */
export function checkPath(path: string): string {
  const trimmed = path.replace(/^\/+/, '').replace(/\/+$/, '');
  if (trimmed !== '') checkSegments(trimmed);
  return trimmed;
}

export function sharedKeyAccount(request: HttpRequest): string | undefined {
  return /^SharedKey(?:Lite)? ([a-z0-9]{3,24}):/i.exec(request.headers.authorization ?? '')?.[1];
}

/** Does the call belong to the DFS API? Both APIs answer on one origin when the host does not say which. */
function isDfsCall(request: HttpRequest): boolean {
  const { query, method, headers } = request;
  if (isBlobCall(request)) return false;
  if (query.has('resource') || query.has('action') || query.has('recursive')) return true;
  if (method === 'PATCH' || headers['x-ms-rename-source'] !== undefined) return true;
  // Nothing else tells a DFS delete of a file from a blob's: the generated clients ask for the API's error format.
  return headers.accept === 'application/json';
}

function isBlobCall({ query }: HttpRequest): boolean {
  return query.has('restype') || query.has('comp');
}

function hostOf(request: HttpRequest): string {
  const routed = request.headers['x-lakewarden-host'];
  return typeof routed === 'string' ? routed : (request.headers.host ?? '');
}

// Decoded before it is split: SDKs send `a%2Fb` for the path a/b, and `%2e%2e` must not slip through.
function decodePath(rawPath: string): string {
  if (!rawPath.startsWith('/')) throw new StorageRefusal('invalid-uri');
  try {
    return decodeURIComponent(rawPath.slice(1));
  } catch {
    throw new StorageRefusal('invalid-uri', 'The path is not valid percent-encoded UTF-8.');
  }
}

function splitPath(decoded: string): { fileSystem: string; path: string } {
  const slash = decoded.indexOf('/');
  const fileSystem = slash < 0 ? decoded : decoded.slice(0, slash);
  const rest = slash < 0 ? '' : decoded.slice(slash + 1);
  const path = rest.endsWith('/') ? rest.slice(0, -1) : rest;
  if (fileSystem === '') {
    if (path !== '') throw new StorageRefusal('invalid-uri');
    return { fileSystem: '', path: '' };
  }
  if (!FILE_SYSTEM_NAME.test(fileSystem)) throw new StorageRefusal('invalid-name');
  if (path !== '') checkSegments(path);
  return { fileSystem, path };
}

/** Nothing that passes here can leave the file system's folder, or mean two things on disk. */
function checkSegments(path: string): void {
  if (path.length > PATH_CHARS_MAX) throw new StorageRefusal('invalid-name', 'The path is too long.');
  const segments = path.split('/');
  if (segments.length > SEGMENTS_MAX) throw new StorageRefusal('invalid-name', 'The path is too deep.');
  for (const segment of segments) {
    if (segment === '' || segment === '.' || segment === '..') throw new StorageRefusal('invalid-uri');
    if (/[\u0000-\u001f\u007f\\]/.test(segment) || !segment.isWellFormed())
      throw new StorageRefusal('invalid-name');
    if (Buffer.byteLength(segment) > SEGMENT_BYTES_MAX)
      throw new StorageRefusal('invalid-name', 'A segment is too long.');
  }
}
