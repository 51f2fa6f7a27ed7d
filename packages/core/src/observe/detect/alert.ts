import { SEVERITIES, type Severity } from '@lakewarden/contracts';
import { type Detector, signalOf } from '../detector.ts';
import type { ActiveAlert, Observation } from '../observation.ts';
import { shortHash } from '../short-hash.ts';

/**
 * Alerts of Azure Monitor that are still on. One rule on one resource is one cause, however often it fires. An alert that
 * came before the last incident of its cause ended is answered: Azure says only minutes later that it is over.
 */
export const alert: Detector = {
  detect(o) {
    const byCause = new Map<string, ActiveAlert[]>();
    const causeOf = causesOf(o.alerts);
    for (const each of o.alerts) {
      const cause = causeOf(each);
      if (each.receivedMs <= answeredMs(o, cause)) continue;
      byCause.set(cause, [...(byCause.get(cause) ?? []), each]);
    }
    return [...byCause].flatMap(([cause, alerts]) => {
      const newest = alerts.reduce((a, b) => (b.receivedMs >= a.receivedMs ? b : a));
      return [
        signalOf({
          cause,
          kind: 'alert',
          severity: severityOf(newest.severity),
          title: `Azure Monitor: ${newest.rule}`,
          targets: alerts.flatMap(({ targets }) => [...targets]),
          evidence: {
            alert: newest.alert,
            rule: newest.rule,
            resourceId: newest.resourceId,
            resourceType: newest.resourceType,
            firedMs: newest.firedMs,
            receivedMs: newest.receivedMs,
            sinceMs: Math.min(...alerts.map(({ firedMs }) => firedMs)),
            alerts: alerts.length,
          },
        }),
      ];
    });
  },
  isGone: () => true,
};

export function alertCause(rule: string, resourceId: string): string {
  const text = rule.toLowerCase();
  const name = text.length <= RULE_LENGTH_MAX ? text : `${text.slice(0, RULE_LENGTH_MAX)}-${shortHash(text)}`;
  return `alert:${name}@${resourceId.toLowerCase()}`;
}

const RULE_LENGTH_MAX = 100;
/** So many rules that fire on one resource are a storm about that resource, not so many causes (F57). */
const RULES_MAX = 20;

function causesOf(alerts: readonly ActiveAlert[]): (alert: ActiveAlert) => string {
  const rules = new Map<string, Set<string>>();
  for (const { rule, resourceId } of alerts) {
    const known = rules.get(resourceId) ?? new Set();
    rules.set(resourceId, known.add(rule.toLowerCase()));
  }
  return ({ rule, resourceId }) => {
    const isStorm = (rules.get(resourceId)?.size ?? 0) > RULES_MAX;
    return alertCause(isStorm ? '*' : rule, resourceId);
  };
}

function answeredMs(o: Observation, cause: string): number {
  const ends = [...o.control.incidents.values()]
    .filter((incident) => incident.cause === cause && incident.state === 'resolved')
    .map(({ endedAt }) => Date.parse(endedAt ?? ''));
  return Math.max(Number.NEGATIVE_INFINITY, ...ends.filter(Number.isFinite));
}

function severityOf(text: string): Severity {
  return SEVERITIES.find((severity) => severity === text) ?? 'warning';
}
