import type { Blame } from '@lakewarden/contracts';
import { decodeLandedTags } from '@lakewarden/contracts';
import { type ControlState, type Observation, type SilverView, tablesOf } from '@lakewarden/core';
import { type AddFile, filesOfSlice, type LakeStorage, type Snapshot } from '@lakewarden/delta';
import { isSilver, slicesFed } from './lineage.ts';
import { iso, rowsOfFile } from './shape.ts';

/** A slice made from more than this is named in part, and said to be. */
const LISTED_MAX = 500;
/** How far back the log is searched for the commit of a run. */
const COMMITS_SEARCHED_MAX = 200;

export interface BlameSources {
  readonly storage: LakeStorage;
  /** Acts that named this slice or its dataset, newest first. */
  readonly actsOn: (slice: string, dataset: string) => Blame['acts'];
}

/** Where the rows of a slice come from, down to offsets and Data Factory runs. Undefined: there is no such slice. */
export async function blame(
  seen: Observation,
  sources: BlameSources,
  id: string,
  signal: AbortSignal,
): Promise<Blame | undefined> {
  const [dataset = '', key = ''] = id.split('@');
  const step = seen.pipeline.datasets.find(({ name }) => name === dataset);
  if (step === undefined) return undefined;
  const found = step.layer === 'bronze' ? blameLanded(seen, id, key) : blameBuilt(seen, id, key);
  if (found === undefined) return undefined;
  const commit = await commitOf(sources.storage, found.snapshot, found.run, signal);
  const { files, inputs, offsets, windows } = found;
  return {
    slice: id,
    ...(step.layer !== 'bronze' && { stepVersion: step.stepVersion }),
    stepIsCurrent: found.isFresh,
    ...(found.run !== undefined && { run: found.run }),
    ...(commit && { commit: { table: dataset, ...commit } }),
    ...(found.accounting && { accounting: found.accounting }),
    files: files.slice(0, LISTED_MAX),
    inputs: inputs.slice(0, LISTED_MAX),
    offsets: offsets.slice(0, LISTED_MAX),
    windows: windows.slice(0, LISTED_MAX),
    pins: pinsOn(seen.control, id),
    acts: [...sources.actsOn(id, dataset)],
    truncated: [files, inputs, offsets, windows].some((list) => list.length > LISTED_MAX),
  };
}

interface Found extends Pick<Blame, 'run' | 'accounting' | 'files' | 'inputs' | 'offsets' | 'windows'> {
  readonly snapshot: Snapshot;
  readonly isFresh: boolean;
}

function blameLanded(seen: Observation, id: string, key: string): Found | undefined {
  const dataset = id.slice(0, id.indexOf('@'));
  const snapshot = [...seen.bronze].find(([name]) => name === dataset)?.[1];
  const files = snapshot === undefined ? [] : filesOfSlice(snapshot, key);
  if (snapshot === undefined || files.length === 0) return undefined;
  const source = sourceOf(seen, dataset);
  return {
    snapshot,
    isFresh: true,
    run: decodeLandedTags(files.at(-1)?.tags)?.run,
    files: files.map((file) => fileOf(dataset, file)),
    inputs: [],
    ...originsOf(source, snapshot, files),
  };
}

function blameBuilt(seen: Observation, id: string, key: string): Found | undefined {
  const dataset = id.slice(0, id.indexOf('@'));
  const view = [...(seen.views ?? [])].find(([name]) => name === dataset)?.[1];
  const slice = view?.slices.find(({ wanted }) => wanted.slice === key);
  if (view?.snapshot === undefined || slice?.recorded === undefined) return undefined;
  const files = tablesOf(view.step as Parameters<typeof tablesOf>[0]).flatMap((table) => {
    const snapshot = view.tables.get(table);
    return snapshot === undefined ? [] : filesOfSlice(snapshot, key).map((file) => fileOf(table, file));
  });
  const inputs = slice.wanted.inputs.map((input) => ({
    slice: `${input.dataset}@${input.slice}`,
    rows: input.digest.rows,
    ...versionRead(slice.recorded?.files[0], input.dataset),
  }));
  const { run, accounting } = slice.recorded;
  return {
    snapshot: view.snapshot,
    isFresh: slice.status === 'fresh' || slice.status === 'backfill',
    run,
    ...(accounting && { accounting }),
    files,
    inputs,
    ...originsOfAll(seen, dataset, key),
  };
}

function versionRead(file: AddFile | undefined, dataset: string): { version?: number } {
  const versions = JSON.parse(file?.tags?.['lw.inputs'] ?? '{}') as Record<string, number>;
  const version = versions[dataset];
  return version === undefined ? {} : { version };
}

