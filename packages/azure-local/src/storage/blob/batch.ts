/** Blob Batch: up to 256 deletes in one multipart/mixed request ("Blob Batch", REST reference). */
import { STATUS_CODES } from 'node:http';
import { Readable } from 'node:stream';
import type { HttpAnswer, HttpRequest } from '../../server/service.ts';
import { StorageRefusal } from '../storage-refusal.ts';

/** "Blob Batch": at most 256 sub-requests and 4 MiB. */
const SUBREQUESTS_MAX = 256;
const BATCH_BYTES_MAX = 4 * 1024 * 1024;
/** So many run side by side. */
const CONCURRENCY = 16;

type Part = { readonly contentId: string; readonly request: HttpRequest };

export function isBatch({ method, query }: HttpRequest): boolean {
  return method === 'POST' && query.get('comp') === 'batch';
}

/** Runs each part through `handle`, as if it had come alone; a failing part is said in its place. */
export async function answerBatch(
  outer: HttpRequest,
  handle: (request: HttpRequest) => Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  const type = String(outer.headers['content-type'] ?? '');
  const [, boundary] = /^multipart\/mixed;\s*boundary="?([^";]+)"?/i.exec(type) ?? [];
  if (boundary === undefined) throw new StorageRefusal('invalid-header', 'content-type');
  const text = (await outer.body(BATCH_BYTES_MAX)).toString('latin1');
  const parts = text
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => parsePart(part, outer));
  if (parts.length === 0 || parts.length > SUBREQUESTS_MAX) throw new StorageRefusal('invalid-input');
  const answers: HttpAnswer[] = [];
  for (let start = 0; start < parts.length; start += CONCURRENCY) {
    const some = parts.slice(start, start + CONCURRENCY);
    answers.push(...(await Promise.all(some.map(({ request }) => handle(request)))));
  }
  const delimiter = `batchresponse_${outer.requestId}`;
  const body = parts.map(({ contentId }, index) => writePart(delimiter, contentId, answers[index])).join('');
  return {
    status: 202,
    headers: { 'content-type': `multipart/mixed; boundary=${delimiter}` },
    body: Buffer.from(`${body}--${delimiter}--\r\n`, 'latin1'),
  };
}

// Part headers, a blank line, the request line with its headers, a blank line (deletes have no body).
function parsePart(part: string, outer: HttpRequest): Part {
  const [head = '', ...rest] = part.replace(/^\r\n/, '').split('\r\n\r\n');
  const [requestLine = '', ...headerLines] = (rest[0] ?? '').split('\r\n');
  const [, method, target] = /^([A-Z]+) (\S+) HTTP\/1\.[01]$/.exec(requestLine.trim()) ?? [];
  if (method !== 'DELETE' || target === undefined)
    throw new StorageRefusal('not-implemented', 'Only deletes in a batch.');
  const headers = Object.fromEntries(headerLines.flatMap(parseHeader));
  // A part without its own signature rides on that of the whole, if it is a token; a shared key signs each part.
  const token = /^Bearer /i.test(outer.headers.authorization ?? '') ? outer.headers.authorization : undefined;
  const [rawPath = '', rawQuery = ''] = pathAndQuery(target).split('?');
  return {
    contentId: /^Content-ID:\s*(.+)$/im.exec(head)?.[1]?.trim() ?? '',
    request: {
      ...outer,
      method,
      rawPath,
      rawQuery,
      query: new URLSearchParams(rawQuery),
      headers: {
        host: outer.headers.host,
        'x-lakewarden-host': outer.headers['x-lakewarden-host'],
        ...(token === undefined ? {} : { authorization: token }),
        ...headers,
      },
      stream: Readable.from([]),
      body: async () => Buffer.alloc(0),
      json: async () => undefined,
    },
  };
}

function parseHeader(line: string): [string, string][] {
  const colon = line.indexOf(':');
  return colon <= 0 ? [] : [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]];
}

function pathAndQuery(target: string): string {
  return target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/]+/i, '');
}

function writePart(delimiter: string, contentId: string, answer: HttpAnswer | undefined): string {
  const status = answer?.status ?? 500;
  const headers = Object.entries(answer?.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
  const body = typeof answer?.body === 'string' ? answer.body : '';
  const lines = [
    `--${delimiter}\r\nContent-Type: application/http\r\n`,
    contentId === '' ? '' : `Content-ID: ${contentId}\r\n`,
    `\r\nHTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${headers.join('')}\r\n${body}\r\n`,
  ];
  return lines.join('');
}
