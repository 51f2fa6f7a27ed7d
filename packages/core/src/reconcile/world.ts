import type { Dataset, GoldDataset, Pipeline, SilverDataset } from '@lakewarden/compute';
import { type DatasetName, type Digest, EMPTY_DIGEST, isBalanced, isSliceKey } from '@lakewarden/contracts';
import type { Snapshot } from '@lakewarden/delta';
import { fingerprintOf } from '../graph/fingerprint.ts';
import { type RecordedSlice, recordedSlices } from '../graph/recorded.ts';
import {
  type InputSlices,
  type LandedFileView,
  landedFiles,
  type SaltOf,
  type WantedSlice,
  wantedGold,
  wantedSilver,
} from '../graph/wanted.ts';
import { rootOf, type Tables } from '../lake/tables.ts';
import { EMPTY_CONTROL } from '../policy/control-state.ts';
import { type Policy, policyAt } from '../policy/policy.ts';
import { tablesOf } from './run.ts';

/** Reads tables as of now. `Tables` is one; the reading verbs have another that never writes. */
export type ReadTable = (root: string, signal: AbortSignal) => Promise<Snapshot | undefined>;

/**
 * - `fresh` made from what is wanted · `stale` to be built now · `waiting` stale, and so is a slice that it reads
 * - `held` pinned: never stale, whatever changes before it
 * - `frozen`, `paused` stale, but its dataset is stopped: readers go on with what is there
 * - `backfill` good, and a running backfill is going to build it again
 */
export type SliceStatus = 'fresh' | 'stale' | 'waiting' | 'held' | 'frozen' | 'paused' | 'backfill';

export interface SliceView {
  readonly wanted: WantedSlice;
  readonly recorded: RecordedSlice | undefined;
  readonly status: SliceStatus;
  /** Good for its readers, which is not the same as built from what is wanted: see `status`. */
  readonly fresh: boolean;
  /** Readers get no rows, whatever files it has: waived as empty, or held before it was ever built. */
  readonly isWaived: boolean;
}

/** Nobody has decided anything. */
const NO_POLICY = policyAt(EMPTY_CONTROL, 0);

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
  policy: Policy = NO_POLICY,
): Promise<SilverView> {
  // What is built is read before what it is built from: were it the other way round, an agent that stood still between the
  // two would take what another built meanwhile from newer rows for its base, and build it again from older ones.
  const { snapshot, tables, recorded, runs } = await readTables(read, step, signal);
  const bronze = await read(rootOf(step.from.name), signal);
  const landed = landedFiles(bronze);
  const wanted = wantedSilver(step, landed, existing(step, recorded, policy), saltsOf(step, policy));
  return { step, snapshot, tables, bronze, landed, slices: compare(step, wanted, recorded, runs, policy) };
}

export async function lookAtGold(
  read: ReadTable,
  step: GoldDataset,
  inputs: ReadonlyMap<DatasetName, DatasetView>,
  signal: AbortSignal,
  policy: Policy = NO_POLICY,
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
  const wanted = wantedGold(step, available, existing(step, recorded, policy), saltsOf(step, policy));
  return { step, snapshot, tables, sources, slices: compare(step, wanted, recorded, runs, policy) };
}

/** Slices that are there whatever their inputs say: those with files, and those that somebody pinned. */
function existing(
  step: SilverDataset | GoldDataset,
  recorded: ReadonlyMap<string, RecordedSlice>,
  policy: Policy,
): readonly string[] {
  const pinned = policy.pinnedOf(step.name).filter((slice) => isSliceKey(slice, step.grain));
  return [...recorded.keys(), ...pinned];
}

function saltsOf(step: SilverDataset | GoldDataset, policy: Policy): SaltOf {
  return (slice) => policy.saltOf(step.name, slice)?.salt ?? '';
}

/** All views in dependency order; what the reading verbs show and what the end of `--once` is judged by. */
export async function lookAtAll(
  read: ReadTable,
  pipeline: Pipeline,
  signal: AbortSignal,
  policy: Policy = NO_POLICY,
): Promise<ReadonlyMap<DatasetName, DatasetView>> {
  return lookAt(read, pipeline.datasets, signal, policy);
}

