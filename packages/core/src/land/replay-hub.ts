import type { BronzeDataset, EventChunk, HubSource, LandedFile, LandingWriter } from '@lakewarden/compute';
import { encodeLandedTags, TerminalError } from '@lakewarden/contracts';
import type { NewFile, Snapshot } from '@lakewarden/delta';
import { type EmitFact, reasonOf } from '../facts.ts';
import { landedContent } from '../graph/landed-content.ts';
import { landedRows, type StreamFile, streamFiles } from '../graph/stream-files.ts';
import { mapLimit } from '../lake/map-limit.ts';
import { parkedBy } from '../lake/parked.ts';
import { rootOf, type Tables } from '../lake/tables.ts';
import type { Clock, EventStream, HubState, LakeFiles, Random } from '../ports.ts';
import { COMMIT_EVENTS_MAX, checkpointAppId, fenceScope, hubName } from './drain.ts';

/**
 * Replaying recorded ranges of a hub (DESIGN §3, Checkpoints): what the bronze files of some slices cover is read again,
 * at or below the checkpoint only, and compared by digest.
 *
 * - P1 (I1, I2) Equal rows commit nothing. Others replace exactly the files that covered their range, all in one commit;
 *   what landed meanwhile stays, and no checkpoint moves.
 * - P2 (I1, I11) Fewer events than landed, or events that left the hub, are refused and change nothing: bronze is then the
 *   best there is.
 * - P3 (I15) One range of at most `COMMIT_EVENTS_MAX` events is in memory at a time.
 *
 * It reads with the owner level of the drains of this hub, so the two must not run at the same time.
 */
const ATTEMPTS_MAX = 4;
const RETRY_FIRST_MS = 250;
const CHUNK_EVENTS_MAX = 5_000;
const STORE_CONCURRENCY = 8;

export interface ReplayDeps {
  readonly tables: Tables;
  readonly stream: EventStream;
  readonly landing: LandingWriter;
  readonly files: LakeFiles;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: EmitFact;
}

export interface ReplayRequest {
  readonly dataset: BronzeDataset;
  readonly source: HubSource;
  /** Keys of the bronze slices. */
  readonly slices: readonly string[];
  readonly epoch: bigint;
}

export type ReplayResult =
  /** Every range holds what landed; nothing was committed. */
  | { readonly kind: 'unchanged'; readonly events: number }
  /** `files` were replaced; what is built from them is stale now. */
  | {
      readonly kind: 'changed';
      readonly events: number;
      readonly files: number;
      readonly version: number;
    }
  /** It cannot be done, today or tomorrow; nothing has changed. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Another reader took a partition, or a newer agent holds it. */
  | { readonly kind: 'lost'; readonly partitions: readonly number[] }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'parked'; readonly dependency: string };

/** Throws only when the signal aborts. Safe to repeat: a second replay finds equal rows. */
export async function replayHub(
  deps: ReplayDeps,
  request: ReplayRequest,
  signal: AbortSignal,
): Promise<ReplayResult> {
  let reason = 'the table kept changing';
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    try {
      const outcome = await replayOnce(deps, request, signal);
      if (outcome.kind !== 'moved') return outcome;
    } catch (error) {
      signal.throwIfAborted();
      const dependency = parkedBy(error);
      if (dependency !== undefined) {
        deps.emit({ type: 'LandingParked', source: request.source.name, dependency });
        return { kind: 'parked', dependency };
      }
      reason = reasonOf(error);
      if (error instanceof TerminalError) break;
      if (attempt < ATTEMPTS_MAX) await deps.clock.sleep(RETRY_FIRST_MS * 2 ** attempt, signal);
    }
  }
  deps.emit({ type: 'HubFailed', hub: hubName(request.source), reason });
  return { kind: 'failed', reason };
}

