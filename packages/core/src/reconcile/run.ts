import type { Engine, GoldDataset, InputFile, SilverDataset, SliceFiles } from '@lakewarden/compute';
import { duplicatesColumns, quarantineColumns } from '@lakewarden/compute';
import {
  type Column,
  type DatasetName,
  EMPTY_DIGEST,
  encodeSliceTags,
  formatDigest,
  isBalanced,
  type RowAccounting,
  TerminalError,
} from '@lakewarden/contracts';
import type { CommitChange, CommitIntent, NewFile, Snapshot } from '@lakewarden/delta';
import type { EmitFact } from '../facts.ts';
import { type RecordedSlice, recordedSlices, sliceOf } from '../graph/recorded.ts';
import { feeds, type LandedFileView, type WantedSlice } from '../graph/wanted.ts';
import { mapLimit } from '../lake/map-limit.ts';
import { rootOf, type Tables } from '../lake/tables.ts';
import type { Clock, LakeFiles, Random } from '../ports.ts';

/**
 * One run: any set of slices of one dataset, one scan, and per table one commit (DESIGN §3, Runs and Commit).
 *
 * - R1 (I7) Side tables first, the decisive table last; all carry the same run id. A crash between them leaves slices
 *   whose tables name different runs, which is stale by definition.
 * - R2 (I12) `in` comes from the tags of the input, never from the query that is being checked.
 * - R3 A rebuild whose digests are equal in every table commits only new tags: its descendants stay fresh.
 * - R4 (I5) The files read are those of the snapshots given; nothing is listed or looked up on the way.
 */
const TRANSFER_CONCURRENCY = 16;

export interface RunDeps {
  readonly tables: Tables;
  readonly engine: Engine;
  readonly files: LakeFiles;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: EmitFact;
}

export type RunOutcome =
  | { readonly kind: 'committed'; readonly version: number }
  | { readonly kind: 'conflict'; readonly reason: string }
  | { readonly kind: 'fenced' };

export interface RunRequest<Step> {
  readonly run: string;
  readonly step: Step;
  readonly slices: readonly WantedSlice[];
  readonly epoch: bigint;
  /** The tables as they were when these slices were found stale; a commit conflicts with what came since. */
  readonly tables: ReadonlyMap<DatasetName, Snapshot | undefined>;
}

/** The files that one table gets in this run. */
interface TableOutput {
  readonly dataset: DatasetName;
  readonly columns: readonly Column[];
  readonly base: Snapshot | undefined;
  readonly slices: readonly SliceFiles[];
}

interface RunResult {
  /** The decisive table is the last. */
  readonly outputs: readonly TableOutput[];
  readonly accounting: Readonly<Record<string, RowAccounting>>;
  readonly totals: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly inputs: Readonly<Record<string, number>>;
}

export function quarantineOf(dataset: DatasetName): DatasetName {
  return `quarantine.${dataset.slice(dataset.indexOf('.') + 1)}`;
}

export function duplicatesOf(dataset: DatasetName): DatasetName {
  return `duplicates.${dataset.slice(dataset.indexOf('.') + 1)}`;
}

/** Tables that a dataset's runs write, side tables first. */
export function tablesOf(step: SilverDataset | GoldDataset): readonly DatasetName[] {
  return step.layer === 'silver'
    ? [quarantineOf(step.name), duplicatesOf(step.name), step.name]
    : [duplicatesOf(step.name), step.name];
}

export async function runClean(
  deps: RunDeps,
  request: RunRequest<SilverDataset> & {
    readonly bronze: Snapshot;
    readonly landed: readonly LandedFileView[];
  },
  signal: AbortSignal,
): Promise<RunOutcome> {
  const { step, slices } = request;
  const keys = slices.map((wanted) => wanted.slice);
  const wantedKeys = new Set(keys);
  const inputs = request.landed.filter((file) => feeds(step, file, wantedKeys));
  return inScratch(deps, async (outDir) => {
    const startedMs = deps.clock.now();
    const files = await mapLimit(inputs, TRANSFER_CONCURRENCY, ({ file, slice }) =>
      fetchInput(deps, request.bronze.root, file.path, file.size, slice, signal),
    );
    const manifest = await deps.engine.clean({ step, slices: keys, files, outDir }, signal);
    checkCleanAccounting(slices, manifest.accounting);
    const output = tableOutput(request.tables);
    const result = {
      outputs: [
        output(quarantineOf(step.name), quarantineColumns(step), manifest.quarantine),
        output(duplicatesOf(step.name), duplicatesColumns(step), manifest.duplicates),
        output(step.name, step.columns, manifest.silver),
      ],
      accounting: manifest.accounting,
      totals: manifest.totals,
      inputs: { [step.from.name]: request.bronze.version },
    };
    return commitRun(deps, request, result, startedMs, signal);
  });
}

