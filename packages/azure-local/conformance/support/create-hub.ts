import type { ConformanceTarget, LocalControls } from './target.ts';

/** A hub of namespace `retail-events`, made through ARM. Local only. */
export async function createHub(
  target: ConformanceTarget,
  hub: string,
  partitionCount: number,
): Promise<void> {
  const { endpoints } = (target.local as LocalControls).azure;
  const token = await target.credential.getToken('https://management.azure.com/.default');
  const base = `${endpoints.arm.http}/subscriptions/${endpoints.subscriptionId}/resourceGroups/${endpoints.resourceGroup}/providers/Microsoft.EventHub/namespaces/retail-events`;
  for (const [path, body] of [
    ['', { location: 'westeurope' }],
    [`/eventhubs/${hub}`, { properties: { partitionCount, messageRetentionInDays: 1 } }],
  ] as const) {
    const answer = await fetch(`${base}${path}?api-version=2024-01-01`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token?.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`PUT ${path}: ${answer.status} ${await answer.text()}`);
  }
}
