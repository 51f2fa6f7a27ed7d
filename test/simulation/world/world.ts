import type { Pipeline } from '@lakewarden/compute';
import { TerminalError, TransientError } from '@lakewarden/contracts';
import type { Fact } from '@lakewarden/core';
import { AgentLife, type AgentWorld } from '../agent/agent-life.ts';
import { DESKS, type Desk, Operator } from '../agent/operator.ts';
import { type Life, Supervisor } from '../agent/supervisor.ts';
import { Checker } from '../checker/checker.ts';
import { type DataStore, type Disk, lakeFilesOf } from '../ports/data-files.ts';
import { SimEngine } from '../ports/engine.ts';
import { Factory, jobRunnerOf } from '../ports/factory.ts';
import { createHub, eventStreamOf } from '../ports/hub.ts';
import { lakeStorageOf, ObjectStore } from '../ports/object-store.ts';
import { shopPipeline } from '../shop/pipeline.ts';
import { type Edition, produce, storeRows } from '../shop/producers.ts';
import { Chance } from './chance.ts';
import { type Counts, SimProcess } from './process.ts';
import { Timeline } from './timeline.ts';
import { Trace } from './trace.ts';
import { Weather } from './weather.ts';

export interface RunResult {
  readonly seed: number;
  readonly hash: string;
  readonly hours: number;
  readonly events: number;
  readonly commits: number;
  readonly agents: number;
  readonly zombies: number;
  /** Acts of operators that stand in the audit. */
  readonly acts: number;
  readonly counts: Counts;
  readonly violation: string | undefined;
  /** Last lines of the trace, when they were asked for. */
  readonly lines: readonly string[];
}

/** Not long before midnight, so that days and windows change under way. */
const START_MS = Date.UTC(2026, 0, 15, 22, 40);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** I9: from the last fault to the last slice. What failed rests for up to 30 min, and may fail once more for what was begun before. */
const CALM_MS_MAX = 4 * HOUR_MS;
/** Then nothing may move any more. */
const REST_MS = 12 * MINUTE_MS;
const DEPLOYS_MAX = 4;
/** Seeds in which two orchestrators keep an agent each, as a split brain does. */
const DUEL_SHARE = 0.2;
const SKEW_MS = 10 * MINUTE_MS;
/** From the first lost fence to the end of the process. */
const FENCED_EXIT_MS = 5 * MINUTE_MS;
/** I15: a run has thousands; what needs more goes round in circles. */
const IOS_MAX = 300_000;
const DAY_MS = 24 * HOUR_MS;
const PIPELINES = { lax: shopPipeline(false), strict: shopPipeline(true) };

/** One seeded run: hours of faults, then calm, then the verdict. */
export class World {
  readonly #seed: number;
  readonly #chance: Chance;
  readonly #timeline = new Timeline(START_MS);
  readonly #trace: Trace;
  readonly #hours: number;
  readonly #weather: Weather;
  readonly #lake: DataStore = new Map();
  readonly #hubs = [createHub('orders', 'g1', 3), createHub('clicks', 'g1', 2)];
  readonly #checker: Checker;
  readonly #store: ObjectStore;
  readonly #factory: Factory;
  /** The first stays; a second one is gone when faults stop. */
  readonly #supervisors: readonly Supervisor[];
  readonly #counts: Counts = { ios: 0, crashes: 0, stalls: 0, lostAnswers: 0, ghosts: 0, refusals: 0 };
  /** Deployments: at each, agents that start change from the lax pipeline to the strict one, or back. */
  readonly #deploysMs: readonly number[];
  /** From then on the vendors' system gives corrected rows. */
  readonly #correctMs: number;
  readonly #config: AgentWorld['config'];
  readonly #operators: readonly Operator[];
  readonly #lives = new Map<SimProcess, { readonly life: AgentLife; readonly isStrict: boolean }>();
  readonly #failedWindows = new Set<string>();
  #runningRun: string | undefined;
  #isWell = false;
  #disk: Disk = new Map();
  #agents = 0;
  #ledger = 0n;

