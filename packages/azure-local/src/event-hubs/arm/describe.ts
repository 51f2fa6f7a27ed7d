/** Resources as ARM shows them. */
import type { ConsumerGroupRecord, Hub } from '../hub.ts';
import type { NamespaceRecord } from '../hub-store.ts';

type Scope = { readonly subscription: string; readonly resourceGroup: string };

const FOR_EVER_HOURS = -1;
export const DEFAULT_LOCATION = 'local';

function namespaceId({ subscription, resourceGroup }: Scope, namespace: string): string {
  const group = resourceGroup === '' ? '' : `/resourceGroups/${resourceGroup}`;
  return `/subscriptions/${subscription}${group}/providers/Microsoft.EventHub/namespaces/${namespace}`;
}

export function describeNamespace(scope: Scope, record: NamespaceRecord): unknown {
  return {
    id: namespaceId(scope, record.name),
    name: record.name,
    type: 'Microsoft.EventHub/Namespaces',
    location: record.location ?? DEFAULT_LOCATION,
    sku: { name: 'Standard', tier: 'Standard', capacity: 1 },
    properties: {
      provisioningState: 'Succeeded',
      status: 'Active',
      createdAt: time(record.createdAtMs),
      updatedAt: time(record.createdAtMs),
      serviceBusEndpoint: `https://${record.name}.servicebus.windows.net:443/`,
    },
  };
}

export function describeHub(scope: Scope, hub: Hub): unknown {
  const { record } = hub;
  const hours = record.retentionHours;
  return {
    id: `${namespaceId(scope, hub.namespace)}/eventhubs/${record.name}`,
    name: record.name,
    type: 'Microsoft.EventHub/namespaces/eventhubs',
    properties: {
      partitionCount: record.partitionCount,
      partitionIds: hub.partitions.map((_, partition) => String(partition)),
      status: 'Active',
      createdAt: time(record.createdAtMs),
      updatedAt: time(record.updatedAtMs),
      ...(hours === null ? {} : { messageRetentionInDays: Math.ceil(hours / 24) }),
      retentionDescription: { cleanupPolicy: 'Delete', retentionTimeInHours: hours ?? FOR_EVER_HOURS },
      ...(record.userMetadata === null ? {} : { userMetadata: record.userMetadata }),
    },
  };
}

export function describeConsumerGroup(scope: Scope, hub: Hub, group: ConsumerGroupRecord): unknown {
  return {
    id: `${namespaceId(scope, hub.namespace)}/eventhubs/${hub.name}/consumergroups/${group.name}`,
    name: group.name,
    type: 'Microsoft.EventHub/namespaces/eventhubs/consumergroups',
    properties: {
      createdAt: time(group.createdAtMs),
      updatedAt: time(group.updatedAtMs),
      ...(group.userMetadata === undefined ? {} : { userMetadata: group.userMetadata }),
    },
  };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
