import assert from 'node:assert/strict';
import type { BronzeDataset, EventChunk, HubSource, LandedFile, LandingWriter } from '@lakewarden/compute';
import { encodeLandedTags } from '@lakewarden/contracts';
import type { CommitIntent, CommitOutcome, NewFile, Snapshot, TxnMove } from '@lakewarden/delta';
import type { EmitFact } from '../facts.ts';
import { mapLimit } from '../lake/map-limit.ts';
import { rootOf, type Tables } from '../lake/tables.ts';
import type { EventStream, HubState, LakeFiles, Random } from '../ports.ts';

/**
 * Draining a hub: every partition's events in (checkpoint, last] become bronze files and one commit that carries the
 * files of all partitions *and* their checkpoints (DESIGN §2, land). The lake is the checkpoint; nothing else is asked.
 *
 * - D1 (I1, I3) A checkpoint moves in the commit that adds the rows it covers, from exactly the value it was read at.
 * - D2 (I2) Only sequences above the checkpoint are taken; a commit that finds the checkpoint moved lands nothing.
 * - D3 (I15) At most two commits' worth of events is in memory: one being written, one being filled.
 * - D4 (I4) Each partition has its own fence; one that is lost is trimmed and the others go on.
 */
export const COMMIT_EVENTS_MAX = 50_000;
const CHUNK_EVENTS_MAX = 5_000;
const STORE_CONCURRENCY = 8;

export interface DrainDeps {
  readonly tables: Tables;
  readonly stream: EventStream;
  readonly landing: LandingWriter;
  readonly files: LakeFiles;
  readonly random: Random;
  readonly emit: EmitFact;
}

export interface DrainRequest {
  readonly dataset: BronzeDataset;
  readonly source: HubSource;
  /** Fencing epoch of every partition of this hub, and its Event Hubs owner level. */
  readonly epoch: bigint;
}

export type DrainOutcome =
  | { readonly kind: 'drained'; readonly events: number }
  /** A checkpoint moved under us: somebody else drains. Look again. */
  | { readonly kind: 'moved' }
  /** Another reader owns some partitions; what could be landed is landed. */
  | { readonly kind: 'lost'; readonly partitions: readonly number[] };

export function hubName(source: HubSource): string {
  return `${source.namespace}/${source.hub}`;
}

/** `txn` of a partition's checkpoint: no agent and no consumer group in it (DESIGN §3, Checkpoints). */
export function checkpointAppId(source: HubSource, generation: string, partition: number): string {
  return `lw/eh/${hubName(source)}/${generation}/${partition}`;
}

export function fenceScope(source: HubSource, partition: number): string {
  return `hub/${hubName(source)}/${partition}`;
}

interface PartitionRange {
  readonly partition: number;
  readonly after: bigint | undefined;
  readonly upTo: bigint;
  /** The sequence number that must come first. */
  readonly next: bigint;
}

function emitGap(deps: DrainDeps, source: HubSource, partition: number, from: bigint, to: bigint): void {
  deps.emit({
    type: 'GapFound',
    hub: hubName(source),
    partition,
    first: String(from),
    last: String(to - 1n),
  });
}

export async function drainHub(
  deps: DrainDeps,
  request: DrainRequest,
  signal: AbortSignal,
): Promise<DrainOutcome> {
  const state = await deps.stream.describe(request.source, signal);
  const base = await deps.tables.refresh(rootOf(request.dataset.name), signal);
  const ranges = rangesToDrain(deps, request.source, state, base);
  if (ranges.length === 0) return { kind: 'drained', events: 0 };
  const events = ranges.reduce((sum, range) => sum + Number(range.upTo - (range.after ?? -1n)), 0);
  deps.emit({ type: 'DrainStarted', hub: hubName(request.source), partitions: ranges.length, events });
  const drain = new Drain(deps, request, state.generation, base, events, signal);
  return drain.run(ranges);
}

