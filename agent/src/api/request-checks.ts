import type { FastifyRequest } from 'fastify';
import { URL_CHARS_MAX } from './http-server.ts';
import { ApiProblem, BODY_BYTES_MAX, bodyTooLarge, malformed } from './problem.ts';
import type { Route } from './routes.ts';

/** What can be said of a request before its body is read. Throws `ApiProblem`. */
export function checkAddress({ raw }: FastifyRequest): void {
  // A whole URL here names a host of its own, and which of the two counts is a matter of taste.
  if (raw.url?.[0] !== '/') throw malformed('The address must be a path.');
  if ((raw.url ?? '').length > URL_CHARS_MAX) throw addressTooLong();
}

export function checkBody({ method }: Route, { headers }: FastifyRequest): void {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (method === 'GET') {
    if (hasBody) throw malformed('A GET has no body here.');
    return;
  }
  if (!JSON_ONLY.test(headers['content-type'] ?? '') || headers['content-encoding'] !== undefined) {
    throw new ApiProblem({
      status: 415,
      code: 'not-json',
      detail: 'The body must be application/json in UTF-8, not compressed.',
      remedy: 'Send Content-Type: application/json and no Content-Encoding.',
    });
  }
  if (Number(headers['content-length'] ?? 0) > BODY_BYTES_MAX) throw bodyTooLarge();
}

const JSON_ONLY = /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;

function addressTooLong(): ApiProblem {
  return new ApiProblem({
    status: 414,
    code: 'address-too-long',
    detail: `The address is longer than ${URL_CHARS_MAX} characters.`,
    remedy: 'Ask for less at a time.',
  });
}
