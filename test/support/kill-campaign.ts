import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunSummary } from '@lakewarden/contracts';
import { agentOf } from './child-processes.ts';
import { killGroup, type RunningCli, runOnce, startCli } from './cli.ts';
import { checkLanded, readLog } from './delta-log.ts';
import { queryFiles } from './duck.ts';
import { FaultControl, type FaultRule } from './faults.ts';

/**
 * Kills the agent, or everything, while one chosen request is held: before the local Azure does what was asked, or
 * after it was done and before the answer. Then runs again and compares every table's rows with those of a run that
 * nobody disturbed (I1, I2, I6, I7).
 */
export interface CampaignOptions {
  readonly data: string;
  /** First rows of each hub; undefined: all. */
  readonly rows: number | undefined;
  readonly seed: number;
  readonly log: (text: string) => void;
}

interface Kill {
  readonly rule: FaultRule;
  readonly victim: 'agent' | 'group';
  readonly text: string;
}

/** Where a run can be hurt: what is matched, and about how many such requests one run makes. */
interface Target {
  readonly service: FaultRule['service'];
  readonly match?: NonNullable<FaultRule['match']>;
  readonly share: number;
}

const TARGETS: readonly Target[] = [
  { service: 'storage', match: { method: 'PUT', path: '_delta_log' }, share: 5 },
  { service: 'storage', match: { method: 'PUT', path: 'parquet' }, share: 4 },
  { service: 'storage', share: 4 },
  { service: 'arm', match: { path: 'createRun|queryPipelineRuns|pipelineruns' }, share: 2 },
  { service: 'event-hubs', match: { operation: 'receive' }, share: 3 },
  { service: 'event-hubs', match: { operation: 'management' }, share: 1 },
  { service: 'login', share: 1 },
];

export class KillCampaign {
  readonly #options: CampaignOptions;
  readonly #random: () => number;
  /** Loads the hubs once; all other runs are on copies of that lake and touch the agent only. */
  readonly #sources: readonly string[];

  constructor(options: CampaignOptions) {
    this.#options = options;
    this.#random = mulberry32(options.seed);
    const rows = options.rows === undefined ? [] : ['--rows', String(options.rows)];
    this.#sources = ['--data', options.data, ...rows];
  }