async function replayOnce(
  deps: ReplayDeps,
  request: ReplayRequest,
  signal: AbortSignal,
): Promise<ReplayResult | { readonly kind: 'moved' }> {
  const base = await deps.tables.refresh(rootOf(request.dataset.name), signal);
  const slices = new Set(request.slices);
  const files = streamFiles(base).filter(({ slice }) => slices.has(slice));
  if (base === undefined || files.length === 0)
    return { kind: 'refused', reason: `${request.dataset.name} has no rows of a hub in these slices` };
  const state = await deps.stream.describe(request.source, signal);
  const reason = whyNotReadable(request, state, base, files);
  if (reason !== undefined) return { kind: 'refused', reason };
  const found = new Found();
  for (const range of rangesOf(files)) {
    const outcome = await compareRange(deps, request, range, found, signal);
    if (outcome !== undefined) return outcome;
  }
  return commitFound(deps, request, base, found, signal);
}

/** Files of one partition and slice that join without a hole: read in one go, compared as a whole. */
interface ReplayRange {
  readonly generation: string;
  readonly partition: number;
  readonly slice: string;
  readonly first: bigint;
  readonly last: bigint;
  readonly files: readonly StreamFile[];
}

function rangesOf(files: readonly StreamFile[]): readonly ReplayRange[] {
  const ranges: ReplayRange[] = [];
  const inOrder = [...files].sort(
    (a, b) =>
      a.stream.partition - b.stream.partition ||
      (a.slice < b.slice ? -1 : a.slice > b.slice ? 1 : Number(a.stream.first - b.stream.first)),
  );
  for (const file of inOrder) {
    const { slice, stream } = file;
    const before = ranges.at(-1);
    const joins =
      before?.partition === stream.partition &&
      before.slice === slice &&
      before.last + 1n === stream.first &&
      stream.last - before.first < BigInt(COMMIT_EVENTS_MAX);
    if (joins) ranges[ranges.length - 1] = { ...before, last: stream.last, files: [...before.files, file] };
    else ranges.push({ ...stream, slice, files: [file] });
  }
  return ranges;
}

/** P2, as far as the hub's own account of itself tells. */
function whyNotReadable(
  { dataset, source }: ReplayRequest,
  state: HubState,
  base: Snapshot,
  files: readonly StreamFile[],
): string | undefined {
  const oldest = new Map(state.partitions.map(({ partition, first }) => [partition, first]));
  for (const { slice, stream } of files) {
    const { generation, partition, first, last } = stream;
    const checkpoint = base.txns.get(checkpointAppId(source, generation, partition));
    if (checkpoint === undefined || last > checkpoint) {
      const text = `${dataset.name}@${slice}: partition ${partition} has rows above its checkpoint`;
      throw new TerminalError('corrupt', text);
    }
    if (generation !== state.generation)
      return `hub ${source.hub} was made again since ${dataset.name}@${slice} landed: its old events are gone; rebuild from bronze`;
    const start = oldest.get(partition);
    if (start === undefined || first < start)
      return `partition ${partition} of ${source.hub} starts at ${start ?? 'nothing'}, but ${dataset.name}@${slice} needs ${first}: outside retention; rebuild from bronze`;
  }
  return undefined;
}

/** What differs so far. Its new files are in the lake already, and invisible until the commit. */
class Found {
  readonly removed: string[] = [];
  readonly added: { readonly file: LandedFile; readonly generation: string }[] = [];
  readonly partitions = new Set<number>();
  events = 0;
}

