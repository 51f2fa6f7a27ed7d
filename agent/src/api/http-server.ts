import type { Socket } from 'node:net';
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import { structureProblem } from './json-body.ts';
import { ApiProblem, BODY_BYTES_MAX, formatProblemDocument, malformed, PROBLEM_TYPE } from './problem.ts';

/** Every bound of the wire in one place (I15). */
export const URL_CHARS_MAX = 4_096;
/** Request line included. */
const HEAD_BYTES_MAX = 12 * 1024;
const HEAD_MS_MAX = 5_000;
const REQUEST_MS_MAX = 15_000;
const EXPIRY_CHECK_MS = 500;
const KEEP_ALIVE_MS = 10_000;
/** Without a byte in either direction; longer than any answer may take. */
const SILENCE_MS_MAX = 90_000;
const CONNECTIONS_MAX = 4_096;
const PARAM_CHARS_MAX = 400;
/** How long one whose request could not be read has for reading why. */
const LINGER_MS = 1_000;

export interface HttpBounds {
  readonly headMsMax?: number;
  readonly requestMsMax?: number;
}

/** A server with our bounds and our words for what never becomes a request; it has no routes yet. */
export function createHttpServer({
  headMsMax = HEAD_MS_MAX,
  requestMsMax = REQUEST_MS_MAX,
}: HttpBounds = {}) {
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    connectionTimeout: SILENCE_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: requestMsMax,
    http: {
      maxHeaderSize: HEAD_BYTES_MAX,
      headersTimeout: Math.min(headMsMax, requestMsMax),
      connectionsCheckingInterval: EXPIRY_CHECK_MS,
    },
    routerOptions: { maxParamLength: PARAM_CHARS_MAX },
    return503OnClosing: false,
    // Zod checks and JSON.stringify writes; the compilers for schemas would only cost the start 30 ms.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    clientErrorHandler: (error, socket) => refuseUnreadable(error, socket),
    frameworkErrors: (_error, _request, reply) => {
      sendProblem(reply, badAddress());
    },
  });
  app.server.maxConnections = CONNECTIONS_MAX;
  readOnlyJson(app);
  return app;
}

function noSchemas(): never {
  throw new Error('routes have no schemas of their own');
}

export function sendProblem(reply: FastifyReply, problem: ApiProblem): void {
  reply
    // What is left of a body is read and thrown away, within the time of a request: closing now would reset the
    // connection, and the client would never see why.
    .removeHeader('connection')
    .status(problem.status)
    .headers({ ...SAFE_HEADERS, ...problem.headers, 'content-type': PROBLEM_TYPE })
    .send(formatProblemDocument(problem));
}

/** On every response: nothing may be kept, guessed, framed or read by another origin. */
export const SAFE_HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
} as const;

function readOnlyJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const text = decodeUtf8(body as Buffer);
    const problem = text === undefined ? 'the body is not UTF-8' : structureProblem(text);
    if (text === undefined || problem !== undefined) done(malformed(`Not taken: ${problem}.`), undefined);
    else {
      parse(request, text, (error, value) => {
        if (error === null) done(null, value);
        else done(malformed('The body is not JSON, or has a key that is not allowed.'), undefined);
      });
    }
  });
}

function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function badAddress(): ApiProblem {
  return new ApiProblem({
    status: 400,
    code: 'malformed',
    detail: 'The address cannot be read.',
    remedy: 'Percent-encode what is not a letter, a digit or one of -._~ and keep its parts short.',
  });
}

/** What the parser of HTTP gave up on never becomes a request, so it is answered on the socket. */
function refuseUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) {
    socket.destroy();
    return;
  }
  // The answer is written already; this is more of the same request.
  if (!socket.writable) return;
  const problem = UNREADABLE[error.code ?? ''] ?? UNREADABLE_REQUEST;
  const body = formatProblemDocument(new ApiProblem(problem));
  const headers = {
    ...SAFE_HEADERS,
    'content-type': PROBLEM_TYPE,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${problem.status} ${problem.title}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

const UNREADABLE_REQUEST = {
  status: 400,
  title: 'Bad Request',
  code: 'malformed',
  detail: 'This is no HTTP request that can be read.',
  remedy: 'Use HTTP/1.1, one Host and one Content-Length header.',
};

const UNREADABLE: Readonly<Record<string, typeof UNREADABLE_REQUEST>> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    title: 'Request Timeout',
    code: 'too-slow',
    detail: 'The request did not arrive in time.',
    remedy: `Send it whole within ${REQUEST_MS_MAX / 1000} seconds.`,
  },
  HPE_HEADER_OVERFLOW: {
    status: 431,
    title: 'Request Header Fields Too Large',
    code: 'head-too-large',
    detail: `The address and the headers together are larger than ${HEAD_BYTES_MAX} bytes.`,
    remedy: 'Send fewer or shorter headers.',
  },
};
