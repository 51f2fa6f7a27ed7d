import type { RunSummary } from '@lakewarden/contracts';
import type { UpOptions } from './arguments.ts';
import { Child, type Ended } from './child.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { type LakeFolder, type LakeMode, lakeFolder, settleMode } from './lake-folder.ts';
import { childEnvironment, type Endpoints, isUp, readEndpoints, writeAgentConfig } from './local-azure.ts';
import { PARTS } from './parts.ts';
import type { Progress } from './progress.ts';
import { showAgentLine, showSourceLine } from './show-lines.ts';

/** The day that stands for "now" in data that never changes: the day after the last invoice of the retail files. */
const DATA_AS_OF = '2011-12-10';
const GENERATED_AS_OF = '2026-01-15';
const GENERATED_SEED = 1;
/** A live agent that dies is started again, as Container Apps would; this often before it counts as broken. */
const AGENT_RESTARTS_MAX = 10;
const AGENT_RESTART_MS = 1_000;

export interface UpTools {
  readonly progress: Progress;
  readonly now: () => number;
  /** Aborts when the person or the system asks us to end. */
  readonly signal: AbortSignal;
  readonly print: (text: string) => void;
}

/** `lakewarden up`: local Azure, then sources, then the agent; each a process, all ended when this one ends. */
export async function up(options: UpOptions, tools: UpTools): Promise<ExitCode> {
  const folder = lakeFolder(options.lake);
  if (await isUp(folder)) {
    throw new Refusal(
      EXIT.refused,
      `a local Azure is already up on ${folder.root} · stop it first, or use --lake`,
    );
  }
  const mode = settleMode(folder, askedMode(options), defaultMode(options));
  const session = new Session(folder, mode, options, tools);
  try {
    return options.once ? await session.once() : await session.stay();
  } finally {
    await session.stop();
    tools.progress.end();
  }
}

function askedMode(options: UpOptions): Partial<LakeMode> {
  return {
    ...(options.data !== undefined && { kind: 'data' as const }),
    ...(options.asOf !== undefined && { asOf: options.asOf }),
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.pipeline !== undefined && { pipeline: options.pipeline }),
  };
}

function defaultMode(options: UpOptions): LakeMode {
  const kind = options.data === undefined ? 'generated' : 'data';
  const asOf = kind === 'data' ? DATA_AS_OF : GENERATED_AS_OF;
  return { kind, asOf, seed: GENERATED_SEED, pipeline: PARTS.pipeline };
}

class Session {
  readonly #folder: LakeFolder;
  readonly #mode: LakeMode;
  readonly #options: UpOptions;
  readonly #tools: UpTools;
  /** In the order of their start; stopped in the opposite order. */
  readonly #children: Child[] = [];
  readonly #problems: string[] = [];

  constructor(folder: LakeFolder, mode: LakeMode, options: UpOptions, tools: UpTools) {
    this.#folder = folder;
    this.#mode = mode;
    this.#options = options;
    this.#tools = tools;
  }

