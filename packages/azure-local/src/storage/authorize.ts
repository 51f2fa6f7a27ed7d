/** Shared key signatures and bearer tokens; nothing else opens the door (no SAS, no anonymous access). */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { HttpRequest, Secrets, VerifyToken } from '../server/service.ts';
import { sharedKeyAccount } from './address.ts';
import { StorageRefusal } from './storage-refusal.ts';

export type Authorize = (request: HttpRequest, account: string) => Promise<void>;

/** "Authorize with Shared Key": a request older or newer than this is refused. */
const CLOCK_SKEW_MS_MAX = 15 * 60_000;
/** Tokens whose verdict is remembered; one client uses one or two at a time. */
const REMEMBERED_TOKENS_MAX = 64;

export function createAuthorize(options: {
  readonly secrets: Pick<Secrets, 'storageAccountKey' | 'tenantId'>;
  readonly verifyToken: VerifyToken;
  readonly now: () => number;
}): Authorize {
  const checkBearer = createBearerCheck(options);
  return async (request, account) => {
    const header = request.headers.authorization;
    const challenge = {
      'www-authenticate': `Bearer authorization_uri=https://login.microsoftonline.com/${options.secrets.tenantId}/oauth2/authorize resource_id=https://storage.azure.com`,
    };
    if (header === undefined) throw new StorageRefusal('no-authentication', undefined, challenge);
    const [, token] = /^Bearer (.+)$/i.exec(header) ?? [];
    if (token !== undefined) {
      if (!(await checkBearer(token, account)))
        throw new StorageRefusal('invalid-token', undefined, challenge);
      return;
    }
    const key = Buffer.from(options.secrets.storageAccountKey(account), 'base64');
    if (sharedKeyAccount(request) !== account || !isSigned(request, account, key, options.now())) {
      throw new StorageRefusal('authentication-failed');
    }
  };
}

// An RSA check a request would cost a tenth of a core at our rates; a verdict holds until the token expires.
function createBearerCheck(options: { readonly verifyToken: VerifyToken; readonly now: () => number }) {
  const expiryMs = new Map<string, number>();
  return async (token: string, account: string): Promise<boolean> => {
    const key = `${account}\n${token}`;
    const known = expiryMs.get(key);
    if (known !== undefined && known > options.now()) return true;
    expiryMs.delete(key);
    const audiences = [
      'https://storage.azure.com',
      `https://${account}.blob.core.windows.net`,
      `https://${account}.dfs.core.windows.net`,
    ];
    const verdict = await options.verifyToken(token, audiences);
    if (!verdict.valid) return false;
    if (expiryMs.size >= REMEMBERED_TOKENS_MAX) expiryMs.delete(expiryMs.keys().next().value ?? '');
    expiryMs.set(key, verdict.claims.exp * 1000);
    return true;
  };
}

function isSigned(request: HttpRequest, account: string, key: Buffer, now: number): boolean {
  const { headers } = request;
  const date = Date.parse(String(headers['x-ms-date'] ?? headers.date ?? ''));
  if (!(Math.abs(now - date) <= CLOCK_SKEW_MS_MAX)) return false;
  const given = Buffer.from(/^SharedKey [^:]+:(.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '', 'base64');
  return stringsToSign(request, account).some((text) => {
    const expected = createHmac('sha256', key).update(text, 'utf8').digest();
    return expected.length === given.length && timingSafeEqual(expected, given);
  });
}

const SIGNED_HEADERS = [
  'content-encoding',
  'content-language',
  'content-length',
  'content-md5',
  'content-type',
  'date',
  'if-modified-since',
  'if-match',
  'if-none-match',
  'if-unmodified-since',
  'range',
] as const;

/**
 * The text that the client signed ("Authorize with Shared Key", blob, version 2015-02-21 and later). The header order
 * is documented as lexicographic; SDKs imitate the service's .NET order, which looks at hyphens last. Where the two
 * differ both are tried.
 */
function* stringsToSign(request: HttpRequest, account: string): Generator<string> {
  const { headers } = request;
  const lines = [request.method.toUpperCase()];
  for (const name of SIGNED_HEADERS) {
    const value = String(headers[name] ?? '');
    if (name === 'content-length' && value === '0') lines.push('');
    // `x-ms-date` stands for the date.
    else lines.push(name === 'date' && headers['x-ms-date'] !== undefined ? '' : value);
  }
  const names = Object.keys(headers).filter((name) => name.startsWith('x-ms-'));
  const resource = canonicalResource(request, account);
  const build = (sorted: readonly string[]) =>
    `${lines.join('\n')}\n${sorted.map((name) => `${name}:${String(headers[name]).trim()}\n`).join('')}${resource}`;
  const ordinal = [...names].sort();
  const cultural = [...names].sort(compareHyphensLast);
  yield build(cultural);
  if (ordinal.some((name, index) => name !== cultural[index])) yield build(ordinal);
}

function compareHyphensLast(left: string, right: string): number {
  const [bareLeft, bareRight] = [left.replaceAll('-', ''), right.replaceAll('-', '')];
  if (bareLeft !== bareRight) return bareLeft < bareRight ? -1 : 1;
  return left < right ? -1 : 1;
}

function canonicalResource(request: HttpRequest, account: string): string {
  const values = new Map<string, string[]>();
  for (const pair of request.rawQuery.split('&')) {
    if (pair === '') continue;
    const mark = pair.indexOf('=');
    const name = decode(mark < 0 ? pair : pair.slice(0, mark)).toLowerCase();
    const value = mark < 0 ? '' : decode(pair.slice(mark + 1));
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  const query = [...values.keys()]
    .sort()
    .map((name) => `\n${name}:${(values.get(name) ?? []).sort().join(',')}`);
  return `/${account}${request.rawPath}${query.join('')}`;
}

// `+` stays `+`: this is not form encoding.
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
