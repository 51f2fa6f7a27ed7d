import { type Detector, signalOf } from '../detector.ts';
import type { Gap, Observation } from '../observation.ts';

const REMEMBERED_MS = 7 * 24 * 60 * 60 * 1000;

/** Events that left a hub before they were read (I11). Nothing brings them back: it ends when a person has seen it. */
export const gap: Detector = {
  detect: (o) =>
    o.gaps
      .filter((each) => o.nowMs - each.atMs < REMEMBERED_MS && !isAcknowledged(o, causeOf(each)))
      .map((each) => {
        const { source, partition, first, last, atMs } = each;
        const events = BigInt(last) - BigInt(first) + 1n;
        return signalOf({
          cause: causeOf(each),
          kind: 'gap',
          severity: 'critical',
          title: `${events} events of partition ${partition} of ${source} expired before they were read`,
          targets: [`source:${source}`],
          evidence: { source, partition, first, last, events: Number(events), sinceMs: atMs },
        });
      }),
  isGone: (_, { acknowledgedBy }) => acknowledgedBy !== undefined,
};

function causeOf({ source, partition, first }: Gap): string {
  return `gap:${source}/${partition}/${first}`;
}

function isAcknowledged(o: Observation, cause: string): boolean {
  return [...o.control.incidents.values()].some(
    (incident) => incident.cause === cause && incident.acknowledgedBy !== undefined,
  );
}
