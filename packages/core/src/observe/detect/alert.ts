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
    const answeredMs = answersOf(o);
    for (const each of o.alerts) {
      const cause = causeOf(each);
      if (each.receivedMs <= (answeredMs.get(cause) ?? Number.NEGATIVE_INFINITY)) continue;
      const known = byCause.get(cause);
      if (known === undefined) byCause.set(cause, [each]);
      else known.push(each);
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
            sinceMs: alerts.reduce((first, { firedMs }) => Math.min(first, firedMs), newest.firedMs),
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

/** By cause, when its last incident ended. */
function answersOf({ control }: Observation): ReadonlyMap<string, number> {
  const answers = new Map<string, number>();
  for (const { cause, kind, state, endedAt } of control.incidents.values()) {
    if (kind !== 'alert' || state !== 'resolved' || endedAt === undefined) continue;
    answers.set(cause, Math.max(answers.get(cause) ?? 0, Date.parse(endedAt)));
  }
  return answers;
}

function severityOf(text: string): Severity {
  return SEVERITIES.find((severity) => severity === text) ?? 'warning';
}
