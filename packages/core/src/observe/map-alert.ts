import type { Pipeline } from '@lakewarden/compute';
import { type Alert, type AlertRefusal, typeOfResource } from '@lakewarden/contracts';
import { isTargetOf } from './lineage.ts';

/** Where the agent's own Azure resources are: an alert about any other one is refused (reliability.md F60). */
export interface AzureScope {
  readonly subscriptionId: string;
  readonly storageAccount: string;
}

/** Azure resource id, or a prefix of one → targets, as the agent's file says it. */
export type ResourceTargets = Readonly<Record<string, readonly string[]>>;

export type AlertMapping =
  | {
      readonly kind: 'mapped';
      /** Targets of this pipeline, at least one. */
      readonly targets: readonly string[];
      /** The id among the alert's that led to them. */
      readonly resourceId: string;
      readonly resourceType: string;
    }
  | AlertRefusal;

/** What is written wins over what can be derived; of what is written, the longest prefix wins. */
export function mapAlert(
  alert: Alert,
  resources: ResourceTargets,
  pipeline: Pipeline,
  scope: AzureScope,
): AlertMapping {
  for (const find of [writtenTargets(resources, pipeline), derivedTargets(alert, pipeline, scope)]) {
    const found = alert.resourceIds.map((id) => ({ id, targets: find(id) }));
    const targets = [...new Set(found.flatMap((each) => each.targets))];
    const first = found.find((each) => each.targets.length > 0);
    if (first !== undefined) {
      return { kind: 'mapped', targets, resourceId: first.id, resourceType: typeOfResource(first.id) };
    }
  }
  return {
    kind: 'refused',
    code: 'foreign-resource',
    reason: `foreign resource: ${alert.resourceIds[0]?.slice(0, 200)}`,
    remedy: 'map the resource id to targets under "resources" in the agent\'s file',
  };
}

/** Written targets that this pipeline does not have, as `resource id: target`; the agent says them at its start. */
export function unknownTargets(resources: ResourceTargets, pipeline: Pipeline): readonly string[] {
  return Object.entries(resources).flatMap(([id, targets]) =>
    targets.filter((target) => !isTargetOf(pipeline, target)).map((target) => `${id}: ${target}`),
  );
}

type FindTargets = (resourceId: string) => readonly string[];

function writtenTargets(resources: ResourceTargets, pipeline: Pipeline): FindTargets {
  const prefixes = Object.entries(resources)
    .map(([id, targets]) => ({ id: id.toLowerCase().replace(/\/+$/, ''), targets }))
    .sort((a, b) => b.id.length - a.id.length);
  return (resourceId) => {
    const written = prefixes.find(({ id }) => resourceId === id || resourceId.startsWith(`${id}/`));
    return written?.targets.filter((target) => isTargetOf(pipeline, target)) ?? [];
  };
}

/**
 * By the names of the pipeline file, in the agent's own subscription only. A dimension of a metric may say which hub or
 * which pipeline of a factory is meant; a log alert may name it among its items, with the workspace as its resource.
 */
function derivedTargets(alert: Alert, pipeline: Pipeline, scope: AzureScope): FindTargets {
  const { EntityName = '', Name = '' } = alert.metric?.dimensions ?? {};
  const own = `/subscriptions/${scope.subscriptionId.toLowerCase()}/`;
  return (resourceId) => {
    if (!resourceId.startsWith(own)) return [];
    const [, provider = ''] = resourceId.split('/providers/').slice(-2);
    const [namespace, type, name = '', , child = ''] = provider.split('/');
    switch (`${namespace}/${type}`) {
      case 'microsoft.storage/storageaccounts':
        return name === scope.storageAccount.toLowerCase() ? ['all'] : [];
      case 'microsoft.eventhub/namespaces':
        return hubTargets(pipeline, name, child || EntityName);
      case 'microsoft.datafactory/factories':
        return factoryTargets(pipeline, name, child || Name);
      case 'microsoft.operationalinsights/workspaces':
        return alert.items.flatMap((item) => [
          ...factoryTargets(pipeline, item, ''),
          ...hubTargets(pipeline, item, ''),
        ]);
      default:
        return [];
    }
  };
}

function hubTargets(pipeline: Pipeline, namespace: string, hub: string): readonly string[] {
  return pipeline.sources.flatMap((source) =>
    source.kind === 'event-hub' &&
    isSame(source.namespace, namespace) &&
    (hub === '' || isSame(source.hub, hub))
      ? [`source:${source.name}`]
      : [],
  );
}

function factoryTargets(pipeline: Pipeline, factory: string, copy: string): readonly string[] {
  return pipeline.sources.flatMap((source) =>
    source.kind === 'data-factory' &&
    isSame(source.factory, factory) &&
    (copy === '' || isSame(source.pipeline, copy))
      ? [`source:${source.name}`]
      : [],
  );
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
