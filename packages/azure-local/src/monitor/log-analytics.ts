/**
 * The query API of Log Analytics, v1: one workspace. Sources: @azure/monitor-query-logs 1.0.0, MS Learn "Azure Monitor Log
 * Analytics API" (request format, batch queries, errors); what is assumed is marked in docs/local-azure.md.
 */
import { jsonAnswer } from '../server/http-server.ts';
import type { HttpAnswer, HttpRequest, HttpService, VerifyToken } from '../server/service.ts';
import { refuseBearer } from './bearer.ts';
import { createTranslator } from './kql/translator.ts';
import { type QueryEngine, type QueryResult, RESULT_ROWS_MAX, runQuery } from './run-query.ts';
import type { LogTable } from './tables/log-table.ts';
import { parseTimeSpan, type TimeSpan } from './timespan.ts';

const AUDIENCES = ['https://api.loganalytics.io'];
const BODY_BYTES_MAX = 1024 * 1024;
const BATCH_COUNT_MAX = 100;
const WAIT_S_MAX = 600;
const ALL_TIME: TimeSpan = { fromMs: 0, toMs: 253_402_300_799_999 };

export interface LogAnalyticsOptions {
  readonly verifyToken: VerifyToken;
  readonly workspaceId: string;
  readonly tables: readonly LogTable[];
  readonly now: () => number;
}

export interface LogAnalytics {
  readonly http: HttpService;
  close(): Promise<void>;
}

interface Service {
  readonly workspaceId: string;
  readonly engine: QueryEngine;
}

export function createLogAnalytics(options: LogAnalyticsOptions): LogAnalytics {
  const { tables, now, workspaceId } = options;
  const translator = createTranslator(tables.map(({ schema }) => schema));
  const service: Service = { workspaceId, engine: { translator, tables, now } };
  return {
    http: {
      operation: ({ rawPath }) => routeOf(rawPath)?.kind,
      handle: async (request) => {
        const refused = await refuseBearer(request, options.verifyToken, AUDIENCES);
        if (refused !== undefined) return failed(refused.status, refused.code, refused.message);
        return route(request, service);
      },
    },
    close: () => translator.close(),
  };
}

type Route = { readonly kind: 'query'; readonly workspace: string } | { readonly kind: 'batch' };

function routeOf(rawPath: string): Route | undefined {
  if (/^\/v1\/(?:\$|%24)batch$/i.test(rawPath)) return { kind: 'batch' };
  const [, workspace] = /^\/v1\/workspaces\/([^/]+)\/query$/i.exec(rawPath) ?? [];
  return workspace === undefined ? undefined : { kind: 'query', workspace };
}

