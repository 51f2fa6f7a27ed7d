import type { AgentClient, ItemOf, PagedQueryName } from '@lakewarden/client';
import type {
  AgentEvent,
  BackfillHealth,
  BreakerHealth,
  DatasetHealth,
  Execution,
  Incident,
  Overview,
  QueryInput,
  RunbookStatus,
  RunHealth,
  SourceLag,
} from '@lakewarden/contracts';
import { type LakeChange, LakeChanges, type Topic } from './lake-change.ts';
import type { ModelClock, ModelLog } from './model-ports.ts';
import { Newest } from './newest.ts';
import { type Listen, Signal } from './signal.ts';

/** An incident as it is, and the state that it was in; undefined: nothing was known of it. */
export interface IncidentMove {
  readonly incident: Incident;
  readonly before: Incident['state'] | undefined;
}

/** The overview is a sum; it is asked again at most so often while its parts change. */
const OVERVIEW_MS = 1_000;
const PAGE_ITEMS = 500;
/** Of what ends (runs, incidents, …) the newest are kept. */
const RUNS_MAX = 300;
const OTHERS_MAX = 200;

/**
 * What the agent says of the lake, as it is now. Loaded once a session and kept by its events; what was known stays when
 * the connection is lost, and is replaced when it is back.
 */
export class LakeModel {
  readonly #clock: ModelClock;
  readonly #log: ModelLog;
  readonly #datasets = new Map<string, DatasetHealth>();
  readonly #sources = new Map<string, SourceLag>();
  readonly #breakers = new Map<string, BreakerHealth>();
  readonly #runs = new Newest<RunHealth>(RUNS_MAX, ({ startedAt }) => startedAt);
  readonly #backfills = new Newest<BackfillHealth>(OTHERS_MAX, ({ startedAt }) => startedAt);
  readonly #incidents = new Newest<Incident>(OTHERS_MAX, ({ openedAt }) => openedAt);
  readonly #executions = new Newest<Execution>(OTHERS_MAX, ({ startedAt }) => startedAt);
  #overview: Overview | undefined;
  #runbooks: readonly RunbookStatus[] = [];
  #runbookProblems: readonly string[] = [];
  #session: { readonly client: AgentClient; readonly signal: AbortSignal } | undefined;
  /** Of each load under way, what events have told meanwhile: what its pages say of that is older. */
  readonly #touched = new Set<Set<string>>();
  #isLoaded = false;
  #members = 0;
  #isOverviewDue = false;

  readonly #changes: LakeChanges;
  readonly onChange: Listen<LakeChange>;
  readonly #incident = new Signal<IncidentMove>();
  /** Each incident of the event stream, at once; not those that were there when the session began. */
  readonly onIncident = this.#incident.on;

  constructor(clock: ModelClock, log: ModelLog) {
    this.#clock = clock;
    this.#log = log;
    this.#changes = new LakeChanges(clock);
    this.onChange = this.#changes.on;
  }

  get client(): AgentClient | undefined {
    return this.#session?.client;
  }
  get overview(): Overview | undefined {
    return this.#overview;
  }
  get datasets(): ReadonlyMap<string, DatasetHealth> {
    return this.#datasets;
  }
  /** Another number whenever a dataset came or went. */
  get members(): number {
    return this.#members;
  }
  get sources(): ReadonlyMap<string, SourceLag> {
    return this.#sources;
  }
  get breakers(): ReadonlyMap<string, BreakerHealth> {
    return this.#breakers;
  }
  /** Newest first, as the three below. */
  get runs(): readonly RunHealth[] {
    return this.#runs.list();
  }
  get backfills(): readonly BackfillHealth[] {
    return this.#backfills.list();
  }
  get incidents(): readonly Incident[] {
    return this.#incidents.list();
  }
  get executions(): readonly Execution[] {
    return this.#executions.list();
  }
  get runbooks(): readonly RunbookStatus[] {
    return this.#runbooks;
  }
  get runbookProblems(): readonly string[] {
    return this.#runbookProblems;
  }
  /** True once everything was asked for and has come, in this or an earlier session. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Asks for everything. Another agent's lake takes the place of what was known. Throws what the client throws. */
  async begin(client: AgentClient, signal: AbortSignal): Promise<void> {
    if (this.#session !== undefined && this.#session.client.url !== client.url) this.clear();
    this.#session = { client, signal };
    await this.load();
  }

  /** Nobody is asked any more; what is known stays. */
  end(): void {
    this.#session = undefined;
  }

  clear(): void {
    for (const map of [this.#datasets, this.#sources, this.#breakers]) map.clear();
    for (const list of [this.#runs, this.#backfills, this.#incidents, this.#executions]) list.clear();
    this.#overview = undefined;
    this.#runbooks = [];
    this.#runbookProblems = [];
    this.#isLoaded = false;
    this.#members++;
    this.#changes.mark('overview', 'datasets', 'sources', 'runs', 'backfills', 'incidents', 'runbooks');
  }

  async load(): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    const touched = new Set<string>();
    this.#touched.add(touched);
    const { client, signal } = session;
    const page = (limit: number) => ({ limit });
    try {
      await Promise.all([
        this.#loadOverview(client, signal),
        this.#loadDatasets(client, signal, touched),
        this.#loadLag(client, signal, touched),
        this.#loadNewest('runs', page(100), this.#runs, client, signal, touched),
        this.#loadNewest('backfills', page(50), this.#backfills, client, signal, touched),
        this.#loadNewest(
          'incidents',
          { ...page(100), state: 'active' },
          this.#incidents,
          client,
          signal,
          touched,
        ),
        this.#loadNewest('executions', page(50), this.#executions, client, signal, touched),
        this.#loadRunbooks(client, signal),
      ]);
      this.#isLoaded = true;
      this.#changes.mark('overview', 'datasets');
    } finally {
      this.#touched.delete(touched);
    }
  }

  /** One event of the stream. */
  apply(event: AgentEvent): void {
    switch (event.type) {
      case 'reset':
        this.#log.info(`events were missed (${event.reason}): everything is asked for again`);
        this.#inBackground(() => this.load());
        return;
      case 'dataset':
        this.#put('datasets', event.dataset.name, () => this.#putDataset(event.dataset));
        this.#askOverview();
        return;
      case 'source':
        this.#put('sources', event.source.source, () => this.#sources.set(event.source.source, event.source));
        return;
      case 'breaker':
        this.#put('breakers', event.breaker.dependency, () =>
          this.#breakers.set(event.breaker.dependency, event.breaker),
        );
        return;
      case 'run':
        this.#put('runs', event.run.id, () => this.#runs.put(event.run));
        return;
      case 'backfill':
        this.#put('backfills', event.backfill.id, () => this.#backfills.put(event.backfill));
        return;
      case 'incident':
        this.#moveIncident(event.incident);
        return;
      case 'execution':
        this.#put('executions', event.execution.id, () => this.#executions.put(event.execution));
        this.#inBackground(() => this.#reloadRunbooks());
        return;
      case 'fact':
        this.#log[event.level](event.message);
        return;
    }
  }

  #putDataset(dataset: DatasetHealth): void {
    if (!this.#datasets.has(dataset.name)) this.#members++;
    this.#datasets.set(dataset.name, dataset);
    this.#changes.dataset(dataset.name);
  }

  #dropDataset(name: string): void {
    this.#datasets.delete(name);
    this.#members++;
  }

  #moveIncident(incident: Incident): void {
    const before = this.#incidents.get(incident.id)?.state;
    this.#put('incidents', incident.id, () => this.#incidents.put(incident));
    this.#askOverview();
    this.#incident.emit({ incident, before });
  }