function rangesToDrain(
  deps: DrainDeps,
  source: HubSource,
  state: HubState,
  base: Snapshot | undefined,
): readonly PartitionRange[] {
  const ranges: PartitionRange[] = [];
  for (const { partition, first, last } of state.partitions) {
    if (last === undefined) continue;
    const after = base?.txns.get(checkpointAppId(source, state.generation, partition));
    const next = (after ?? -1n) + 1n;
    if (next > last) continue;
    if (next < first) emitGap(deps, source, partition, next, first);
    ranges.push({ partition, after, upTo: last, next: next < first ? first : next });
  }
  return ranges;
}

/** One drain in progress: readers fill `#filling`, a single chain of commits empties it. */
class Drain {
  readonly #deps: DrainDeps;
  readonly #request: DrainRequest;
  readonly #generation: string;
  readonly #total: number;
  readonly #stop = new AbortController();
  /** The caller's: ends landing too. */
  readonly #signal: AbortSignal;
  /** Ends the readers: the caller's, or the first failure of a sibling. */
  readonly #reading: AbortSignal;
  readonly #lost = new Set<number>();
  readonly #fenced = new Set<number>();
  /** By partition, the sequence number that must come next (I1). */
  readonly #next = new Map<number, bigint>();
  #base: Snapshot | undefined;
  #filling: EventChunk[] = [];
  #fillingEvents = 0;
  #committing: Promise<void> = Promise.resolve();
  #landed = 0;
  #moved = false;

  constructor(
    deps: DrainDeps,
    request: DrainRequest,
    generation: string,
    base: Snapshot | undefined,
    total: number,
    signal: AbortSignal,
  ) {
    this.#deps = deps;
    this.#request = request;
    this.#generation = generation;
    this.#base = base;
    this.#total = total;
    this.#signal = signal;
    this.#reading = AbortSignal.any([signal, this.#stop.signal]);
  }