async function route(request: HttpRequest, service: Service): Promise<HttpAnswer> {
  const found = routeOf(request.rawPath);
  if (found === undefined) return failed(404, 'PathNotFoundError', 'The requested path does not exist.');
  if (request.method !== 'POST')
    return failed(405, 'MethodNotAllowedError', 'The local Azure takes queries by POST only.');
  const body = await request.json(BODY_BYTES_MAX);
  if (found.kind === 'batch') return batch(body, service);
  const { status, body: answer } = await answerQuery(found.workspace, body, request.headers.prefer, service);
  return jsonAnswer(status, answer);
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function batch(body: unknown, service: Service): Promise<HttpAnswer> {
  const requests = isRecord(body) ? body.requests : undefined;
  if (!Array.isArray(requests) || requests.length > BATCH_COUNT_MAX)
    return failed(400, 'BadArgumentError', `requests must be a list of at most ${BATCH_COUNT_MAX} queries.`);
  const responses: unknown[] = [];
  for (const each of requests as readonly unknown[]) {
    const { status, body: answer } = await answerBatched(each, service);
    const id = isRecord(each) && typeof each.id === 'string' ? each.id : null;
    responses.push({ id, status, headers: {}, body: answer });
  }
  return jsonAnswer(200, { responses });
}

async function answerBatched(each: unknown, service: Service): Promise<Answer> {
  if (!isRecord(each)) return badArgument('A request of the batch is not an object.');
  const { workspace, path, method, body, headers } = each;
  if (method !== 'POST' || path !== '/query' || typeof workspace !== 'string')
    return badArgument('A request of the batch needs workspace, method POST and path /query.');
  const prefer = isRecord(headers)
    ? Object.entries(headers).find(([name]) => /^prefer$/i.test(name))?.[1]
    : undefined;
  return answerQuery(workspace, body, typeof prefer === 'string' ? prefer : undefined, service);
}

async function answerQuery(
  workspace: string,
  body: unknown,
  prefer: string | string[] | undefined,
  { workspaceId, engine }: Service,
): Promise<Answer> {
  if (workspace.toLowerCase() !== workspaceId)
    return error(404, 'WorkspaceNotFoundError', `There is no workspace '${workspace.slice(0, 64)}'.`);
  const asked = parseQuery(body, engine.now());
  if (typeof asked === 'string') return badArgument(asked);
  const preferences = parsePrefer([prefer ?? ''].flat().join(','));
  if (preferences === undefined)
    return badArgument(`The wait preference must be 1 to ${WAIT_S_MAX} seconds.`);
  const startedMs = performance.now();
  const outcome = await runQuery(engine, asked.query, asked.span);
  if (!outcome.ok) return badArgument('The request had some invalid properties', outcome);
  const elapsedS = (performance.now() - startedMs) / 1000;
  return { status: 200, body: sayResult(outcome.result, preferences, elapsedS) };
}

function parseQuery(body: unknown, nowMs: number): { query: string; span: TimeSpan } | string {
  if (!isRecord(body) || typeof body.query !== 'string') return 'The body must have a query.';
  const { query, timespan, workspaces } = body;
  if (Array.isArray(workspaces) ? workspaces.length > 0 : (workspaces ?? null) !== null)
    return 'The local Azure has one workspace: workspaces must be empty.';
  if (timespan === undefined || timespan === null) return { query, span: ALL_TIME };
  const span = typeof timespan === 'string' ? parseTimeSpan(timespan, nowMs) : undefined;
  return span === undefined ? 'timespan must be an ISO 8601 duration or interval.' : { query, span };
}

interface Preferences {
  readonly statistics: boolean;
  readonly render: boolean;
}

/** RFC 7240: a preference that is not known is passed over. */
function parsePrefer(header: string): Preferences | undefined {
  const parts = header.split(',').map((part) => part.trim().toLowerCase());
  const wait = parts.find((part) => part.startsWith('wait='))?.slice('wait='.length);
  if (wait !== undefined && !(Number(wait) >= 1 && Number(wait) <= WAIT_S_MAX)) return undefined;
  return {
    statistics: parts.includes('include-statistics=true'),
    render: parts.includes('include-render=true'),
  };
}

function sayResult(result: QueryResult, preferences: Preferences, elapsedS: number): unknown {
  const { columns, rows, isCut, inputRows } = result;
  const statistics = {
    query: {
      executionTime: elapsedS,
      datasetStatistics: [{ tableRowCount: rows.length }],
      inputRowCount: inputRows,
    },
  };
  return {
    tables: [{ name: 'PrimaryResult', columns, rows }],
    ...(preferences.statistics ? { statistics } : {}),
    ...(preferences.render ? { render: { visualization: null } } : {}),
    ...(isCut ? { error: cutError() } : {}),
  };
}

/** Beside the rows: SDKs make a partial failure of it. */
function cutError() {
  const message = `The results of this query exceed the set limit of ${RESULT_ROWS_MAX} records, so not all records were returned (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003).`;
  return {
    code: 'PartialError',
    message: 'There were some errors when processing your query.',
    details: [
      {
        code: 'EngineError',
        message: 'Something went wrong processing your query on the server.',
        innererror: { code: '-2133196797', message },
      },
    ],
  };
}

function badArgument(
  message: string,
  inner?: { readonly code: string; readonly detail: string; readonly message: string },
): Answer {
  const innererror =
    inner === undefined
      ? {}
      : {
          innererror: {
            code: inner.code,
            message: inner.code === 'SyntaxError' ? 'A syntax error occurred.' : 'A semantic error occurred.',
            innererror: { code: inner.detail, message: inner.message },
          },
        };
  return { status: 400, body: { error: { message, code: 'BadArgumentError', ...innererror } } };
}

function error(status: number, code: string, message: string): Answer {
  return { status, body: { error: { message, code } } };
}

function failed(status: number, code: string, message: string): HttpAnswer {
  return jsonAnswer(status, error(status, code, message).body);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