async function compareRange(
  deps: ReplayDeps,
  request: ReplayRequest,
  range: ReplayRange,
  found: Found,
  signal: AbortSignal,
): Promise<ReplayResult | undefined> {
  const chunks = await readRange(deps, request, range, signal);
  if (chunks === 'stolen') return { kind: 'lost', partitions: [range.partition] };
  const scratch = await deps.files.scratch();
  try {
    const { dataset } = request;
    const job = { dataset, generation: range.generation, chunks, outDir: scratch.dir };
    const written = chunks.length === 0 ? [] : await deps.landing.writeStream(job, signal);
    // Where enqueued days overlap, the range holds rows of another day: those are in files of another range.
    const own = written.filter(({ slice }) => slice === range.slice);
    const events = own.reduce((sum, { digest }) => sum + digest.rows, 0);
    const landed = landedRows(range.files);
    if (events < landed) return { kind: 'refused', reason: fewer(request, range, landed, events) };
    found.events += events;
    if (landedContent(own) === landedContent(range.files.map(({ tags }) => tags))) return undefined;
    await mapLimit(own, STORE_CONCURRENCY, (file) =>
      deps.files.store(file.localPath, `${rootOf(dataset.name)}/${file.name}`, signal),
    );
    found.removed.push(...range.files.map(({ file }) => file.path));
    found.added.push(...own.map((file) => ({ file, generation: range.generation })));
    found.partitions.add(range.partition);
    return undefined;
  } finally {
    await scratch.release();
  }
}

function fewer({ source }: ReplayRequest, range: ReplayRange, landed: number, events: number): string {
  const { partition, first, last } = range;
  return `partition ${partition} of ${source.hub} gives ${events} events from ${first} to ${last}, but ${landed} have landed; rebuild from bronze`;
}

async function readRange(
  deps: ReplayDeps,
  { source, epoch }: ReplayRequest,
  { partition, first, last }: ReplayRange,
  signal: AbortSignal,
): Promise<readonly EventChunk[] | 'stolen'> {
  const chunks: EventChunk[] = [];
  const after = first > 0n ? first - 1n : undefined;
  const request = {
    source,
    partition,
    after,
    upTo: last,
    ownerLevel: epoch,
    chunkEventsMax: CHUNK_EVENTS_MAX,
  };
  const take = async (chunk: EventChunk) => {
    chunks.push(chunk);
  };
  const outcome = await deps.stream.read(request, take, signal);
  return outcome.kind === 'stolen' ? 'stolen' : chunks;
}

async function commitFound(
  deps: ReplayDeps,
  request: ReplayRequest,
  base: Snapshot,
  found: Found,
  signal: AbortSignal,
): Promise<ReplayResult | { readonly kind: 'moved' }> {
  const { dataset, source, epoch } = request;
  const { events, removed } = found;
  const hub = hubName(source);
  if (removed.length === 0) {
    deps.emit({ type: 'HubReplayed', hub, events, files: 0 });
    return { kind: 'unchanged', events };
  }
  const run = deps.random.uuid();
  const files = found.added.map(({ file, generation }) => newFile(file, generation, run));
  const outcome = await deps.tables.commit(
    {
      root: rootOf(dataset.name),
      table: { name: dataset.name, columns: dataset.columns },
      base,
      change: { kind: 'replace', remove: removed, files },
      txns: [],
      fences: [...found.partitions]
        .sort((a, b) => a - b)
        .map((p) => ({ scope: fenceScope(source, p), epoch })),
      operation: 'REPLAY',
      commitId: deps.random.uuid(),
      run,
    },
    signal,
  );
  switch (outcome.kind) {
    case 'committed':
      deps.emit({ type: 'HubReplayed', hub, events, files: removed.length });
      return { kind: 'changed', events, files: removed.length, version: outcome.snapshot.version };
    case 'conflict':
      return { kind: 'moved' };
    case 'fenced':
      return { kind: 'lost', partitions: outcome.scopes.map(({ scope }) => Number(scope.split('/').at(-1))) };
  }
}

function newFile(file: LandedFile, generation: string, run: string): NewFile {
  const { digest, touches, partition = 0, first = 0n, last = 0n } = file;
  const tags = encodeLandedTags({ run, digest, touches, stream: { generation, partition, first, last } });
  return { path: file.name, slice: file.slice, bytes: file.bytes, stats: file.stats, tags };
}
