import { writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  addDigests,
  type Digest,
  EMPTY_DIGEST,
  type RowAccounting,
  SLICE_COLUMN,
  sliceAt,
  TerminalError,
  TransientError,
} from '@lakewarden/contracts';
import type {
  AggregateManifest,
  BatchLanded,
  CleanManifest,
  DedupManifest,
  Engine,
  EventChunk,
  InputFile,
  LandedFile,
  LandingWriter,
  SliceFiles,
} from './engine/engine.ts';

/** How an engine fails. `lost-answer` does the work and fails after it; `miscounted` returns one row too many in `in`. */
export type EngineFailure =
  | 'timeout'
  | 'cancelled'
  | 'out-of-memory'
  | 'unavailable'
  | 'unbalanced'
  | 'lost-answer'
  | 'miscounted';

export interface EngineCall {
  readonly kind: 'clean' | 'aggregate' | 'dedup' | 'write-stream' | 'write-batch';
  readonly slices: readonly string[];
  /** 1 for the first call of the engine. */
  readonly count: number;
}

export interface FakeEngineOptions {
  /** Rows of an output slice; 1 by default. */
  readonly rows?: (slice: string) => number;
  /** Undefined: the call succeeds. */
  readonly fail?: (call: EngineCall) => EngineFailure | undefined;
}

/**
 * An engine for tests of those who drive one. It computes no SQL: an output slice's digest says which input files it was
 * made from, its files hold one byte. It fails as the real one does, at the calls that `fail` names.
 */
export interface FakeEngine extends Engine, LandingWriter {
  readonly calls: readonly EngineCall[];
}

export function fakeEngine(options: FakeEngineOptions = {}): FakeEngine {
  return new ScriptedEngine(options);
}

class ScriptedEngine implements FakeEngine {
  readonly name = 'fake';
  readonly calls: EngineCall[] = [];
  readonly #rows: (slice: string) => number;
  readonly #fail: (call: EngineCall) => EngineFailure | undefined;
  #files = 0;

  constructor(options: FakeEngineOptions) {
    this.#rows = options.rows ?? (() => 1);
    this.#fail = options.fail ?? (() => undefined);
  }

