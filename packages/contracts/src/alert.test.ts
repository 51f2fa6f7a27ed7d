import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Alert, alertSchema, parseAlert, typeOfResource } from './alert.ts';

const SAMPLES = new URL('../../../../shared/alerts/', import.meta.url);
const available = existsSync(SAMPLES);

const HUB =
  '/subscriptions/11111111-2222-3333-4444-555555555555/resourcegroups/retail/providers/microsoft.eventhub/namespaces/retail-events';

interface Parts {
  readonly essentials?: Record<string, unknown>;
  readonly context?: unknown;
  readonly data?: Record<string, unknown>;
  readonly without?: readonly string[];
}

/** A metric alert on the hubs of a retailer, with parts of it replaced. */
function payload({ essentials = {}, context, data = {}, without = [] }: Parts = {}): unknown {
  const all: Record<string, unknown> = {
    alertId:
      '/subscriptions/11111111-2222-3333-4444-555555555555/providers/Microsoft.AlertsManagement/alerts/a1',
    alertRule: 'orders-incoming-low',
    severity: 'Sev2',
    signalType: 'Metric',
    monitorCondition: 'Fired',
    monitoringService: 'Platform',
    alertTargetIDs: [HUB],
    configurationItems: ['retail-events'],
    originAlertId: 'o-1',
    firedDateTime: '2026-11-22T07:00:12.8510000Z',
    description: 'No orders for ten minutes',
    ...essentials,
  };
  for (const key of without) delete all[key];
  const alertContext = context ?? {
    properties: null,
    conditionType: 'SingleResourceMultipleMetricCriteria',
    condition: {
      windowSize: 'PT5M',
      allOf: [
        {
          metricName: 'IncomingMessages',
          operator: 'LessThan',
          threshold: '1',
          timeAggregation: 'Total',
          dimensions: [{ name: 'EntityName', value: 'orders' }],
          metricValue: 0,
        },
      ],
    },
  };
  return { schemaId: 'azureMonitorCommonAlertSchema', data: { essentials: all, alertContext, ...data } };
}

function alertOf(value: unknown): Alert {
  const parsed = parseAlert(value);
  if (parsed.kind === 'refused') throw new Error(`${parsed.code}: ${parsed.reason}`);
  return alertSchema.parse(parsed.alert);
}

function refusalOf(value: unknown): string {
  const parsed = parseAlert(value);
  if (parsed.kind === 'alert') throw new Error('was taken');
  expect(parsed.remedy.length).toBeGreaterThan(10);
  return `${parsed.code}: ${parsed.reason}`;
}

describe.skipIf(!available && process.env.CI === undefined)(
  'samples of Microsoft (in ../shared/alerts)',
  () => {
    const read = (name: string) => JSON.parse(readFileSync(new URL(name, SAMPLES), 'utf8'));

    it('are all read', () => {
      for (const name of readdirSync(SAMPLES)) expect(alertOf(read(name)).resourceIds.length, name).toBe(1);
    });

    it('of a metric give what crossed which threshold', () => {
      expect(alertOf(read('metric_static_fired_full.json'))).toMatchObject({
        rule: 'test-metricAlertRule',
        severity: 'info',
        azureSeverity: 'Sev4',
        signalType: 'metric',
        condition: 'Fired',
        resourceType: 'microsoft.storage/storageaccounts',
        firedAt: '2025-04-15T18:17:12.851Z',
        metric: {
          name: 'Transactions',
          operator: 'GreaterThan',
          threshold: 0,
          value: 100,
          dimensions: { ApiName: 'GetBlob' },
        },
        customProperties: { customKey1: 'value1', customKey2: 'value2' },
      });
    });

    it('of a resolved metric give when it was over', () => {
      expect(alertOf(read('metric_static_resolved_full.json'))).toMatchObject({
        condition: 'Resolved',
        firedAt: '2019-03-22T13:58:24.371Z',
        resolvedAt: '2019-03-22T14:03:16.224Z',
        metric: { threshold: 25, value: 7.727 },
        customProperties: { Key1: 'Value1', Key2: 'Value2' },
      });
    });

    it('of a log search keep the names beside the workspace, and the properties of the context', () => {
      expect(alertOf(read('log_search_v2_full.json'))).toMatchObject({
        signalType: 'log',
        resourceType: 'microsoft.operationalinsights/workspaces',
        items: ['test-computer'],
        customProperties: { customKey1: 'value1' },
        metric: { name: '', threshold: 0, value: 3 },
      });
    });

    it('of the activity log have no metric', () => {
      const alert = alertOf(read('activity_log_administrative_full.json'));
      expect(alert).toMatchObject({
        signalType: 'activity-log',
        resourceType: 'microsoft.compute/virtualmachines',
      });
      expect(alert.metric).toBeUndefined();
    });
  },
);

