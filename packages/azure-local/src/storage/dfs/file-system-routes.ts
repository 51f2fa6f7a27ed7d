/** Operations of the DFS endpoint on the account and on one file system. */
import { jsonAnswer } from '../../server/http-server.ts';
import type { HttpAnswer } from '../../server/service.ts';
import { afterOf, type Call, pageSize, tokenOf } from '../account-context.ts';
import { checkPath } from '../address.ts';
import { readConditions } from '../conditions.ts';
import type { PathState } from '../disk/path-state.ts';
import { walk } from '../disk/walk.ts';
import { identityHeaders, readDfsProperties, writeDfsProperties } from '../property-headers.ts';
import { StorageRefusal } from '../storage-refusal.ts';
import { accessHeaders } from './access-control.ts';

/** Windows file time: 100 ns ticks since 1601, the unit of `creationTime` in a list. */
const FILETIME_EPOCH_MS = 11_644_473_600_000n;

export async function dfsAccountRoute(call: Call): Promise<HttpAnswer> {
  const { request, account } = call;
  if (request.method !== 'GET' || request.query.get('resource') !== 'account') {
    throw new StorageRefusal('not-implemented', `${request.method} on the account.`);
  }
  const prefix = request.query.get('prefix') ?? '';
  const after = afterOf(request.query.get('continuation'));
  const names = (await account.store.fileSystems()).filter(
    (name) => name.startsWith(prefix) && (after === undefined || name > after),
  );
  const page = names.slice(0, pageSize(call, 'maxResults'));
  const filesystems = [];
  for (const name of page) {
    const state = await account.store.stat(name);
    if (state === undefined) continue;
    filesystems.push({
      name,
      etag: `"${state.etag}"`,
      lastModified: new Date(state.lastModifiedMs).toUTCString(),
    });
  }
  const next = names.length > page.length ? { 'x-ms-continuation': tokenOf(page.at(-1) ?? '') } : {};
  return jsonAnswer(200, { filesystems }, next);
}

export async function fileSystemRoute(call: Call): Promise<HttpAnswer> {
  const { request, address, account } = call;
  const conditions = readConditions(request.headers);
  switch (request.method) {
    case 'PUT': {
      const metadata = readDfsProperties(request.headers);
      const properties = metadata === undefined ? undefined : { metadata };
      const state = await account.store.createFileSystem(address.fileSystem, properties);
      return { status: 201, headers: { ...identityHeaders(state), 'x-ms-namespace-enabled': 'true' } };
    }
    case 'HEAD':
      return describe(await account.store.requireFileSystem(address.fileSystem));
    case 'PATCH': {
      const metadata = readDfsProperties(request.headers) ?? {};
      const state = await account.store.changeProperties(
        address.fileSystem,
        '',
        () => ({ metadata }),
        conditions,
      );
      return { status: 200, headers: identityHeaders(state) };
    }
    case 'DELETE':
      await account.store.deleteFileSystem(address.fileSystem, conditions);
      return { status: 202 };
    case 'GET':
      return listPaths(call);
    default:
      throw new StorageRefusal('method-not-allowed');
  }
}

function describe(state: PathState): HttpAnswer {
  const properties = writeDfsProperties(state.properties.metadata);
  return {
    status: 200,
    headers: { ...identityHeaders(state), 'x-ms-namespace-enabled': 'true', 'x-ms-properties': properties },
  };
}

async function listPaths(call: Call): Promise<HttpAnswer> {
  const { request, address, account } = call;
  const { store } = account;
  await store.requireFileSystem(address.fileSystem);
  const recursive = request.query.get('recursive');
  if (recursive !== 'true' && recursive !== 'false') throw new StorageRefusal('invalid-query', 'recursive');
  const directory = checkPath(request.query.get('directory') ?? '');
  if (directory !== '') await store.requirePath(address.fileSystem, directory);
  const begin = checkPath(request.query.get('beginFrom') ?? '');
  const page = await walk({
    root: store.onDisk(address.fileSystem),
    directory,
    prefix: '',
    recursive: recursive === 'true',
    order: 'folder',
    after: afterOf(request.query.get('continuation')),
    ...(begin === '' ? {} : { from: directory === '' ? begin : `${directory}/${begin}` }),
    entriesMax: pageSize(call, 'maxResults'),
    properties: store.properties,
  });
  const paths = page.entries.map(({ path, state }) => pathItem(path, state));
  return jsonAnswer(
    200,
    { paths },
    page.next === undefined ? {} : { 'x-ms-continuation': tokenOf(page.next) },
  );
}

/** Numbers and booleans are strings on the wire (facts); the etag has no quotes here. */
function pathItem(name: string, state: PathState): Record<string, string> {
  const access = accessHeaders(state);
  return {
    name,
    ...(state.isDirectory ? { isDirectory: 'true' } : {}),
    contentLength: String(state.bytes),
    etag: state.etag,
    lastModified: new Date(state.lastModifiedMs).toUTCString(),
    creationTime: String((BigInt(Math.floor(state.createdMs)) + FILETIME_EPOCH_MS) * 10_000n),
    owner: access['x-ms-owner'] ?? '',
    group: access['x-ms-group'] ?? '',
    permissions: access['x-ms-permissions'] ?? '',
  };
}
