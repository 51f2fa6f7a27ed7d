import type { Engine, GoldDataset, SilverDataset, SliceFiles } from '@lakewarden/compute';
import {
  type Column,
  type DatasetName,
  EMPTY_DIGEST,
  encodeSliceTags,
  formatDigest,
  type RowAccounting,
} from '@lakewarden/contracts';
import type { AddFile, CommitChange, CommitIntent, NewFile, Snapshot } from '@lakewarden/delta';
import type { EmitFact } from '../facts.ts';
import { type RecordedSlice, recordedSlices, sliceOf } from '../graph/recorded.ts';
import type { WantedSlice } from '../graph/wanted.ts';
import { mapLimit } from '../lake/map-limit.ts';
import { rootOf, type Tables } from '../lake/tables.ts';
import type { Clock, LakeFiles, Random } from '../ports.ts';

/**
 * The second half of a run: what the engine wrote becomes visible, one commit a table (DESIGN §3, Commit).
 *
 * - R1 (I7) Side tables first, the decisive table last; all carry the same run id. A crash between them leaves slices
 *   whose tables name different runs, which is stale by definition.
 * - R3 A rebuild whose digests are equal in every table commits only new tags: its descendants stay fresh.
 */
const STORE_CONCURRENCY = 16;

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
  | { readonly kind: 'fenced' }
  /** Frozen or pinned since the run began: it must not commit. */
  | { readonly kind: 'stopped'; readonly reason: string };

export interface RunRequest<Step> {
  readonly run: string;
  readonly step: Step;
  readonly slices: readonly WantedSlice[];
  readonly epoch: bigint;
  /** The tables as they were when these slices were found stale; a commit conflicts with what came since. */
  readonly tables: ReadonlyMap<DatasetName, Snapshot | undefined>;
  /** Asked before every commit: why these slices must not be written any more. */
  readonly stopped: () => string | undefined;
}

/** The files that one table gets in this run. */
export interface TableOutput {
  readonly dataset: DatasetName;
  readonly columns: readonly Column[];
  readonly base: Snapshot | undefined;
  readonly slices: readonly SliceFiles[];
}

export interface RunResult {
  /** The decisive table is the last. */
  readonly outputs: readonly TableOutput[];
  readonly accounting: Readonly<Record<string, RowAccounting>>;
  readonly totals: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly inputs: Readonly<Record<string, number>>;
}

export async function commitRun(
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
  await mapLimit(files, STORE_CONCURRENCY, ({ file, dataset }) => {
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
  const tables = result.outputs.map(({ base, slices }) => ({
    recorded: recordedSlices(base),
    written: new Map(slices.map((written) => [written.slice, written])),
  }));
  const same = (slice: string) =>
    tables.every(({ recorded, written }) => {
      const before: RecordedSlice | undefined = recorded.get(slice);
      const after = written.get(slice);
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
      const reason = request.stopped();
      if (reason !== undefined) return { kind: 'stopped', reason };
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
    tags.set(file.path, { ...file.tags, ...now, ...countsNow(file, result, slice) });
  }
  return { kind: 'retag', tags };
}

/**
 * Equal rows may have come from other ones: a run that died after its side tables leaves the decisive table with the rows
 * of now and the accounting of before (I12). They stand on the first file of the slice, and stay there.
 */
function countsNow(file: AddFile, { accounting, totals }: RunResult, slice: string): Record<string, string> {
  if (file.tags?.['lw.accounting'] === undefined) return {};
  const [rows, sums] = [accounting[slice], totals[slice]];
  return {
    ...(rows && { 'lw.accounting': JSON.stringify(rows) }),
    ...(sums && { 'lw.totals': JSON.stringify(sums) }),
  };
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
