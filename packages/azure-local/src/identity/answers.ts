/** How the login service and the managed-identity endpoint say things. */
import { randomUUID } from 'node:crypto';
import type { HttpAnswer } from '../server/service.ts';

export function json(status: number, value: unknown): HttpAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
    body: JSON.stringify(value),
  };
}

export function methodRefused(allow: string): HttpAnswer {
  const reply = json(405, { error: 'invalid_request', error_description: `Only ${allow} is allowed here.` });
  return { ...reply, headers: { ...reply.headers, allow } };
}

/** `code` is the AADSTS number. `nowMs` since 1970. */
export function entraError(
  nowMs: number,
  status: number,
  error: string,
  code: number,
  text: string,
): HttpAnswer {
  const traceId = randomUUID();
  return json(status, {
    error,
    error_description: `AADSTS${code}: ${text} Trace ID: ${traceId}`,
    error_codes: [code],
    timestamp: new Date(nowMs).toISOString().replace('T', ' '),
    trace_id: traceId,
    correlation_id: randomUUID(),
  });
}
