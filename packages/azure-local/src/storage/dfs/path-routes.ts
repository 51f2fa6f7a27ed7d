/** Operations of the DFS endpoint on one path ("Path" operations, Data Lake Storage Gen2 REST reference). */
import type { HttpAnswer } from '../../server/service.ts';
import { type Call, contentOf, integerQuery, tokenOf, transferMd5 } from '../account-context.ts';
import { parseSource } from '../address.ts';
import { readConditions, requireRead, requireWrite } from '../conditions.ts';
import type { PathState } from '../disk/path-state.ts';
import type { PathProperties } from '../disk/properties-store.ts';
import {
  identityHeaders,
  readDfsProperties,
  readHttpProperties,
  writeDfsProperties,
} from '../property-headers.ts';
import { headPath, readPath } from '../read-path.ts';
import { StorageRefusal } from '../storage-refusal.ts';
import { accessHeaders, readAccess, setAccess, setAccessRecursively } from './access-control.ts';

/** Entries that one call of a paginated recursive delete removes. */
const DELETE_PAGE_ENTRIES = 5000;

export async function pathRoute(call: Call): Promise<HttpAnswer> {
  const { method, query, headers } = call.request;
  const action = query.get('action') ?? '';
  switch (`${method} ${action}`.trim()) {
    case 'PUT':
      return headers['x-ms-rename-source'] === undefined ? createPath(call) : renamePath(call);
    case 'GET':
      return readPath(call);
    case 'HEAD':
      return dfsHead(call);
    case 'HEAD getStatus':
      return dfsHead(call);
    case 'HEAD getAccessControl':
      return getAccess(call);
    case 'DELETE':
      return deletePath(call);
    case 'PATCH append':
      return append(call);
    case 'PATCH flush':
      return flush(call);
    case 'PATCH setProperties':
      return setProperties(call);
    case 'PATCH setAccessControl':
      return setAccess(call);
    case 'PATCH setAccessControlRecursive':
      return setAccessRecursively(call);
    default:
      throw new StorageRefusal('not-implemented', `${method} action=${action} on a path.`);
  }
}

async function createPath(call: Call): Promise<HttpAnswer> {
  const { request, address, account } = call;
  const conditions = readConditions(request.headers);
  const properties = statedProperties(call);
  const stated = properties === undefined ? {} : { properties };
  switch (request.query.get('resource')) {
    case 'file': {
      const state = await account.store.put(address.fileSystem, address.path, new Uint8Array(0), {
        conditions,
        ...stated,
      });
      return written(201, state);
    }
    case 'directory': {
      const state = await account.store.makeDirectory(address.fileSystem, address.path, {
        conditions,
        ...stated,
      });
      return written(201, state);
    }
    default:
      throw new StorageRefusal('missing-query', 'resource');
  }
}