/** Through every dataset below, to the bronze files that hold a row of it. */
function originsOfAll(seen: Observation, dataset: string, key: string): Pick<Found, 'offsets' | 'windows'> {
  const offsets: Blame['offsets'] = [];
  const windows: Blame['windows'] = [];
  const visited = new Set<string>();
  const visit = (name: string, slice: string): void => {
    if (visited.has(`${name}@${slice}`) || offsets.length + windows.length > LISTED_MAX) return;
    visited.add(`${name}@${slice}`);
    const view = [...(seen.views ?? [])].find(([each]) => each === name)?.[1];
    if (view === undefined) return;
    if (isSilver(view)) {
      const origins = landedOrigins(seen, view, slice);
      offsets.push(...origins.offsets);
      windows.push(...origins.windows);
      return;
    }
    for (const input of view.slices.find(({ wanted }) => wanted.slice === slice)?.wanted.inputs ?? []) {
      visit(input.dataset, input.slice);
    }
  };
  visit(dataset, key);
  return { offsets, windows };
}

function landedOrigins(
  seen: Observation,
  view: SilverView,
  slice: string,
): Pick<Found, 'offsets' | 'windows'> {
  if (view.bronze === undefined) return { offsets: [], windows: [] };
  const files = view.landed
    .filter((file) => slicesFed(view.step, file).includes(slice))
    .map(({ file }) => file);
  return originsOf(sourceOf(seen, view.step.from.name), view.bronze, files);
}

function originsOf(
  source: string,
  snapshot: Snapshot,
  files: readonly AddFile[],
): Pick<Found, 'offsets' | 'windows'> {
  const offsets: Blame['offsets'] = [];
  const windows = new Map<string, Blame['windows'][number]>();
  for (const file of files) {
    const tags = decodeLandedTags(file.tags);
    const rows = rowsOfFile(file);
    if (tags?.stream !== undefined) {
      const { generation, partition, first, last } = tags.stream;
      offsets.push({
        source,
        generation,
        partition,
        first: String(first),
        last: String(last),
        rows,
        file: file.path,
      });
      continue;
    }
    const window = file.partitionValues._slice ?? '';
    const before = windows.get(window);
    const attempt = snapshot.txns.get(`lw/batch/${source}/${window}`);
    windows.set(window, {
      source,
      window,
      attempt: attempt === undefined ? '' : String(attempt),
      ...(tags !== undefined && { run: tags.run }),
      rows: rows + (before?.rows ?? 0),
    });
  }
  return { offsets, windows: [...windows.values()] };
}

function sourceOf(seen: Observation, dataset: string): string {
  const step = seen.pipeline.datasets.find(({ name }) => name === dataset);
  return step?.layer === 'bronze' ? step.source.name : '';
}

function fileOf(table: string, file: AddFile): Blame['files'][number] {
  return { table, path: file.path, rows: rowsOfFile(file), bytes: file.size };
}

function pinsOn(control: ControlState, id: string): string[] {
  const pin = control.pins.get(id);
  return pin === undefined ? [] : [`${pin.by} ${pin.as} by ${pin.actor}: ${pin.reason}`];
}

/** The newest commit of this run, found in the log; what is further back than the bound stays unnamed. */
async function commitOf(
  storage: LakeStorage,
  snapshot: Snapshot,
  run: string | undefined,
  signal: AbortSignal,
): Promise<{ version: number; at?: string; commitId?: string } | undefined> {
  if (run === undefined) return undefined;
  const oldest = Math.max(0, snapshot.version - COMMITS_SEARCHED_MAX);
  for (let version = snapshot.version; version >= oldest; version--) {
    const name = `${String(version).padStart(20, '0')}.json`;
    const body = await storage.read(`${snapshot.root}/_delta_log/${name}`, { signal });
    if (body === undefined) return undefined;
    const info = commitInfo(new TextDecoder().decode(body));
    if (info.run !== run) continue;
    return {
      version,
      ...(typeof info.timestamp === 'number' && { at: iso(info.timestamp) }),
      ...(typeof info.txnId === 'string' && { commitId: info.txnId }),
    };
  }
  return undefined;
}

function commitInfo(log: string): {
  readonly run?: unknown;
  readonly timestamp?: unknown;
  readonly txnId?: unknown;
} {
  const line = log.split('\n', 1)[0] ?? '';
  const parsed: unknown = JSON.parse(line === '' ? '{}' : line);
  return (parsed as { commitInfo?: object }).commitInfo ?? {};
}