  async run(ranges: readonly PartitionRange[]): Promise<DrainOutcome> {
    const readers = await Promise.allSettled(ranges.map((range) => this.#read(range)));
    const failed = readers.find((reader) => reader.status === 'rejected');
    if (!this.#moved) {
      // What was read before a failure is whole up to its last event, so it may land.
      this.#startCommit();
      await this.#committing;
    }
    if (this.#moved) return { kind: 'moved' };
    if (failed !== undefined) throw failed.reason;
    this.#deps.emit({ type: 'DrainFinished', hub: hubName(this.#request.source), events: this.#landed });
    if (this.#lost.size > 0) return { kind: 'lost', partitions: [...this.#lost] };
    return { kind: 'drained', events: this.#landed };
  }

  async #read({ partition, after, upTo, next }: PartitionRange): Promise<void> {
    const { source, epoch } = this.#request;
    this.#next.set(partition, next);
    const request = { source, partition, after, upTo, ownerLevel: epoch, chunkEventsMax: CHUNK_EVENTS_MAX };
    try {
      const outcome = await this.#deps.stream.read(request, (chunk) => this.#take(chunk), this.#reading);
      if (outcome.kind === 'reached') return;
      this.#lost.add(partition);
      this.#deps.emit({ type: 'PartitionTaken', hub: hubName(source), partition });
    } catch (error) {
      if (this.#moved) return;
      this.#stop.abort(error);
      throw error;
    }
  }

  async #take(chunk: EventChunk): Promise<void> {
    this.#checkNext(chunk);
    this.#filling.push(chunk);
    this.#fillingEvents += chunk.count;
    if (this.#fillingEvents < COMMIT_EVENTS_MAX) return;
    await this.#committing;
    // Several readers may have waited for the same commit; the first takes all that came meanwhile (D3).
    if (this.#fillingEvents >= COMMIT_EVENTS_MAX) this.#startCommit();
  }

  /** A reader gives every event once and in order; only retention may take some away, and that is said (I11). */
  #checkNext({ partition, sequences, count }: EventChunk): void {
    const [first, last] = [sequences[0], sequences[count - 1]];
    const next = this.#next.get(partition);
    assert(first !== undefined && last !== undefined && next !== undefined && first >= next);
    if (first > next) emitGap(this.#deps, this.#request.source, partition, next, first);
    this.#next.set(partition, last + 1n);
  }

  #startCommit(): void {
    const chunks = this.#filling;
    if (chunks.length === 0) return;
    this.#filling = [];
    this.#fillingEvents = 0;
    this.#committing = this.#committing.then(() => this.#land(chunks));
    // Awaited by the next #take and by run(); this only keeps an early failure from being an unhandled rejection.
    this.#committing.catch((error: unknown) => this.#stop.abort(error));
  }

  async #land(chunks: readonly EventChunk[]): Promise<void> {
    // A commit that lost its race landed nothing: what comes behind it would move a checkpoint over rows that are not there (I1).
    if (this.#moved) return;
    const { deps, request } = { deps: this.#deps, request: this.#request };
    const scratch = await deps.files.scratch();
    try {
      const job = { dataset: request.dataset, generation: this.#generation, chunks, outDir: scratch.dir };
      const written = await deps.landing.writeStream(job, this.#signal);
      const root = rootOf(request.dataset.name);
      await mapLimit(written, STORE_CONCURRENCY, (file) =>
        deps.files.store(file.localPath, `${root}/${file.name}`, this.#signal),
      );
      await this.#commit(written.filter((file) => !this.#isFenced(file.partition)));
    } finally {
      await scratch.release();
    }
  }

  #isFenced(partition: number | undefined): boolean {
    return partition !== undefined && this.#fenced.has(partition);
  }

  async #commit(files: readonly LandedFile[]): Promise<void> {
    if (files.length === 0) return;
    const intent = this.#intent(files);
    const outcome = await this.#deps.tables.commit(intent, this.#signal);
    switch (outcome.kind) {
      case 'committed':
        return this.#committed(outcome, files);
      case 'conflict':
        this.#moved = true;
        this.#stop.abort();
        return;
      case 'fenced':
        for (const { scope, held } of outcome.scopes) this.#loseFence(scope, held);
        return this.#commit(files.filter((file) => !this.#isFenced(file.partition)));
    }
  }

  #loseFence(scope: string, held: bigint): void {
    const hub = hubName(this.#request.source);
    const partition = Number(scope.slice(scope.lastIndexOf('/') + 1));
    this.#fenced.add(partition);
    this.#lost.add(partition);
    this.#deps.emit({ type: 'PartitionFenced', hub, partition, heldEpoch: String(held) });
  }

  #committed(outcome: CommitOutcome & { kind: 'committed' }, files: readonly LandedFile[]): void {
    this.#base = outcome.snapshot;
    this.#landed += files.reduce((sum, file) => sum + file.rows, 0);
    this.#deps.emit({
      type: 'EventsLanded',
      hub: hubName(this.#request.source),
      events: this.#landed,
      left: Math.max(0, this.#total - this.#landed),
      version: outcome.snapshot.version,
    });
  }

  #intent(files: readonly LandedFile[]): CommitIntent {
    const { dataset, source, epoch } = this.#request;
    const run = this.#deps.random.uuid();
    const partitions = [...new Set(files.map((file) => file.partition ?? 0))].sort((a, b) => a - b);
    return {
      root: rootOf(dataset.name),
      table: { name: dataset.name, columns: dataset.columns },
      base: this.#base,
      change: { kind: 'append', files: files.map((file) => this.#newFile(file, run)) },
      txns: partitions.map((partition) => this.#move(partition, files)),
      fences: partitions.map((partition) => ({ scope: fenceScope(source, partition), epoch })),
      operation: 'WRITE',
      commitId: this.#deps.random.uuid(),
      run,
    };
  }

  #newFile(file: LandedFile, run: string): NewFile {
    const stream = {
      generation: this.#generation,
      partition: file.partition ?? 0,
      first: file.first ?? 0n,
      last: file.last ?? 0n,
    };
    const tags = encodeLandedTags({ run, digest: file.digest, touches: file.touches, stream });
    return { path: file.name, slice: file.slice, bytes: file.bytes, stats: file.stats, tags };
  }

  #move(partition: number, files: readonly LandedFile[]): TxnMove {
    const appId = checkpointAppId(this.#request.source, this.#generation, partition);
    let to = -1n;
    for (const file of files) {
      if (file.partition === partition && file.last !== undefined && file.last > to) to = file.last;
    }
    return { appId, from: this.#base?.txns.get(appId), to };
  }
}