function statedProperties({ request }: Call): Omit<PathProperties, 'version' | 'changedMs'> | undefined {
  const http = readHttpProperties(request.headers, 'dfs');
  const metadata = readDfsProperties(request.headers);
  const access = readAccess(request.headers);
  if (http === undefined && metadata === undefined && access === undefined) return undefined;
  return {
    ...(http === undefined ? {} : { http }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(access === undefined ? {} : { access }),
  };
}

async function renamePath({ request, address, account }: Call): Promise<HttpAnswer> {
  const source = parseSource(String(request.headers['x-ms-rename-source']), address.account);
  const state = await account.store.renamePath(
    address.fileSystem,
    { ...source, conditions: readConditions(request.headers, 'x-ms-source-') },
    { path: address.path, conditions: readConditions(request.headers) },
  );
  return { status: 201, headers: { ...identityHeaders(state), 'content-length': '0' } };
}

async function dfsHead(call: Call): Promise<HttpAnswer> {
  const answer = await headPath(call);
  const { address, account } = call;
  const state = await account.store.requirePath(address.fileSystem, address.path);
  const properties = writeDfsProperties(state.properties.metadata);
  return {
    ...answer,
    headers: {
      ...answer.headers,
      ...accessHeaders(state),
      ...(properties === '' ? {} : { 'x-ms-properties': properties }),
    },
  };
}

async function getAccess({ request, address, account }: Call): Promise<HttpAnswer> {
  const { store } = account;
  const { fileSystem, path } = address;
  const state =
    path === '' ? await store.requireFileSystem(fileSystem) : await store.requirePath(fileSystem, path);
  requireRead(readConditions(request.headers), state);
  return { status: 200, headers: { ...identityHeaders(state), ...accessHeaders(state, true) } };
}

async function deletePath({ request, address, account }: Call): Promise<HttpAnswer> {
  const { store } = account;
  const { fileSystem, path } = address;
  const conditions = readConditions(request.headers);
  const isRecursive = request.query.get('recursive') === 'true';
  const before = await store.requirePath(fileSystem, path);
  if (!before.isDirectory || !isRecursive) {
    await store.deletePath(fileSystem, path, { conditions });
    return { status: 200, headers: { 'x-ms-delete-id': request.requestId } };
  }
  if (request.query.get('paginated') !== 'true') {
    await store.deleteTree(fileSystem, path, conditions);
    return { status: 200 };
  }
  const isContinued = (request.query.get('continuation') ?? '') !== '';
  // The conditions are those of the whole delete: after the first page they have been judged.
  if (!isContinued) requireWrite(conditions, before);
  const done = await store.deleteTreePage(fileSystem, path, DELETE_PAGE_ENTRIES);
  return { status: 200, headers: done ? {} : { 'x-ms-continuation': tokenOf(path) } };
}

async function append(call: Call): Promise<HttpAnswer> {
  const { request, address, account } = call;
  const position = integerQuery(call, 'position');
  if (position === undefined) throw new StorageRefusal('missing-query', 'position');
  const content = await contentOf(call);
  const md5 = transferMd5(call);
  const bytes = await account.appends.append(address.fileSystem, address.path, position, content, md5);
  const headers = {
    'x-ms-request-server-encrypted': 'true',
    ...(md5 === undefined ? {} : { 'content-md5': md5 }),
  };
  if (request.query.get('flush') !== 'true') return { status: 202, headers };
  const state = await account.appends.flush(address.fileSystem, address.path, {
    position: position + bytes,
    conditions: {},
    http: undefined,
  });
  return { status: 202, headers: { ...headers, ...identityHeaders(state) } };
}

async function flush(call: Call): Promise<HttpAnswer> {
  const { request, address, account } = call;
  const position = integerQuery(call, 'position');
  if (position === undefined) throw new StorageRefusal('missing-query', 'position');
  if (request.query.get('retainUncommittedData') === 'true') {
    throw new StorageRefusal('not-implemented', 'retainUncommittedData.');
  }
  const state = await account.appends.flush(address.fileSystem, address.path, {
    position,
    conditions: readConditions(request.headers),
    http: readHttpProperties(request.headers, 'dfs'),
  });
  return written(200, state, { 'content-length': '0' });
}

async function setProperties({ request, address, account }: Call): Promise<HttpAnswer> {
  const metadata = readDfsProperties(request.headers);
  const http = readHttpProperties(request.headers, 'dfs');
  const change = (before: PathState) => ({
    ...(metadata === undefined ? {} : { metadata }),
    ...(http === undefined ? {} : { http: { ...before.properties.http, ...http } }),
  });
  const conditions = readConditions(request.headers);
  const state = await account.store.changeProperties(address.fileSystem, address.path, change, conditions);
  return written(200, state);
}

function written(status: number, state: PathState, headers: Record<string, string> = {}): HttpAnswer {
  return {
    status,
    headers: { ...identityHeaders(state), 'x-ms-request-server-encrypted': 'true', ...headers },
  };
}
