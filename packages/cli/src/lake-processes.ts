import type { RunSummary } from '@lakewarden/contracts';
import { Child, type Ended } from './child.ts';
import { EXIT, Refusal } from './exit.ts';
import { howItEnded } from './keep-running.ts';
import type { LakeFolder } from './lake-folder.ts';
import type { LakeMode } from './lake-mode.ts';
import { childEnvironment, type Endpoints, readEndpoints, writeAgentConfig } from './local-azure.ts';
import { AGENT_ENVIRONMENT, AGENT_NODE_OPTIONS, PARTS, STORAGE_ENVIRONMENT } from './parts.ts';
import type { Progress } from './progress.ts';
import { showAgentLine, showSourceLine } from './show-lines.ts';
import type { UpOptions } from './up-options.ts';

export interface LakeProcessesOptions {
  readonly folder: LakeFolder;
  readonly mode: LakeMode;
  readonly options: UpOptions;
  readonly progress: Progress;
}

/** The processes of one lake: local Azure, sources, agent. Whatever was started is ended by `stop`. */
export class LakeProcesses {
  readonly #folder: LakeFolder;
  readonly #mode: LakeMode;
  readonly #options: UpOptions;
  readonly #progress: Progress;
  /** In the order of their start; stopped in the opposite order. */
  readonly #children: Child[] = [];
  #stopped = false;
  /** Told by the sources: something of the data could not be sent. */
  readonly problems: string[] = [];

  constructor({ folder, mode, options, progress }: LakeProcessesOptions) {
    this.#folder = folder;
    this.#mode = mode;
    this.#options = options;
    this.#progress = progress;
  }

  /** Ends everything, the writers before what they write to. Nothing can be started afterwards. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const child of this.#children.toReversed()) await child.stop();
  }

  /** `ended` settles when the local Azure is gone, which nothing else survives. */
  async startAzure(): Promise<{ readonly endpoints: Endpoints; readonly ended: Promise<Ended> }> {
    const ready = Promise.withResolvers<void>();
    const azure = this.#start({
      script: PARTS.azureLocal,
      args: ['--data', this.#folder.azure, '--stop-with-parent'],
      env: STORAGE_ENVIRONMENT,
      onLine: (line) => {
        if (line.ready === true) ready.resolve();
        else this.#progress.note(`azure     ${JSON.stringify(line)}`);
      },
    });
    const ended = await Promise.race([ready.promise, azure.ended]);
    if (ended !== undefined) {
      const how = `the local Azure ${howItEnded(ended)} before it was ready`;
      throw new Refusal(EXIT.failed, `${how} · its words are above`);
    }
    return { endpoints: readEndpoints(this.#folder), ended: azure.ended };
  }

  /** Sends what the sources have until now. What they could not send is in `problems`. */
  async runSources(endpoints: Endpoints): Promise<void> {
    const { data } = this.#options;
    const { kind, asOf } = this.#mode;
    if (kind === 'data' && data === undefined) return; // Everything was loaded when the lake was made.
    const args =
      kind === 'data' && data !== undefined
        ? ['load', ...this.#rows(this.#options.rows), '--data', data, '--as-of', asOf]
        : ['generate', ...this.#world()];
    const ended = await this.#startSources('send', args, endpoints).ended;
    if (ended.code === 0 || this.#stopped || this.problems.length > 0) return;
    this.problems.push(`the sources ${howItEnded(ended)} · run the same command again, they go on`);
  }

  /** Goes on sending generated events as they happen. */
  startLive(endpoints: Endpoints): Child {
    return this.#startSources('live', ['generate', '--live', ...this.#world()], endpoints);
  }

  startAgent(
    endpoints: Endpoints,
    port: number,
    args: readonly string[] = [],
    onSummary?: (summary: RunSummary) => void,
  ): Child {
    const { drainEveryMs, windowEveryMs, once } = this.#options;
    // Data that never changes has one window; live data has a new one every day.
    const asOf = this.#mode.kind === 'data' || once ? this.#mode.asOf : undefined;
    writeAgentConfig(this.#folder, this.#mode, endpoints, { asOf, drainEveryMs, windowEveryMs, port });
    return this.#start({
      script: PARTS.agent,
      args: ['run', '--config', this.#folder.agentConfig, '--stop-with-parent', ...args],
      env: { ...childEnvironment(endpoints), ...AGENT_ENVIRONMENT },
      nodeOptions: AGENT_NODE_OPTIONS,
      onLine: (line) => {
        if (line.type === 'OnceFinished') onSummary?.(line.summary as RunSummary);
        else showAgentLine(line, this.#progress);
      },
    });
  }

  #world(): readonly string[] {
    const { seed, asOf, rows } = this.#mode;
    return ['--seed', `${seed}`, '--as-of', asOf, ...this.#rows(rows), '--out', this.#folder.sources];
  }

  #rows(rows: number | undefined): readonly string[] {
    return rows === undefined ? [] : ['--rows', `${rows}`];
  }

  #startSources(stage: 'send' | 'live', args: readonly string[], endpoints: Endpoints): Child {
    return this.#start({
      script: PARTS.sources,
      args: [...args, '--endpoints', this.#folder.endpoints, '--stop-with-parent'],
      env: childEnvironment(endpoints),
      onLine: (line) => {
        const problem = showSourceLine(line, stage, this.#progress);
        // Of live sources there is no end at which anybody could read them.
        if (problem !== undefined && stage === 'send') this.problems.push(problem);
      },
    });
  }

  #start(options: {
    readonly script: string;
    readonly args: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly nodeOptions?: readonly string[];
    readonly onLine: (line: Readonly<Record<string, unknown>>) => void;
  }): Child {
    if (this.#stopped) throw new Refusal(EXIT.failed, 'stopped before its end · the same command goes on');
    const child = new Child({ ...options, onText: (text) => this.#progress.note(text) });
    this.#children.push(child);
    void child.ended.then(() => this.#children.splice(this.#children.indexOf(child), 1));
    return child;
  }
}