/** A dataset and all that it is built from, in dependency order. */
export async function lookAtOne(
  read: ReadTable,
  pipeline: Pipeline,
  dataset: DatasetName,
  signal: AbortSignal,
  policy: Policy = NO_POLICY,
): Promise<ReadonlyMap<DatasetName, DatasetView>> {
  const needed = new Set([dataset]);
  for (const step of pipeline.datasets.toReversed()) {
    if (step.layer !== 'gold' || !needed.has(step.name)) continue;
    for (const input of step.inputs) needed.add(input.dataset.name);
  }
  const steps = pipeline.datasets.filter((step) => needed.has(step.name));
  return lookAt(read, steps, signal, policy);
}

async function lookAt(
  read: ReadTable,
  steps: readonly Dataset[],
  signal: AbortSignal,
  policy: Policy,
): Promise<ReadonlyMap<DatasetName, DatasetView>> {
  const views = new Map<DatasetName, DatasetView>();
  for (const step of steps) {
    if (step.layer === 'silver') views.set(step.name, await lookAtSilver(read, step, signal, policy));
    if (step.layer === 'gold') views.set(step.name, await lookAtGold(read, step, views, signal, policy));
  }
  return views;
}

/** What the readers of a dataset may use. Of a stopped dataset that is what is there; what is not does not hold them up. */
function inputSlices(view: DatasetView): InputSlices {
  const fresh = new Map<string, Digest>();
  const notFresh = new Set<string>();
  const waived = new Set<string>();
  for (const { wanted, recorded, status, fresh: isGood, isWaived } of view.slices) {
    if (isWaived) waived.add(wanted.slice);
    if (isGood) fresh.set(wanted.slice, isWaived ? EMPTY_DIGEST : (recorded?.digest ?? EMPTY_DIGEST));
    else if (status !== 'frozen' && status !== 'paused') notFresh.add(wanted.slice);
  }
  return { fresh, notFresh, waived };
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
  step: SilverDataset | GoldDataset,
  wanted: readonly WantedSlice[],
  recorded: ReadonlyMap<string, RecordedSlice>,
  runs: ReadonlyMap<string, ReadonlySet<string | undefined>>,
  policy: Policy,
): readonly SliceView[] {
  const stop = policy.stopOf(step.name)?.kind;
  return wanted.map((want) => {
    const record = recorded.get(want.slice);
    const pin = policy.pinOf(step.name, want.slice);
    if (pin !== undefined) {
      const isWaived = pin.as === 'empty' || record === undefined;
      return { wanted: want, recorded: record, status: 'held', fresh: true, isWaived };
    }
    const whole = runs.get(want.slice);
    const isOneRun = whole?.size === 1 && !whole.has(undefined);
    const built = want.ready && isOneRun ? builtFor(step, want, record, policy) : undefined;
    if (built !== undefined)
      return { wanted: want, recorded: record, status: built, fresh: true, isWaived: false };
    // Readers of a stopped dataset go on with its rows, provided that their digest is known.
    const fresh = stop !== undefined && record?.fingerprint !== undefined;
    const status = stop ?? (want.ready ? 'stale' : 'waiting');
    return { wanted: want, recorded: record, status, fresh, isWaived: false };
  });
}

/**
 * Undefined: the slice is not made from what is wanted. With a salt that belongs to a backfill the slice is good with the
 * salt before, too; while the backfill runs that is work of the backfill lane, and when it rests nobody asks for more.
 */
function builtFor(
  step: SilverDataset | GoldDataset,
  want: WantedSlice,
  record: RecordedSlice | undefined,
  policy: Policy,
): 'fresh' | 'backfill' | undefined {
  const fingerprint = record?.fingerprint;
  if (fingerprint === undefined) return undefined;
  if (fingerprint === want.fingerprint) return 'fresh';
  const salt = policy.saltOf(step.name, want.slice);
  if (salt?.backfill === undefined) return undefined;
  const salts = [salt.previous, ...(salt.older ?? [])];
  const isGood = salts.some((each) => fingerprint === fingerprintOf(step.stepVersion, want.inputs, each));
  if (!isGood) return undefined;
  return policy.isBackfillRunning(salt.backfill) ? 'backfill' : 'fresh';
}

/** Every row that came into the fresh slices is accounted for (I12). */
export function isViewBalanced(view: DatasetView): boolean {
  return view.slices.every(
    ({ recorded }) => recorded?.accounting !== undefined && isBalanced(recorded.accounting),
  );
}
