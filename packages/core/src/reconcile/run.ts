import type { GoldDataset, InputFile, SilverDataset, SliceFiles } from '@lakewarden/compute';
import { auxiliaryTables } from '@lakewarden/compute';
import { type DatasetName, isBalanced, type RowAccounting, TerminalError } from '@lakewarden/contracts';
import type { Snapshot } from '@lakewarden/delta';
import { sliceOf } from '../graph/recorded.ts';
import { feeds, type LandedFileView, type WantedSlice } from '../graph/wanted.ts';
import { mapLimit } from '../lake/map-limit.ts';
import { commitRun, type RunDeps, type RunOutcome, type RunRequest, type TableOutput } from './commit-run.ts';

/**
 * One run: any set of slices of one dataset with one scan (DESIGN §3, Runs). `commit-run.ts` makes its files visible.
 *
 * - R2 (I12) `in` comes from the tags of the input, never from the query that is being checked.
 * - R4 (I5) The files read are those of the snapshots given; nothing is listed or looked up on the way.
 */
const FETCH_CONCURRENCY = 16;

/** Tables that a dataset's runs write, side tables first. */
export function tablesOf(step: SilverDataset | GoldDataset): readonly DatasetName[] {
  return [...auxiliaryTables(step).map(({ name }) => name), step.name];
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
    const files = await mapLimit(inputs, FETCH_CONCURRENCY, ({ file, slice }) =>
      fetchInput(deps, request.bronze.root, file.path, file.size, slice, signal),
    );
    const manifest = await deps.engine.clean({ step, slices: keys, files, outDir }, signal);
    checkCleanAccounting(slices, manifest.accounting);
    const result = {
      outputs: outputsOf(request, [manifest.quarantine, manifest.duplicates, manifest.silver]),
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
    // A dataset that never built a slice is read as empty: its slices may all be waived.
    const inputs: Record<string, InputFile[]> = Object.fromEntries(
      step.inputs.map(({ dataset }) => [dataset.name, []]),
    );
    for (const [dataset, snapshot] of sources) {
      inputs[dataset] = await fetchSlices(deps, snapshot, slicesRead(slices, dataset), signal);
    }
    const aggregated = await deps.engine.aggregate({ step, slices: keys, inputs, outDir }, signal);
    const manifest = await deps.engine.dedup({ step, slices: keys, input: aggregated, outDir }, signal);
    checkBalanced(manifest.accounting);
    const result = {
      outputs: outputsOf(request, [manifest.duplicates, manifest.gold]),
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
  const read = (wanted: WantedSlice) =>
    wanted.inputs.filter((input) => input.dataset === dataset && input.isWaived === undefined);
  return new Set(slices.flatMap((wanted) => read(wanted).map((input) => input.slice)));
}

function fetchSlices(
  deps: RunDeps,
  snapshot: Snapshot,
  slices: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<InputFile[]> {
  const files = [...snapshot.files.values()].filter((file) => slices.has(sliceOf(file)));
  return mapLimit(files, FETCH_CONCURRENCY, (file) =>
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

/** `written`: by table, in the order of `tablesOf`. */
function outputsOf(
  { step, tables }: RunRequest<SilverDataset | GoldDataset>,
  written: readonly (readonly SliceFiles[])[],
): readonly TableOutput[] {
  return [...auxiliaryTables(step), step].map(({ name, columns }, index) => ({
    dataset: name,
    columns,
    slices: written[index] ?? [],
    base: tables.get(name),
  }));
}
