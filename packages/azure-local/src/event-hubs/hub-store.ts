/** The hubs of all namespaces and their folders: DIR/eventhubs/<namespace>/<hub>/{hub.json, partitions/<n>/*}. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory, writeFileDurably } from '../server/durable-file.ts';
import { Hub, type HubRecord } from './hub.ts';

export type HubSpec = {
  readonly namespace: string;
  readonly name: string;
  readonly partitionCount: number;
  /** Hours that events are kept; undefined: for ever. */
  readonly retentionHours?: number | undefined;
  readonly userMetadata?: string | undefined;
  /** Sequence of each partition's first event, for tests of large numbers. Default 0. */
  readonly firstSequence?: bigint;
};

/** DIR/eventhubs/<namespace>/namespace.json */
export type NamespaceRecord = {
  readonly name: string;
  readonly createdAtMs: number;
  readonly location?: string | undefined;
};

export type HubStoreOptions = {
  /** DIR/eventhubs */
  readonly dir: string;
  readonly now: () => number;
  readonly segmentBytesMax?: number | undefined;
};

export const DEFAULT_CONSUMER_GROUP = '$Default';
const TRASH_PREFIX = '.deleted-';
/** Names are told apart without regard to case, as the service does. */
const keyOf = (name: string): string => name.toLowerCase();

export class HubStore {
  readonly #options: HubStoreOptions;
  readonly #namespaces = new Map<
    string,
    { readonly record: NamespaceRecord; readonly hubs: Map<string, Hub> }
  >();
  #lastCreatedMs = 0;

  private constructor(options: HubStoreOptions) {
    this.#options = options;
  }

  static async open(options: HubStoreOptions): Promise<HubStore> {
    const store = new HubStore(options);
    await mkdir(options.dir, { recursive: true });
    for (const namespace of await folders(options.dir)) await store.#loadNamespace(namespace);
    return store;
  }

  now(): number {
    return this.#options.now();
  }

  find(namespace: string, name: string): Hub | undefined {
    return this.#namespaces.get(keyOf(namespace))?.hubs.get(keyOf(name));
  }

  hubs(namespace: string): readonly Hub[] {
    return [...(this.#namespaces.get(keyOf(namespace))?.hubs.values() ?? [])];
  }

  allHubs(): readonly Hub[] {
    return [...this.#namespaces.values()].flatMap(({ hubs }) => [...hubs.values()]);
  }

  namespace(name: string): NamespaceRecord | undefined {
    return this.#namespaces.get(keyOf(name))?.record;
  }

  namespaces(): readonly NamespaceRecord[] {
    return [...this.#namespaces.values()].map(({ record }) => record);
  }

  /** An existing one is returned as it is. */
  async createNamespace(name: string, location?: string): Promise<NamespaceRecord> {
    const existing = this.namespace(name);
    if (existing !== undefined) return existing;
    const record = { name, createdAtMs: this.now(), ...(location === undefined ? {} : { location }) };
    const dir = join(this.#options.dir, keyOf(name));
    await writeFileDurably(join(dir, 'namespace.json'), `${JSON.stringify(record, null, 2)}\n`);
    await syncDirectory(this.#options.dir);
    this.#namespaces.set(keyOf(name), { record, hubs: new Map() });
    return record;
  }

  /** With all its hubs. False when there is none. */
  async removeNamespace(name: string): Promise<boolean> {
    if (this.namespace(name) === undefined) return false;
    for (const hub of this.hubs(name)) await this.remove(name, hub.name);
    this.#namespaces.delete(keyOf(name));
    await rm(join(this.#options.dir, keyOf(name)), { recursive: true, force: true });
    await syncDirectory(this.#options.dir);
    return true;
  }

  /** The hub is on disk when this resolves. An existing one is returned as it is. */
  async create(spec: HubSpec): Promise<Hub> {
    const existing = this.find(spec.namespace, spec.name);
    if (existing !== undefined) return existing;
    // A hub made again must not look like the one deleted a moment before: its generation is its creation time.
    const createdAtMs = Math.max(this.#options.now(), this.#lastCreatedMs + 1);
    this.#lastCreatedMs = createdAtMs;
    const group = { name: DEFAULT_CONSUMER_GROUP, createdAtMs, updatedAtMs: createdAtMs };
    const record: HubRecord = {
      format: 1,
      name: spec.name,
      createdAtMs,
      updatedAtMs: createdAtMs,
      partitionCount: spec.partitionCount,
      retentionHours: spec.retentionHours ?? null,
      userMetadata: spec.userMetadata ?? null,
      firstSequence: (spec.firstSequence ?? 0n).toString(),
      consumerGroups: [group],
    };
    await this.createNamespace(spec.namespace);
    const dir = this.#dirOf(spec.namespace, spec.name);
    await rm(dir, { recursive: true, force: true });
    await mkdir(dir, { recursive: true });
    await syncDirectory(join(dir, '..'));
    const hub = await Hub.open(dir, keyOf(spec.namespace), record, this.#options);
    await hub.save();
    this.#namespaces.get(keyOf(spec.namespace))?.hubs.set(keyOf(spec.name), hub);
    return hub;
  }

  /** False when there is none. Links to it are for the caller to end (`hub.onDeleted`). */
  async remove(namespace: string, name: string): Promise<boolean> {
    const hub = this.find(namespace, name);
    if (hub === undefined) return false;
    this.#namespaces.get(keyOf(namespace))?.hubs.delete(keyOf(name));
    this.#lastCreatedMs = Math.max(this.#lastCreatedMs, hub.record.createdAtMs);
    await hub.close();
    hub.markDeleted();
    const dir = this.#dirOf(namespace, name);
    const trash = join(dir, '..', `${TRASH_PREFIX}${randomUUID()}`);
    await rename(dir, trash);
    await syncDirectory(join(dir, '..'));
    await rm(trash, { recursive: true, force: true });
    return true;
  }

  async close(): Promise<void> {
    await Promise.all(this.allHubs().map((hub) => hub.close()));
  }

  async #loadNamespace(folder: string): Promise<void> {
    const dir = join(this.#options.dir, folder);
    const record = await readRecord<NamespaceRecord>(join(dir, 'namespace.json'));
    if (record === undefined) return;
    this.#namespaces.set(folder, { record, hubs: new Map() });
    for (const name of await folders(dir)) await this.#load(folder, name);
  }

  async #load(namespace: string, folder: string): Promise<void> {
    const dir = join(this.#options.dir, namespace, folder);
    const record = folder.startsWith(TRASH_PREFIX)
      ? undefined
      : await readRecord<HubRecord>(join(dir, 'hub.json'));
    if (record === undefined) {
      // Half made or half deleted when the process ended: nobody was told of it, or everybody that it is gone.
      await rm(dir, { recursive: true, force: true });
      return;
    }
    const hub = await Hub.open(dir, namespace, record, this.#options);
    this.#namespaces.get(namespace)?.hubs.set(keyOf(record.name), hub);
  }

  #dirOf(namespace: string, name: string): string {
    return join(this.#options.dir, keyOf(namespace), keyOf(name));
  }
}

async function folders(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function readRecord<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
