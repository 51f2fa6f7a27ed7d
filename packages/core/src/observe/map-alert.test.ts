import { type Alert, parseAlert } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import { shopPipeline } from '../recover/testing/recovery-world.ts';
import { mapAlert, type ResourceTargets, unknownTargets } from './map-alert.ts';

const pipeline = shopPipeline();
const OWN = '11111111-2222-3333-4444-555555555555';
const scope = { subscriptionId: OWN, storageAccount: 'retaillake' };
const id = (rest: string, subscription = OWN) =>
  `/subscriptions/${subscription}/resourceGroups/Retail/providers/${rest}`;

function alertOn(
  resourceIds: readonly string[],
  parts: { signalType?: string; items?: string[]; dimensions?: unknown } = {},
): Alert {
  const parsed = parseAlert({
    schemaId: 'azureMonitorCommonAlertSchema',
    data: {
      essentials: {
        alertId: 'a',
        alertRule: 'r',
        severity: 'Sev2',
        signalType: parts.signalType ?? 'Metric',
        monitorCondition: 'Fired',
        monitoringService: 'Platform',
        alertTargetIDs: resourceIds,
        configurationItems: parts.items ?? [],
        firedDateTime: '2026-11-22T07:00:00Z',
      },
      alertContext: { condition: { allOf: [{ metricName: 'm', dimensions: parts.dimensions ?? [] }] } },
    },
  });
  if (parsed.kind === 'refused') throw new Error(parsed.reason);
  return parsed.alert;
}

function targets(alert: Alert, resources: ResourceTargets = {}): readonly string[] | string {
  const mapped = mapAlert(alert, resources, pipeline, scope);
  return mapped.kind === 'mapped' ? mapped.targets : mapped.code;
}

describe('an alert is mapped by its resource', () => {
  it('as the agent is told, whatever the case of the id', () => {
    const written = {
      [id('Microsoft.Storage/storageAccounts/X/').toUpperCase()]: ['silver.orders', 'source:vendors'],
    };
    expect(targets(alertOn([id('microsoft.storage/storageaccounts/x')]), written)).toEqual([
      'silver.orders',
      'source:vendors',
    ]);
    expect(
      targets(alertOn([id('microsoft.storage/storageaccounts/x/blobServices/default')]), written),
    ).toEqual(['silver.orders', 'source:vendors']);
  });

  it('by whole segments, and by the longest prefix', () => {
    const written = {
      '/subscriptions/s': ['gold.sales'],
      '/subscriptions/s/resourcegroups/r': ['silver.orders'],
    };
    expect(targets(alertOn(['/subscriptions/s/resourceGroups/r/providers/a/b/c']), written)).toEqual([
      'silver.orders',
    ]);
    expect(targets(alertOn(['/subscriptions/s/resourceGroups/r2/providers/a/b/c']), written)).toEqual([
      'gold.sales',
    ]);
    expect(targets(alertOn(['/subscriptions/s2']), written)).toBe('foreign-resource');
  });

  it('to a hub, a factory and the lake by the names of the pipeline file', () => {
    expect(targets(alertOn([id('Microsoft.EventHub/namespaces/Retail-Events')]))).toEqual(['source:orders']);
    expect(targets(alertOn([id('Microsoft.EventHub/namespaces/retail-events/eventhubs/orders')]))).toEqual([
      'source:orders',
    ]);
    expect(targets(alertOn([id('Microsoft.EventHub/namespaces/retail-events/eventhubs/other')]))).toBe(
      'foreign-resource',
    );
    expect(targets(alertOn([id('Microsoft.DataFactory/factories/retail-factory')]))).toEqual([
      'source:vendors',
    ]);
    expect(targets(alertOn([id('Microsoft.Storage/storageAccounts/RetailLake')]))).toEqual(['all']);
  });

  it('to the hub or the copy that a dimension of its metric names', () => {
    const hub = id('Microsoft.EventHub/namespaces/retail-events');
    const dimension = (name: string, value: string) => ({ dimensions: [{ name, value }] });
    expect(targets(alertOn([hub], dimension('EntityName', 'Orders')))).toEqual(['source:orders']);
    expect(targets(alertOn([hub], dimension('EntityName', 'clicks')))).toBe('foreign-resource');
    const factory = id('Microsoft.DataFactory/factories/retail-factory');
    expect(targets(alertOn([factory], dimension('Name', 'copy-vendors')))).toEqual(['source:vendors']);
  });

  it('of a log search to what its items name, as its resource is only the workspace', () => {
    const workspace = id('Microsoft.OperationalInsights/workspaces/logs');
    expect(targets(alertOn([workspace], { signalType: 'Log', items: ['Retail-Factory'] }))).toEqual([
      'source:vendors',
    ]);
    expect(targets(alertOn([workspace], { signalType: 'Log', items: [] }))).toBe('foreign-resource');
    const asId = alertOn([workspace], {
      signalType: 'Log',
      items: [id('Microsoft.DataFactory/factories/retail-factory')],
    });
    expect(targets(asId)).toEqual(['source:vendors']);
  });

  it('never to a resource of the same name in another subscription', () => {
    const foreign = id(
      'Microsoft.Storage/storageAccounts/retaillake',
      '99999999-2222-3333-4444-555555555555',
    );
    const mapped = mapAlert(alertOn([foreign]), {}, pipeline, scope);
    expect(mapped).toMatchObject({
      kind: 'refused',
      code: 'foreign-resource',
      remedy: expect.stringContaining('resources'),
    });
  });

  it('not to targets that the pipeline does not have, which are told at the start', () => {
    const written = { '/subscriptions/s': ['silver.none', 'gold.sales'] };
    expect(targets(alertOn(['/subscriptions/s']), written)).toEqual(['gold.sales']);
    expect(unknownTargets(written, pipeline)).toEqual(['/subscriptions/s: silver.none']);
    expect(
      unknownTargets({ x: ['all', 'gold', 'silver.orders@2026-11-22', 'backfill:12345678'] }, pipeline),
    ).toEqual(['x: backfill:12345678']);
  });

  it('with the type of the resource that led to it', () => {
    const both = alertOn([
      id('Microsoft.Compute/virtualMachines/m'),
      id('Microsoft.DataFactory/factories/retail-factory'),
    ]);
    expect(mapAlert(both, {}, pipeline, scope)).toMatchObject({
      resourceType: 'microsoft.datafactory/factories',
    });
  });
});
