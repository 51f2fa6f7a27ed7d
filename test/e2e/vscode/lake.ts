import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AgentClient, createClient } from '@lakewarden/client';
import { killGroup, type RunningCli, startCli } from '../../support/cli.ts';
import { FaultControl } from '../../support/faults.ts';
import { ROOT } from '../../support/paths.ts';
import { waitFor } from '../../support/wait-for.ts';
import { AS_OF, DAYS, writeShopData } from './shop-data.ts';

/** What tests need sooner than people: the agent looks often, and asks before it recovers. */
const AGENT_SETTINGS = {
  watchEveryMs: 500,
  probeEveryMs: 2_000,
  runbookModes: { 'failed-slice': 'approve' },
};
const READY_MS_MAX = 180_000;
const STOP_MS_MAX = 20_000;

/** A workspace with a pipeline file, and its lake: a real agent over a real local Azure. */
export class Lake {
  readonly workspace: string;
  /** Of the lake, in the workspace. */
  readonly folder: string;
  readonly client: AgentClient;
  readonly faults: FaultControl;
  readonly #root: string;
  readonly #cli: RunningCli;

  private constructor(root: string, cli: RunningCli, client: AgentClient, faults: FaultControl) {
    this.#root = root;
    this.workspace = join(root, 'shop');
    this.folder = join(this.workspace, '.lakewarden');
    this.#cli = cli;
    this.client = client;
    this.faults = faults;
  }

  /** Returns when everything that arrived is built. */
  static async start(): Promise<Lake> {
    const root = mkdtempSync(join(tmpdir(), 'lakewarden-vscode-'));
    const workspace = join(root, 'shop');
    const lake = join(workspace, '.lakewarden');
    mkdirSync(lake, { recursive: true });
    cpSync(join(ROOT, 'packages/retail/pipeline'), workspace, { recursive: true });
    // The checker of files is the one that the workspace has installed.
    symlinkSync(join(ROOT, 'node_modules'), join(workspace, 'node_modules'));
    writeShopData(join(root, 'data'));
    writeFileSync(join(lake, 'agent-settings.json'), JSON.stringify(AGENT_SETTINGS));
    const data = ['--data', join(root, 'data'), '--as-of', AS_OF];
    const cli = startCli(['up', ...data, '--drain-every', '1s', '--lake', lake]);
    try {
      let over = false;
      void cli.ended.then(() => {
        over = true;
      });
      const client = await untilBuilt(lake, cli);
      const faults = await FaultControl.of(lake, () => over);
      if (faults === undefined) throw new Error('the local Azure has no control endpoint');
      return new Lake(root, cli, client, faults);
    } catch (error) {
      killGroup(cli);
      const { stdout, stderr } = await cli.ended;
      rmSync(root, { recursive: true, force: true });
      throw new Error(`the lake did not come up\n${stdout}\n${stderr}`, { cause: error });
    }
  }

  async stop(): Promise<void> {
    this.#cli.process.kill('SIGTERM');
    const timer = new Promise<'late'>((resolve) => setTimeout(resolve, STOP_MS_MAX, 'late').unref());
    if ((await Promise.race([this.#cli.ended, timer])) === 'late') killGroup(this.#cli);
    rmSync(this.#root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  /** Somebody replays a slice. */
  async buildAgain(slice: string): Promise<void> {
    const { plan } = await this.client.act('replay', { target: slice });
    await this.client.act('apply', { plan: plan?.hash ?? '' });
  }

  /** Every commit and file of this dataset is written so much later from now on: time to see a backfill run. */
  async slowWrites(dataset: string, delayMs: number): Promise<void> {
    const match = { method: 'PUT', path: pathOf(dataset) };
    await this.faults.add({ service: 'storage', match, action: { kind: 'delay', when: 'before', delayMs } });
  }

  /** Permission to write this table is taken away. The answer gives it back. */
  async forbidWrites(dataset: string): Promise<() => Promise<void>> {
    const action = { kind: 'error', status: 403, code: 'AuthorizationPermissionMismatch' };
    await this.faults.add({ service: 'storage', match: { method: 'PUT', path: pathOf(dataset) }, action });
    return () => this.faults.clear();
  }
}

function pathOf(dataset: string): string {
  return `/${dataset.replace('.', '/')}/`;
}

async function untilBuilt(lake: string, cli: RunningCli): Promise<AgentClient> {
  let ended = false;
  void cli.ended.then(() => {
    ended = true;
  });
  return waitFor(
    'a lake that is built',
    async () => {
      if (ended) throw new Error('up ended');
      const client = clientOf(lake);
      const answer = await client?.query('datasets', {}).catch(() => undefined);
      const counts = new Map(answer?.items.map(({ name, counts }) => [name, counts]));
      const isBuilt = ['silver.orders', 'gold.daily_sales'].every(
        (name) => counts.get(name)?.fresh === DAYS.length,
      );
      const isQuiet = answer?.items.every(({ state }) => state === 'fresh' || state === 'empty');
      return isBuilt && isQuiet ? client : undefined;
    },
    READY_MS_MAX,
  );
}

function clientOf(lake: string): AgentClient | undefined {
  try {
    const { url, tokenFile } = JSON.parse(readFileSync(join(lake, 'agent/api.json'), 'utf8')) as {
      url: string;
      tokenFile: string;
    };
    return createClient({ url, token: readFileSync(tokenFile, 'utf8').trim() });
  } catch {
    return undefined;
  }
}
