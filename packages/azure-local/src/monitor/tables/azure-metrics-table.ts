/** AzureMetrics: IncomingMessages of Event Hubs, a row for each hub and minute that took something in. */
import type { IncomingMessages } from '../../server/service.ts';
import type { TimeSpan } from '../timespan.ts';
import {
  type Entry,
  type LogTable,
  logTable,
  RESOURCE_COLUMNS,
  resourceColumns,
  type Workspace,
} from './log-table.ts';

const MINUTE_MS = 60_000;

/**
 * Azure sums over dimensions when it exports metrics to this table; `EntityName` (the hub) is ours, so that one hub can
 * be told from another.
 */
export function azureMetricsTable(
  incoming: IncomingMessages,
  workspace: Workspace,
  now: () => number,
): LogTable {
  const columns = {
    ...RESOURCE_COLUMNS,
    SubscriptionId: 'string',
    ResourceGroup: 'string',
    ResourceProvider: 'string',
    Resource: 'string',
    EntityName: 'string',
    MetricName: 'string',
    Total: 'real',
    TimeGrain: 'string',
    UnitName: 'string',
  } as const;
  return logTable('AzureMetrics', columns, async (span) => {
    const rows: Entry[] = [];
    for (const { name: namespace } of incoming.namespaces()) {
      const common = {
        ...resourceColumns(workspace, 'Microsoft.EventHub', `namespaces/${namespace}`),
        SubscriptionId: workspace.subscriptionId.toUpperCase(),
        ResourceGroup: workspace.resourceGroup.toUpperCase(),
        ResourceProvider: 'MICROSOFT.EVENTHUB',
        Resource: namespace.toUpperCase(),
        MetricName: 'IncomingMessages',
        TimeGrain: 'PT1M',
        UnitName: 'Count',
      };
      for (const hub of incoming.hubs(namespace) ?? []) {
        const grains = minutesOf(span, hub.createdAtMs, now());
        const counts = await incoming.count(namespace, hub.name, grains);
        for (const [at, Total] of counts.entries()) {
          if (Total === 0) continue;
          rows.push({
            ...common,
            EntityName: hub.name,
            TimeGenerated: grains.fromMs + at * MINUTE_MS,
            Total,
          });
        }
      }
    }
    return rows;
  });
}

/** The whole minutes whose beginning lies in the span and in the life of the hub, the one under way included. */
function minutesOf(span: TimeSpan, createdAtMs: number, nowMs: number) {
  const bornMs = Math.floor(createdAtMs / MINUTE_MS) * MINUTE_MS;
  const fromMs = Math.max(Math.ceil(span.fromMs / MINUTE_MS) * MINUTE_MS, bornMs);
  const lastMs = Math.floor(Math.min(span.toMs, nowMs) / MINUTE_MS) * MINUTE_MS;
  return { fromMs, grainMs: MINUTE_MS, grainCount: Math.max(0, (lastMs - fromMs) / MINUTE_MS + 1) };
}
