import type { BatchLanding, EventChunk, LandedFile, LandingWriter, StreamLanding } from '@lakewarden/compute';
import { addDigests, EMPTY_DIGEST, sliceAt, type WrittenFile } from '@lakewarden/contracts';
import type { Fact } from './facts.ts';
import type {
  Clock,
  CopyJob,
  CopyState,
  EventStream,
  HubState,
  JobRunner,
  LakeFiles,
  Random,
  ReadRequest,
} from './ports.ts';

/** In-memory twins of the ports, beside them, for tests and simulation. They fail when told to, as the cloud fails. */

export interface MemoryEvent {
  readonly body: string;
  readonly enqueuedMs: number;
}

/** A hub of a few partitions. `fail` may throw before a chunk is handed over; `steal` ends a read as stolen. */
export class MemoryStream implements EventStream {
  generation = 'g1';
  readonly partitions = new Map<number, { first: bigint; events: MemoryEvent[] }>();
  fail: ((request: ReadRequest, sequence: bigint) => void) | undefined;
  stolen = new Set<number>();

  send(partition: number, ...events: readonly MemoryEvent[]): void {
    const log = this.partitions.get(partition) ?? { first: 0n, events: [] };
    log.events = [...log.events, ...events];
    this.partitions.set(partition, log);
  }

  async describe(): Promise<HubState> {
    const partitions = [...this.partitions].map(([partition, { first, events }]) => ({
      partition,
      first,
      last: events.length === 0 ? undefined : first + BigInt(events.length - 1),
      lastEnqueuedMs: events.at(-1)?.enqueuedMs,
    }));
    return { generation: this.generation, partitions };
  }

  async read(request: ReadRequest, onChunk: (chunk: EventChunk) => Promise<void>, signal: AbortSignal) {
    if (this.stolen.has(request.partition)) return { kind: 'stolen' as const };
    const log = this.partitions.get(request.partition);
    let next = (request.after ?? -1n) + 1n;
    if (log !== undefined && next < log.first) next = log.first;
    while (log !== undefined && next <= request.upTo) {
      signal.throwIfAborted();
      this.fail?.(request, next);
      const from = Number(next - log.first);
      const until = Math.min(from + request.chunkEventsMax, Number(request.upTo - log.first) + 1);
      await onChunk(chunkOf(request.partition, next, log.events.slice(from, until)));
      next = log.first + BigInt(until);
    }
    return { kind: 'reached' as const };
  }

  async close(): Promise<void> {}
}

export function chunkOf(partition: number, first: bigint, events: readonly MemoryEvent[]): EventChunk {
  const bodies = events.map((event) => new TextEncoder().encode(event.body));
  const ends = new Uint32Array(events.length);
  let end = 0;
  for (const [index, body] of bodies.entries()) {
    end += body.length;
    ends[index] = end;
  }
  return {
    partition,
    count: events.length,
    sequences: BigInt64Array.from(events.map((_, index) => first + BigInt(index))),
    enqueuedMs: Float64Array.from(events.map((event) => event.enqueuedMs)),
    offsets: events.map((_, index) => String(first + BigInt(index))),
    bodies: Uint8Array.from(bodies.flatMap((body) => [...body])),
    ends,
  };
}

/** Writes no Parquet: a landed file is only its description, one a (partition, enqueued day), with every row in the slice of that day. */
export class MemoryLanding implements LandingWriter {
  batchRows = 1;
  #files = 0;

