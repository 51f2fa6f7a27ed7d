/** Operations of the blob endpoint on one blob ("Operations on blobs", REST reference). */
import type { HttpAnswer } from '../../server/service.ts';
import { type Call, contentOf, transferMd5 } from '../account-context.ts';
import { parseSource } from '../address.ts';
import { readConditions, requireRead } from '../conditions.ts';
import type { PutOptions } from '../disk/lake-store.ts';
import type { PathState } from '../disk/path-state.ts';
import { identityHeaders, readHttpProperties, readMetadata } from '../property-headers.ts';
import { headPath, readPath } from '../read-path.ts';
import { StorageRefusal } from '../storage-refusal.ts';
import { escapeXml, parseBlockList } from '../xml.ts';

const BLOCK_LIST_BYTES_MAX = 8 * 1024 * 1024;

export async function blobRoute(call: Call): Promise<HttpAnswer> {
  const { method, query, headers } = call.request;
  const comp = query.get('comp') ?? '';
  if (query.has('snapshot') || query.has('versionid'))
    throw new StorageRefusal('not-implemented', 'Snapshots, versions.');
  switch (`${method} ${comp}`.trim()) {
    case 'PUT':
      return headers['x-ms-copy-source'] === undefined ? putBlob(call) : copyBlob(call);
    case 'GET':
      return readPath(call);
    case 'HEAD':
    case 'HEAD metadata':
    case 'GET metadata':
      return headPath(call);
    case 'DELETE':
      return deleteBlob(call);
    case 'PUT block':
      return putBlock(call);
    case 'PUT blocklist':
      return putBlockList(call);
    case 'GET blocklist':
      return getBlockList(call);
    case 'PUT metadata':
      return setMetadata(call);
    case 'PUT properties':
      return setHttpHeaders(call);
    default:
      throw new StorageRefusal('not-implemented', `${method} comp=${comp} on a blob.`);
  }
}

async function putBlob(call: Call): Promise<HttpAnswer> {
  const { request, address, account } = call;
  const type = request.headers['x-ms-blob-type'];
  if (type === undefined) throw new StorageRefusal('missing-header', 'x-ms-blob-type');
  if (type !== 'BlockBlob') throw new StorageRefusal('not-implemented', 'Only block blobs.');
  const md5 = transferMd5(call);
  const state = await account.store.put(address.fileSystem, address.path, await contentOf(call), {
    conditions: readConditions(request.headers),
    ...statedProperties(call),
    md5: md5 !== undefined,
    admit: (incoming) => {
      if (md5 !== undefined && incoming.md5 !== md5) throw new StorageRefusal('md5-mismatch');
    },
  });
  return written(201, state, md5 === undefined ? {} : { 'content-md5': md5 });
}

/** Metadata and headers that the request states for the new content; nothing when it states none. */
function statedProperties({ request }: Call): Pick<PutOptions, 'properties'> {
  const http = readHttpProperties(request.headers, 'blob');
  const metadata = readMetadata(request.headers);
  if (http === undefined && metadata === undefined) return {};
  return {
    properties: { ...(http === undefined ? {} : { http }), ...(metadata === undefined ? {} : { metadata }) },
  };
}

/** Copy Blob within one account; done at once, so the answer says `success`. */
async function copyBlob(call: Call): Promise<HttpAnswer> {
  const { request, address, account } = call;
  const { store } = account;
  const source = copySource(call);
  const from = await store.stat(source.fileSystem, source.path);
  if (from === undefined || from.isDirectory) throw new StorageRefusal('source-not-found');
  requireSourceRead(call, from);
  const stated = statedProperties(call);
  const { version: _version, changedMs: _changedMs, access: _access, ...kept } = from.properties;
  const properties = stated.properties ?? (Object.keys(kept).length === 0 ? undefined : kept);
  const opened = await readPath({
    request: { ...request, headers: {} },
    address: { ...address, ...source },
    account,
  });
  const content =
    opened.body instanceof Uint8Array ? opened.body : (opened.body as AsyncIterable<Uint8Array>);
  const state = await store.put(address.fileSystem, address.path, content, {
    conditions: readConditions(request.headers),
    ...(properties === undefined ? {} : { properties }),
  });
  return written(202, state, { 'x-ms-copy-id': request.requestId, 'x-ms-copy-status': 'success' });
}

