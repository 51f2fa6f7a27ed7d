import type { Severity } from '@lakewarden/contracts';
import { type Detector, signalOf } from '../detector.ts';

const SEVERITY_OF: Readonly<Record<string, Severity>> = {
  storage: 'critical',
  ledger: 'critical',
  monitor: 'warning',
};

/** A dependency does not answer; its work is parked. One cause for all that follows from it. */
export const breakerOpen: Detector = {
  detect: (o) =>
    o.breakers
      .filter(({ state }) => state !== 'closed')
      .map(({ dependency, since, failures, lastError }) => {
        const waiting = [...o.parked].filter(([, on]) => on === dependency).map(([what]) => what);
        return signalOf({
          cause: `breaker-open:${dependency}`,
          kind: 'breaker-open',
          severity: SEVERITY_OF[dependency] ?? 'error',
          title: `${dependency} does not answer: work on it is parked`,
          targets: waiting,
          evidence: {
            dependency,
            failures,
            sinceMs: Date.parse(since),
            ...(lastError !== undefined && { reason: lastError }),
          },
        });
      }),
  isGone: (o, { cause }) =>
    o.breakers.some(({ dependency, state }) => cause === `breaker-open:${dependency}` && state === 'closed'),
};
