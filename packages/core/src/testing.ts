import type { BatchLanding, EventChunk, LandedFile, LandingWriter, StreamLanding } from '@lakewarden/compute';
import { EMPTY_DIGEST, type WrittenFile } from '@lakewarden/contracts';
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

/** Writes no Parquet: a landed file is only its description, with every row in the slice of its enqueued day. */
export class MemoryLanding implements LandingWriter {
  batchRows = 1;
  #files = 0;

  async writeStream(job: StreamLanding): Promise<readonly LandedFile[]> {
    const byPartition = new Map<number, EventChunk[]>();
    for (const chunk of job.chunks) {
      byPartition.set(chunk.partition, [...(byPartition.get(chunk.partition) ?? []), chunk]);
    }
    return [...byPartition].map(([partition, chunks]) => this.#landed(partition, chunks));
  }

  async writeBatch(job: BatchLanding) {
    const rows = this.batchRows;
    const digest = { rows, sum: BigInt(rows) };
    const file = { ...this.#written(job.window, rows), digest, touches: { [job.window]: digest } };
    return { rows, files: rows === 0 ? [] : [file] };
  }

  #landed(partition: number, chunks: readonly EventChunk[]): LandedFile {
    const rows = chunks.reduce((sum, chunk) => sum + chunk.count, 0);
    const day = new Date(chunks[0]?.enqueuedMs[0] ?? 0).toISOString().slice(0, 10);
    const digest = { rows, sum: BigInt(rows) };
    return {
      ...this.#written(day, rows),
      digest: rows === 0 ? EMPTY_DIGEST : digest,
      touches: { [day]: digest },
      partition,
      first: chunks[0]?.sequences[0] ?? 0n,
      last: chunks.at(-1)?.sequences.at(-1) ?? 0n,
    };
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
