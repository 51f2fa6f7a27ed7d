/** How many events hubs took in, by enqueued time, from the logs themselves. */
import type { IncomingMessages } from '../server/service.ts';
import { DEFAULT_LOCATION } from './arm/describe.ts';
import type { HubStore } from './hub-store.ts';
import { LogReader } from './log/log-reader.ts';
import type { PartitionLog } from './log/partition-log.ts';

/** Boundaries remembered of a partition; a day of minutes and some. */
const BOUNDARIES_MAX = 4000;
/** Retention may drop the file that is being read. */
const ATTEMPTS_MAX = 3;

export function createIncomingMessages(hubs: HubStore): IncomingMessages {
  const known = new WeakMap<PartitionLog, Map<number, bigint>>();
  return {
    namespaces: () =>
      hubs.namespaces().map(({ name, location }) => ({ name, location: location ?? DEFAULT_LOCATION })),
    hubs: (namespace) =>
      hubs.namespace(namespace) === undefined
        ? undefined
        : hubs.hubs(namespace).map(({ name, record }) => ({ name, createdAtMs: record.createdAtMs })),
    count: async (namespace, name, grains) => {
      const totals = new Array<number>(grains.grainCount).fill(0);
      for (const log of hubs.find(namespace, name)?.partitions ?? []) {
        let boundaries = known.get(log);
        if (boundaries === undefined || boundaries.size > BOUNDARIES_MAX) {
          boundaries = new Map();
          known.set(log, boundaries);
        }
        const counts = await countPatiently(log, boundaries, grains);
        for (const [at, count] of counts) totals[at] = (totals[at] ?? 0) + count;
      }
      return totals;
    },
  };
}

type Grains = Parameters<IncomingMessages['count']>[2];

async function countPatiently(
  log: PartitionLog,
  boundaries: Map<number, bigint>,
  grains: Grains,
): Promise<ReadonlyMap<number, number>> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await countGrains(log, boundaries, grains);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt >= ATTEMPTS_MAX) throw error;
    }
  }
}

/**
 * Events a grain, grains without any left out. Halves the span until a half holds nothing or is one grain, so that the
 * reads grow with the grains that have events, not with the span or with the log.
 */
async function countGrains(
  log: PartitionLog,
  boundaries: Map<number, bigint>,
  { fromMs, grainMs, grainCount }: Grains,
): Promise<ReadonlyMap<number, number>> {
  const reader = new LogReader(log, log.firstSequence);
  const counts = new Map<number, number>();
  const sequenceAt = async (grain: number): Promise<bigint> => {
    const timeMs = fromMs + grain * grainMs;
    // Enqueued times never go back: once there is an event at or after the boundary, its place is final.
    const isFinal = (log.state().lastEnqueuedMs ?? -1) >= timeMs;
    const found = boundaries.get(timeMs) ?? (await reader.sequenceAfterTime(timeMs - 1));
    if (isFinal) boundaries.set(timeMs, found);
    return found < log.firstSequence ? log.firstSequence : found;
  };
  const fill = async (low: number, high: number, first: bigint, end: bigint): Promise<void> => {
    if (end <= first) return;
    if (high - low === 1) return void counts.set(low, Number(end - first));
    const middle = (low + high) >>> 1;
    const between = await sequenceAt(middle);
    await fill(low, middle, first, between);
    await fill(middle, high, between, end);
  };
  try {
    if (grainCount > 0) await fill(0, grainCount, await sequenceAt(0), await sequenceAt(grainCount));
    return counts;
  } finally {
    await reader.close();
  }
}