function copySource({ request, address }: Call): { fileSystem: string; path: string } {
  const raw = String(request.headers['x-ms-copy-source']);
  if (!URL.canParse(raw)) throw new StorageRefusal('invalid-header', 'x-ms-copy-source');
  const url = new URL(raw);
  const foreign = /^([a-z0-9]+)\.(?:blob|dfs)\.core\.windows\.net$/.exec(url.hostname)?.[1];
  if (foreign !== undefined && foreign !== address.account) {
    throw new StorageRefusal('not-implemented', 'Copies from another account.');
  }
  return parseSource(url.pathname, address.account);
}

function requireSourceRead({ request }: Call, source: PathState): void {
  try {
    requireRead(readConditions(request.headers, 'x-ms-source-'), source);
  } catch (error) {
    throw error instanceof StorageRefusal ? new StorageRefusal('source-condition-not-met') : error;
  }
}

async function deleteBlob({ request, address, account }: Call): Promise<HttpAnswer> {
  await account.store.deletePath(address.fileSystem, address.path, {
    conditions: readConditions(request.headers),
  });
  return { status: 202, headers: { 'x-ms-delete-type-permanent': 'true' } };
}

async function putBlock(call: Call): Promise<HttpAnswer> {
  const { request, address, account } = call;
  const id = request.query.get('blockid');
  if (id === null) throw new StorageRefusal('missing-query', 'blockid');
  if (request.headers['x-ms-copy-source'] !== undefined)
    throw new StorageRefusal('not-implemented', 'Put Block From URL.');
  const md5 = transferMd5(call);
  await account.blocks.stage(address.fileSystem, address.path, id, await contentOf(call), md5);
  return {
    status: 201,
    headers: {
      'x-ms-request-server-encrypted': 'true',
      ...(md5 === undefined ? {} : { 'content-md5': md5 }),
    },
  };
}

async function putBlockList(call: Call): Promise<HttpAnswer> {
  const { request, address, account } = call;
  const list = parseBlockList((await request.body(BLOCK_LIST_BYTES_MAX)).toString('utf8'));
  if (list === undefined) throw new StorageRefusal('invalid-xml');
  const state = await account.blocks.commit(address.fileSystem, address.path, list, {
    conditions: readConditions(request.headers),
    ...statedProperties(call),
  });
  return written(201, state);
}

async function getBlockList({ request, address, account }: Call): Promise<HttpAnswer> {
  const type = request.query.get('blocklisttype') ?? 'committed';
  const state = await account.store.stat(address.fileSystem, address.path);
  const staged = await account.blocks.staged(address.fileSystem, address.path);
  if (state === undefined && staged.length === 0) throw new StorageRefusal('path-not-found');
  const say = (blocks: readonly (readonly [string, number])[]) =>
    blocks.map(([id, size]) => `<Block><Name>${escapeXml(id)}</Name><Size>${size}</Size></Block>`).join('');
  const committed = type === 'uncommitted' ? '' : say(state?.properties.blocks ?? []);
  const uncommitted = type === 'committed' ? '' : say(staged);
  return {
    status: 200,
    headers: {
      'content-type': 'application/xml',
      ...(state === undefined ? {} : identityHeaders(state)),
      'x-ms-blob-content-length': String(state?.bytes ?? 0),
    },
    body: `<?xml version="1.0" encoding="utf-8"?><BlockList><CommittedBlocks>${committed}</CommittedBlocks><UncommittedBlocks>${uncommitted}</UncommittedBlocks></BlockList>`,
  };
}

async function setMetadata({ request, address, account }: Call): Promise<HttpAnswer> {
  const { hdi_isfolder: _mark, ...metadata } = readMetadata(request.headers) ?? {};
  const conditions = readConditions(request.headers);
  const state = await account.store.changeProperties(
    address.fileSystem,
    address.path,
    () => ({ metadata }),
    conditions,
  );
  return written(200, state);
}

// "Set Blob Properties": headers that the request does not state are cleared.
async function setHttpHeaders({ request, address, account }: Call): Promise<HttpAnswer> {
  const http = readHttpProperties(request.headers, 'blob') ?? {};
  const conditions = readConditions(request.headers);
  const state = await account.store.changeProperties(
    address.fileSystem,
    address.path,
    () => ({ http }),
    conditions,
  );
  return written(200, state);
}

function written(status: number, state: PathState, headers: Record<string, string> = {}): HttpAnswer {
  return {
    status,
    headers: { ...identityHeaders(state), 'x-ms-request-server-encrypted': 'true', ...headers },
  };
}
