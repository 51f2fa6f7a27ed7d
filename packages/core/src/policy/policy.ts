import type { DatasetName } from '@lakewarden/contracts';
import type { ControlState, Pin, Salt, Stop } from './control-state.ts';

/**
 * What was decided, as the reconciler and the landing loops ask for it on every pass; expired stops and pins are no more.
 * `now` is the agent's own clock, used for expiry only: no safety hangs on it (I19).
 */
export interface Policy {
  /** Frozen: no run may begin or commit. Paused: none may begin. The wider stop wins: all, layer, dataset. */
  stopOf(dataset: DatasetName): { readonly kind: 'frozen' | 'paused'; readonly stop: Stop } | undefined;
  /** Landing of this source stops; only a pause does that, a freeze never. */
  pauseOf(source: string): Stop | undefined;
  pinOf(dataset: DatasetName, slice: string): Pin | undefined;
  /** Keys of the dataset's pinned slices: also one that never was is there for its readers, as what it is pinned to. */
  pinnedOf(dataset: DatasetName): readonly string[];
  saltOf(dataset: DatasetName, slice: string): Salt | undefined;
  /** Started, not ended, not paused. */
  isBackfillRunning(backfill: string): boolean;
}

const LAYER_END = '.';

export function policyAt(state: ControlState, nowMs: number): Policy {
  const active = <T extends { readonly until?: string }>(found: T | undefined): T | undefined =>
    found !== undefined && (found.until === undefined || Date.parse(found.until) > nowMs) ? found : undefined;
  return {
    stopOf(dataset) {
      const layer = dataset.slice(0, dataset.indexOf(LAYER_END));
      for (const target of ['all', layer, dataset]) {
        const stop = active(state.freezes.get(target));
        if (stop !== undefined) return { kind: 'frozen', stop };
      }
      const pause = active(state.pauses.get(dataset));
      return pause && { kind: 'paused', stop: pause };
    },
    pauseOf: (source) => active(state.pauses.get(`source:${source}`)),
    pinOf: (dataset, slice) => active(state.pins.get(`${dataset}@${slice}`)),
    pinnedOf: (dataset) =>
      [...state.pins.values()]
        .filter((pin) => pin.slice.startsWith(`${dataset}@`) && active(pin) !== undefined)
        .map((pin) => pin.slice.slice(dataset.length + 1)),
    saltOf: (dataset, slice) => state.salts.get(`${dataset}@${slice}`),
    isBackfillRunning(id) {
      const backfill = state.backfills.get(id);
      const isOver = backfill === undefined || backfill.ended !== undefined;
      return !isOver && active(state.pauses.get(`backfill:${id}`)) === undefined;
    },
  };
}