describe('an alert of Azure Monitor', () => {
  it('is the same alert however often it is delivered', () => {
    expect(alertOf(payload()).id).toBe(alertOf(payload()).id);
    expect(alertOf(payload({ essentials: { description: 'other words' } })).id).toBe(alertOf(payload()).id);
  });

  it('is another one when it fires again, and when it is resolved', () => {
    const ids = [
      payload(),
      payload({ essentials: { firedDateTime: '2026-11-22T08:00:00Z' } }),
      payload({ essentials: { monitorCondition: 'Resolved' } }),
      payload({ essentials: { monitorCondition: 'Resolved', resolvedDateTime: '2026-11-22T08:00:00Z' } }),
      payload({ essentials: { alertId: 'other' } }),
    ].map((each) => alertOf(each).id);
    expect(new Set(ids).size).toBe(5);
  });

  it('shares its correlation with the one that resolves it, and with no alert on another resource', () => {
    const fired = alertOf(payload());
    const resolved = payload({
      essentials: { monitorCondition: 'Resolved', alertId: 'other', alertTargetIDs: [HUB.toUpperCase()] },
    });
    expect(alertOf(resolved).correlation).toBe(fired.correlation);
    expect(alertOf(payload({ essentials: { alertTargetIDs: [`${HUB}-2`] } })).correlation).not.toBe(
      fired.correlation,
    );
  });

  it('is read without alertId, alertRuleId, configurationItems, window times and resolvedDateTime', () => {
    const bare = payload({
      essentials: { monitorCondition: 'Resolved' },
      without: ['alertId', 'configurationItems', 'description'],
    });
    expect(alertOf(bare)).toMatchObject({ items: [], description: '' });
    expect(alertOf(bare).resolvedAt).toBeUndefined();
  });

  it('compares resource ids without case', () => {
    expect(
      alertOf(payload({ essentials: { alertTargetIDs: [HUB.toUpperCase(), HUB] } })).resourceIds,
    ).toEqual([HUB]);
  });

  it('has the same type as "Activity Log" and as "ActivityLog"', () => {
    for (const signalType of ['Activity Log', 'ActivityLog']) {
      expect(alertOf(payload({ essentials: { signalType } })).signalType).toBe('activity-log');
    }
  });

  it('may come from Resource Health, spelled either way, or from ServiceHealth with numbers for texts', () => {
    for (const monitoringService of ['Resource Health', 'ResourceHealth', 'ServiceHealth']) {
      const alert = payload({
        essentials: { signalType: 'Activity Log', monitoringService },
        context: {
          channels: 1,
          eventSource: 2,
          level: 3,
          properties: { impactedServices: '[{"a":1}]', stage: 'Active', list: [1] },
        },
        without: ['configurationItems'],
      });
      expect(alertOf(alert).customProperties).toEqual({ impactedServices: '[{"a":1}]', stage: 'Active' });
    }
  });

  it('gives a threshold as a number whether it was a text or a number, and one spelling of an operator', () => {
    const criterion = (threshold: unknown, operator: string) => ({
      condition: { allOf: [{ metricName: 'm', threshold, operator, metricValue: '7.5', dimensions: null }] },
    });
    expect(alertOf(payload({ context: criterion('25', 'Greater Than') })).metric).toMatchObject({
      threshold: 25,
      value: 7.5,
      operator: 'GreaterThan',
    });
    expect(alertOf(payload({ context: criterion(25, 'GreaterThan') })).metric).toMatchObject({
      threshold: 25,
      operator: 'GreaterThan',
    });
    expect(
      alertOf(payload({ context: criterion('dynamic', 'GreaterOrLessThan') })).metric?.threshold,
    ).toBeUndefined();
  });

  it('of a dynamic threshold and of a simple log search with empty fields is read', () => {
    const dynamic = {
      conditionType: 'DynamicThresholdCriteria',
      condition: {
        allOf: [
          {
            alertSensitivity: 'High',
            failingPeriods: {},
            metricName: 'm',
            operator: 'GreaterThan',
            threshold: '1.2',
            metricValue: 2,
          },
        ],
      },
    };
    expect(alertOf(payload({ context: dynamic })).metric).toMatchObject({
      name: 'm',
      threshold: 1.2,
      dimensions: {},
    });
    const simple = {
      condition: {
        allOf: [{ searchQuery: 'x', operator: null, threshold: null, metricValue: null, dimensions: null }],
      },
    };
    expect(
      alertOf(
        payload({ essentials: { signalType: 'Log', monitoringService: 'Log Alerts V2' }, context: simple }),
      ).metric,
    ).toMatchObject({ operator: '' });
    expect(alertOf(payload({ context: 'nonsense' })).metric).toBeUndefined();
  });

  it('of a log search counts resource ids among its configuration items as what it is about', () => {
    const factory =
      '/subscriptions/s/resourceGroups/r/providers/Microsoft.DataFactory/factories/retail-factory';
    const alert = alertOf(
      payload({ essentials: { signalType: 'Log', configurationItems: [factory, 'Retail-Factory', ''] } }),
    );
    expect(alert.resourceIds).toEqual([HUB, factory.toLowerCase()]);
    expect(alert.items).toEqual(['retail-factory']);
  });

  it('takes custom values from the data before those of the context', () => {
    const alert = payload({
      context: { properties: { team: 'a', only: 'here' } },
      data: { customProperties: { team: 'b', n: 5, nested: { x: 1 } } },
    });
    expect(alertOf(alert).customProperties).toEqual({ team: 'b', only: 'here', n: '5' });
  });

  it('tells the type of a resource in a resource', () => {
    expect(typeOfResource(`${HUB}/eventhubs/orders`)).toBe('microsoft.eventhub/namespaces/eventhubs');
    expect(typeOfResource('/subscriptions/1')).toBe('');
    expect(typeOfResource('')).toBe('');
  });
});

