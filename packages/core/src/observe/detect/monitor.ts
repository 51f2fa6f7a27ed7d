import { type Detector, signalOf } from '../detector.ts';

/** Event Hubs counted more events into a hub than bronze has of that time. */
export const ingressMismatch: Detector = {
  detect(o, limits) {
    return o.ingress.flatMap(({ source, incoming, landed, sinceMs, untilMs }) => {
      const missing = incoming - landed;
      if (missing <= incoming * limits.ingressTolerance) return [];
      return [
        signalOf({
          cause: `ingress-mismatch:${source}`,
          kind: 'ingress-mismatch',
          severity: 'warning',
          title: `Event Hubs counted ${incoming} events into ${source}, ${landed} are in bronze`,
          targets: [`source:${source}`],
          evidence: { source, incoming, landed, missing, sinceMs, untilMs },
        }),
      ];
    });
  },
  isGone: (o, { cause }) => o.ingress.some(({ source }) => cause === `ingress-mismatch:${source}`),
};

/** A question of the pipeline file to Log Analytics was answered with too much. */
export const logRule: Detector = {
  detect: (o) =>
    o.pipeline.logRules.flatMap(({ name, severity, title, targets, above }) => {
      const seen = o.rules.find(({ rule }) => rule === name);
      if (seen === undefined || !seen.fired || seen.error !== undefined) return [];
      return [
        signalOf({
          cause: `log-rule:${name}`,
          kind: 'log-rule',
          severity,
          title,
          targets: [...targets],
          evidence: { rule: name, value: seen.value, above, sinceMs: seen.atMs },
        }),
      ];
    }),
  isGone: (o, { cause }) =>
    !o.pipeline.logRules.some(({ name }) => cause === `log-rule:${name}`) ||
    o.rules.some(({ rule, fired, error }) => cause === `log-rule:${rule}` && !fired && error === undefined),
};