  async clean(...[job, signal]: Parameters<Engine['clean']>): Promise<CleanManifest> {
    return this.#scripted('clean', job.slices, signal, async (failure) => ({
      silver: await this.#table(job.outDir, 'silver', job.slices, job.files, this.#rows),
      quarantine: await this.#table(job.outDir, 'quarantine', job.slices, job.files, () => 0),
      duplicates: await this.#table(job.outDir, 'duplicates', job.slices, job.files, () => 0),
      accounting: this.#accounting(job.slices, failure),
      totals: {},
    }));
  }

  async aggregate(...[job, signal]: Parameters<Engine['aggregate']>): Promise<AggregateManifest> {
    const inputs = Object.values(job.inputs).flat();
    return this.#scripted('aggregate', job.slices, signal, async () => ({
      files: await this.#table(job.outDir, 'aggregate', job.slices, inputs, this.#rows),
      totals: {},
    }));
  }

  async dedup(...[job, signal]: Parameters<Engine['dedup']>): Promise<DedupManifest> {
    return this.#scripted('dedup', job.slices, signal, async (failure) => ({
      gold: job.input.files,
      duplicates: await this.#table(job.outDir, 'duplicates', job.slices, [], () => 0),
      accounting: this.#accounting(job.slices, failure),
    }));
  }

  /** One file a (partition, enqueued day); rows touch the slice of their enqueued time. */
  async writeStream(
    ...[job, signal]: Parameters<LandingWriter['writeStream']>
  ): Promise<readonly LandedFile[]> {
    return this.#scripted('write-stream', [], signal, async () => {
      const days = job.chunks.flatMap((chunk) => eventDays(chunk));
      const groups = Map.groupBy(days, (event) => `${event.partition}/${event.day}`);
      return Promise.all([...groups.values()].map((events) => this.#landed(job.outDir, events)));
    });
  }

  /** A record a file. */
  async writeBatch(...[job, signal]: Parameters<LandingWriter['writeBatch']>): Promise<BatchLanded> {
    return this.#scripted('write-batch', [job.window], signal, async () => {
      const [entry] = await this.#table(job.outDir, 'batch', [job.window], [], () => job.files.length);
      const digest = digestOf(job.files.length, job.files.map((file) => file.name).join());
      const files = (entry as SliceFiles).files.map((file) => ({
        ...file,
        digest,
        touches: { [job.window]: digest },
      }));
      return { files, rows: job.files.length };
    });
  }

  async #scripted<T>(
    kind: EngineCall['kind'],
    slices: readonly string[],
    signal: AbortSignal,
    work: (failure: EngineFailure | undefined) => Promise<T>,
  ): Promise<T> {
    const call = { kind, slices, count: this.calls.length + 1 };
    this.calls.push(call);
    if (signal.aborted)
      throw new TransientError('cancelled', 'the job was cancelled', { cause: signal.reason });
    const failure = this.#fail(call);
    if (failure === 'unbalanced') throw new TerminalError('unbalanced', `${kind}: scripted`);
    if (failure === undefined || failure === 'miscounted') return work(failure);
    if (failure !== 'lost-answer') throw new TransientError(failure, `${kind}: scripted`);
    await work(failure);
    throw new TransientError('unavailable', `${kind}: scripted, after the work was done`);
  }

  #accounting(slices: readonly string[], failure: EngineFailure | undefined): Record<string, RowAccounting> {
    const extra = failure === 'miscounted' ? 1 : 0;
    return Object.fromEntries(
      slices.map((slice) => {
        const out = this.#rows(slice);
        return [slice, { in: out + extra, out, quarantined: 0, duplicates: 0 }];
      }),
    );
  }

  async #table(
    outDir: string,
    table: string,
    slices: readonly string[],
    inputs: readonly InputFile[],
    rows: (slice: string) => number,
  ): Promise<readonly SliceFiles[]> {
    const made = inputs.map((file) => file.localPath).sort();
    return Promise.all(
      slices.map(async (slice) => {
        const digest = digestOf(rows(slice), `${table} ${slice} ${rows(slice) === 0 ? '' : made.join()}`);
        const file = await this.#file(join(outDir, table), slice, digest.rows);
        return { slice, files: [file], digest };
      }),
    );
  }

  async #file(dir: string, slice: string, rows: number) {
    this.#files += 1;
    const name = `${SLICE_COLUMN}=${slice}/${String(this.#files).padStart(12, '0')}.parquet`;
    const localPath = join(dir, name);
    await mkdir(join(dir, `${SLICE_COLUMN}=${slice}`), { recursive: true });
    writeFileSync(localPath, '0');
    return { localPath, name, slice, rows, bytes: 1, stats: `{"numRecords":${rows}}` };
  }

  async #landed(outDir: string, events: readonly EventDay[]): Promise<LandedFile> {
    const { partition, day } = events[0] as EventDay;
    const digest = events.reduce<Digest>((sum, event) => addDigests(sum, event.digest), EMPTY_DIGEST);
    const sequences = events.map((event) => event.sequence);
    const [first, last] = [sequences[0] as bigint, sequences.at(-1) as bigint];
    const file = await this.#file(outDir, day, events.length);
    return { ...file, digest, touches: { [day]: digest }, partition, first, last };
  }
}

interface EventDay {
  readonly partition: number;
  readonly sequence: bigint;
  readonly day: string;
  readonly digest: Digest;
}

function eventDays(chunk: EventChunk): readonly EventDay[] {
  return Array.from({ length: chunk.count }, (_, index) => {
    const sequence = chunk.sequences[index] as bigint;
    const day = sliceAt('day', chunk.enqueuedMs[index] as number);
    return {
      partition: chunk.partition,
      sequence,
      day,
      digest: digestOf(1, `${chunk.partition} ${sequence}`),
    };
  });
}

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;

/** Any stable 64-bit hash will do: nothing of this engine is compared with another's. */
function digestOf(rows: number, text: string): Digest {
  if (rows === 0) return EMPTY_DIGEST;
  const sum = [...Buffer.from(text)].reduce(
    (hash, byte) => BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME),
    FNV_OFFSET,
  );
  return { rows, sum };
}
