import type { Pipeline } from '@lakewarden/compute';
import type { BreakerHealth, DatasetName } from '@lakewarden/contracts';
import type {
  ActiveAlert,
  ControlState,
  DatasetView,
  FailedSlice,
  Gap,
  HubObservation,
  IngressComparison,
  Observation,
  RuleObservation,
  WindowObservation,
} from '@lakewarden/core';
import type { Snapshot } from '@lakewarden/delta';

/** What the board asks others for when it is looked at; they keep it themselves. */
export interface BoardSources {
  readonly now: () => number;
  readonly control: () => ControlState;
  readonly breakers: () => readonly BreakerHealth[];
  readonly failures: () => readonly FailedSlice[];
  /** Slice id → run. */
  readonly building: () => ReadonlyMap<string, string>;
}

const GAPS_MAX = 1_000;
const INGRESS_MAX = 200;

/**
 * What the loops have seen, in memory: they write, everybody reads it as one `Observation`. Nothing is decided by it that
 * the lake would not be asked for again.
 *
 * An observation is made anew only when something was put on the board, or when it is older than `FRESH_MS`: queries and
 * detectors of the same moment share one, and what they derive from it.
 */
export class Board {
  readonly #pipeline: Pipeline;
  readonly #drainEveryMs: number;
  readonly #sources: BoardSources;
  readonly #startedMs: number;
  readonly #hubs = new Map<string, HubObservation>();
  readonly #windows = new Map<string, WindowObservation>();
  readonly #nextLandingMs = new Map<string, number>();
  readonly #parked = new Map<string, string>();
  readonly #lastFreshMs = new Map<DatasetName, number>();
  readonly #bronze = new Map<DatasetName, Snapshot>();
  readonly #backfills = new Map<string, { built: number; failed: number }>();
  readonly #rules = new Map<string, RuleObservation>();
  #ingress: readonly IngressComparison[] = [];
  #gaps: readonly Gap[] = [];
  #alerts: readonly ActiveAlert[] = [];
  #views: ReadonlyMap<DatasetName, DatasetView> | undefined;
  #viewsAtMs: number | undefined;
  #observation: Observation | undefined;
  #onChanged: () => void = () => undefined;

  constructor(pipeline: Pipeline, drainEveryMs: number, sources: BoardSources) {
    this.#pipeline = pipeline;
    this.#drainEveryMs = drainEveryMs;
    this.#sources = sources;
    this.#startedMs = sources.now();
  }

  observe(): Observation {
    const nowMs = this.#sources.now();
    const last = this.#observation;
    if (last !== undefined && nowMs - last.nowMs < FRESH_MS) return last;
    this.#observation = this.#make(nowMs);
    return this.#observation;
  }

  /** A dataset that could not be looked at keeps the view that it had. */
  putViews(views: ReadonlyMap<DatasetName, DatasetView>): void {
    const nowMs = this.#sources.now();
    this.#views = new Map([...(this.#views ?? []), ...views]);
    this.#viewsAtMs = nowMs;
    for (const [name, view] of views) {
      if (isUpToDate(view)) this.#lastFreshMs.set(name, nowMs);
    }
    this.changed();
  }

