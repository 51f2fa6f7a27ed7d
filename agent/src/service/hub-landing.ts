import type { BronzeDataset, HubSource } from '@lakewarden/compute';
import {
  type Clock,
  checkpointAppId,
  type DrainResult,
  type HubObservation,
  type HubState,
  type PartitionObservation,
  type Policy,
  type ReplayResult,
  reasonOf,
  type SourceReplay,
} from '@lakewarden/core';
import type { Snapshot } from '@lakewarden/delta';
import type { Board } from './board.ts';
import { Waker } from './waker.ts';

/** What one hub's loop needs of the agent. */
export interface HubLandingOptions {
  readonly dataset: BronzeDataset;
  readonly source: HubSource;
  readonly board: Board;
  readonly clock: Clock;
  readonly policy: () => Policy;
  readonly drain: (signal: AbortSignal) => Promise<DrainResult>;
  readonly describe: (signal: AbortSignal) => Promise<HubState>;
  /** Recorded ranges of this hub that people want to be read again. */
  readonly replays: () => readonly SourceReplay[];
  readonly replay: (replay: SourceReplay, signal: AbortSignal) => Promise<ReplayResult>;
  readonly endReplay: (replay: SourceReplay, as: 'changed' | 'unchanged' | 'failed', note: string) => void;
  readonly readBronze: (signal: AbortSignal) => Promise<Snapshot | undefined>;
  /** Something landed: there may be slices to build. */
  readonly onLanded: () => void;
  readonly drainEveryMs: number;
  readonly probeEveryMs: number;
}

/** After a drain that failed: soon, but not at once. */
const FAILED_REST_MS = 10_000;

/** Keeps one hub drained: at once, then every `drainEveryMs`, and whenever somebody wakes it. Between, it looks at the lag. */
export class HubLanding {
  readonly waker: Waker;
  readonly #options: HubLandingOptions;
  #nextMs = 0;
  #error: string | undefined;
  #lost: readonly number[] = [];

  constructor(options: HubLandingOptions) {
    this.#options = options;
    this.waker = new Waker(options.clock);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { board, clock, probeEveryMs, source } = this.#options;
    while (!signal.aborted) {
      if (this.#isDue()) await this.#drain(signal);
      else await this.#look(signal);
      await this.#replay(signal);
      if (signal.aborted) return;
      board.putNextLanding(source.name, this.#nextMs);
      const lookMs = clock.now() + probeEveryMs;
      // What a pause holds back is overdue all the time: that is no reason not to rest.
      const restMs = this.#isPaused() ? lookMs : Math.min(this.#nextMs, lookMs);
      if (await this.waker.restUntil(restMs, signal)) this.#nextMs = 0;
    }
  }

  #isDue(): boolean {
    return !this.#isPaused() && this.#options.clock.now() >= this.#nextMs;
  }

  #isPaused(): boolean {
    const { policy, source } = this.#options;
    return policy().pauseOf(source.name) !== undefined;
  }

  async #drain(signal: AbortSignal): Promise<void> {
    const { board, clock, drain, drainEveryMs, onLanded, source } = this.#options;
    const startedMs = clock.now();
    const outcome = await drain(signal);
    this.#nextMs = startedMs + drainEveryMs;
    this.#lost = outcome.kind === 'lost' ? outcome.partitions : [];
    this.#error = outcome.kind === 'failed' ? outcome.reason : undefined;
    board.putParked(`source:${source.name}`, outcome.kind === 'parked' ? outcome.dependency : undefined);
    if (outcome.kind === 'failed') this.#nextMs = Math.min(this.#nextMs, clock.now() + FAILED_REST_MS);
    if (outcome.kind === 'drained' && outcome.events > 0) onLanded();
    if (outcome.kind === 'lost') onLanded();
    await this.#look(signal);
  }

  /** One that waits for a dependency stays open and is tried again. */
  async #replay(signal: AbortSignal): Promise<void> {
    const { board, endReplay, onLanded, replay, replays, source } = this.#options;
    if (this.#isPaused()) return;
    for (const wanted of replays()) {
      const result = await replay(wanted, signal);
      switch (result.kind) {
        case 'unchanged':
          endReplay(wanted, 'unchanged', `${result.events} events hold what landed`);
          break;
        case 'changed':
          endReplay(wanted, 'changed', `${result.files} files of ${result.events} events were replaced`);
          onLanded();
          break;
        case 'refused':
        case 'failed':
          endReplay(wanted, 'failed', result.reason);
          break;
        case 'lost':
          endReplay(wanted, 'failed', `another reader holds partitions ${result.partitions.join(', ')}`);
          break;
        case 'parked':
          return board.putParked(`source:${source.name}`, result.dependency);
      }
    }
  }

  /** Asks the hub where it stands; what cannot be asked stays as it was last seen. */
  async #look(signal: AbortSignal): Promise<void> {
    const { board, dataset, describe, readBronze, source } = this.#options;
    const before = board.hub(source.name);
    try {
      const [state, bronze] = await Promise.all([describe(signal), readBronze(signal)]);
      board.putBronze(dataset.name, bronze);
      this.#put(observationOf(this.#options, state, bronze, before, this.#lost), before);
    } catch (error) {
      if (signal.aborted) return;
      const { atMs, partitions } = before ?? { atMs: undefined, partitions: [] };
      const reason = this.#error ?? reasonOf(error);
      this.#put({ source: source.name, dataset: dataset.name, atMs, partitions, error: reason }, before);
    }
  }

  #put(hub: HubObservation, before: HubObservation | undefined): void {
    const error = this.#error ?? hub.error;
    const next = error === undefined ? hub : { ...hub, error };
    // The hub was asked and says the same: no news, but a later time.
    this.#options.board.putHub(next, before === undefined || isNews(before, next));
  }
}

function observationOf(
  { clock, dataset, source }: HubLandingOptions,
  state: HubState,
  bronze: Snapshot | undefined,
  before: HubObservation | undefined,
  lost: readonly number[],
): HubObservation {
  const nowMs = clock.now();
  const partitions = state.partitions.map(
    ({ partition, first, last, lastEnqueuedMs }): PartitionObservation => {
      const checkpoint = bronze?.txns.get(checkpointAppId(source, state.generation, partition));
      const known = before?.partitions.find((each) => each.partition === partition);
      const isUnread = last !== undefined && last > (checkpoint ?? first - 1n);
      const moved = known === undefined || known.checkpoint !== checkpoint || !isUnread;
      const advancedMs = moved ? nowMs : known.advancedMs;
      const isLost = lost.includes(partition);
      return { partition, first, last, lastEnqueuedMs, checkpoint, advancedMs, isLost };
    },
  );
  return { source: source.name, dataset: dataset.name, atMs: nowMs, partitions };
}

function isNews(before: HubObservation, after: HubObservation): boolean {
  const view = (hub: HubObservation) =>
    JSON.stringify([
      hub.error,
      hub.partitions.map(({ last, checkpoint, isLost }) => [`${last}`, `${checkpoint}`, isLost]),
    ]);
  return view(before) !== view(after);
}
