import { type DatasetName, type Plan, type PlannedSlice, parseSliceId } from '@lakewarden/contracts';
import type { PlanCheck } from '../actions/action-host.ts';
import { landedRows, streamFiles } from '../graph/stream-files.ts';
import type { Observation } from '../observe/observation.ts';
import { policyAt } from '../policy/policy.ts';
import type { SliceView } from '../reconcile/world.ts';

/** Lines about what moved; the rest is counted. */
const LINES_MAX = 20;

/**
 * May this plan still be carried out? Not when a slice that it builds has another fingerprint, pin, freeze or step version
 * than planned. New rows in other slices, and rows that arrived since, do not count (DESIGN §4, plan).
 */
export function checkPlan(plan: Plan, seen: Observation): PlanCheck {
  const lines = [...new Set([...movedSlices(plan, seen), ...movedRanges(plan, seen)])];
  if (lines.length === 0) return { kind: 'current' };
  const more = lines.length - LINES_MAX;
  return { kind: 'moved', what: more > 0 ? [...lines.slice(0, LINES_MAX), `and ${more} more`] : lines };
}

function movedSlices({ builds }: Plan, seen: Observation): readonly string[] {
  const policy = policyAt(seen.control, seen.nowMs);
  const slices = new Map<DatasetName, ReadonlyMap<string, SliceView>>();
  return builds.flatMap((planned) => {
    const id = parseSliceId(planned.slice);
    if (id === undefined) return [`${planned.slice} is no slice`];
    const stop = policy.stopOf(id.dataset);
    if (stop?.kind === 'frozen') return [`${stop.stop.target} was frozen by ${stop.stop.by}`];
    if (policy.pinOf(id.dataset, id.key) !== undefined) return [`${planned.slice} was pinned`];
    if (id.dataset.startsWith('bronze.')) return [];
    const known = slices.get(id.dataset) ?? indexOf(seen, id.dataset);
    slices.set(id.dataset, known);
    return movedSlice(planned, known.get(id.key), stepVersionOf(seen, id.dataset));
  });
}

function movedSlice(
  { slice, fingerprint, stepVersion }: PlannedSlice,
  now: SliceView | undefined,
  versionNow: string | undefined,
): readonly string[] {
  if (now === undefined) return [`${slice} is wanted no more`];
  const moved: string[] = [];
  if (versionNow !== stepVersion) moved.push(`the step of ${slice.split('@')[0]} changed`);
  if (now.recorded?.fingerprint !== fingerprint) moved.push(`${slice} was built since`);
  return moved;
}

function indexOf(seen: Observation, dataset: DatasetName): ReadonlyMap<string, SliceView> {
  return new Map(seen.views?.get(dataset)?.slices.map((slice) => [slice.wanted.slice, slice]));
}

function stepVersionOf({ pipeline }: Observation, dataset: DatasetName): string | undefined {
  const step = pipeline.datasets.find(({ name }) => name === dataset);
  return step === undefined || step.layer === 'bronze' ? undefined : step.stepVersion;
}

/** The files of the planned slices must hold what they held; what landed behind the ranges is no matter. */
function movedRanges({ builds, ranges }: Plan, seen: Observation): readonly string[] {
  const [first] = builds;
  const dataset = parseSliceId(first?.slice ?? '')?.dataset;
  if (ranges.length === 0 || dataset === undefined) return [];
  const bronze = seen.bronze.get(dataset);
  if (bronze === undefined) return [`${dataset} has not been looked at`];
  const keys = new Set(builds.map(({ slice }) => parseSliceId(slice)?.key));
  const files = streamFiles(bronze).filter(({ slice }) => keys.has(slice));
  return ranges.flatMap(({ partition, first, last, rows }) => {
    const inside = files.filter(
      ({ stream }) =>
        stream.partition === partition && stream.first >= BigInt(first) && stream.last <= BigInt(last),
    );
    const now = landedRows(inside);
    return now === rows ? [] : [`partition ${partition} holds ${now} events in the range, not ${rows}`];
  });
}
