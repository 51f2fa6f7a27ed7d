import { type Metric, MetricsClient, type MetricsQueryResult } from '@azure/monitor-query-metrics';
import { TerminalError } from '@lakewarden/contracts';
import type { MetricQueries } from '@lakewarden/core';
import { createMonitorHttp } from './monitor-http.ts';
import type { MonitorOptions } from './monitor-logs.ts';

export interface MetricOptions extends MonitorOptions {
  /** Where the namespaces are, such as `westeurope`: each region answers for its own. */
  readonly region: string;
}

const REQUEST_TIMEOUT_MS = 30_000;
const METRIC = 'IncomingMessages';
const NAMESPACE = 'Microsoft.EventHub/namespaces';
const HUB_DIMENSION = 'EntityName';
/** Of one namespace; the service gives ten unless it is asked for more. */
const HUBS_MAX = 1_000;
const MINUTE_MS = 60_000;
const SCOPE = 'https://metrics.monitor.azure.com/.default';

/** Azure Monitor's metrics at `<region>.metrics.monitor.azure.com`. */
export function createMetricQueries(options: MetricOptions): MetricQueries {
  const { credential, guard, region, requestTimeoutMs: timeoutMs = REQUEST_TIMEOUT_MS } = options;
  const http = createMonitorHttp(options.routes);
  const ask = (resourceId: string, sinceMs: number, untilMs: number, signal: AbortSignal) => {
    const client = new MetricsClient(`https://${region}.metrics.monitor.azure.com`, credential, {
      // The guard is the only layer that repeats (I8).
      retryOptions: { maxRetries: 0 },
      httpClient: http(signal),
      credentials: { scopes: [SCOPE] },
    });
    return client.queryResources([resourceId], [METRIC], NAMESPACE, {
      startTime: new Date(sinceMs),
      endTime: new Date(untilMs),
      interval: 'PT1M',
      aggregation: 'total',
      filter: `${HUB_DIMENSION} eq '*'`,
      top: HUBS_MAX,
    });
  };
  return {
    async incomingMessages(resourceId, sinceMs, untilMs, signal) {
      const [since, until] = [wholeMinute(sinceMs), wholeMinute(untilMs)];
      if (until <= since) return new Map();
      guard.probeWith(async (probing) => {
        await ask(resourceId, until - MINUTE_MS, until, probing);
      });
      const what = `metrics of ${resourceId.slice(resourceId.lastIndexOf('/') + 1)}`;
      const attempt = (limited: AbortSignal) => ask(resourceId, since, until, limited);
      const results = await guard.run(what, signal, attempt, { timeoutMs, repeatable: true });
      return totals(results, what);
    },
  };
}

function wholeMinute(ms: number): number {
  return Math.floor(ms / MINUTE_MS) * MINUTE_MS;
}

function totals(results: readonly MetricsQueryResult[], what: string): ReadonlyMap<string, number> {
  const metric = results.flatMap(({ metrics }) => metrics).find(isIncoming);
  if (metric === undefined) throw new TerminalError('corrupt', `${what}: the answer holds no ${METRIC}`);
  const byHub = new Map<string, number>();
  for (const { metadatavalues = [], data = [] } of metric.timeseries) {
    // One dimension was asked for; its name comes localised.
    const hub = metadatavalues[0]?.value;
    if (hub === undefined) continue;
    const sum = data.reduce((total, { total: events = 0 }) => total + events, 0);
    byHub.set(hub, (byHub.get(hub) ?? 0) + sum);
  }
  return byHub;
}

/** By its id: the client gives the localised name ("Incoming Messages"). */
function isIncoming({ id }: Metric): boolean {
  return id.toLowerCase().endsWith(`/${METRIC.toLowerCase()}`);
}
