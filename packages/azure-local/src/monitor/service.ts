/** Azure Monitor of the local Azure: Log Analytics and metrics over what the other services hold. */
import type { DataFactory, EventHubs, HttpService, Secrets, VerifyToken } from '../server/service.ts';
import type { Storage } from '../storage/service.ts';
import { createLogAnalytics } from './log-analytics.ts';
import { createMetrics } from './metrics.ts';
import { azureMetricsTable } from './tables/azure-metrics-table.ts';
import { activityRunTable, pipelineRunTable } from './tables/data-factory-tables.ts';
import { heartbeatTable } from './tables/heartbeat-table.ts';
import { storageBlobLogsTable } from './tables/storage-blob-logs-table.ts';

export interface Monitor {
  readonly logAnalytics: HttpService;
  readonly metrics: HttpService;
  close(): Promise<void>;
}

export function createMonitor(options: {
  readonly secrets: Secrets;
  readonly now: () => number;
  readonly verifyToken: VerifyToken;
  readonly storage: Pick<Storage, 'requestLog'>;
  readonly eventHubs: Pick<EventHubs, 'incoming'>;
  readonly dataFactory: Pick<DataFactory, 'runs'>;
}): Monitor {
  const { secrets, now, verifyToken, storage, eventHubs, dataFactory } = options;
  const { workspaceId, subscriptionId, resourceGroup } = secrets;
  const logs = createLogAnalytics({
    verifyToken,
    workspaceId,
    now,
    tables: [
      pipelineRunTable(dataFactory.runs, secrets),
      activityRunTable(dataFactory.runs, secrets),
      azureMetricsTable(eventHubs.incoming, secrets, now),
      storageBlobLogsTable(storage.requestLog.entries, secrets),
      heartbeatTable(workspaceId, now(), now),
    ],
  });
  return {
    logAnalytics: logs.http,
    metrics: createMetrics({ verifyToken, subscriptionId, resourceGroup, incoming: eventHubs.incoming, now }),
    close: logs.close,
  };
}
