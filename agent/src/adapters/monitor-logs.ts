import type { TokenCredential } from '@azure/identity';
import {
  type LogsErrorInfo,
  LogsQueryClient,
  LogsQueryResultStatus,
  type LogsTable,
} from '@azure/monitor-query-logs';
import { TerminalError } from '@lakewarden/contracts';
import type { LogQueries, LogTable, LogValue } from '@lakewarden/core';
import type { AzureRoutes } from './azure-routes.ts';
import type { Guard } from './guard/guard.ts';
import { createMonitorHttp } from './monitor-http.ts';
import { restFailure } from './rest-errors.ts';

export interface MonitorOptions {
  readonly credential: TokenCredential;
  readonly routes: AzureRoutes | undefined;
  /** Of Azure Monitor. */
  readonly guard: Guard;
  readonly requestTimeoutMs?: number;
}

/** The service ends a query of its own accord before we do, and then says so. */
const SERVER_TIMEOUT_S = 30;
const REQUEST_TIMEOUT_MS = 45_000;
/** Answers at once and reads no table. */
const PROBE_KQL = 'print 1';
const PROBE_MS = 60_000;

/** Log Analytics at `api.loganalytics.io`. */
export function createLogQueries(options: MonitorOptions): LogQueries {
  const { credential, guard, requestTimeoutMs: timeoutMs = REQUEST_TIMEOUT_MS } = options;
  const http = createMonitorHttp(options.routes);
  const ask = (workspace: string, kql: string, startTime: Date, endTime: Date, signal: AbortSignal) =>
    // The guard is the only layer that repeats (I8).
    new LogsQueryClient(credential, {
      retryOptions: { maxRetries: 0 },
      httpClient: http(signal),
    }).queryWorkspace(workspace, kql, { startTime, endTime }, { serverTimeoutInSeconds: SERVER_TIMEOUT_S });
  return {
    query(workspace, kql, sinceMs, untilMs, signal) {
      const [start, end] = [new Date(sinceMs), new Date(untilMs)];
      guard.probeWith(async (probing) => {
        await ask(workspace, PROBE_KQL, new Date(untilMs - PROBE_MS), end, probing);
      });
      const what = `query workspace ${workspace}`;
      const attempt = async (limited: AbortSignal) => {
        try {
          const result = await ask(workspace, kql, start, end, limited);
          if (result.status === LogsQueryResultStatus.Success) return firstTable(result.tables, what);
          throw new TerminalError(
            'limit',
            `${what}: only a part came; ask for less. ${wordsOf(result.partialError)}`,
          );
        } catch (error) {
          throw refusal(error, what) ?? error;
        }
      };
      return guard.run(what, signal, attempt, { timeoutMs, repeatable: true });
    },
  };
}

function firstTable(tables: readonly LogsTable[], what: string): LogTable {
  const [table] = tables;
  if (table === undefined) throw new TerminalError('corrupt', `${what}: the answer holds no table`);
  const columns = table.columnDescriptors.map(({ name = '', type = 'string' }) => ({ name, type }));
  const rows = table.rows.map((row) => row.map((cell, i) => logValue(cell, columns[i]?.type)));
  return { columns, rows };
}

function logValue(cell: unknown, type: string | undefined): LogValue {
  if (cell === null || cell === undefined) return null;
  if (cell instanceof Date) return Number.isNaN(cell.getTime()) ? null : cell.toISOString();
  const isPlain = typeof cell === 'string' || typeof cell === 'number' || typeof cell === 'boolean';
  return isPlain && type !== 'dynamic' ? cell : JSON.stringify(cell);
}

/** What is wrong with the query stands innermost, and whoever wrote it needs it; it holds nothing but KQL. */
function refusal(error: unknown, what: string): TerminalError | undefined {
  if (restFailure(error)?.status !== 400) return undefined;
  const { details } = error as { details?: { error?: LogsErrorInfo } };
  if (details?.error === undefined) return undefined;
  return new TerminalError('invalid', `${what}: ${wordsOf(details.error)}`);
}

interface ErrorWords {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly innererror?: unknown;
  readonly details?: unknown;
}

function wordsOf(info: ErrorWords): string {
  const [detail] = Array.isArray(info.details) ? (info.details as unknown[]) : [];
  const inner = info.innererror ?? detail;
  if (typeof inner === 'object' && inner !== null) return wordsOf(inner);
  return `${info.code ?? 'unknown'}: ${info.message ?? 'no words'}`;
}
