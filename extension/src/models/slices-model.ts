import type { AgentClient } from '@lakewarden/client';
import type { HealthState, SliceHealth } from '@lakewarden/contracts';
import type { ModelClock, ModelLog } from './model-ports.ts';
import { Signal } from './signal.ts';

/** Slices of one dataset, newest first, as far as they were asked for. */
export interface SliceListing {
  readonly dataset: string;
  readonly items: readonly SliceHealth[];
  /** True: there are older ones that were not asked for. */
  readonly hasMore: boolean;
}

export type SliceFilter = 'all' | 'failed';

const PAGE_ITEMS = 500;
/** A dataset's slices are asked for so far at first, and so much further each time somebody wants more. */
const SLICES_AT_ONCE_MAX = 2_000;
/** A dataset that changes all the time has its slices asked again at most so often. */
const AGAIN_MS = 1_000;

interface Entry {
  readonly dataset: string;
  readonly filter: SliceFilter;
  listing: SliceListing | undefined;
  loading: Promise<SliceListing> | undefined;
  wanted: number;
  isAgainDue: boolean;
}

/** Slices of the datasets that somebody looks at; the others cost nothing. */
export class SlicesModel {
  readonly #client: () => AgentClient | undefined;
  readonly #clock: ModelClock;
  readonly #log: ModelLog;
  readonly #entries = new Map<string, Entry>();
  readonly #changed = new Signal<string>();
  /** Names the dataset. */
  readonly onChange = this.#changed.on;

  constructor(client: () => AgentClient | undefined, clock: ModelClock, log: ModelLog) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
  }

  peek(dataset: string, filter: SliceFilter): SliceListing | undefined {
    return this.#entries.get(keyOf(dataset, filter))?.listing;
  }

  /** Throws what the client throws. */
  async load(dataset: string, filter: SliceFilter): Promise<SliceListing> {
    const key = keyOf(dataset, filter);
    const entry = this.#entries.get(key) ?? newEntry(dataset, filter);
    this.#entries.set(key, entry);
    if (entry.listing !== undefined) return entry.listing;
    entry.loading ??= this.#fetch(entry).finally(() => {
      entry.loading = undefined;
    });
    return await entry.loading;
  }

  /** Older ones are wanted too. */
  async more(dataset: string, filter: SliceFilter): Promise<void> {
    const entry = this.#entries.get(keyOf(dataset, filter));
    if (entry === undefined) return;
    entry.wanted += SLICES_AT_ONCE_MAX;
    entry.listing = await this.#fetch(entry);
    this.#changed.emit(dataset);
  }

  /** Nobody looks at them any more. */
  forget(dataset: string): void {
    for (const filter of ['all', 'failed'] as const) this.#entries.delete(keyOf(dataset, filter));
  }

  clear(): void {
    this.#entries.clear();
  }

  /** The dataset changed: what is shown of it is asked for again. */
  refresh(dataset: string): void {
    for (const filter of ['all', 'failed'] as const) {
      const entry = this.#entries.get(keyOf(dataset, filter));
      if (entry === undefined || entry.isAgainDue) continue;
      entry.isAgainDue = true;
      this.#clock.later(AGAIN_MS, () => {
        entry.isAgainDue = false;
        void this.#again(entry);
      });
    }
  }

  async #again(entry: Entry): Promise<void> {
    if (this.#entries.get(keyOf(entry.dataset, entry.filter)) !== entry) return;
    try {
      entry.listing = await this.#fetch(entry);
      this.#changed.emit(entry.dataset);
    } catch (error) {
      this.#log.warn(
        `slices of ${entry.dataset}: ${error instanceof Error ? error.message : String(error)}; what is shown is older`,
      );
    }
  }

  async #fetch(entry: Entry): Promise<SliceListing> {
    const client = this.#client();
    if (client === undefined) return { dataset: entry.dataset, items: [], hasMore: false };
    const items: SliceHealth[] = [];
    let hasMore = false;
    const asked = { dataset: entry.dataset, limit: PAGE_ITEMS, ...stateOf(entry.filter) };
    for await (const slice of client.all('slices', asked)) {
      if (items.length >= entry.wanted) {
        hasMore = true;
        break;
      }
      items.push(slice);
    }
    entry.listing = { dataset: entry.dataset, items, hasMore };
    return entry.listing;
  }
}

function newEntry(dataset: string, filter: SliceFilter): Entry {
  return {
    dataset,
    filter,
    listing: undefined,
    loading: undefined,
    wanted: SLICES_AT_ONCE_MAX,
    isAgainDue: false,
  };
}

function keyOf(dataset: string, filter: SliceFilter): string {
  return `${filter} ${dataset}`;
}

function stateOf(filter: SliceFilter): { readonly state?: HealthState } {
  return filter === 'failed' ? { state: 'failed' } : {};
}
