import { timingSafeEqual } from 'node:crypto';
import type { FaultBoard } from '../faults/fault-board.ts';
import { parseRule } from '../faults/parse-rule.ts';
import { jsonAnswer, jsonError } from '../server/http-server.ts';
import type { HttpAnswer, HttpRequest, HttpService } from '../server/service.ts';

/** Longest long-poll of GET /faults?wait=1; the caller asks again. */
const WAIT_MS_MAX = 25_000;

/**
 * The one control endpoint, bearer `controlToken`:
 * - POST /faults: installs one, 201 `{id}` (body: see docs/local-azure.md);
 * - GET /faults: 200 `{version, faults:[FaultReport]}`; `?wait=1` answers as soon as a request is held, with
 *   `&since=<version>` as soon as anything differs from that version; at the latest after `&waitMs=` (25 s);
 * - DELETE /faults and /faults/{id}: 204; held requests go on.
 */
export function createFaultControl(options: { controlToken: string; board: FaultBoard }): HttpService {
  const { board } = options;
  const expected = Buffer.from(`Bearer ${options.controlToken}`);
  return {
    handle: async (request) => {
      const given = Buffer.from(request.headers.authorization ?? '');
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
        return jsonError({
          status: 401,
          code: 'Unauthorized',
          message: 'The control token is missing or wrong.',
        });
      }
      const [, collection, id, ...rest] = request.rawPath.split('/');
      if (collection !== 'faults' || rest.length > 0) return notFound();
      return route(board, request, id === undefined || id === '' ? undefined : id);
    },
  };
}

async function route(board: FaultBoard, request: HttpRequest, id: string | undefined): Promise<HttpAnswer> {
  if (request.method === 'POST' && id === undefined) return install(board, request);
  if (request.method === 'GET' && id === undefined) return report(board, request);
  if (request.method === 'DELETE') {
    if (id === undefined) board.removeAll();
    else if (!board.remove(id)) return notFound();
    return { status: 204 };
  }
  return jsonError({ status: 405, code: 'MethodNotAllowed', message: 'Use POST, GET or DELETE on /faults.' });
}

async function install(board: FaultBoard, request: HttpRequest): Promise<HttpAnswer> {
  const parsed = parseRule(await request.json());
  if (!parsed.ok) return jsonError({ status: 400, code: 'InvalidFault', message: parsed.reason });
  const id = board.install(parsed.rule);
  if (id === undefined)
    return jsonError({ status: 409, code: 'TooManyFaults', message: 'Delete some faults first.' });
  return jsonAnswer(201, { id });
}

async function report(board: FaultBoard, request: HttpRequest): Promise<HttpAnswer> {
  if (request.query.get('wait') === '1') {
    const asked = Number(request.query.get('waitMs') ?? WAIT_MS_MAX);
    const waitMs = Number.isFinite(asked) ? Math.min(Math.max(asked, 0), WAIT_MS_MAX) : WAIT_MS_MAX;
    const since = request.query.get('since');
    const reached = since === null ? () => board.heldCount() > 0 : () => String(board.version) !== since;
    await board.waitUntil(reached, waitMs, request.signal);
  }
  return jsonAnswer(200, { version: board.version, faults: board.report() });
}

function notFound(): HttpAnswer {
  return jsonError({ status: 404, code: 'NotFound', message: 'There is no such fault or path.' });
}
