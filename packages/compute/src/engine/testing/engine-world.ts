import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { coarsen } from '@lakewarden/contracts';
import { afterAll } from 'vitest';
import { compilePipeline } from '../../pipeline/compile-pipeline.ts';
import type { BronzeDataset, GoldDataset, Pipeline, SilverDataset } from '../../pipeline/model.ts';
import { createDuckDbEngine, type DuckDbEngine } from '../duckdb-engine.ts';
import type { CleanManifest, EventChunk, LandedFile, SliceFiles } from '../engine.ts';

export const NEVER = new AbortController().signal;
const MEMORY_LIMIT_BYTES = 256 << 20;

/** A real engine with a folder of its own, both gone when the file's tests are over. */
export interface EngineWorld {
  readonly engine: DuckDbEngine;
  readonly dir: string;
  /** A fresh folder for one job's output. */
  scratch(): string;
}

export function engineWorld(): EngineWorld {
  const dir = mkdtempSync(join(tmpdir(), 'lakewarden-engine-'));
  const tempDir = join(dir, 'spill');
  const engine = createDuckDbEngine({ memoryLimitBytes: MEMORY_LIMIT_BYTES, threads: 2, tempDir });
  afterAll(async () => {
    await engine.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return { engine, dir, scratch: () => mkdtempSync(join(dir, 'job-')) };
}

export function compile(files: Readonly<Record<string, string>>): Pipeline {
  const compiled = compilePipeline((path) => files[path], 'pipeline.yaml');
  if (compiled.kind === 'problems') throw new Error(JSON.stringify(compiled.problems));
  return compiled.pipeline;
}

export function bronzeOf(pipeline: Pipeline, name: string): BronzeDataset {
  return datasetOf(pipeline, name, 'bronze');
}

export function silverOf(pipeline: Pipeline, name: string): SilverDataset {
  return datasetOf(pipeline, name, 'silver');
}

export function goldOf(pipeline: Pipeline, name: string): GoldDataset {
  return datasetOf(pipeline, name, 'gold');
}

function datasetOf<Layer extends 'bronze' | 'silver' | 'gold'>(
  pipeline: Pipeline,
  name: string,
  layer: Layer,
) {
  const found = pipeline.datasets.find((dataset) => dataset.name === `${layer}.${name}`);
  if (found === undefined || found.layer !== layer) throw new Error(`no ${layer}.${name}`);
  return found as Extract<Pipeline['datasets'][number], { layer: Layer }>;
}

export interface TestEvent {
  readonly body: string | Uint8Array;
  readonly partition?: number;
  readonly sequence?: bigint;
  readonly enqueuedAt?: string;
}

export const ENQUEUED_AT = '2026-11-22T10:00:00.000Z';

/** Chunks of one partition each, sequences counted up where none is given. */
export function chunksOf(events: readonly TestEvent[]): readonly EventChunk[] {
  const numbered = events.map((event, index) => ({ sequence: BigInt(index), ...event }));
  return [...Map.groupBy(numbered, (event) => event.partition ?? 0)].map(([partition, own]) => {
    const bodies = own.map(({ body }) => (typeof body === 'string' ? new TextEncoder().encode(body) : body));
    const ends = new Uint32Array(bodies.length);
    bodies.reduce((end, body, index) => {
      ends[index] = end + body.length;
      return end + body.length;
    }, 0);
    return {
      partition,
      count: own.length,
      sequences: BigInt64Array.from(own.map((event) => event.sequence)),
      enqueuedMs: Float64Array.from(own.map((event) => Date.parse(event.enqueuedAt ?? ENQUEUED_AT))),
      offsets: own.map((event) => String(event.sequence * 100n)),
      bodies: new Uint8Array(Buffer.concat(bodies)),
      ends,
    };
  });
}

export async function land(
  world: EngineWorld,
  dataset: BronzeDataset,
  events: readonly TestEvent[],
): Promise<readonly LandedFile[]> {
  const job = { dataset, generation: 'g1', chunks: chunksOf(events), outDir: world.scratch() };
  return world.engine.writeStream(job, NEVER);
}

/** The silver slices of `step` that landed files touch. */
export function touchedSlices(step: SilverDataset, files: readonly LandedFile[]): readonly string[] {
  const touched = files.flatMap((file) => Object.keys(file.touches));
  return [...new Set(touched.map((key) => coarsen(key, step.grain) as string))].sort();
}

/** Lands events and cleans every slice they touch. */
export async function landAndClean(
  world: EngineWorld,
  step: SilverDataset,
  events: readonly TestEvent[],
): Promise<CleanManifest> {
  const files = await land(world, step.from, events);
  return world.engine.clean(
    { step, slices: touchedSlices(step, files), files, outDir: world.scratch() },
    NEVER,
  );
}

/** Rows of Parquet files as JSON-safe values, with `_slice` of the entry. An oracle of its own: plain DuckDB. */
export async function rowsOf(entries: readonly SliceFiles[]): Promise<readonly Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for (const { slice, files } of entries) {
    const own = await readParquet(files.map((file) => file.localPath));
    rows.push(...own.map((row) => ({ ...row, ...bodyText(row.body), _slice: slice })));
  }
  return rows;
}

/** DuckDB prints a BLOB with escapes. */
function bodyText(body: unknown): { readonly body?: string } {
  if (typeof body !== 'string') return {};
  const unescaped = body.replaceAll(/\\x([0-9A-F]{2})/g, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return { body: Buffer.from(unescaped, 'latin1').toString('utf8') };
}

export async function readParquet(
  paths: readonly string[],
  select = '*',
): Promise<readonly Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    const list = paths.map((path) => `'${path}'`).join(', ');
    const reader = await connection.runAndReadAll(
      `SELECT ${select} FROM read_parquet([${list}], hive_partitioning = false)`,
    );
    return reader.getRowObjectsJson() as Record<string, unknown>[];
  } finally {
    connection.disconnectSync();
    instance.closeSync();
  }
}
