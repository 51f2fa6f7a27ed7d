import type { DatasetName } from '@lakewarden/contracts';
import type { DatasetView, SliceView } from '../../reconcile/world.ts';
import { type DetectionLimits, type Detector, plural, signalOf } from '../detector.ts';
import type { Observation } from '../observation.ts';

const SLICES_LAST = 7;
const RECENT_MS = 60 * 60 * 1000;
/** After people accepted a flood, it takes so many times the rows that they saw to ask them again. */
const GROWTH_MIN = 1.5;

/** Too many rows of recent slices go to quarantine: the source sends something that was not agreed. */
export const quarantineRate: Detector = {
  detect(o, limits) {
    return [...(o.views ?? [])].flatMap(([dataset, view]) => {
      const flooded = floodedSlices(o, dataset, limits);
      const rows = sumOf(flooded, 'quarantined');
      if (flooded.length === 0 || rows <= acceptedRows(o, dataset) * GROWTH_MIN) return [];
      const all = sumOf(flooded, 'in');
      return [
        signalOf({
          cause: `quarantine-rate:${dataset}`,
          kind: 'quarantine-rate',
          severity: 'error',
          title: `${Math.round((100 * rows) / all)} % of ${plural(flooded.length, 'slice')} of ${dataset} are in quarantine`,
          targets: flooded.map(({ wanted }) => `${dataset}@${wanted.slice}`),
          evidence: {
            dataset: view.step.name,
            slices: flooded.length,
            rows: all,
            quarantined: rows,
            rate: Math.round((1000 * rows) / all) / 1000,
            allowed: allowedRate(o, dataset, limits),
          },
        }),
      ];
    });
  },
  isGone: (o, { cause }) => o.views?.has(cause.slice('quarantine-rate:'.length) as DatasetName) ?? false,
};

/** Slices of the last days, and those that were written in the last hour, whose rate is above what is allowed. */
export function floodedSlices(
  o: Observation,
  dataset: DatasetName,
  limits: DetectionLimits,
  allowed = allowedRate(o, dataset, limits),
): readonly SliceView[] {
  const view = o.views?.get(dataset);
  if (view === undefined || view.step.layer !== 'silver') return [];
  return countedSlices(view, limits.quarantineRowsMin).flatMap(({ slice, rate, writtenMs }, index) =>
    rate > allowed && (index < SLICES_LAST || o.nowMs - writtenMs < RECENT_MS) ? [slice] : [],
  );
}

function allowedRate(o: Observation, dataset: DatasetName, limits: DetectionLimits): number {
  return o.pipeline.objectives.get(dataset)?.quarantineRate ?? limits.quarantineRate;
}

/** Quarantined rows that stood in the evidence of an incident that ended: they stay in their slices and are known. */
function acceptedRows(o: Observation, dataset: DatasetName): number {
  const ended = [...o.control.incidents.values()].filter(
    ({ cause, state }) => cause === `quarantine-rate:${dataset}` && state === 'resolved',
  );
  return Math.max(0, ...ended.map(({ evidence }) => Number(evidence.quarantined ?? 0)));
}

interface CountedSlice {
  readonly slice: SliceView;
  readonly rate: number;
  readonly writtenMs: number;
}

/** Newest first. */
function countedSlices(view: DatasetView, rowsMin: number): readonly CountedSlice[] {
  const known = memo.get(view);
  if (known !== undefined) return known;
  const found = view.slices
    .flatMap((slice): CountedSlice[] => {
      const { accounting, files = [] } = slice.recorded ?? {};
      if (accounting === undefined || accounting.in < rowsMin) return [];
      const writtenMs = Math.max(0, ...files.map(({ modificationTime }) => modificationTime));
      return [{ slice, rate: accounting.quarantined / accounting.in, writtenMs }];
    })
    .sort((a, b) => (a.slice.wanted.slice < b.slice.wanted.slice ? 1 : -1));
  memo.set(view, found);
  return found;
}

const memo = new WeakMap<DatasetView, readonly CountedSlice[]>();

function sumOf(slices: readonly SliceView[], part: 'in' | 'quarantined'): number {
  return slices.reduce((sum, { recorded }) => sum + (recorded?.accounting?.[part] ?? 0), 0);
}