  async run(kills: number): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'lakewarden-kills-'));
    try {
      const reference = join(folder, 'reference');
      const expected = await fingerprintOf(await runOnce(reference, this.#sources));
      const loaded = join(folder, 'loaded');
      copyLoaded(reference, loaded);
      const counts = await this.#countRequests(loaded, join(folder, 'counted'), expected);
      let done = 0;
      for (let index = 0; done < kills; index++) {
        if (index >= kills * 3) throw new Error(`only ${done} of ${kills} kills hit anything`);
        const lake = join(folder, `kill-${index}`);
        cpSync(loaded, lake, { recursive: true });
        if (await this.#killOnce(this.#choose(counts), lake, expected)) done++;
        rmSync(lake, { recursive: true, force: true });
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** An undisturbed run with a fault on every target that never fires: its `hits` say how many requests there are. */
  async #countRequests(loaded: string, lake: string, expected: string): Promise<readonly number[]> {
    cpSync(loaded, lake, { recursive: true });
    const cli = startCli(['up', '--once', '--json', '--lake', lake]);
    let over = false;
    cli.ended.finally(() => {
      over = true;
    });
    const faults = await FaultControl.of(lake, () => over);
    if (faults === undefined) throw new Error(`the run ended early:\n${(await cli.ended).stderr}`);
    const ids = [];
    for (const { service, match } of TARGETS) {
      const action = { kind: 'hold', when: 'before' };
      ids.push(await faults.add({ service, action, ...(match && { match }), skip: 1_000_000 }));
    }
    let seen: readonly number[] = TARGETS.map(() => 0);
    while (!over) {
      const states = await faults.states().catch(() => undefined);
      if (states !== undefined) seen = ids.map((id) => states.find((state) => state.id === id)?.seen ?? 0);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const { code, stdout, stderr } = await cli.ended;
    if (code !== 0) throw new Error(`counting run ended with ${code}\n${stderr}`);
    expectSame(await fingerprintOf(JSON.parse(stdout) as RunSummary), expected, 'a run on a copied lake');
    rmSync(lake, { recursive: true, force: true });
    this.#options.log(
      `requests: ${TARGETS.map((t, i) => `${t.service} ${JSON.stringify(t.match ?? {})} ${seen[i]}`).join(', ')}`,
    );
    return seen;
  }

  #choose(counts: readonly number[]): Kill {
    const tickets = TARGETS.flatMap((target, i) => (counts[i] ? Array<number>(target.share).fill(i) : []));
    const index = tickets[Math.floor(this.#random() * tickets.length)] ?? 0;
    const { service, match } = TARGETS[index] as Target;
    const skip = Math.floor(this.#random() * (counts[index] ?? 1));
    const when = this.#random() < 0.5 ? 'before' : 'after';
    const victim = this.#random() < 0.5 ? 'agent' : 'group';
    const rule: FaultRule = {
      service,
      action: { kind: 'hold', when },
      skip,
      count: 1,
      ...(match && { match }),
    };
    return {
      rule,
      victim,
      text: `${victim} killed ${when} ${service} ${JSON.stringify(match ?? {})} #${skip}`,
    };
  }

  /** False when the run ended before the chosen request came. */
  async #killOnce(kill: Kill, lake: string, expected: string): Promise<boolean> {
    const cli = startCli(['up', '--once', '--json', '--lake', lake]);
    let over = false;
    cli.ended.finally(() => {
      over = true;
    });
    const faults = await FaultControl.of(lake, () => over);
    const hit = faults !== undefined && (await holds(faults, kill.rule, () => over));
    if (hit) strike(cli, kill);
    if (hit && kill.victim === 'agent') await faults.clear().catch(() => undefined);
    await cli.ended;
    this.#options.log(`${hit ? '' : '(not reached) '}${kill.text}`);
    if (!hit) return false;
    const summary = await runOnce(lake);
    for (const name of ['bronze.orders', 'bronze.clicks']) {
      const table = summary.tables.find((candidate) => candidate.name === name);
      if (table !== undefined) checkLanded(readLog(table.path));
    }
    expectSame(await fingerprintOf(summary), expected, kill.text);
    return true;
  }
}

async function holds(faults: FaultControl, rule: FaultRule, isOver: () => boolean): Promise<boolean> {
  const id = await faults.add(rule);
  while (!isOver()) {
    const states = await faults.states().catch(() => []);
    if (states.some((state) => state.id === id && state.held > 0)) return true;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return false;
}

function strike(cli: RunningCli, kill: Kill): void {
  const agent = agentOf(cli);
  // Before the agent is up it is the sources that wait for the held request: then everything dies.
  if (kill.victim === 'group' || agent === undefined) killGroup(cli);
  else process.kill(agent, 'SIGKILL');
}

/** A lake whose hubs are filled and whose rest is as if no agent had ever run. */
function copyLoaded(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  const storage = join(to, 'azure', 'storage');
  for (const part of [join(to, 'agent'), storage]) rmSync(part, { recursive: true, force: true });
  mkdirSync(join(storage, 'retaillake', 'lake'), { recursive: true });
  rmSync(join(to, 'azure', 'datafactory', 'retail-factory', 'runs.jsonl'), { force: true });
}

/** Rows of all tables, independent of order, files, versions and the days on which they were sent. */
async function fingerprintOf(summary: RunSummary): Promise<string> {
  const lines: string[] = [];
  for (const { name, layer, path } of summary.tables) {
    const table = readLog(path);
    // Enqueued times and generations are those of the one load that all lakes here are copies of.
    const [row] = await queryFiles(
      { t: table },
      "select count(*)::varchar n, coalesce(sum(hash(t))::varchar, '') h from t",
    );
    lines.push(
      `${layer} ${name} ${row?.n} ${layer === 'quarantine' || layer === 'duplicates' ? '' : row?.h}`,
    );
  }
  return lines.join('\n');
}

function expectSame(actual: string, expected: string, what: string): void {
  if (actual === expected) return;
  const lines = expected.split('\n');
  const differing = actual.split('\n').filter((line, index) => line !== lines[index]);
  throw new Error(
    `${what}: other rows than an undisturbed run:\n${differing.join('\n')}\nexpected:\n${expected}`,
  );
}

/** Small seeded generator (T. Ettinger's mulberry32): good enough to choose where to hurt, and the seed is printed. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
