import type { BronzeDataset, HubSource } from '@lakewarden/compute';
import { coarsen, type DatasetName, type Plan } from '@lakewarden/contracts';
import type { Snapshot } from '@lakewarden/delta';
import type { PlanOutcome } from '../actions/action-host.ts';
import { landedRows, type StreamFile, streamFiles } from '../graph/stream-files.ts';
import type { Observation } from '../observe/observation.ts';
import { inputRows } from '../reconcile/batches.ts';
import { downstreamOf } from './downstream.ts';
import {
  notLookedAt,
  PLAN_SLICES_MAX,
  type PlanContext,
  plannedSlice,
  refused,
  tooMany,
  whyStopped,
} from './plan-context.ts';
import { sealPlan } from './seal-plan.ts';
import { formatRange, isInRange, type SliceRange } from './slice-range.ts';

/** A plan over slices of bronze: the recorded ranges of their hub are read again (DESIGN §3, Checkpoints). */
export function planSource(
  context: PlanContext,
  step: BronzeDataset,
  range: SliceRange,
  input: Readonly<Record<string, unknown>>,
): PlanOutcome {
  const { source } = step;
  const title = `replay ${step.name} ${formatRange(range)}`;
  if (source.kind !== 'event-hub') {
    const window = range.to ?? range.from ?? '<window>';
    return refused(
      'invalid',
      `${step.name} is fed by batches, which are copied again window by window`,
      `lakewarden rerun-adf source:${source.name} ${window}`,
    );
  }
  const bronze = context.seen.bronze.get(step.name);
  if (bronze === undefined) return notLookedAt(step.name);
  const files = streamFiles(bronze).filter(({ slice }) => isInRange(slice, range));
  const keys = [...new Set(files.map(({ slice }) => slice))].sort();
  const refusal =
    whyNothing(bronze, files, title) ??
    whyStopped(context.seen, step.name, keys) ??
    whyNotReadable(context.seen, step, source, files);
  if (refusal !== undefined) return refusal;
  const downstream = downstreamOfBronze(context, step, files);
  const count = keys.length + downstream.length;
  if (count > PLAN_SLICES_MAX) return tooMany(count, title);
  const builds = keys.map((key) => {
    const rows = landedRows(files.filter(({ slice }) => slice === key));
    return plannedSlice(context, `${step.name}@${key}`, { rows });
  });
  const plan = sealPlan(context, {
    kind: 'replay',
    title,
    input: { ...input },
    builds,
    downstream: [...downstream],
    reads: [`source:${source.name}`],
    ranges: [...rangesOf(source, files)],
    expected: 'the same rows; where the hub holds others, bronze gets them and what is built from it follows',
  });
  return { kind: 'planned', plan };
}

function rangesOf(source: HubSource, files: readonly StreamFile[]): Plan['ranges'] {
  return [...Map.groupBy(files, ({ stream }) => stream.partition)]
    .sort(([a], [b]) => a - b)
    .map(([partition, own]) => {
      const first = own.reduce((low, { stream }) => (stream.first < low ? stream.first : low), MAX);
      const last = own.reduce((high, { stream }) => (stream.last > high ? stream.last : high), -1n);
      return { source: source.name, partition, first: `${first}`, last: `${last}`, rows: landedRows(own) };
    });
}

const MAX = 2n ** 63n - 1n;

function whyNothing(bronze: Snapshot, files: readonly StreamFile[], title: string): PlanOutcome | undefined {
  if (files.length > 0) return undefined;
  const keys = [...new Set(streamFiles(bronze).map(({ slice }) => slice))].sort();
  const remedy =
    keys.length === 0
      ? 'Nothing has landed yet.'
      : `There are ${keys.length} slices: ${formatRange({ from: keys[0], to: keys.at(-1) })}.`;
  return refused('not-found', `${title}: there is no such slice`, remedy);
}

/** What left the hub cannot be read again; what is in bronze is then the best there is. */
function whyNotReadable(
  seen: Observation,
  step: BronzeDataset,
  source: HubSource,
  files: readonly StreamFile[],
): PlanOutcome | undefined {
  const rebuild = `Rebuild from bronze instead: ${rebuildCommands(seen, step)}`;
  if (new Set(files.map(({ stream }) => stream.generation)).size > 1) {
    const message = `${source.hub} was deleted and made again since: its old events are gone`;
    return refused('conflict', message, rebuild);
  }
  const oldest = new Map(
    seen.hubs
      .find((hub) => hub.source === source.name)
      ?.partitions.map(({ partition, first }) => [partition, first]),
  );
  const isGone = ({ stream }: StreamFile) => stream.first < (oldest.get(stream.partition) ?? 0n);
  const gone = files.filter(isGone);
  const [first] = gone;
  if (first === undefined) return undefined;
  const whole = [...new Set(files.map(({ slice }) => slice))]
    .filter((key) => !gone.some(({ slice }) => slice === key))
    .sort();
  const narrower = whole.length === 0 ? '' : ` The hub still holds ${formatRange(endsOf(whole))}.`;
  const message = `events of ${step.name}@${first.slice} have left ${source.hub} (retention)`;
  return refused('conflict', message, `${rebuild}.${narrower}`);
}

function endsOf(keys: readonly string[]): SliceRange {
  return { from: keys[0], to: keys.at(-1) };
}

function rebuildCommands({ pipeline }: Observation, step: BronzeDataset): string {
  return pipeline.datasets
    .flatMap((each) => (each.layer === 'silver' && each.from.name === step.name ? [each.name] : []))
    .map((name) => `lakewarden replay ${name}`)
    .join(' and ');
}

function downstreamOfBronze(context: PlanContext, step: BronzeDataset, files: readonly StreamFile[]) {
  const changed = new Map<DatasetName, ReadonlySet<string>>();
  const silver = context.seen.pipeline.datasets.flatMap((each) => {
    if (each.layer !== 'silver' || each.from.name !== step.name) return [];
    const keys = files.flatMap(({ slice, tags }) =>
      each.refresh === 'snapshot'
        ? [slice]
        : Object.keys(tags.touches).map((key) => coarsen(key, each.grain) ?? key),
    );
    const touched = new Set(keys);
    const slices = (context.seen.views?.get(each.name)?.slices ?? []).filter(
      ({ wanted, status }) => touched.has(wanted.slice) && status !== 'held',
    );
    changed.set(each.name, new Set(slices.map(({ wanted }) => wanted.slice)));
    return slices.map(({ wanted, recorded }) =>
      plannedSlice(context, `${each.name}@${wanted.slice}`, {
        rows: inputRows([wanted]),
        fingerprint: recorded?.fingerprint,
        stepVersion: each.stepVersion,
      }),
    );
  });
  return [...silver, ...downstreamOf(context, changed)];
}