export async function runGold(
  deps: RunDeps,
  request: RunRequest<GoldDataset> & { readonly sources: ReadonlyMap<DatasetName, Snapshot> },
  signal: AbortSignal,
): Promise<RunOutcome> {
  const { step, slices, sources } = request;
  const keys = slices.map((wanted) => wanted.slice);
  return inScratch(deps, async (outDir) => {
    const startedMs = deps.clock.now();
    const inputs: Record<string, InputFile[]> = {};
    for (const [dataset, snapshot] of sources) {
      inputs[dataset] = await fetchSlices(deps, snapshot, slicesRead(slices, dataset), signal);
    }
    const aggregated = await deps.engine.aggregate({ step, slices: keys, inputs, outDir }, signal);
    const manifest = await deps.engine.dedup({ step, slices: keys, input: aggregated, outDir }, signal);
    checkBalanced(manifest.accounting);
    const output = tableOutput(request.tables);
    const result = {
      outputs: [
        output(duplicatesOf(step.name), duplicatesColumns(step), manifest.duplicates),
        output(step.name, step.columns, manifest.gold),
      ],
      accounting: manifest.accounting,
      totals: aggregated.totals,
      inputs: Object.fromEntries([...sources].map(([dataset, snapshot]) => [dataset, snapshot.version])),
    };
    return commitRun(deps, request, result, startedMs, signal);
  });
}

async function inScratch<T>(deps: RunDeps, work: (dir: string) => Promise<T>): Promise<T> {
  const scratch = await deps.files.scratch();
  try {
    return await work(scratch.dir);
  } finally {
    await scratch.release();
  }
}

function slicesRead(slices: readonly WantedSlice[], dataset: DatasetName): ReadonlySet<string> {
  return new Set(
    slices.flatMap((wanted) => wanted.inputs.filter((i) => i.dataset === dataset).map((i) => i.slice)),
  );
}

