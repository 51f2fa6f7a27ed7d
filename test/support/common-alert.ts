import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ROOT } from './paths.ts';

export interface AlertOptions {
  readonly rule: string;
  /** Azure resource id that it is about. */
  readonly resource: string;
  readonly firedAt?: string;
}

/** A metric alert of our own, in Azure Monitor's common schema. */
export function commonAlert({ rule, resource, firedAt = '2026-01-15T10:00:00Z' }: AlertOptions): unknown {
  const [, subscription = ''] = /^\/subscriptions\/([^/]+)/.exec(resource) ?? [];
  const name = rule.replaceAll(' ', '-');
  return {
    schemaId: 'azureMonitorCommonAlertSchema',
    data: {
      essentials: {
        alertId: `/subscriptions/${subscription}/providers/Microsoft.AlertsManagement/alerts/${name}`,
        alertRule: rule,
        severity: 'Sev2',
        signalType: 'Metric',
        monitorCondition: 'Fired',
        monitoringService: 'Platform',
        alertTargetIDs: [resource],
        configurationItems: [resource.split('/').at(-1)],
        originAlertId: `${subscription}_${name}`,
        firedDateTime: firedAt,
        description: '',
        essentialsVersion: '1.0',
        alertContextVersion: '1.0',
      },
      alertContext: {
        conditionType: 'SingleResourceMultipleMetricCriteria',
        condition: { windowSize: 'PT5M', allOf: [], windowStartTime: firedAt, windowEndTime: firedAt },
      },
    },
  };
}

/** Microsoft's own samples lie beside the project and are never committed. */
export const SHARED_ALERTS = resolve(ROOT, '../shared/alerts');

export function sampleAlert(name: string): string {
  return readFileSync(resolve(SHARED_ALERTS, name), 'utf8');
}
