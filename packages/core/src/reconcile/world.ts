import type { Dataset, GoldDataset, Pipeline, SilverDataset } from '@lakewarden/compute';
import { type DatasetName, type Digest, isBalanced } from '@lakewarden/contracts';
import type { Snapshot } from '@lakewarden/delta';
import { type RecordedSlice, recordedSlices } from '../graph/recorded.ts';
import {
  type InputSlices,
  type LandedFileView,
  landedFiles,
  type WantedSlice,
  wantedGold,
  wantedSilver,
} from '../graph/wanted.ts';
import { rootOf, type Tables } from '../lake/tables.ts';
import { tablesOf } from './run.ts';

/** Reads tables as of now. `Tables` is one; the reading verbs have another that never writes. */
export type ReadTable = (root: string, signal: AbortSignal) => Promise<Snapshot | undefined>;

export interface SliceView {
  readonly wanted: WantedSlice;
  readonly recorded: RecordedSlice | undefined;
  readonly fresh: boolean;
}

/** One dataset of the build graph, compared with the lake: a value, read again on every pass. */
export interface DatasetView<Step extends Dataset = Dataset> {
  readonly step: Step;
  readonly snapshot: Snapshot | undefined;
  /** All tables that its runs write, as they were compared: what a run's commits are based on. */
  readonly tables: ReadonlyMap<DatasetName, Snapshot | undefined>;
  readonly slices: readonly SliceView[];
}

export interface SilverView extends DatasetView<SilverDataset> {
  readonly bronze: Snapshot | undefined;
  readonly landed: readonly LandedFileView[];
}

export interface GoldView extends DatasetView<GoldDataset> {
  readonly sources: ReadonlyMap<DatasetName, Snapshot>;
}

export function readerOf(tables: Tables): ReadTable {
  return (root, signal) => tables.refresh(root, signal);
}

export async function lookAtSilver(
  read: ReadTable,
  step: SilverDataset,
  signal: AbortSignal,
): Promise<SilverView> {
  const bronze = await read(rootOf(step.from.name), signal);
  const landed = landedFiles(bronze);
  const { snapshot, tables, recorded, runs } = await readTables(read, step, signal);
  const wanted = wantedSilver(step, landed, recorded.keys());
  return { step, snapshot, tables, bronze, landed, slices: compare(wanted, recorded, runs) };
}

export async function lookAtGold(
  read: ReadTable,
  step: GoldDataset,
  inputs: ReadonlyMap<DatasetName, DatasetView>,
  signal: AbortSignal,
): Promise<GoldView> {
  const available = new Map<DatasetName, InputSlices>();
  const sources = new Map<DatasetName, Snapshot>();
  for (const { dataset } of step.inputs) {
    const view = inputs.get(dataset.name);
    if (view === undefined) continue;
    available.set(dataset.name, inputSlices(view));
    if (view.snapshot !== undefined) sources.set(dataset.name, view.snapshot);
  }
  const { snapshot, tables, recorded, runs } = await readTables(read, step, signal);
  const wanted = wantedGold(step, available, recorded.keys());
  return { step, snapshot, tables, sources, slices: compare(wanted, recorded, runs) };
}

/** All views in dependency order; what the reading verbs show and what the end of `--once` is judged by. */
export async function lookAtAll(
  read: ReadTable,
  pipeline: Pipeline,
  signal: AbortSignal,
): Promise<ReadonlyMap<DatasetName, DatasetView>> {
  const views = new Map<DatasetName, DatasetView>();
  for (const step of pipeline.datasets) {
    if (step.layer === 'silver') views.set(step.name, await lookAtSilver(read, step, signal));
    if (step.layer === 'gold') views.set(step.name, await lookAtGold(read, step, views, signal));
  }
  return views;
}

function inputSlices(view: DatasetView): InputSlices {
  const fresh = new Map<string, Digest>();
  const notFresh = new Set<string>();
  for (const slice of view.slices) {
    if (slice.fresh && slice.recorded !== undefined) fresh.set(slice.wanted.slice, slice.recorded.digest);
    else notFresh.add(slice.wanted.slice);
  }
  return { fresh, notFresh };
}

interface TableReadings {
  readonly snapshot: Snapshot | undefined;
  readonly tables: ReadonlyMap<DatasetName, Snapshot | undefined>;
  readonly recorded: ReadonlyMap<string, RecordedSlice>;
  /** By slice, the runs that its tables name; more than one (or a missing table) is stale (DESIGN §3, Commit). */
  readonly runs: ReadonlyMap<string, ReadonlySet<string | undefined>>;
}

async function readTables(
  read: ReadTable,
  step: SilverDataset | GoldDataset,
  signal: AbortSignal,
): Promise<TableReadings> {
  const runs = new Map<string, Set<string | undefined>>();
  const tables = new Map<DatasetName, Snapshot | undefined>();
  const readings: { snapshot: Snapshot | undefined; recorded: ReadonlyMap<string, RecordedSlice> }[] = [];
  for (const dataset of tablesOf(step)) {
    const snapshot = await read(rootOf(dataset), signal);
    tables.set(dataset, snapshot);
    readings.push({ snapshot, recorded: recordedSlices(snapshot) });
  }
  const decisive = readings.at(-1);
  for (const slice of decisive?.recorded.keys() ?? []) {
    runs.set(slice, new Set(readings.map((reading) => reading.recorded.get(slice)?.run)));
  }
  return { snapshot: decisive?.snapshot, tables, recorded: decisive?.recorded ?? new Map(), runs };
}

function compare(
  wanted: readonly WantedSlice[],
  recorded: ReadonlyMap<string, RecordedSlice>,
  runs: ReadonlyMap<string, ReadonlySet<string | undefined>>,
): readonly SliceView[] {
  return wanted.map((want) => {
    const record = recorded.get(want.slice);
    const whole = runs.get(want.slice);
    const oneRun = whole?.size === 1 && !whole.has(undefined);
    return {
      wanted: want,
      recorded: record,
      fresh: want.ready && oneRun && record?.fingerprint === want.fingerprint,
    };
  });
}

/** Every row that came into the fresh slices is accounted for (I12). */
export function isViewBalanced(view: DatasetView): boolean {
  return view.slices.every(
    ({ recorded }) => recorded?.accounting !== undefined && isBalanced(recorded.accounting),
  );
}
