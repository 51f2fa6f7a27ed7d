/** POSIX access control, stored and told but not enforced: every authenticated caller is the superuser. */
import type { IncomingHttpHeaders } from 'node:http';
import { jsonAnswer } from '../../server/http-server.ts';
import type { HttpAnswer } from '../../server/service.ts';
import { afterOf, type Call, pageSize, tokenOf } from '../account-context.ts';
import { readConditions } from '../conditions.ts';
import type { PathState } from '../disk/path-state.ts';
import type { AccessControl } from '../disk/properties-store.ts';
import { walk } from '../disk/walk.ts';
import { identityHeaders } from '../property-headers.ts';
import { StorageRefusal } from '../storage-refusal.ts';

const SUPERUSER = '$superuser';
const ACL_ENTRY = /^(?:default:)?(?:user|group|mask|other):[^:,]*(?::[r-][w-][x-])?$/;

export function readAccess(headers: IncomingHttpHeaders): AccessControl | undefined {
  const text = (name: string) => {
    const value = headers[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const [owner, group, acl] = [text('x-ms-owner'), text('x-ms-group'), text('x-ms-acl')];
  const permissions = text('x-ms-permissions');
  if (acl !== undefined && permissions !== undefined) {
    throw new StorageRefusal('invalid-header', 'x-ms-acl and x-ms-permissions exclude each other.');
  }
  if (acl !== undefined) checkAcl(acl);
  const access: AccessControl = {
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
    ...(permissions === undefined ? {} : { permissions: symbolic(permissions) }),
    ...(acl === undefined ? {} : { acl }),
  };
  return Object.keys(access).length === 0 ? undefined : access;
}

/** Owner, group and permissions as headers; with the list itself when `withAcl`. */
export function accessHeaders(state: PathState, withAcl = false): Record<string, string> {
  const { owner = SUPERUSER, group = SUPERUSER } = state.properties.access ?? {};
  const permissions = permissionsOf(state);
  const headers = { 'x-ms-owner': owner, 'x-ms-group': group, 'x-ms-permissions': permissions };
  return withAcl ? { ...headers, 'x-ms-acl': aclOf(state) } : headers;
}

export async function setAccess({ request, address, account }: Call): Promise<HttpAnswer> {
  const access = readAccess(request.headers);
  if (access === undefined)
    throw new StorageRefusal('missing-header', 'x-ms-owner, x-ms-group, x-ms-permissions or x-ms-acl');
  const state = await account.store.changeProperties(
    address.fileSystem,
    address.path,
    (before) => ({ access: merged(before, access) }),
    readConditions(request.headers),
  );
  return { status: 200, headers: identityHeaders(state) };
}

/** "Path - Update", setAccessControlRecursive: the path itself and all below it, a page at a time. */
export async function setAccessRecursively(call: Call): Promise<HttpAnswer> {
  const { request, address, account } = call;
  const { store } = account;
  const { fileSystem, path } = address;
  const mode = request.query.get('mode');
  const acl = request.headers['x-ms-acl'];
  if (mode !== 'set' && mode !== 'modify' && mode !== 'remove')
    throw new StorageRefusal('invalid-query', 'mode');
  if (typeof acl !== 'string') throw new StorageRefusal('missing-header', 'x-ms-acl');
  checkAcl(acl);
  if (path !== '') await store.requirePath(fileSystem, path);
  const after = afterOf(request.query.get('continuation'));
  const page = await walk({
    root: store.onDisk(fileSystem),
    directory: path,
    prefix: '',
    recursive: true,
    order: 'folder',
    after,
    entriesMax: pageSize(call, 'maxRecords'),
    properties: store.properties,
  });
  const paths = page.entries.map((entry) => entry.path);
  if (after === undefined) paths.unshift(path);
  let directories = 0;
  for (const each of paths) {
    const state = await store.changeProperties(fileSystem, each, (before) => ({
      access: merged(before, { acl: combine(aclOf(before), acl, mode) }),
    }));
    if (state.isDirectory) directories += 1;
  }
  const counts = {
    directoriesSuccessful: directories,
    filesSuccessful: paths.length - directories,
    failureCount: 0,
    failedEntries: [],
  };
  return jsonAnswer(200, counts, page.next === undefined ? {} : { 'x-ms-continuation': tokenOf(page.next) });
}

function merged(before: PathState, access: AccessControl): AccessControl {
  const kept = { ...before.properties.access };
  // The list and the short form are two views of one thing: the newer one counts.
  if (access.acl !== undefined) delete kept.permissions;
  if (access.permissions !== undefined) delete kept.acl;
  return { ...kept, ...access };
}

function permissionsOf(state: PathState): string {
  const { permissions, acl } = state.properties.access ?? {};
  if (permissions !== undefined) return permissions;
  if (acl === undefined) return state.isDirectory ? 'rwxr-x---' : 'rw-r-----';
  const part = (scope: string) => new RegExp(`(?:^|,)${scope}::([r-][w-][x-])`).exec(acl)?.[1] ?? '---';
  const hasNamed = /(?:^|,)(?:user|group):[^:,]+:/.test(acl);
  return `${part('user')}${part('group')}${part('other')}${hasNamed ? '+' : ''}`;
}

function aclOf(state: PathState): string {
  const { acl } = state.properties.access ?? {};
  if (acl !== undefined) return acl;
  const permissions = permissionsOf(state);
  return `user::${permissions.slice(0, 3)},group::${permissions.slice(3, 6)},other::${permissions.slice(6, 9)}`;
}

function combine(current: string, given: string, mode: 'set' | 'modify' | 'remove'): string {
  if (mode === 'set') return given;
  const entries = new Map(current.split(',').map((entry) => [entryKey(entry), entry]));
  for (const entry of given.split(',')) {
    if (mode === 'modify') entries.set(entryKey(entry), entry);
    else entries.delete(entryKey(entry));
  }
  return [...entries.values()].join(',');
}

/** `default:user:alice:rwx` → `default:user:alice` */
function entryKey(entry: string): string {
  return entry.replace(/:[r-][w-][x-]$/, '');
}

function checkAcl(acl: string): void {
  if (!acl.split(',').every((entry) => ACL_ENTRY.test(entry)))
    throw new StorageRefusal('invalid-header', 'x-ms-acl');
}

/** `0750` → `rwxr-x---`; the symbolic form passes. */
function symbolic(permissions: string): string {
  if (/^[r-][w-][x-][r-][w-][x-][r-][w-][xtT-]\+?$/.test(permissions)) return permissions;
  if (!/^[0-7]{3,4}$/.test(permissions)) throw new StorageRefusal('invalid-header', 'x-ms-permissions');
  return [...permissions.slice(-3)]
    .map((digit) => ['---', '--x', '-w-', '-wx', 'r--', 'r-x', 'rw-', 'rwx'][Number(digit)] ?? '---')
    .join('');
}