  constructor(seed: number, options: { readonly keepLines: number }) {
    this.#seed = seed;
    const chance = new Chance(String(seed));
    this.#chance = chance;
    this.#trace = new Trace(START_MS, options.keepLines);
    this.#hours = chance.pick([0.5, 0.75, 1, 1.5, 2]);
    this.#weather = new Weather(chance.fork('weather'), START_MS, this.#hours);
    const someTime = () => START_MS + chance.next() * this.#hours * HOUR_MS;
    this.#deploysMs = Array.from({ length: chance.int(0, DEPLOYS_MAX) }, someTime);
    this.#correctMs = START_MS + chance.next() * 2 * this.#hours * HOUR_MS;
    this.#config = {
      drainEveryMs: 5 * MINUTE_MS,
      probeEveryMs: 2 * MINUTE_MS,
      windowEveryMs: chance.happens(0.5) ? HOUR_MS : undefined,
    };
    const nowMs = () => this.#timeline.nowMs;
    const bodies = (window: string, edition: Edition) =>
      storeRows(window, edition).map((row) => JSON.stringify(row));
    this.#checker = new Checker({
      hubs: this.#hubs,
      lake: this.#lake,
      windowBodies: (window) => [bodies(window, 'first'), bodies(window, 'corrected')],
      nowMs,
    });
    this.#store = new ObjectStore(nowMs, (path, body, kind) => this.#checker.onPut(path, body, kind));
    this.#factory = new Factory({
      timeline: this.#timeline,
      chance: chance.fork('factory'),
      lake: this.#lake,
      rowsOf: (window) => storeRows(window, nowMs() < this.#correctMs ? 'first' : 'corrected'),
    });
    // Of two, one may be a deployment ahead.
    const ahead = chance.int(0, 1);
    this.#supervisors = (chance.happens(DUEL_SHARE) ? [0, ahead] : [0]).map(
      (deploysAhead, index) =>
        new Supervisor({
          timeline: this.#timeline,
          chance: chance.fork(`supervisor ${index}`),
          start: (events) => this.#startAgent(events, deploysAhead),
        }),
    );
    this.#operators = DESKS.map((desk) => this.#createOperator(desk));
  }

  async run(): Promise<RunResult> {
    const endMs = START_MS + this.#hours * HOUR_MS;
    for (const hub of this.#hubs)
      produce(hub, this.#timeline, this.#chance.fork(`produce ${hub.name}`), endMs);
    for (const supervisor of this.#supervisors) supervisor.begin();
    for (const operator of this.#operators) operator.begin();
    await this.#runUntil(endMs);
    this.#calm();
    const missing = await this.#runToRest();
    if (missing !== undefined && this.#checker.violations.length === 0) this.#checker.add(missing);
    const [violation] = this.#checker.violations;
    return {
      seed: this.#seed,
      hash: this.#trace.hash,
      hours: (this.#timeline.nowMs - START_MS) / HOUR_MS,
      events: this.#hubs
        .flatMap(({ partitions }) => partitions)
        .reduce((sum, { events }) => sum + events.length, 0),
      commits: this.#checker.entries,
      agents: this.#agents,
      zombies: this.#supervisors.reduce((sum, { zombies }) => sum + zombies, 0),
      acts: this.#checker.acts,
      counts: this.#counts,
      violation: violation?.what,
      lines: this.#trace.lines,
    };
  }

  #calm(): void {
    this.#trace.add(this.#timeline.nowMs, 'calm');
    this.#weather.isCalm = true;
    this.#factory.calm();
    const [stays, ...others] = this.#supervisors;
    for (const other of others) other.retire();
    stays?.calm();
    for (const operator of this.#operators) void operator.calm(() => this.#isWell);
  }

  /** Undefined: everything is there and stays. */
  async #runToRest(): Promise<string | undefined> {
    const untilMs = this.#timeline.nowMs + CALM_MS_MAX;
    let missing: string | undefined = 'I9 never looked';
    while (this.#timeline.nowMs < untilMs && this.#checker.violations.length === 0) {
      await this.#runUntil(this.#timeline.nowMs + MINUTE_MS);
      missing = this.#whatIsMissing();
      this.#isWell = missing === undefined;
      if (missing !== undefined) continue;
      const before = this.#checker.entries;
      await this.#runUntil(this.#timeline.nowMs + REST_MS);
      missing = this.#whatIsMissing();
      if (missing === undefined && this.#checker.entries === before) return undefined;
      missing ??= `${this.#checker.entries - before} commits although everything is there`;
    }
    return missing && `I9 ${missing}`;
  }

  #whatIsMissing(): string | undefined {
    const window = this.#windowAt(this.#timeline.nowMs);
    // Of two agents with different pipelines the one that stays has the last word.
    const stays = this.#supervisors[0]?.process;
    const agent = stays && this.#lives.get(stays);
    if (agent === undefined) return 'no agent runs';
    return this.#checker.whatIsMissing({ strict: agent.isStrict, window });
  }

  async #runUntil(untilMs: number): Promise<void> {
    let isThere = false;
    this.#timeline.after(untilMs - this.#timeline.nowMs, () => {
      isThere = true;
    });
    await this.#timeline.run(() => isThere || this.#isOver());
  }

  #isOver(): boolean {
    if (this.#checker.violations.length > 0) return true;
    if (this.#counts.ios <= IOS_MAX) return false;
    this.#checker.add(`I15 more than ${IOS_MAX} I/Os: an agent goes round in circles`);
    return true;
  }

  /** The last window that has closed. */
  #windowAt(nowMs: number): string {
    return new Date(Math.floor(nowMs / DAY_MS) * DAY_MS - DAY_MS).toISOString().slice(0, 10);
  }

  #createOperator(desk: Desk): Operator {
    const chance = this.#chance.fork(desk.name);
    return new Operator(
      {
        timeline: this.#timeline,
        actions: () => {
          const process = chance.pick(this.#supervisors).someProcess(chance);
          return process && this.#lives.get(process)?.life.actions;
        },
        slicesOf: (dataset) => this.#checker.slicesOf(dataset),
        runningRun: () => this.#runningRun,
        failedWindows: () => [...this.#failedWindows],
        landedWindows: () => this.#checker.slicesOf('bronze.stores'),
        onAnswer: ({ action, input, idempotency, result }) => {
          const target = String(input.target ?? input.slice ?? input.plan ?? input.run ?? input.window);
          const line = `${desk.name} is told ${action} ${target}: ${result.outcome}, ${result.message}`;
          this.#trace.add(this.#timeline.nowMs, line);
          this.#checker.onTold({ action, target, outcome: result.outcome, idempotency, audit: result.audit });
        },
        onLift: (action, target) => this.#checker.onLift(action, target),
        onError: (what, error) => this.#onError(desk.name, what, error),
      },
      desk,
      chance,
    );
  }

  #startAgent(events: { onDeath: () => void; onStall: (ms: number) => void }, deploysAhead: number): Life {
    const name = `agent-${++this.#agents}`;
    const chance = this.#chance.fork(name);
    const process: SimProcess = new SimProcess(
      name,
      { timeline: this.#timeline, trace: this.#trace, weather: this.#weather, counts: this.#counts },
      {
        chance,
        skewMs: chance.int(-SKEW_MS, SKEW_MS),
        onStall: events.onStall,
        onDeath: () => {
          this.#lives.delete(process);
          events.onDeath();
        },
      },
    );
    // Most agents come back on the machine of the one before and find its spool, not its memory.
    if (chance.happens(0.3)) this.#disk = new Map();
    const stop = new AbortController();
    this.#trace.add(this.#timeline.nowMs, `${name} starts`);
    const deploys = this.#deploysMs.filter((ms) => ms <= this.#timeline.nowMs).length + deploysAhead;
    const isStrict = deploys % 2 === 1;
    const pipeline = isStrict ? PIPELINES.strict : PIPELINES.lax;
    const life = new AgentLife(process, this.#agentWorld(process, pipeline, chance));
    this.#lives.set(process, { life, isStrict });
    const end = (error?: unknown) => {
      // A loop that is stopped half-way ends with the abort of its signal.
      if (error !== undefined && !stop.signal.aborted) this.#onError(name, 'life', error);
      process.kill();
    };
    this.#timeline.after(0, () => void life.run(stop.signal).then(() => end(), end));
    return { process, stop: () => stop.abort() };
  }

  #agentWorld(process: SimProcess, pipeline: Pipeline, chance: Chance): AgentWorld {
    const disk = this.#disk;
    const engine = new SimEngine(process, disk);
    return {
      pipeline,
      ports: {
        files: lakeFilesOf(process, this.#lake, disk),
        stream: eventStreamOf(process, this.#hubs, chance),
        jobs: jobRunnerOf(process, this.#factory),
        engine,
        landing: engine,
      },
      storage: lakeStorageOf(process, this.#store),
      config: this.#config,
      nextEpoch: (held) => {
        this.#ledger = (held > this.#ledger ? held : this.#ledger) + 1n;
        return this.#ledger;
      },
      emit: (fact) => this.#onFact(process, fact),
      onError: (loop, error) => this.#onError(process.name, loop, error),
      onFenced: () => this.#timeline.after(chance.int(0, FENCED_EXIT_MS), () => process.kill()),
    };
  }

  #onFact(process: SimProcess, fact: Fact): void {
    const text = JSON.stringify(fact);
    if (fact.type === 'RunStarted') this.#runningRun = fact.run;
    if (fact.type === 'WindowFailed') this.#failedWindows.add(fact.window);
    if (fact.type === 'WindowLanded') this.#failedWindows.delete(fact.window);
    this.#trace.add(this.#timeline.nowMs, `${process.name} ${text}`);
    if (text.includes('ERR_ASSERTION')) this.#checker.add(`a bug: ${text}`);
  }

  #onError(who: string, loop: string, error: unknown): void {
    this.#trace.add(this.#timeline.nowMs, `${who} ${loop} failed: ${error}`);
    if (error instanceof TransientError || error instanceof TerminalError) return;
    this.#checker.add(`a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}
