import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type AgentClient, createClient } from '@lakewarden/client';
import type { QueryInput, QueryName, QueryResult } from '@lakewarden/contracts';
import { agentOf, isGroupAlive, sourcesOf } from './child-processes.ts';
import { type CliResult, killGroup, type RunningCli, runCli, startCli } from './cli.ts';
import { type LoggedTable, readLog } from './delta-log.ts';
import { FaultControl } from './faults.ts';
import { waitFor } from './wait-for.ts';

export interface StandingOptions {
  readonly lake: string;
  /** Of `up`, beside `--lake`. */
  readonly args?: readonly string[];
  /** Of the agent, beside what `up` says (agent-settings.json). */
  readonly settings?: Readonly<Record<string, unknown>>;
}

interface ApiFile {
  readonly url: string;
  readonly tokenFile: string;
  readonly pid: number;
}

/** Generous: the machine may be busy with much else. What is waited for usually takes a few seconds. */
export const WAIT_MS_MAX = 180_000;

/** A lake that is up, with its agent ready: what people and programs can do to it from outside, and nothing else. */
export class StandingLake {
  readonly lake: string;
  readonly #cli: RunningCli;
  #areSourcesStill = false;

  private constructor(lake: string, cli: RunningCli) {
    this.lake = lake;
    this.#cli = cli;
  }

  static async up({ lake, args = [], settings }: StandingOptions): Promise<StandingLake> {
    await mkdir(lake, { recursive: true });
    if (settings !== undefined) writeFileSync(join(lake, 'agent-settings.json'), JSON.stringify(settings));
    const standing = new StandingLake(lake, startCli(['up', '--lake', lake, ...args]));
    try {
      await standing.ready();
    } catch (error) {
      standing.kill();
      const { stderr } = await standing.#cli.ended;
      throw new Error(`up did not become ready\n${stderr}`, { cause: error });
    }
    return standing;
  }

  /** Until the agent of now answers and has begun its work; its process id. */
  async ready(): Promise<number> {
    return waitFor(
      'the agent to be ready',
      async () => {
        const api = this.#api();
        if (api === undefined) return undefined;
        const answer = await fetch(`${api.url}/readyz`).catch(() => undefined);
        return answer?.status === 200 ? api.pid : undefined;
      },
      WAIT_MS_MAX,
    );
  }

  get agentPid(): number {
    const pid = agentOf(this.#cli);
    if (pid === undefined) throw new Error('no agent runs now');
    return pid;
  }

  get url(): string {
    return this.#must().url;
  }

  /** That of the local user, an admin. */
  get token(): string {
    return readFileSync(this.#must().tokenFile, 'utf8').trim();
  }

  client(): AgentClient {
    return createClient({ url: this.url, token: () => this.token });
  }

  query<Name extends QueryName>(name: Name, input: QueryInput<Name>): Promise<QueryResult<Name>> {
    return this.client().query(name, input);
  }

  /** Waits until an answer shows what is meant; one that fails shows nothing. */
  until<Name extends QueryName, T>(
    what: string,
    name: Name,
    input: QueryInput<Name>,
    look: (answer: QueryResult<Name>) => T | undefined,
    waitMsMax = WAIT_MS_MAX,
  ): Promise<T> {
    const ask = async () => {
      if (this.#cli.process.exitCode !== null) throw new Error(`up ended with ${this.#cli.process.exitCode}`);
      if (this.#api() === undefined) return undefined;
      const answer = await this.query(name, input).catch(() => undefined);
      return answer === undefined ? undefined : look(answer);
    };
    return waitFor(what, ask, waitMsMax);
  }

  /** A verb of the command line on this lake. */
  run(...args: string[]): Promise<CliResult> {
    return runCli([...args, '--lake', this.lake]);
  }

  /** Of a verb that must succeed. */
  async json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run(...args, '--json');
    if (code !== 0) throw new Error(`lakewarden ${args.join(' ')} ended with ${code}\n${stdout}\n${stderr}`);
    return JSON.parse(stdout) as T;
  }

  /** Starts a verb that has no end of its own. */
  start(...args: string[]): RunningCli {
    return startCli([...args, '--lake', this.lake]);
  }

  async faults(): Promise<FaultControl> {
    const faults = await FaultControl.of(this.lake, () => this.#cli.process.exitCode !== null);
    if (faults === undefined) throw new Error('the local Azure is gone');
    return faults;
  }

  /** `bronze.orders` as its log has it. */
  table(name: string): LoggedTable {
    return readTable(this.lake, name);
  }

  /** The live sources stand still, connections and all, so that what was sent is a number. */
  stillSources(): void {
    this.#signalSources('SIGSTOP');
    this.#areSourcesStill = true;
  }

  /** `kill -9`; resolves when another agent is ready. `up` starts it. */
  async killAgent(): Promise<void> {
    const before = this.agentPid;
    process.kill(before, 'SIGKILL');
    const next = () => {
      const pid = agentOf(this.#cli);
      return pid === undefined || pid === before ? undefined : pid;
    };
    await waitFor('another agent', next, WAIT_MS_MAX);
    await this.ready();
  }

  /** As Ctrl-C does; what it said. */
  async stop(): Promise<CliResult> {
    if (this.#areSourcesStill) this.#signalSources('SIGCONT');
    this.#cli.process.kill('SIGTERM');
    return this.#cli.ended;
  }

  /** Everything at once, whatever it does; for the end of a test. */
  kill(): void {
    if (isGroupAlive(this.#cli)) killGroup(this.#cli);
  }

  #signalSources(signal: NodeJS.Signals): void {
    const pid = sourcesOf(this.#cli);
    if (pid === undefined) throw new Error('no sources run now');
    process.kill(pid, signal);
  }

  /** What the agent of now has written of itself. */
  #api(): ApiFile | undefined {
    try {
      const api = JSON.parse(readFileSync(join(this.lake, 'agent', 'api.json'), 'utf8')) as ApiFile;
      return api.pid === agentOf(this.#cli) ? api : undefined;
    } catch {
      return undefined;
    }
  }

  #must(): ApiFile {
    const api = this.#api();
    if (api === undefined) throw new Error('no agent answers now');
    return api;
  }
}

/** A table of a lake, up or not, as its log has it. */
export function readTable(lake: string, name: string): LoggedTable {
  return readLog(join(lake, 'azure/storage/retaillake/lake', name.replace('.', '/')));
}

/** Rows of all live files, or of those of one slice. */
export function rowsOf({ files }: LoggedTable, slice?: string): number {
  return [...files.values()]
    .filter((file) => slice === undefined || file.slice === slice)
    .reduce((sum, { rows }) => sum + rows, 0);
}