describe('a body that is no alert for us is refused', () => {
  const CASES: readonly (readonly [name: string, expected: RegExp, value: unknown])[] = [
    ['text', /^not-an-alert/, 'alert'],
    ['null', /^not-an-alert/, null],
    ['a list', /^not-an-alert/, [payload()]],
    ['an empty object', /^not-an-alert: there is no schemaId/, {}],
    [
      'the legacy metric payload',
      /^legacy-schema: this is the legacy payload AzureMonitorMetricAlert/,
      { schemaId: 'AzureMonitorMetricAlert', data: {} },
    ],
    [
      'the legacy activity log payload',
      /^legacy-schema.*Microsoft.Insights\/activityLogs/,
      { schemaId: 'Microsoft.Insights/activityLogs', data: {} },
    ],
    [
      'a legacy payload without schemaId',
      /^legacy-schema/,
      { SubscriptionId: 's', SearchQuery: 'x', ResultCount: 1 },
    ],
    ['a classic metric payload', /^legacy-schema/, { status: 'Activated', context: {} }],
    ['another schema', /^unknown-schema: "grafana"/, { schemaId: 'grafana' }],
    ['no data', /^invalid-alert: data.essentials/, { schemaId: 'azureMonitorCommonAlertSchema' }],
    [
      'a budget alert with nulls',
      /^unsupported-alert: budget alerts name no resource/,
      payload({
        essentials: {
          severity: null,
          alertRule: null,
          signalType: null,
          alertTargetIDs: null,
          monitoringService: 'CostAlerts',
        },
      }),
    ],
    [
      'a log alert of version 1',
      /^unsupported-alert: log alerts of version 1/,
      payload({ essentials: { monitoringService: 'Log Analytics', signalType: 'Log' } }),
    ],
    [
      'one of Application Insights',
      /^unsupported-alert: log alerts of version 1/,
      payload({ essentials: { monitoringService: 'Application Insights' } }),
    ],
    [
      'Prometheus',
      /^unsupported-alert: prometheus/,
      payload({ essentials: { monitoringService: 'Prometheus' } }),
    ],
    [
      'smart detection',
      /^unsupported-alert: smartdetector/,
      payload({ essentials: { monitoringService: 'SmartDetector' } }),
    ],
    ['an unknown signal', /^unsupported-alert: "Trace"/, payload({ essentials: { signalType: 'Trace' } })],
    [
      'a wrong severity',
      /^invalid-alert: data.essentials.severity/,
      payload({ essentials: { severity: 'High' } }),
    ],
    [
      'a wrong condition',
      /^invalid-alert: data.essentials.monitorCondition/,
      payload({ essentials: { monitorCondition: 'Activated' } }),
    ],
    [
      'a date of the US',
      /^invalid-alert: data.essentials.firedDateTime/,
      payload({ essentials: { firedDateTime: '3/22/2019 1:36:31 PM' } }),
    ],
    [
      'no date',
      /^invalid-alert: data.essentials.firedDateTime/,
      payload({ essentials: { firedDateTime: '2026-99-99T00:00:00Z' } }),
    ],
    [
      'no target',
      /^invalid-alert: data.essentials.alertTargetIDs/,
      payload({ essentials: { alertTargetIDs: [] } }),
    ],
    [
      '101 targets',
      /^invalid-alert: data.essentials.alertTargetIDs/,
      payload({ essentials: { alertTargetIDs: Array(101).fill(HUB) } }),
    ],
    [
      'a long rule',
      /^invalid-alert: data.essentials.alertRule/,
      payload({ essentials: { alertRule: 'x'.repeat(3_000) } }),
    ],
    [
      'neither id',
      /^invalid-alert: .*neither alertId nor originAlertId/,
      payload({ without: ['alertId', 'originAlertId'] }),
    ],
  ];
  for (const [name, expected, value] of CASES) {
    it(name, () => {
      expect(refusalOf(value)).toMatch(expected);
    });
  }

  it('when only its prototype is an alert', () => {
    const forged = JSON.parse(`{"__proto__": ${JSON.stringify(payload())}}`);
    expect(refusalOf(forged)).toMatch(/^not-an-alert/);
    expect(refusalOf(Object.create(payload() as object))).toMatch(/^not-an-alert/);
  });
});

it('never takes over a prototype, whatever the custom values are called', () => {
  const custom = JSON.parse('{"__proto__": {"admin": true}, "constructor": "x", "a": "1"}');
  const alert = alertOf(payload({ data: { customProperties: custom } }));
  expect(alert.customProperties).toEqual({ a: '1' });
  expect(Object.getPrototypeOf(alert.customProperties)).toBe(Object.prototype);
});

it('never throws, and takes in no more than a bound of anything', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (essentials, context, customProperties) => {
      const parts =
        typeof essentials === 'object' && essentials !== null ? (essentials as Record<string, unknown>) : {};
      const parsed = parseAlert(payload({ essentials: parts, context, data: { customProperties } }));
      expect(JSON.stringify(parsed).length).toBeLessThan(1_000_000);
    }),
    { numRuns: 500 },
  );
  const wide = Object.fromEntries(
    Array.from({ length: 5_000 }, (_, index) => [`k${index}`, 'v'.repeat(5_000)]),
  );
  const alert = alertOf(payload({ data: { customProperties: wide } }));
  expect(Object.keys(alert.customProperties)).toHaveLength(50);
  expect(alert.customProperties.k0).toHaveLength(2_048);
});
