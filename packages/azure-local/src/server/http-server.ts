/** Plain and TLS listeners that turn Node's request into an `HttpRequest`, and an `HttpAnswer` into bytes. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type {
  ErrorDetail,
  FaultOutcome,
  Faults,
  HttpAnswer,
  HttpRequest,
  HttpService,
  TlsMaterial,
} from './service.ts';

const BODY_BYTES_MAX = 4 * 1024 * 1024;
const HEADER_BYTES_MAX = 64 * 1024;
const HEADERS_TIMEOUT_MS = 30_000;
// A large upload over a slow link is legitimate; a stalled one must end some time.
const REQUEST_TIMEOUT_MS = 600_000;
const KEEP_ALIVE_TIMEOUT_MS = 120_000;

export class BodyTooLarge extends Error {}
export class MalformedBody extends Error {}

export type HttpServerOptions = {
  readonly name: HttpRequest['service'];
  readonly service: HttpService;
  /** Undefined: nothing is injected (the control endpoint itself). */
  readonly faults: Faults | undefined;
  /** Undefined: no TLS listener. */
  readonly tls?: TlsMaterial;
  readonly host: string;
  readonly port: number;
  readonly tlsPort?: number;
  /** Told of each answer before it is sent, injected ones and cut connections too; must not throw. */
  readonly onAnswer?: (request: HttpRequest, answer: HttpAnswer | 'drop', elapsedMs: number) => void;
  /** Unexpected throws of the service; must not throw. */
  readonly onError: (
    error: unknown,
    context: { service: HttpRequest['service']; method: string; path: string },
  ) => void;
};

export type RunningHttpServer = {
  readonly port: number;
  readonly tlsPort: number | undefined;
  /** Stops listening, lets requests in flight finish for `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>;
};

export async function startHttpServer(options: HttpServerOptions): Promise<RunningHttpServer> {
  const limits = { maxHeaderSize: HEADER_BYTES_MAX, requestTimeout: REQUEST_TIMEOUT_MS, noDelay: true };
  const plain = createServer(limits, (message, response) => void serve(options, message, response, false));
  const servers: Server[] = [plain];
  let tlsServer: Server | undefined;
  if (options.tls !== undefined) {
    const { key, cert } = options.tls;
    const listener = (message: IncomingMessage, response: ServerResponse) =>
      void serve(options, message, response, true);
    tlsServer = createTlsServer({ ...limits, key, cert }, listener);
    servers.push(tlsServer);
  }
  for (const server of servers) {
    server.headersTimeout = HEADERS_TIMEOUT_MS;
    server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  }
  await listen(plain, options.host, options.port);
  if (tlsServer !== undefined) await listen(tlsServer, options.host, options.tlsPort ?? 0);
  return {
    port: portOf(plain),
    tlsPort: tlsServer === undefined ? undefined : portOf(tlsServer),
    close: async (graceMs) => {
      await Promise.all(servers.map((server) => closeServer(server, graceMs)));
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}

async function serve(
  options: HttpServerOptions,
  message: IncomingMessage,
  response: ServerResponse,
  secure: boolean,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  // A cut connection shows as an error of the request stream; whoever reads the body sees it there.
  message.on('error', () => {});
  const request = toRequest(options.name, message, secure, gone.signal);
  const startedMs = performance.now();
  try {
    const outcome = await answer(options, request);
    options.onAnswer?.(request, outcome, performance.now() - startedMs);
    if (outcome === 'drop') {
      message.socket.destroy();
      return;
    }
    await send(message, response, request, outcome);
  } catch (error) {
    // Only sending can throw here: the client went away, or a body stream broke after the status line was out.
    response.destroy();
    if (!gone.signal.aborted) options.onError(error, context(request));
  }
}

async function answer(options: HttpServerOptions, request: HttpRequest): Promise<HttpAnswer | 'drop'> {
  const { service, faults, name } = options;
  const effect = () => handleGuarded(options, request);
  let outcome: FaultOutcome<HttpAnswer>;
  if (faults === undefined || name === 'control' || faults.idle(name))
    outcome = { kind: 'done', value: await effect() };
  else {
    const operation = service.operation?.(request);
    const target = { service: name, method: request.method, path: decodedPath(request), operation };
    outcome = await faults.around(target, effect, request.signal);
  }
  if (outcome.kind === 'done') return outcome.value;
  if (outcome.kind === 'drop') return 'drop';
  const said = sayError(service, request, {
    status: outcome.status,
    code: outcome.code ?? defaultCode(outcome.status),
    message: 'A fault was injected by request of the control endpoint.',
  });
  if (outcome.retryAfterS === undefined) return said;
  return { ...said, headers: { ...said.headers, 'retry-after': String(outcome.retryAfterS) } };
}

async function handleGuarded(options: HttpServerOptions, request: HttpRequest): Promise<HttpAnswer> {
  const { service } = options;
  try {
    return await service.handle(request);
  } catch (error) {
    if (error instanceof BodyTooLarge) {
      return sayError(service, request, { status: 413, code: 'RequestBodyTooLarge', message: error.message });
    }
    if (error instanceof MalformedBody) {
      return sayError(service, request, { status: 400, code: 'InvalidInput', message: error.message });
    }
    if (!request.signal.aborted) options.onError(error, context(request));
    return sayError(service, request, {
      status: 500,
      code: 'InternalError',
      message: 'The server encountered an internal error. Please retry the request.',
    });
  }
}

function context(request: HttpRequest) {
  return { service: request.service, method: request.method, path: request.rawPath };
}

function sayError(service: HttpService, request: HttpRequest, error: ErrorDetail): HttpAnswer {
  return service.errorAnswer?.(request, error) ?? jsonError(error);
}

/** `{error:{code,message}}`, the form of ARM and of the DFS endpoint. */
export function jsonError(error: ErrorDetail, headers?: Record<string, string>): HttpAnswer {
  return jsonAnswer(error.status, { error: { code: error.code, message: error.message } }, headers);
}

export function jsonAnswer(status: number, value: unknown, headers?: Record<string, string>): HttpAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(value),
  };
}

