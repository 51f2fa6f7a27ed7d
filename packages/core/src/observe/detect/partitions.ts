import type { Incident, Signal } from '@lakewarden/contracts';
import { type DetectionLimits, type Detector, duration, plural, signalOf } from '../detector.ts';
import type { HubObservation, Observation, PartitionObservation } from '../observation.ts';
import { isStopped } from '../stopped.ts';

/** Events that the hub still holds and that are not landed. A partition that was never written has none (field.md, 7). */
export function unreadOf({ first, last, checkpoint }: PartitionObservation): bigint {
  if (last === undefined) return 0n;
  const from = checkpoint === undefined || checkpoint < first - 1n ? first - 1n : checkpoint;
  return last > from ? last - from : 0n;
}

/** How long something has been there to read without progress. */
function waitedMs(hub: HubObservation, partition: PartitionObservation): number {
  return unreadOf(partition) === 0n ? 0 : (hub.atMs ?? 0) - partition.advancedMs;
}

/** Behind what its objective allows, in events or in time. */
export const lag: Detector = {
  detect(o) {
    return answering(o).flatMap((hub) => {
      const target = `source:${hub.source}`;
      const { lagEvents, lagMs } = o.pipeline.objectives.get(target) ?? {};
      const behind = hub.partitions.filter(
        (partition) =>
          (lagEvents !== undefined && unreadOf(partition) > BigInt(lagEvents)) ||
          (lagMs !== undefined && waitedMs(hub, partition) > lagMs),
      );
      if (behind.length === 0 || isStopped(o, target)) return [];
      return [partitionSignal('lag', hub, behind, `hub ${hub.source} is behind its objective`)];
    });
  },
  isGone,
};

/** There is something to read, the hub answers, and the checkpoint does not move. */
export const stalledPartition: Detector = {
  detect(o, limits) {
    return answering(o).flatMap((hub) => {
      const stalled = hub.partitions.filter((partition) => isStalled(o, hub, partition, limits));
      if (stalled.length === 0 || isStopped(o, `source:${hub.source}`)) return [];
      const names = stalled.map(({ partition }) => partition).join(', ');
      return [
        partitionSignal(
          'stalled-partition',
          hub,
          stalled,
          `partition ${names} of ${hub.source} stands still`,
        ),
      ];
    });
  },
  isGone,
};

function isStalled(
  o: Observation,
  hub: HubObservation,
  partition: PartitionObservation,
  limits: DetectionLimits,
): boolean {
  return waitedMs(hub, partition) > o.drainEveryMs + limits.stalledMs;
}

/** Hubs whose numbers mean something; of the others nothing is known. */
function answering(o: Observation): readonly HubObservation[] {
  return o.hubs.filter((hub) => hub.atMs !== undefined && hub.error === undefined);
}

function partitionSignal(
  kind: 'lag' | 'stalled-partition',
  hub: HubObservation,
  partitions: readonly PartitionObservation[],
  title: string,
): Signal {
  const worst = partitions.reduce((a, b) => (unreadOf(b) > unreadOf(a) ? b : a));
  const events = partitions.reduce((sum, partition) => sum + unreadOf(partition), 0n);
  const longestMs = Math.max(...partitions.map((partition) => waitedMs(hub, partition)));
  return signalOf({
    cause: `${kind}:${hub.source}`,
    kind,
    severity: kind === 'lag' ? 'warning' : 'error',
    title: `${title}: ${plural(Number(events), 'event')} unread for ${duration(longestMs)}`,
    targets: [`source:${hub.source}`],
    evidence: {
      source: hub.source,
      partition: worst.partition,
      partitions: partitions.map(({ partition }) => partition).join(','),
      checkpoint: String(worst.checkpoint ?? -1n),
      events: Number(events),
      waitedMs: longestMs,
      isLost: partitions.some(({ isLost }) => isLost),
    },
  });
}

/** The partition that was worst has moved since, or has nothing to read. A restart forgets how long it stood still. */
function isGone(o: Observation, { targets: [target], evidence }: Incident): boolean {
  const hub = answering(o).find(({ source }) => `source:${source}` === target);
  const partition = hub?.partitions.find((each) => each.partition === evidence.partition);
  if (partition === undefined) return false;
  const before = BigInt(evidence.checkpoint ?? -1);
  return unreadOf(partition) === 0n || (partition.checkpoint ?? -1n) > before;
}