  putBronze(dataset: DatasetName, snapshot: Snapshot | undefined): void {
    if (snapshot === undefined || this.#bronze.get(dataset) === snapshot) return;
    this.#bronze.set(dataset, snapshot);
    this.changed();
  }

  /** `isNews`: false when only the time of the look is another. */
  putHub(hub: HubObservation, isNews = true): void {
    this.#hubs.set(hub.source, hub);
    if (isNews) this.changed();
  }

  hub(source: string): HubObservation | undefined {
    return this.#hubs.get(source);
  }

  putWindow(window: WindowObservation): void {
    this.#windows.set(window.source, window);
    this.changed();
  }

  window(source: string): WindowObservation | undefined {
    return this.#windows.get(source);
  }

  putNextLanding(source: string, atMs: number): void {
    this.#nextLandingMs.set(source, atMs);
  }

  /** `what`: a dataset or `source:<name>`; undefined: it waits for nothing. */
  putParked(what: string, dependency: string | undefined): void {
    if (this.#parked.get(what) === dependency) return;
    if (dependency === undefined) this.#parked.delete(what);
    else this.#parked.set(what, dependency);
    this.changed();
  }

  parked(): ReadonlyMap<string, string> {
    return this.#parked;
  }

  putBackfill(id: string, progress: { built: number; failed: number }): void {
    this.#backfills.set(id, progress);
    this.changed();
  }

  putRule(rule: RuleObservation): void {
    this.#rules.set(rule.rule, rule);
    this.changed();
  }

  putIngress(comparison: IngressComparison): void {
    const others = this.#ingress.filter(({ source }) => source !== comparison.source);
    this.#ingress = [...others, comparison].slice(-INGRESS_MAX);
    this.changed();
  }

  putGap(gap: Gap): void {
    this.#gaps = [...this.#gaps, gap].slice(-GAPS_MAX);
    this.changed();
  }

  putAlerts(alerts: readonly ActiveAlert[]): void {
    this.#alerts = alerts;
    this.changed();
  }

  alerts(): readonly ActiveAlert[] {
    return this.#alerts;
  }

  /** Something that the board is told of, or asks for, is another now. */
  changed(): void {
    this.#observation = undefined;
    this.#onChanged();
  }

  /** One listener: told of every change, at once, so it should only remember that there was one. */
  onChanged(listener: () => void): void {
    this.#onChanged = listener;
  }

  #make(nowMs: number): Observation {
    const hubs = [...this.#hubs.values()];
    return {
      nowMs,
      startedMs: this.#startedMs,
      pipeline: this.#pipeline,
      control: this.#sources.control(),
      views: this.#views,
      viewsAtMs: this.#viewsAtMs,
      bronze: new Map(this.#bronze),
      completeToMs: this.#completeTo(nowMs),
      drainEveryMs: this.#drainEveryMs,
      nextLandingMs: new Map(this.#nextLandingMs),
      backfillProgress: new Map(this.#backfills),
      failures: this.#sources.failures(),
      parked: new Map(this.#parked),
      building: this.#sources.building(),
      hubs,
      windows: [...this.#windows.values()],
      breakers: this.#sources.breakers(),
      gaps: this.#gaps,
      ingress: this.#ingress,
      rules: [...this.#rules.values()],
      alerts: this.#alerts,
    };
  }

  /** Bronze by its source; the others by their inputs and by when they were last fresh themselves. */
  #completeTo(nowMs: number): ReadonlyMap<DatasetName, number> {
    const complete = new Map<DatasetName, number>();
    for (const step of this.#pipeline.datasets) {
      const own =
        step.layer === 'bronze' ? this.#landedTo(step.source.name, nowMs) : this.#builtTo(step.name, nowMs);
      const inputs =
        step.layer === 'silver'
          ? [step.from.name]
          : step.layer === 'gold'
            ? step.inputs.map((i) => i.dataset.name)
            : [];
      const all = [own, ...inputs.map((name) => complete.get(name))];
      if (all.every((ms) => ms !== undefined)) complete.set(step.name, Math.min(...all));
    }
    return complete;
  }

  #landedTo(source: string, nowMs: number): number | undefined {
    const window = this.#windows.get(source);
    if (window !== undefined) return window.state === 'landed' ? nowMs : window.sinceMs;
    const hub = this.#hubs.get(source);
    if (hub?.atMs === undefined) return undefined;
    const waiting = hub.partitions.filter(
      ({ last, checkpoint }) => last !== undefined && last > (checkpoint ?? -1n),
    );
    return waiting.length === 0 ? hub.atMs : Math.min(...waiting.map(({ advancedMs }) => advancedMs));
  }

  #builtTo(dataset: DatasetName, nowMs: number): number | undefined {
    const view = this.#views?.get(dataset);
    if (view === undefined) return undefined;
    return isUpToDate(view) ? nowMs : (this.#lastFreshMs.get(dataset) ?? this.#startedMs);
  }
}

/** Shows all that it should: good for its readers is less, as they go on with what a stopped dataset has. */
function isUpToDate({ slices }: DatasetView): boolean {
  return slices.every(({ status }) => status === 'fresh' || status === 'backfill' || status === 'held');
}

/** Ages in an observation (lag, behind) may be off by this much. */
const FRESH_MS = 250;