function defaultCode(status: number): string {
  if (status === 429) return 'TooManyRequests';
  if (status === 503) return 'ServerBusy';
  if (status === 504) return 'GatewayTimeout';
  return status >= 500 ? 'InternalError' : 'InjectedFault';
}

function decodedPath(request: HttpRequest): string {
  try {
    return decodeURIComponent(request.rawPath);
  } catch {
    return request.rawPath;
  }
}

function toRequest(
  service: HttpRequest['service'],
  message: IncomingMessage,
  secure: boolean,
  signal: AbortSignal,
): HttpRequest {
  const url = message.url ?? '/';
  const mark = url.indexOf('?');
  const rawPath = mark < 0 ? url : url.slice(0, mark);
  const rawQuery = mark < 0 ? '' : url.slice(mark + 1);
  const body = (bytesMax = BODY_BYTES_MAX) => readBody(message, bytesMax);
  return {
    service,
    requestId: randomUUID(),
    method: message.method ?? 'GET',
    rawPath,
    rawQuery,
    query: new URLSearchParams(rawQuery),
    headers: message.headers,
    origin: `${secure ? 'https' : 'http'}://${message.headers.host ?? 'localhost'}`,
    secure,
    signal,
    stream: message as Readable,
    body,
    json: async (bytesMax) => parseJson(await body(bytesMax)),
  };
}

async function readBody(message: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const declared = Number(message.headers['content-length'] ?? 0);
  if (declared > bytesMax) throw new BodyTooLarge(`The request body exceeds ${bytesMax} bytes.`);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new BodyTooLarge(`The request body exceeds ${bytesMax} bytes.`);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, bytes);
}

function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    throw new MalformedBody('The request body is not valid JSON.');
  }
}

async function send(
  message: IncomingMessage,
  response: ServerResponse,
  request: HttpRequest,
  answer: HttpAnswer,
): Promise<void> {
  const headers: Record<string, string> = {
    'x-ms-request-id': request.requestId,
    server: 'Lakewarden-Local-Azure/1.0',
    ...answer.headers,
  };
  const { body } = answer;
  const isStream = body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array);
  if (!isStream) {
    const bytes = body === undefined ? 0 : Buffer.byteLength(body);
    const bodiless = answer.status === 204 || answer.status === 304 || request.method === 'HEAD';
    // A HEAD answer may state the length of a body that it does not carry.
    if (!bodiless) headers['content-length'] = String(bytes);
  }
  // An unread rest of the body (early refusal) would be taken for the next request on this connection.
  if (!message.readableEnded) {
    if (unreadBytesMay(message)) headers.connection = 'close';
    message.resume();
  }
  response.writeHead(answer.status, headers);
  if (body === undefined || request.method === 'HEAD') {
    if (isStream) (body as Readable).destroy();
    response.end();
  } else if (isStream) await pipeline(body as Readable, response);
  else response.end(body);
}

function unreadBytesMay(message: IncomingMessage): boolean {
  return (
    Number(message.headers['content-length'] ?? 0) > 0 || message.headers['transfer-encoding'] !== undefined
  );
}
