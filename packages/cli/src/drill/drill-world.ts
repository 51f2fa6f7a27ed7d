import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type AgentClient, createClient } from '@lakewarden/client';
import { readApiFile } from '../agent/agent-place.ts';
import type { Child } from '../child.ts';
import { EXIT, Refusal } from '../exit.ts';
import { keepRunning } from '../keep-running.ts';
import type { LakeFolder } from '../lake-folder.ts';
import { settleMode } from '../lake-mode.ts';
import { LakeProcesses } from '../lake-processes.ts';
import type { Endpoints } from '../local-azure.ts';
import { PARTS } from '../parts.ts';
import type { Progress } from '../progress.ts';

export interface DrillTools {
  readonly progress: Progress;
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Rows that are there before the drill begins; the live sources go on from them. */
const ROWS = 3_000;
const SEED = 7;
const DRAIN_EVERY_MS = 1_000;
const START_MS_MAX = 180_000;
const LOOK_MS = 250;

/** A lake of its own under load: local Azure, live sources, an agent that is started again when it dies. */
export class DrillWorld {
  readonly folder: LakeFolder;
  readonly endpoints: Endpoints;
  readonly #tools: DrillTools;
  readonly #processes: LakeProcesses;
  readonly #over = new AbortController();
  readonly #unloaded = new AbortController();
  #agent: Child | undefined;
  #sources: Child | undefined;

  private constructor(folder: LakeFolder, endpoints: Endpoints, processes: LakeProcesses, tools: DrillTools) {
    this.folder = folder;
    this.endpoints = endpoints;
    this.#processes = processes;
    this.#tools = tools;
  }

  static async start(folder: LakeFolder, tools: DrillTools): Promise<DrillWorld> {
    const asOf = new Date().toISOString().slice(0, 10);
    const mode = settleMode(
      folder,
      { pipeline: drillPipeline(folder) },
      { kind: 'generated', asOf, seed: SEED, rows: ROWS },
    );
    const options = {
      lake: folder.root,
      once: false,
      json: false,
      data: undefined,
      asOf: undefined,
      rows: ROWS,
      seed: SEED,
      pipeline: undefined,
      drainEveryMs: DRAIN_EVERY_MS,
      windowEveryMs: undefined,
      port: undefined,
    };
    const processes = new LakeProcesses({ folder, mode, options, progress: tools.progress });
    try {
      const { endpoints } = await processes.startAzure();
      await processes.runSources(endpoints);
      const world = new DrillWorld(folder, endpoints, processes, tools);
      world.#keepRunning();
      return world;
    } catch (error) {
      await processes.stop();
      throw error;
    }
  }

  #keepRunning(): void {
    const { now, sleep, progress, signal } = this.#tools;
    const until = AbortSignal.any([signal, this.#over.signal]);
    const note = (text: string) => progress.note(text);
    const startAgent = () => {
      this.#agent = this.#processes.startAgent(this.endpoints, 0);
      return this.#agent;
    };
    const untilNoLoad = AbortSignal.any([until, this.#unloaded.signal]);
    const startLive = () => {
      this.#sources = this.#processes.startLive(this.endpoints);
      return this.#sources;
    };
    for (const [name, start, end] of [
      ['agent', startAgent, until],
      ['sources', startLive, untilNoLoad],
    ] as const) {
      keepRunning({ name, start, note, now, sleep }, end).catch((error: unknown) => {
        note(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      });
    }
  }

  /** No more load: what is on its way can come to rest. */
  async stopSources(): Promise<void> {
    this.#unloaded.abort();
    await this.#sources?.stop();
  }

  get agentPid(): number | undefined {
    return this.#agent?.pid;
  }

  /** A client of the agent that runs now; undefined while none answers. */
  client(): AgentClient | undefined {
    const api = readApiFile(this.folder.api, this.agentPid ?? 0);
    if (api === undefined) return undefined;
    return createClient({ url: api.url, token: () => readFileSync(api.tokenFile, 'utf8').trim() });
  }

  /** Makes the local Azure misbehave; the answer is how to end it. */
  async fault(rule: Readonly<Record<string, unknown>>): Promise<{ end(): Promise<void> }> {
    const { id } = (await this.#control('POST', '/faults', rule)) as { id: string };
    return {
      end: async () => {
        await this.#control('DELETE', `/faults/${id}`);
      },
    };
  }

  async #control(method: string, path: string, body?: unknown): Promise<unknown> {
    const { url, token } = this.endpoints.control;
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    if (answer.ok) return answer.status === 204 ? undefined : answer.json();
    throw new Refusal(EXIT.failed, `the local Azure refused ${method} ${path}: ${await answer.text()}`);
  }

  /** Looks until `found` gives something; undefined after `msMax`. A look that fails is a look without result. */
  async until<T>(
    msMax: number,
    found: (client: AgentClient) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const { now, sleep, signal } = this.#tools;
    const deadlineMs = now() + msMax;
    while (now() < deadlineMs && !signal.aborted) {
      const client = this.client();
      const result = client === undefined ? undefined : await found(client).catch(() => undefined);
      if (result !== undefined) return result;
      await sleep(LOOK_MS, signal);
    }
    return undefined;
  }

  /** Nothing failed, nothing is parked or stopped, no incident is open, and the hubs are drained. */
  async settle(msMax = START_MS_MAX): Promise<boolean> {
    return (await this.until(msMax, async (client) => ((await isWell(client)) ? true : undefined))) ?? false;
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#processes.stop();
  }
}

/** Live events arrive while it is asked: a lag that the next drain takes is no illness. */
const LAG_EVENTS_MAX = 500;

async function isWell(client: AgentClient): Promise<boolean> {
  const { agent, breakers, counts, incidents, lag } = await client.query('overview', {});
  const ill = (counts.failed ?? 0) + (counts.parked ?? 0) + (counts.frozen ?? 0) + (counts.paused ?? 0);
  return (
    agent.ready &&
    agent.observedAt !== undefined &&
    ill === 0 &&
    (counts.fresh ?? 0) > 0 &&
    incidents.open === 0 &&
    breakers.every(({ state }) => state === 'closed') &&
    lag.events <= LAG_EVENTS_MAX
  );
}

/** The shipped pipeline with objectives for people in a hurry: what takes hours in production takes seconds in a drill. */
function drillPipeline(folder: LakeFolder): string {
  const target = join(folder.root, 'pipeline');
  cpSync(dirname(PARTS.pipeline), target, { recursive: true });
  const file = join(target, 'pipeline.yaml');
  const text = readFileSync(file, 'utf8').replaceAll(/runTime: \d+m/g, 'runTime: 5s');
  writeFileSync(file, text);
  return file;
}