  async once(): Promise<ExitCode> {
    const { now, print, signal } = this.#tools;
    const startedMs = now();
    const endpoints = await this.#startAzure();
    await this.#runSources(endpoints);
    const sourcesMs = now() - startedMs;
    const ended = await this.#runAgentOnce(endpoints);
    if (signal.aborted) return EXIT.failed;
    const { summary } = ended;
    if (summary === undefined) {
      const how = ended.signal === null ? `ended with ${ended.code}` : `was ended by ${ended.signal}`;
      throw new Refusal(
        EXIT.failed,
        `the agent ${how} before it was done · run the same command again, it goes on`,
      );
    }
    const whole: RunSummary = {
      ...summary,
      failures: [...this.#problems.map((reason) => ({ slice: 'sources', reason })), ...summary.failures],
      durationsMs: { sources: sourcesMs, ...summary.durationsMs, total: now() - startedMs },
    };
    if (this.#options.json) print(JSON.stringify(whole));
    else this.#showSummary(whole);
    return ended.code === 0 && whole.failures.length === 0 ? EXIT.done : EXIT.failed;
  }

  async stay(): Promise<ExitCode> {
    const { progress, signal } = this.#tools;
    const endpoints = await this.#startAzure();
    await this.#runSources(endpoints);
    if (this.#mode.kind === 'generated') this.#startLive(endpoints);
    this.#showPlaces(endpoints);
    for (let restarts = 0; !signal.aborted; restarts++) {
      const agent = this.#startAgent(endpoints, []);
      const ended = await agent.ended;
      if (signal.aborted) break;
      if (restarts === AGENT_RESTARTS_MAX) {
        throw new Refusal(EXIT.failed, `the agent ended ${restarts + 1} times · its last words are above`);
      }
      progress.note(`agent     ended with ${ended.code ?? ended.signal}; starting it again`);
      await pause(AGENT_RESTART_MS, signal);
    }
    return EXIT.done;
  }

  async stop(): Promise<void> {
    for (const child of this.#children.reverse()) await child.stop();
  }

  async #startAzure(): Promise<Endpoints> {
    const ready = Promise.withResolvers<void>();
    const azure = this.#start({
      script: PARTS.azureLocal,
      args: ['--data', this.#folder.azure, '--stop-with-parent'],
      onLine: (line) => {
        if (line.ready === true) ready.resolve();
      },
    });
    const first = await Promise.race([ready.promise, azure.ended]);
    if (first !== undefined)
      throw new Refusal(EXIT.failed, 'the local Azure did not start · its words are above');
    return readEndpoints(this.#folder);
  }

  async #runSources(endpoints: Endpoints): Promise<void> {
    const { data, rows } = this.#options;
    const { kind, asOf, seed } = this.#mode;
    if (kind === 'data' && data === undefined) return; // Everything was loaded when the lake was made.
    const common = [
      '--endpoints',
      this.#folder.endpoints,
      '--stop-with-parent',
      ...(rows ? ['--rows', `${rows}`] : []),
    ];
    const args =
      kind === 'data' && data !== undefined
        ? ['load', ...common, '--data', data, '--as-of', asOf]
        : ['generate', ...common, '--seed', `${seed}`, '--as-of', asOf, '--out', this.#folder.sources];
    const child = this.#startSources(args, endpoints);
    const { code, signal } = await child.ended;
    if (code === 0 || this.#tools.signal.aborted) return;
    if (this.#problems.length === 0) this.#problems.push(`the sources ended with ${code ?? signal}`);
  }

  #startLive(endpoints: Endpoints): void {
    const args = ['generate', '--live', '--endpoints', this.#folder.endpoints, '--stop-with-parent'];
    this.#startSources([...args, '--seed', `${this.#mode.seed}`, '--out', this.#folder.sources], endpoints);
  }

  #startSources(args: readonly string[], endpoints: Endpoints): Child {
    return this.#start({
      script: PARTS.sources,
      args,
      env: childEnvironment(endpoints),
      onLine: (line) => {
        const problem = showSourceLine(line, this.#tools.progress);
        if (problem !== undefined) this.#problems.push(problem);
      },
    });
  }

  async #runAgentOnce(endpoints: Endpoints): Promise<Ended & { summary?: RunSummary }> {
    let summary: RunSummary | undefined;
    const agent = this.#startAgent(endpoints, ['--once'], (found) => {
      summary = found;
    });
    const ended = await agent.ended;
    return { ...ended, ...(summary !== undefined && { summary }) };
  }

  #startAgent(
    endpoints: Endpoints,
    args: readonly string[],
    onSummary?: (summary: RunSummary) => void,
  ): Child {
    const { drainEveryMs, once } = this.#options;
    // Data that never changes has one window; live data has a new one every day.
    const asOf = this.#mode.kind === 'data' || once ? this.#mode.asOf : undefined;
    writeAgentConfig(this.#folder, this.#mode, endpoints, { asOf, drainEveryMs });
    return this.#start({
      script: PARTS.agent,
      args: ['run', '--config', this.#folder.agentConfig, '--stop-with-parent', ...args],
      env: childEnvironment(endpoints),
      onLine: (line) => {
        if (line.type === 'OnceFinished') onSummary?.(line.summary as RunSummary);
        else showAgentLine(line, this.#tools.progress);
      },
    });
  }

  #start(options: {
    script: string;
    args: readonly string[];
    env?: Record<string, string>;
    onLine: (line: Readonly<Record<string, unknown>>) => void;
  }): Child {
    this.#tools.signal.throwIfAborted();
    const child = new Child({ ...options, onText: (text) => this.#tools.progress.note(text) });
    this.#children.push(child);
    const stop = () => void child.stop();
    this.#tools.signal.addEventListener('abort', stop, { once: true });
    return child;
  }

  #showPlaces(endpoints: Endpoints): void {
    const { progress } = this.#tools;
    progress.note(`lake      ${this.#folder.root}`);
    progress.note(`storage   ${endpoints.storage.http}`);
    progress.note(`hubs      amqps://${endpoints.eventHubs.amqps}`);
    progress.note(`faults    ${endpoints.control.url}/faults (token in ${this.#folder.endpoints})`);
    progress.note('stop with Ctrl-C · look with: lakewarden status');
  }

  #showSummary(summary: RunSummary): void {
    const { print } = this.#tools;
    for (const table of summary.tables)
      print(`${table.name.padEnd(34)} ${table.rows.toLocaleString('en-US').padStart(12)} rows`);
    const states = Object.entries(summary.slices).map(([state, count]) => `${state} ${count}`);
    print(`slices: ${states.join(' · ') || 'none'}`);
    for (const failure of summary.failures) print(`failed: ${failure.slice}  ${failure.reason}`);
    print(`→ lakewarden query "select * from gold.daily_sales limit 5" --lake ${this.#folder.root}`);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener(
    'abort',
    () => {
      clearTimeout(timer);
      resolve();
    },
    { once: true },
  );
  return promise;
}
