/** The newest requests to storage, for the table StorageBlobLogs. A bounded ring in memory; a restart forgets it. */
import type { HttpAnswer, HttpRequest } from '../server/service.ts';
import type { Address } from './address.ts';

const ENTRIES_MAX = 20_000;

export interface LoggedRequest {
  readonly timeMs: number;
  readonly account: string;
  readonly endpoint: Address['endpoint'];
  readonly method: string;
  readonly operation: string;
  /** 0: the connection was cut without an answer. */
  readonly status: number;
  /** Of a refusal. */
  readonly errorCode: string | undefined;
  readonly elapsedMs: number;
  /** Without the query, which may hold secrets. */
  readonly uri: string;
  readonly isSecure: boolean;
  readonly authentication: 'AccountKey' | 'OAuth' | 'Anonymous';
  readonly requestId: string;
  readonly userAgent: string;
}

export interface RequestLog {
  record(request: HttpRequest, answer: HttpAnswer | 'drop', elapsedMs: number): void;
  /** Oldest first. */
  entries(): readonly LoggedRequest[];
}

export function createRequestLog(options: {
  readonly now: () => number;
  /** Undefined: the request names nothing that can be. */
  readonly addressOf: (request: HttpRequest) => { address: Address; operation: string } | undefined;
  readonly entriesMax?: number;
}): RequestLog {
  const { now, addressOf, entriesMax = ENTRIES_MAX } = options;
  const ring: LoggedRequest[] = [];
  let oldest = 0;
  return {
    record: (request, answer, elapsedMs) => {
      const known = addressOf(request);
      if (known === undefined) return;
      const entry = entryOf(request, answer, elapsedMs, known, now());
      if (ring.length < entriesMax) ring.push(entry);
      else {
        ring[oldest] = entry;
        oldest = (oldest + 1) % entriesMax;
      }
    },
    entries: () => [...ring.slice(oldest), ...ring.slice(0, oldest)],
  };
}

function entryOf(
  request: HttpRequest,
  answer: HttpAnswer | 'drop',
  elapsedMs: number,
  { address, operation }: { address: Address; operation: string },
  timeMs: number,
): LoggedRequest {
  const { account, endpoint, fileSystem, path } = address;
  const place = [fileSystem, path].filter((part) => part !== '').join('/');
  return {
    timeMs,
    account,
    endpoint,
    method: request.method,
    operation,
    status: answer === 'drop' ? 0 : answer.status,
    errorCode: answer === 'drop' ? undefined : answer.headers?.['x-ms-error-code'],
    elapsedMs,
    uri: encodeURI(`https://${account}.${endpoint}.core.windows.net/${place}`),
    isSecure: request.secure,
    authentication: authenticationOf(request.headers.authorization),
    requestId: request.requestId,
    userAgent: request.headers['user-agent'] ?? '',
  };
}

function authenticationOf(header: string | undefined): LoggedRequest['authentication'] {
  if (header === undefined) return 'Anonymous';
  return /^Bearer /i.test(header) ? 'OAuth' : 'AccountKey';
}
