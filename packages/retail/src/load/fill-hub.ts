import type { Problem } from '@lakewarden/contracts';
import { SourceProblem } from './csv-source.ts';
import type { EventBlock, EventSource, StampedEvent } from './event-source.ts';
import { PartitionLane } from './partition-lane.ts';
import type { HubLinks } from './partition-link.ts';
import { afterMark, allRows, type LastRows, partitionOf, type SourceRows } from './stamp.ts';

/** What happened to a hub; a person sees all of it. */
export type LoadFact =
  /** Rows of the hub that are known to lie in it, of `total` (undefined: endless). */
  | { readonly type: 'rows-loaded'; readonly done: number; readonly total: number | undefined }
  | { readonly type: 'doubt'; readonly partition: number; readonly cause: unknown }
  | { readonly type: 'source-unreadable'; readonly problem: Problem }
  | { readonly type: 'row-too-large'; readonly source: string; readonly row: number; readonly bytes: number };

export interface FillOptions {
  readonly links: HubLinks;
  /** All of them together in the order of their names; that order is the order of sending. */
  readonly sources: readonly EventSource[];
  /** Stop after this many rows over all sources. */
  readonly rowsMax: number;
  readonly onFact: (fact: LoadFact) => void;
  readonly sleep: (ms: number) => Promise<void>;
}

export interface FillResult {
  readonly rows: number;
  /** Rows that this call sent. */
  readonly sent: number;
  /** Rows that the hub held before. */
  readonly already: number;
  /** False when `signal` stopped it. */
  readonly complete: boolean;
}

/** Brings every row of the sources into the hub exactly once, whatever was sent before and whatever fails on the way. */
export async function fillHub(options: FillOptions, signal: AbortSignal): Promise<FillResult> {
  const { links, onFact, sleep } = options;
  if (options.sources.length === 0) return { rows: 0, sent: 0, already: 0, complete: true };
  const partitions = await links.partitions(signal);
  const sources = await countRows(options, signal);
  const endless = sources.some((source) => source.rows === Number.POSITIVE_INFINITY);
  const total = endless ? undefined : sources.reduce((sum, source) => sum + source.rows, 0);
  let done = 0;
  const onSent = (events: number) => {
    done += events;
    onFact({ type: 'rows-loaded', done, total });
  };
  const lanes = Array.from(
    { length: partitions },
    (_, partition) =>
      new PartitionLane({
        ...{ links, partition, partitions, sources, sleep, onSent },
        onTooLarge: ({ source, row, body }) =>
          onFact({ type: 'row-too-large', source, row, bytes: body.length }),
        onDoubt: (where, cause) => onFact({ type: 'doubt', partition: where, cause }),
      }),
  );
  try {
    const held = await Promise.all(lanes.map((lane) => lane.open()));
    const already = held.reduce((sum, lastRows, at) => sum + rowsHeld(lastRows, sources, at, partitions), 0);
    onSent(already);
    await runLanes(lanes, (run) => feed({ ...options, sources, lanes, held }, run), signal);
    return { rows: total ?? done, sent: done - already, already, complete: !signal.aborted };
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
  }
}

interface CountedSource extends SourceRows {
  readonly source: EventSource;
}

async function countRows(options: FillOptions, signal: AbortSignal): Promise<readonly CountedSource[]> {
  const counted: CountedSource[] = [];
  let left = options.rowsMax;
  for (const source of options.sources) {
    if (left === 0) break;
    const rows = Math.min(await countOf(source, options, signal), left);
    left -= rows;
    counted.push({ name: source.name, rows, source });
  }
  return counted;
}

/** A source that cannot be read is reported and has no rows; the others go on. */
async function countOf(source: EventSource, options: FillOptions, signal: AbortSignal): Promise<number> {
  try {
    return (await source.count(signal)) ?? Number.POSITIVE_INFINITY;
  } catch (cause) {
    if (!(cause instanceof SourceProblem)) throw cause;
    options.onFact({ type: 'source-unreadable', problem: cause.problem });
    return 0;
  }
}

function rowsHeld(
  lastRows: LastRows,
  sources: readonly SourceRows[],
  partition: number,
  partitions: number,
): number {
  return sources.reduce((sum, source) => {
    const last = Math.min(lastRows.get(source.name) ?? 0, source.rows);
    return sum + (last <= partition ? 0 : Math.floor((last - 1 - partition) / partitions) + 1);
  }, 0);
}

/** One failing lane ends the others after their batch in flight; its reason is what is thrown. */
async function runLanes(
  lanes: readonly PartitionLane[],
  feedAll: (run: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const run = AbortSignal.any([signal, failed.signal]);
  let first: { readonly reason: unknown } | undefined;
  const guard = async (work: Promise<void>) => {
    try {
      await work;
    } catch (reason) {
      if (run.aborted) return;
      first = { reason };
      failed.abort();
    }
  };
  const onAbort = () => {
    for (const lane of lanes) lane.queue.fail(run.reason);
  };
  run.addEventListener('abort', onAbort, { once: true });
  await Promise.all([...lanes.map((lane) => guard(lane.run(run))), guard(feedAll(run))]);
  run.removeEventListener('abort', onAbort);
  if (first !== undefined) throw first.reason;
}

interface FeedOptions {
  readonly sources: readonly CountedSource[];
  readonly lanes: readonly PartitionLane[];
  readonly held: readonly LastRows[];
}

async function feed(options: FeedOptions, run: AbortSignal): Promise<void> {
  const { sources, lanes, held } = options;
  for (const [index, source] of sources.entries()) {
    const earlier = sources.slice(0, index);
    const marks = held.map((lastRows, at) => {
      const others = new Map([...lastRows, ...allRows(earlier, at, lanes.length)]);
      others.delete(source.name);
      return afterMark(others);
    });
    if (source.rows === 0) continue;
    const heldMin = Math.min(...held.map((lastRows) => lastRows.get(source.name) ?? 0));
    for await (const block of source.source.blocks(run, heldMin)) {
      await feedBlock(options, source, block, marks);
      if (block.firstRow + block.count > source.rows || run.aborted) break;
    }
  }
  for (const lane of lanes) lane.queue.close();
}

async function feedBlock(
  { lanes, held }: FeedOptions,
  { name, rows }: CountedSource,
  block: EventBlock,
  marks: readonly (string | undefined)[],
): Promise<void> {
  const shares: StampedEvent[][] = lanes.map(() => []);
  const sentUpTo = held.map((lastRows) => lastRows.get(name) ?? 0);
  for (let index = 0; index < block.count; index++) {
    const row = block.firstRow + index;
    const at = partitionOf(row, lanes.length);
    if (row > rows || row <= (sentUpTo[at] ?? 0)) continue;
    shares[at]?.push({ source: name, row, after: marks[at], body: block.body(index) });
  }
  await Promise.all(
    lanes.map((lane, at) => {
      const share = shares[at];
      return share === undefined || share.length === 0 ? undefined : lane.queue.push(share);
    }),
  );
}