function fetchSlices(
  deps: RunDeps,
  snapshot: Snapshot,
  slices: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<InputFile[]> {
  const files = [...snapshot.files.values()].filter((file) => slices.has(sliceOf(file)));
  return mapLimit(files, TRANSFER_CONCURRENCY, (file) =>
    fetchInput(deps, snapshot.root, file.path, file.size, sliceOf(file), signal),
  );
}

async function fetchInput(
  deps: RunDeps,
  root: string,
  path: string,
  bytes: number,
  slice: string,
  signal: AbortSignal,
): Promise<InputFile> {
  return { localPath: await deps.files.fetch(`${root}/${path}`, bytes, signal), slice };
}

/** R2: what the engine says came in must be what the tags of the input say is there. */
function checkCleanAccounting(
  slices: readonly WantedSlice[],
  accounting: Readonly<Record<string, RowAccounting>>,
): void {
  for (const { slice, inputs } of slices) {
    const expected = inputs.reduce((sum, input) => sum + input.digest.rows, 0);
    const counted = accounting[slice]?.in;
    if (counted !== expected) {
      throw new TerminalError(
        'unbalanced',
        `slice ${slice}: ${expected} rows landed, the engine read ${counted}`,
      );
    }
  }
  checkBalanced(accounting);
}

function checkBalanced(accounting: Readonly<Record<string, RowAccounting>>): void {
  for (const [slice, rows] of Object.entries(accounting)) {
    if (!isBalanced(rows)) {
      const { out, quarantined, duplicates } = rows;
      const sum = `${out} out + ${quarantined} quarantined + ${duplicates} duplicates`;
      throw new TerminalError('unbalanced', `slice ${slice}: ${rows.in} rows in is not ${sum}`);
    }
  }
}

function tableOutput(bases: ReadonlyMap<DatasetName, Snapshot | undefined>) {
  return (dataset: DatasetName, columns: readonly Column[], slices: readonly SliceFiles[]): TableOutput => ({
    dataset,
    columns,
    slices,
    base: bases.get(dataset),
  });
}

async function commitRun(
  deps: RunDeps,
  request: RunRequest<SilverDataset | GoldDataset>,
  result: RunResult,
  startedMs: number,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const computedMs = deps.clock.now();
  const unchanged = unchangedSlices(request, result);
  const files = result.outputs.flatMap((output) =>
    output.slices
      .filter(({ slice }) => !unchanged.has(slice))
      .flatMap((slice) => slice.files.map((file) => ({ file, dataset: output.dataset }))),
  );
  await mapLimit(files, TRANSFER_CONCURRENCY, ({ file, dataset }) => {
    // Only the decisive table is input of another step.
    const keep = dataset === request.step.name;
    return deps.files.store(file.localPath, `${rootOf(dataset)}/${file.name}`, signal, { keep });
  });
  const storedMs = deps.clock.now();
  const outcome = await commitTables(deps, request, result, unchanged, signal);
  if (outcome.kind !== 'committed') return outcome;
  deps.emit({
    type: 'RunCommitted',
    run: request.run,
    dataset: request.step.name,
    slices: request.slices.length,
    rows: Object.values(result.accounting).reduce((sum, rows) => sum + rows.out, 0),
    version: outcome.version,
    engineMs: computedMs - startedMs,
    storeMs: storedMs - computedMs,
    commitMs: deps.clock.now() - storedMs,
  });
  return outcome;
}

/** R3: slices whose rows are already in every table of this run, digest for digest. */
function unchangedSlices(request: RunRequest<unknown>, result: RunResult): ReadonlySet<string> {
  const recorded = result.outputs.map((output) => recordedSlices(output.base));
  const same = (slice: string) =>
    result.outputs.every((output, index) => {
      const before: RecordedSlice | undefined = recorded[index]?.get(slice);
      const after = output.slices.find((written) => written.slice === slice);
      return (
        before !== undefined &&
        before.fingerprint !== undefined &&
        formatDigest(before.digest) === formatDigest(after?.digest ?? EMPTY_DIGEST)
      );
    });
  return new Set(request.slices.map((wanted) => wanted.slice).filter(same));
}

async function commitTables(
  deps: RunDeps,
  request: RunRequest<SilverDataset | GoldDataset>,
  result: RunResult,
  unchanged: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const changed = request.slices.filter(({ slice }) => !unchanged.has(slice));
  let version = -1;
  for (const output of result.outputs) {
    const changes: CommitChange[] = [];
    if (changed.length > 0) changes.push(overwriteOf(request, result, output, changed));
    if (unchanged.size > 0) changes.push(retagOf(request, result, output, unchanged));
    let base = output.base;
    for (const change of changes) {
      const outcome = await deps.tables.commit(intentOf(deps, request, output, base, change), signal);
      if (outcome.kind === 'fenced') return { kind: 'fenced' };
      if (outcome.kind === 'conflict')
        return { kind: 'conflict', reason: `${output.dataset}: ${outcome.reason}` };
      base = outcome.snapshot;
      version = outcome.snapshot.version;
    }
  }
  return { kind: 'committed', version };
}

function overwriteOf(
  request: RunRequest<SilverDataset | GoldDataset>,
  result: RunResult,
  output: TableOutput,
  changed: readonly WantedSlice[],
): CommitChange {
  const wanted = new Map(changed.map((slice) => [slice.slice, slice]));
  const files = output.slices.flatMap((slice): NewFile[] => {
    const fingerprint = wanted.get(slice.slice)?.fingerprint;
    return fingerprint === undefined ? [] : newFiles(request.run, fingerprint, slice, result);
  });
  return { kind: 'overwrite', slices: [...wanted.keys()], files };
}

/** The slice's digest, accounting and totals stand on its first file; the files of a slice add up. */
function newFiles(run: string, fingerprint: string, slice: SliceFiles, result: RunResult): NewFile[] {
  const accounting = result.accounting[slice.slice];
  const totals = result.totals[slice.slice];
  return slice.files.map((file, index) => {
    const first = index === 0;
    const tags = encodeSliceTags({
      run,
      fingerprint,
      digest: first ? slice.digest : EMPTY_DIGEST,
      inputs: result.inputs,
      ...(first && accounting && { accounting }),
      ...(first && totals && { totals }),
    });
    return { path: file.name, slice: slice.slice, bytes: file.bytes, stats: file.stats, tags };
  });
}

function retagOf(
  request: RunRequest<SilverDataset | GoldDataset>,
  result: RunResult,
  output: TableOutput,
  unchanged: ReadonlySet<string>,
): CommitChange {
  const fingerprints = new Map(request.slices.map((wanted) => [wanted.slice, wanted.fingerprint]));
  const tags = new Map<string, Readonly<Record<string, string>>>();
  for (const file of output.base?.files.values() ?? []) {
    const slice = sliceOf(file);
    const fingerprint = fingerprints.get(slice);
    if (!unchanged.has(slice) || fingerprint === undefined) continue;
    const now = {
      'lw.fingerprint': fingerprint,
      'lw.run': request.run,
      'lw.inputs': JSON.stringify(result.inputs),
    };
    tags.set(file.path, { ...file.tags, ...now });
  }
  return { kind: 'retag', tags };
}

function intentOf(
  deps: RunDeps,
  request: RunRequest<SilverDataset | GoldDataset>,
  output: TableOutput,
  base: Snapshot | undefined,
  change: CommitChange,
): CommitIntent {
  return {
    root: rootOf(output.dataset),
    table: { name: output.dataset, columns: output.columns },
    base,
    change,
    txns: [],
    fences: [{ scope: `dataset/${request.step.name}`, epoch: request.epoch }],
    operation: change.kind === 'retag' ? 'RETAG' : 'WRITE',
    commitId: deps.random.uuid(),
    run: request.run,
  };
}
