/** Just enough of Azure Resource Manager to make and remove hubs, locally and on a real subscription. */
import { createDefaultHttpClient, createPipelineRequest, type HttpMethods } from '@azure/core-rest-pipeline';
import type { ConformanceTarget } from './support/target.ts';

export type ArmAnswer = { readonly status: number; readonly body: unknown };

/** `path` is relative to the namespace: `/eventhubs/orders`. */
export async function callArm(
  target: ConformanceTarget,
  method: HttpMethods,
  path: string,
  body?: unknown,
): Promise<ArmAnswer> {
  const { subscriptionId, resourceGroup, clientOptions } = target.arm;
  const token = await target.credential.getToken('https://management.azure.com/.default');
  const namespace = `https://management.azure.com/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.EventHub/namespaces/${target.eventHubs.namespace}`;
  const request = createPipelineRequest({ method, url: `${namespace}${path}?api-version=2024-01-01` });
  request.headers.set('authorization', `Bearer ${token?.token}`);
  if (body !== undefined) {
    request.headers.set('content-type', 'application/json');
    request.body = JSON.stringify(body);
  }
  const answer = await (clientOptions.httpClient ?? createDefaultHttpClient()).sendRequest(request);
  const text = answer.bodyAsText ?? '';
  return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
}

/** Makes a hub of 4 partitions and one more consumer group. */
export async function makeHub(target: ConformanceTarget, hub: string, group: string): Promise<void> {
  const properties = { partitionCount: 4, messageRetentionInDays: 1 };
  for (const [path, body] of [
    [`/eventhubs/${hub}`, { properties }],
    [`/eventhubs/${hub}/consumergroups/${group}`, { properties: {} }],
  ] as const) {
    const { status } = await callArm(target, 'PUT', path, body);
    if (status >= 300) throw new Error(`PUT ${path}: ${status}`);
  }
}