  async writeStream(job: StreamLanding): Promise<readonly LandedFile[]> {
    const events = job.chunks.flatMap((chunk) => eventsOf(chunk, job.generation));
    const groups = Map.groupBy(events, ({ partition, day }) => `${partition}/${day}`);
    return [...groups.values()].map((group) => this.#landed(group));
  }

  async writeBatch(job: BatchLanding) {
    const rows = this.batchRows;
    const digest = { rows, sum: BigInt(rows) };
    const file = { ...this.#written(job.window, rows), digest, touches: { [job.window]: digest } };
    return { rows, files: rows === 0 ? [] : [file] };
  }

  #landed(events: readonly LandedEvent[]): LandedFile {
    const { partition, day, sequence } = events[0] as LandedEvent;
    const digest = events.reduce((sum, event) => addDigests(sum, { rows: 1, sum: event.hash }), EMPTY_DIGEST);
    const last = (events.at(-1) as LandedEvent).sequence;
    const file = this.#written(day, events.length);
    return { ...file, digest, touches: { [day]: digest }, partition, first: sequence, last };
  }

  #written(slice: string, rows: number): WrittenFile {
    const name = `_slice=${slice}/file-${this.#files++}.parquet`;
    return {
      localPath: `/scratch/${name}`,
      name,
      slice,
      rows,
      bytes: 1,
      stats: JSON.stringify({ numRecords: rows }),
    };
  }
}

interface LandedEvent {
  readonly partition: number;
  readonly sequence: bigint;
  readonly day: string;
  readonly hash: bigint;
}

function eventsOf(chunk: EventChunk, generation: string): readonly LandedEvent[] {
  const { partition, sequences, enqueuedMs, bodies, ends } = chunk;
  return Array.from({ length: chunk.count }, (_, index) => {
    const sequence = sequences[index] as bigint;
    const body = bodies.subarray(index === 0 ? 0 : ends[index - 1], ends[index]);
    let hash = 17;
    for (const byte of Buffer.from(`${generation}/${partition}/${sequence}/`)) hash = mixed(hash, byte);
    for (const byte of body) hash = mixed(hash, byte);
    return { partition, sequence, day: sliceAt('day', enqueuedMs[index] as number), hash: BigInt(hash) };
  });
}

/** Any stable hash will do: digests of this writer are compared with its own only. */
function mixed(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193) >>> 0;
}

/** Remembers which objects exist; `fail` may throw before one is stored. */
export class MemoryFiles implements LakeFiles {
  readonly stored = new Set<string>();
  arrived: readonly { path: string; bytes: number }[] = [{ path: 'landing/file.json', bytes: 1 }];
  fail: ((path: string) => void) | undefined;

  async fetch(path: string): Promise<string> {
    return `/spool/${path}`;
  }

  async store(_localPath: string, path: string): Promise<void> {
    this.fail?.(path);
    this.stored.add(path);
  }

  async list() {
    return this.arrived;
  }

  async scratch() {
    return { dir: '/scratch', release: async () => {} };
  }
}

/** Data Factory in memory: `states` are what poll answers one after the other, the last one for ever. */
export class MemoryJobs implements JobRunner {
  readonly submitted: CopyJob[] = [];
  readonly cancelled: string[] = [];
  states: CopyState[] = [{ kind: 'succeeded', rowsCopied: 1 }];

  async submit(job: CopyJob) {
    this.submitted.push(job);
    return { runId: `run-${this.submitted.length}`, output: job.output };
  }

  async poll(): Promise<CopyState> {
    const state = this.states.length > 1 ? this.states.shift() : this.states[0];
    return state ?? { kind: 'running' };
  }

  async cancel(_source: unknown, runId: string): Promise<void> {
    this.cancelled.push(runId);
  }
}

/** Time that passes only by sleeping. */
export class ManualClock implements Clock {
  nowMs: number;
  readonly slept: number[] = [];
  constructor(nowMs = Date.UTC(2026, 0, 15, 12)) {
    this.nowMs = nowMs;
  }
  now = () => this.nowMs;
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.slept.push(ms);
    this.nowMs += ms;
  }
}

/** Ids in order: `00000000-0000-4000-8000-000000000001`, … */
export class CountingRandom implements Random {
  #next = 1;
  uuid(): string {
    return `00000000-0000-4000-8000-${String(this.#next++).padStart(12, '0')}`;
  }
}

export function recordedFacts(): { readonly facts: Fact[]; readonly emit: (fact: Fact) => void } {
  const facts: Fact[] = [];
  return { facts, emit: (fact) => facts.push(fact) };
}
