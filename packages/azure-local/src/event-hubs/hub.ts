import { join } from 'node:path';
import { syncDirectory, writeFileDurably } from '../server/durable-file.ts';
import { PartitionLog } from './log/partition-log.ts';
import type { IncomingEvent } from './log/stored-event.ts';
import { partitionOfKey } from './partition-key-hash.ts';

export type ConsumerGroupRecord = {
  readonly name: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly userMetadata?: string | undefined;
};

/** DIR/eventhubs/<namespace>/<hub>/hub.json */
export type HubRecord = {
  readonly format: 1;
  /** As it was spelled when it was made. */
  readonly name: string;
  /** The hub's generation: clients tell by it that a hub was deleted and made again. */
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly partitionCount: number;
  /** null: events are kept for ever. */
  readonly retentionHours: number | null;
  readonly userMetadata: string | null;
  readonly firstSequence: string;
  readonly consumerGroups: readonly ConsumerGroupRecord[];
};

export type HubChange = Partial<Pick<HubRecord, 'retentionHours' | 'userMetadata' | 'consumerGroups'>>;

const HOUR_MS = 3_600_000;

export class Hub {
  readonly namespace: string;
  readonly partitions: readonly PartitionLog[];
  readonly #dir: string;
  readonly #now: () => number;
  readonly #onDeleted = new Set<() => void>();
  #record: HubRecord;
  #roundRobin = 0;
  #saving: Promise<void> = Promise.resolve();

  private constructor(
    dir: string,
    namespace: string,
    record: HubRecord,
    partitions: readonly PartitionLog[],
    now: () => number,
  ) {
    this.#dir = dir;
    this.namespace = namespace;
    this.#record = record;
    this.partitions = partitions;
    this.#now = now;
  }

  static async open(
    dir: string,
    namespace: string,
    record: HubRecord,
    options: { readonly now: () => number; readonly segmentBytesMax?: number | undefined },
  ): Promise<Hub> {
    const { now, segmentBytesMax } = options;
    const firstSequence = BigInt(record.firstSequence);
    const partitions = await Promise.all(
      Array.from({ length: record.partitionCount }, (_, partition) =>
        PartitionLog.open({
          dir: join(dir, 'partitions', String(partition)),
          now,
          firstSequence,
          ...(segmentBytesMax === undefined ? {} : { segmentBytesMax }),
        }),
      ),
    );
    await syncDirectory(join(dir, 'partitions'));
    return new Hub(dir, namespace, record, partitions, now);
  }

  get record(): HubRecord {
    return this.#record;
  }

  get name(): string {
    return this.#record.name;
  }

  consumerGroup(name: string): ConsumerGroupRecord | undefined {
    return this.#record.consumerGroups.find((group) => group.name.toLowerCase() === name.toLowerCase());
  }

  /** By key hash, or in turn when there is no key. */
  partitionFor(partitionKey: string | undefined): number {
    if (partitionKey !== undefined) return partitionOfKey(partitionKey, this.partitions.length);
    const partition = this.#roundRobin % this.partitions.length;
    this.#roundRobin = partition + 1;
    return partition;
  }

  append(partition: number, events: readonly IncomingEvent[]): Promise<void> {
    const log = this.partitions[partition];
    if (log === undefined) return Promise.reject(new RangeError(`no partition ${partition}`));
    return log.append(events);
  }

  /** The change is on disk when this resolves. */
  async change(change: HubChange): Promise<void> {
    this.#record = { ...this.#record, ...change, updatedAtMs: this.#now() };
    await this.save();
  }

  save(): Promise<void> {
    const text = `${JSON.stringify(this.#record, null, 2)}\n`;
    const saved = this.#saving.then(() => writeFileDurably(join(this.#dir, 'hub.json'), text));
    this.#saving = saved.catch(() => {});
    return saved;
  }

  /** Drops what retention no longer covers. */
  async applyRetention(): Promise<void> {
    const { retentionHours } = this.#record;
    if (retentionHours === null) return;
    const beforeMs = this.#now() - retentionHours * HOUR_MS;
    for (const log of this.partitions) await log.dropBefore(beforeMs);
  }

  onDeleted(listener: () => void): () => void {
    this.#onDeleted.add(listener);
    return () => this.#onDeleted.delete(listener);
  }

  markDeleted(): void {
    for (const listener of [...this.#onDeleted]) listener();
  }

  async close(): Promise<void> {
    await this.#saving;
    await Promise.all(this.partitions.map((log) => log.close()));
  }
}
