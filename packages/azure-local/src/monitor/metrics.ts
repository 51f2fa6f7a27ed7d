/**
 * The batch API of Azure Monitor metrics (2024-02-01) for one metric: IncomingMessages of Event Hubs. Sources:
 * @azure/monitor-query-metrics 1.0.0, REST reference "Metrics - Batch"; what is assumed is marked in docs/local-azure.md.
 */
import { jsonAnswer, jsonError } from '../server/http-server.ts';
import type {
  HttpAnswer,
  HttpRequest,
  HttpService,
  IncomingMessages,
  VerifyToken,
} from '../server/service.ts';
import { refuseBearer } from './bearer.ts';
import { type MetricsQuery, MetricsRefusal, parseMetricsQuery } from './metrics-query.ts';

// The SDK's own client asks for a token of the resource manager unless it is told the other.
const AUDIENCES = ['https://metrics.monitor.azure.com', 'https://management.azure.com'];
const NAMESPACE_ID =
  /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.EventHub\/namespaces\/([^/]+)$/i;

export interface MetricsOptions {
  readonly verifyToken: VerifyToken;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly incoming: IncomingMessages;
  readonly now: () => number;
}

export function createMetrics(options: MetricsOptions): HttpService {
  return {
    operation: ({ rawPath }) => (isBatchPath(rawPath) ? 'get-batch' : undefined),
    handle: async (request) => {
      const refused = await refuseBearer(request, options.verifyToken, AUDIENCES);
      if (refused !== undefined) return jsonError(refused);
      try {
        return await answer(request, options);
      } catch (error) {
        if (!(error instanceof MetricsRefusal)) throw error;
        return jsonError({ status: error.status, code: error.code, message: error.message });
      }
    },
  };
}

const BATCH_PATH = /^\/subscriptions\/([^/]+)\/metrics(?::|%3A)getBatch$/i;

function isBatchPath(rawPath: string): boolean {
  return BATCH_PATH.test(rawPath);
}

async function answer(request: HttpRequest, options: MetricsOptions): Promise<HttpAnswer> {
  const [, subscription] = BATCH_PATH.exec(request.rawPath) ?? [];
  if (subscription === undefined) throw new MetricsRefusal('This path is not emulated.', 404, 'NotFound');
  if (request.method !== 'POST') throw new MetricsRefusal('Use POST.', 405, 'MethodNotAllowed');
  if (subscription.toLowerCase() !== options.subscriptionId)
    throw new MetricsRefusal(
      `The subscription '${subscription}' could not be found.`,
      404,
      'SubscriptionNotFound',
    );
  const query = parseMetricsQuery(request.query, await request.json(), options.now());
  const resources = query.resourceIds.map((id) => ({ id, namespace: namespaceOf(id, options) }));
  const values: unknown[] = [];
  for (const { id, namespace } of resources)
    values.push(await valuesOf(id, namespace, query, options.incoming));
  return jsonAnswer(200, { values });
}

function namespaceOf(resourceId: string, options: MetricsOptions): string {
  const [, subscription, group, name = ''] = NAMESPACE_ID.exec(resourceId) ?? [];
  if (subscription === undefined)
    throw new MetricsRefusal(
      `The resource id '${resourceId.slice(0, 300)}' is none of an Event Hubs namespace.`,
    );
  const isOurs =
    subscription.toLowerCase() === options.subscriptionId &&
    group?.toLowerCase() === options.resourceGroup.toLowerCase();
  if (!isOurs || options.incoming.hubs(name) === undefined)
    throw new MetricsRefusal(`The resource '${resourceId}' was not found.`, 404, 'ResourceNotFound');
  return name;
}

async function valuesOf(
  resourceId: string,
  namespace: string,
  query: MetricsQuery,
  incoming: IncomingMessages,
): Promise<unknown> {
  const location = incoming.namespaces().find(({ name }) => name.toLowerCase() === namespace.toLowerCase());
  return {
    starttime: time(query.span.fromMs),
    endtime: time(query.span.toMs),
    interval: query.interval,
    namespace: 'microsoft.eventhub/namespaces',
    resourceregion: location?.location,
    resourceid: resourceId,
    value: [
      {
        id: `${resourceId}/providers/Microsoft.Insights/metrics/IncomingMessages`,
        type: 'Microsoft.Insights/metrics',
        name: { value: 'IncomingMessages', localizedValue: 'Incoming Messages' },
        displayDescription: 'Incoming Messages for Microsoft.EventHub.',
        unit: 'Count',
        timeseries: await seriesOf(namespace, query, incoming),
        errorCode: 'Success',
      },
    ],
  };
}

/** Without a filter one series of the namespace; with one a series for each hub that took something in (assumption). */
async function seriesOf(
  namespace: string,
  query: MetricsQuery,
  incoming: IncomingMessages,
): Promise<unknown[]> {
  const hubs = incoming.hubs(namespace) ?? [];
  const { grains, entities } = query;
  const counted: { readonly name: string; readonly counts: readonly number[]; readonly total: number }[] = [];
  for (const { name } of hubs) {
    if (entities !== undefined && entities !== 'all' && !entities.has(name.toLowerCase())) continue;
    const counts = await incoming.count(namespace, name, grains);
    counted.push({ name, counts, total: counts.reduce((sum, count) => sum + count, 0) });
  }
  if (entities === undefined) {
    const sums = Array.from({ length: grains.grainCount }, (_, at) =>
      counted.reduce((sum, { counts }) => sum + (counts[at] ?? 0), 0),
    );
    return [{ metadatavalues: [], data: dataOf(sums, query) }];
  }
  return counted
    .filter(({ total }) => total > 0)
    .sort((left, right) => right.total - left.total)
    .slice(0, query.top)
    .map(({ name, counts }) => ({
      metadatavalues: [{ name: { value: 'entityname', localizedValue: 'entityname' }, value: name }],
      data: dataOf(counts, query),
    }));
}

function dataOf(counts: readonly number[], { grains }: MetricsQuery): unknown[] {
  return counts.map((total, at) => ({ timeStamp: time(grains.fromMs + at * grains.grainMs), total }));
}

function time(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
