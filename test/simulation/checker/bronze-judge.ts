import type { Row } from '../ports/data-files.ts';
import type { HubEvent } from '../ports/hub.ts';
import type { CheckedWorld } from './checker.ts';
import type { LoggedCommit, LoggedFile, LoggedTable } from './delta-log.ts';

/** The live rows of one partition of a hub. */
interface LandedPartition {
  readonly hub: string;
  readonly partition: number;
  readonly events: readonly HubEvent[];
  readonly sequences: Set<number>;
}

/**
 * Bronze against the sources, by content: after every commit a hub's table holds exactly the events up to each checkpoint,
 * once (I1, I2, I3), and a batch's table all rows of each landed window, once (I20).
 */
export class BronzeJudge {
  readonly #world: CheckedWorld;
  readonly #table: (root: string) => LoggedTable | undefined;
  readonly #partitions: readonly LandedPartition[];
  /** What a live file brought, by path, to take it out again. */
  readonly #files = new Map<string, { readonly landed: LandedPartition; readonly rows: readonly Row[] }>();

  constructor(world: CheckedWorld, table: (root: string) => LoggedTable | undefined) {
    this.#world = world;
    this.#table = table;
    this.#partitions = world.hubs.flatMap(({ name, partitions }) =>
      partitions.map(({ events }, partition) => ({
        hub: name,
        partition,
        events,
        sequences: new Set<number>(),
      })),
    );
  }

  judge(table: LoggedTable, commit: LoggedCommit): readonly string[] {
    const source = table.root.slice('bronze/'.length);
    return this.#world.hubs.some(({ name }) => name === source)
      ? this.#judgeHub(source, table, commit)
      : this.#judgeWindows(source, table, commit);
  }

  whatIsMissing(window: string): string | undefined {
    for (const { hub, partition, events, sequences } of this.#partitions) {
      if (sequences.size < events.length)
        return `bronze.${hub}: ${sequences.size} of ${events.length} events of partition ${partition} landed`;
    }
    const stores = this.#table('bronze/stores');
    return stores?.txns.has(`lw/batch/stores/${window}`)
      ? undefined
      : `bronze.stores: ${window} has not landed`;
  }

  #judgeHub(hub: string, table: LoggedTable, commit: LoggedCommit): readonly string[] {
    const problems: string[] = [];
    const touched = new Set<LandedPartition>();
    for (const path of commit.removes) {
      const file = this.#files.get(path);
      if (file === undefined) continue;
      touched.add(file.landed);
      for (const row of file.rows) file.landed.sequences.delete(Number(row.sequence));
      this.#files.delete(path);
    }
    for (const file of commit.adds.filter(({ dataChange }) => dataChange)) {
      const rows = this.#world.lake.get(`${table.root}/${file.path}`) ?? [];
      const landed = this.#partitionOf(hub, rows);
      if (landed === undefined) return [`I1 ${file.path} holds rows of no or of several partitions`];
      touched.add(landed);
      this.#files.set(file.path, { landed, rows });
      problems.push(...takeRows(landed, rows));
      if (!commit.txns.has(`lw/fence/hub/sim/${hub}/${landed.partition}`))
        problems.push(
          `I4 version ${commit.version} lands into partition ${landed.partition} without its fence`,
        );
    }
    for (const landed of touched) problems.push(...judgeCheckpoint(landed, table));
    // A checkpoint that moves alone is ahead of what is there.
    for (const landed of this.#partitions) {
      if (landed.hub === hub && !touched.has(landed)) problems.push(...judgeCheckpoint(landed, table));
    }
    return problems;
  }

  #partitionOf(hub: string, rows: readonly Row[]): LandedPartition | undefined {
    const [partition, ...others] = new Set(rows.map((row) => row.partition));
    if (others.length > 0) return undefined;
    return this.#partitions.find((landed) => landed.hub === hub && landed.partition === partition);
  }

  /** All rows of a window, once, whatever runs there were. */
  #judgeWindows(source: string, table: LoggedTable, commit: LoggedCommit): readonly string[] {
    const problems: string[] = [];
    const windows = new Set(commit.adds.map(({ slice }) => slice));
    for (const appId of commit.txns.keys()) {
      if (appId.startsWith('lw/batch/')) windows.add(appId.slice(appId.lastIndexOf('/') + 1));
    }
    for (const window of windows) {
      const files: readonly LoggedFile[] = table.newest.get(window) ?? [];
      const rows = files.flatMap(({ path }) => this.#world.lake.get(`${table.root}/${path}`) ?? []);
      const bodies = rows.map(({ body }) => String(body)).sort();
      const editions = this.#world.windowBodies(window).map((edition) => edition.toSorted().join());
      if (!editions.includes(bodies.join()))
        problems.push(`I20 window ${window} has ${bodies.length} rows, which is not what was copied`);
      if (!commit.txns.has(`lw/fence/batch/${source}`))
        problems.push(`I4 version ${commit.version} lands ${window} without its fence`);
    }
    return problems;
  }
}

function takeRows(landed: LandedPartition, rows: readonly Row[]): readonly string[] {
  const problems: string[] = [];
  const at = `${landed.hub}/${landed.partition}`;
  for (const { sequence, body } of rows) {
    const number = Number(sequence);
    if (landed.events[number]?.body !== body) problems.push(`I1 ${at}: row ${number} is not what was sent`);
    if (landed.sequences.has(number)) problems.push(`I2 ${at}: ${number} is in bronze twice`);
    landed.sequences.add(number);
  }
  return problems;
}

/** Sequence numbers are unique and those of events, so as many as the checkpoint says are all up to it. */
function judgeCheckpoint(
  { hub, partition, sequences }: LandedPartition,
  table: LoggedTable,
): readonly string[] {
  let checkpoint = -1n;
  for (const [appId, value] of table.txns) {
    if (appId.startsWith(`lw/eh/sim/${hub}/`) && appId.endsWith(`/${partition}`)) checkpoint = value;
  }
  const problems: string[] = [];
  if (BigInt(sequences.size) !== checkpoint + 1n)
    problems.push(`I3 ${hub}/${partition}: ${sequences.size} rows landed, the checkpoint is ${checkpoint}`);
  for (const sequence of sequences) {
    if (BigInt(sequence) <= checkpoint) continue;
    problems.push(`I1 ${hub}/${partition}: ${sequence} has landed, the checkpoint is ${checkpoint}`);
    break;
  }
  return problems;
}
