/** Heartbeat: the local Azure itself, once a minute since it was started. Computed, not kept. */
import { type Entry, type LogTable, logTable } from './log-table.ts';

const MINUTE_MS = 60_000;
const HISTORY_MS_MAX = 30 * 24 * 60 * MINUTE_MS;

export function heartbeatTable(workspaceId: string, startedMs: number, now: () => number): LogTable {
  const columns = {
    TenantId: 'string',
    SourceSystem: 'string',
    TimeGenerated: 'datetime',
    Computer: 'string',
    Category: 'string',
    OSType: 'string',
  } as const;
  return logTable('Heartbeat', columns, (span) => {
    const rows: Entry[] = [];
    const lastMs = Math.min(now(), span.toMs);
    const fromMs = Math.max(startedMs, span.fromMs, lastMs - HISTORY_MS_MAX);
    for (
      let at = Math.ceil((fromMs - startedMs) / MINUTE_MS);
      startedMs + at * MINUTE_MS <= lastMs;
      at += 1
    ) {
      rows.push({
        TenantId: workspaceId,
        SourceSystem: process.platform === 'linux' ? 'Linux' : 'OpsManager',
        TimeGenerated: startedMs + at * MINUTE_MS,
        Computer: 'local-azure',
        Category: 'Direct Agent',
        OSType: process.platform === 'win32' ? 'Windows' : 'Linux',
      });
    }
    return rows;
  });
}
