import type { HttpRequest } from '../server/service.ts';
import type { Address } from './address.ts';
import type { LakeStore } from './disk/lake-store.ts';
import type { StagedAppends } from './disk/staged-appends.ts';
import type { StagedBlocks } from './disk/staged-blocks.ts';
import { StorageRefusal } from './storage-refusal.ts';

/** One storage account on disk. */
export type Account = {
  readonly name: string;
  readonly store: LakeStore;
  readonly blocks: StagedBlocks;
  readonly appends: StagedAppends;
};

/** What a route works on: an authenticated request and the account that it is about. */
export type Call = { readonly request: HttpRequest; readonly address: Address; readonly account: Account };

/** A body up to this size is taken into memory at once: one write, no stream machinery. */
const BUFFERED_BYTES_MAX = 1024 * 1024;

/** Ignoring one of these would be a lie about what was stored or checked. */
const UNSUPPORTED_HEADERS = [
  'x-ms-structured-body',
  'x-ms-content-crc64',
  'x-ms-range-get-content-crc64',
  'x-ms-encryption-key',
  'x-ms-encryption-scope',
  'x-ms-encryption-context',
  'x-ms-tags',
  'x-ms-expiry-option',
  'x-ms-immutability-policy-until-date',
  'x-ms-legal-hold',
  'x-ms-if-tags',
];

export function refuseUnsupported({ headers }: HttpRequest): void {
  const found = UNSUPPORTED_HEADERS.find((name) => headers[name] !== undefined);
  if (found !== undefined)
    throw new StorageRefusal('unsupported-header', `${found} is not supported by the local Azure.`);
  // Nothing can be leased here, so whoever holds a lease id has lost it.
  const lease = headers['x-ms-lease-id'] ?? headers['x-ms-source-lease-id'];
  if (lease !== undefined) throw new StorageRefusal('lease-not-present');
}

/** The body, whole when small. */
export async function contentOf({ request }: Call): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
  const { headers } = request;
  const declared = headers['content-length'];
  if (declared === undefined) {
    if (headers['transfer-encoding'] === undefined) throw new StorageRefusal('length-required');
    return request.stream;
  }
  return Number(declared) <= BUFFERED_BYTES_MAX ? request.body(BUFFERED_BYTES_MAX) : request.stream;
}

/** The checksum that the client states for the bytes of this request. */
export function transferMd5({ request }: Call): string | undefined {
  const md5 = request.headers['content-md5'];
  return typeof md5 === 'string' ? md5 : undefined;
}

export function integerQuery({ request }: Call, name: string): number | undefined {
  const text = request.query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new StorageRefusal('invalid-query', name);
  return Number(text);
}

/** Page size asked for, between 1 and the service's 5,000. */
export function pageSize(call: Call, name: string): number {
  const asked = integerQuery(call, name);
  if (asked === 0) throw new StorageRefusal('invalid-query', name);
  return Math.min(asked ?? 5000, 5000);
}

/** Continuation tokens are positions, not sessions: they hold over a restart. */
export function tokenOf(after: string): string {
  return Buffer.from(after, 'utf8').toString('base64url');
}

export function afterOf(token: string | null): string | undefined {
  if (token === null || token === '') return undefined;
  const after = Buffer.from(token, 'base64url').toString('utf8');
  if (tokenOf(after) !== token)
    throw new StorageRefusal('invalid-query', 'The continuation can not be read.');
  return after;
}