  #put(topic: Topic, key: string, put: () => void): void {
    for (const touched of this.#touched) touched.add(`${topic}/${key}`);
    put();
    this.#changes.mark(topic);
  }

  async #loadOverview(client: AgentClient, signal: AbortSignal): Promise<void> {
    this.#overview = await client.query('overview', {}, signal);
    for (const breaker of this.#overview.breakers) this.#breakers.set(breaker.dependency, breaker);
    this.#changes.mark('overview', 'breakers');
  }

  /** Pages are shown as they come; those that are gone are forgotten at the end. */
  async #loadDatasets(client: AgentClient, signal: AbortSignal, touched: ReadonlySet<string>): Promise<void> {
    const seen = new Set<string>();
    for await (const dataset of client.all('datasets', { limit: PAGE_ITEMS }, signal)) {
      seen.add(dataset.name);
      if (touched.has(`datasets/${dataset.name}`)) continue;
      this.#putDataset(dataset);
      if (seen.size % PAGE_ITEMS === 0) this.#changes.mark('datasets');
    }
    for (const name of this.#datasets.keys())
      if (!seen.has(name) && !touched.has(`datasets/${name}`)) this.#dropDataset(name);
    this.#changes.mark('datasets');
  }

  async #loadLag(client: AgentClient, signal: AbortSignal, touched: ReadonlySet<string>): Promise<void> {
    const { sources } = await client.query('lag', {}, signal);
    const kept = [...this.#sources.values()].filter(({ source }) => touched.has(`sources/${source}`));
    this.#sources.clear();
    for (const source of [...sources, ...kept]) this.#sources.set(source.source, source);
    this.#changes.mark('sources');
  }

  async #loadNewest<Name extends PagedQueryName & Topic>(
    name: Name,
    input: QueryInput<Name>,
    list: Newest<ItemOf<Name> & { readonly id: string }>,
    client: AgentClient,
    signal: AbortSignal,
    touched: ReadonlySet<string>,
  ): Promise<void> {
    const { items } = await client.query(name, input, signal);
    list.replace(items as never, (id) => touched.has(`${name}/${id}`));
    this.#changes.mark(name);
  }

  async #loadRunbooks(client: AgentClient, signal: AbortSignal): Promise<void> {
    const { runbooks, problems } = await client.query('runbooks', {}, signal);
    this.#runbooks = runbooks;
    this.#runbookProblems = problems;
    this.#changes.mark('runbooks');
  }

  #isReloadingRunbooks = false;
  async #reloadRunbooks(): Promise<void> {
    if (this.#isReloadingRunbooks || this.#session === undefined) return;
    this.#isReloadingRunbooks = true;
    try {
      await this.#loadRunbooks(this.#session.client, this.#session.signal);
    } finally {
      this.#isReloadingRunbooks = false;
    }
  }

  #askOverview(): void {
    if (this.#isOverviewDue) return;
    this.#isOverviewDue = true;
    this.#clock.later(OVERVIEW_MS, () => {
      this.#isOverviewDue = false;
      this.#inBackground(async () => {
        if (this.#session !== undefined) await this.#loadOverview(this.#session.client, this.#session.signal);
      });
    });
  }

  /** Of what nobody waits for: a failure is told, and the connection finds out by itself. */
  #inBackground(run: () => Promise<void>): void {
    const signal = this.#session?.signal;
    run().catch((error: unknown) => {
      if (signal?.aborted !== true) this.#log.warn(error instanceof Error ? error.message : String(error));
    });
  }
}
