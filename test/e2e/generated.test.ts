import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isBalanced, type RunSummary } from '@lakewarden/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentOf, isGroupAlive } from '../support/child-processes.ts';
import { killGroup, type RunningCli, runCli, runOnce, startCli } from '../support/cli.ts';
import { checkLanded, type LoggedTable, readLog } from '../support/delta-log.ts';
import { queryFiles } from '../support/duck.ts';
import { ROOT } from '../support/paths.ts';
import { waitFor } from '../support/wait-for.ts';

/** The main job on generated data: what was planted is what is accounted for; then the agent lives, dies and goes on. */
const SEED = 7;
const ROWS = 1_500;
const HUB_TABLES = ['bronze.orders', 'bronze.clicks', 'bronze.pos_sales', 'bronze.payments'] as const;
const WAIT_MS_MAX = 60_000;

/** By dataset, what the generator planted (packages/retail, `Expectation`). */
interface Planted {
  readonly rows: number;
  readonly kept: number;
  readonly duplicates: number;
  readonly quarantined: Readonly<Record<string, number>>;
}

const folder = mkdtempSync(join(tmpdir(), 'lakewarden-generated-'));
const lake = join(folder, 'lake');
let summary: RunSummary;
let planted: Readonly<Record<string, Planted>>;

beforeAll(async () => {
  summary = await runOnce(lake, ['--seed', String(SEED), '--rows', String(ROWS)]);
  const manifest = JSON.parse(readFileSync(join(lake, 'sources', 'expected.json'), 'utf8'));
  planted = (manifest as { datasets: Record<string, Planted> }).datasets;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tableOf(name: string): LoggedTable {
  return readLog(join(lake, 'azure/storage/retaillake/lake', name.replace('.', '/')));
}

/** Version and rows of every table. */
function versionsOf({ tables }: RunSummary) {
  return tables.map(({ name, version, rows }) => [name, version, rows]);
}

describe('generated data', () => {
  it('ends with every slice fresh', () => {
    expect(Object.keys(summary.slices)).toEqual(['fresh']);
    expect(summary.failures).toEqual([]);
  });

  it('accounts for every planted row', () => {
    const expected = Object.entries(planted).map(([dataset, { rows, kept, duplicates, quarantined }]) => {
      const all = Object.values(quarantined).reduce((sum, count) => sum + count, 0);
      return [`silver.${dataset}`, { in: rows, out: kept, quarantined: all, duplicates }];
    });
    expect(expected.length).toBe(10);
    const silver = Object.entries(summary.accounting).filter(([name]) => name.startsWith('silver.'));
    expect(Object.fromEntries(silver)).toEqual(Object.fromEntries(expected));
  });

  it('quarantines every planted fault for its reason', async () => {
    let faults = 0;
    for (const [dataset, { quarantined }] of Object.entries(planted)) {
      const rows = await queryFiles(
        { q: tableOf(`quarantine.${dataset}`) },
        "select split_part(reason, ':', 1) cause, count(*)::integer n from q group by all",
      );
      const expected = Object.entries(quarantined).filter(([, count]) => count > 0);
      expect(Object.fromEntries(rows.map(({ cause, n }) => [cause, n])), dataset).toEqual(
        Object.fromEntries(expected),
      );
      faults += expected.length;
    }
    expect(faults).toBeGreaterThan(10);
  });

  it('commits nothing when it runs again, and prints one JSON object through npx', async () => {
    const args = ['lakewarden', 'up', '--once', '--json', '--lake', lake];
    const { stdout } = await promisify(execFile)('npx', args, { cwd: ROOT });
    expect(versionsOf(JSON.parse(stdout) as RunSummary)).toEqual(versionsOf(summary));
  });

  it('refuses to mix another generated world into the lake', async () => {
    const { code, stdout, stderr } = await runCli(['up', '--once', '--lake', lake, '--seed', '8']);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain(`--seed ${SEED}`);
  });
});

describe('a lake that stays up', () => {
  const rowsOf = (name: string) => checkLanded(tableOf(name)).rows;
  const live = () => startCli(['up', '--lake', lake, '--drain-every', '2s']);

  function grown(name: string, beyond: number, cli: RunningCli): Promise<number> {
    const look = () => {
      if (cli.process.exitCode !== null) throw new Error(`up ended with ${cli.process.exitCode}`);
      const rows = rowsOf(name);
      return rows > beyond ? rows : undefined;
    };
    return waitFor(`more than ${beyond} rows in ${name}`, look, WAIT_MS_MAX);
  }

  it('lands what arrives, survives the death of its agent, and ends when it is asked to', async () => {
    const cli = live();
    try {
      const before = await grown('bronze.orders', rowsOf('bronze.orders'), cli);
      const first = agentOf(cli) as number;
      expect((await runCli(['up', '--lake', lake])).code).toBe(3);
      await grown('bronze.orders', before, cli);
      process.kill(first, 'SIGKILL');
      const atDeath = rowsOf('bronze.orders');
      const next = () => (agentOf(cli) === first ? undefined : agentOf(cli));
      await waitFor('another agent', next, WAIT_MS_MAX);
      await grown('bronze.orders', atDeath, cli);
      cli.process.kill('SIGTERM');
      const { code, stdout, stderr } = await cli.ended;
      expect([code, stdout]).toEqual([0, '']);
      expect(stderr).toContain(`lake      ${lake}`);
      expect(stderr).toMatch(/agent +was ended by SIGKILL; starting it again/);
      expect(isGroupAlive(cli)).toBe(false);
    } finally {
      if (isGroupAlive(cli)) killGroup(cli);
    }
  });

  it('goes on after everything was killed at once, with each event landed once', async () => {
    const cli = live();
    await grown('bronze.orders', rowsOf('bronze.orders'), cli);
    killGroup(cli);
    await cli.ended;
    const after = await runOnce(lake);
    expect(Object.keys(after.slices)).toEqual(['fresh']);
    for (const name of HUB_TABLES) {
      const { rows } = checkLanded(tableOf(name));
      const silver = after.accounting[name.replace('bronze', 'silver')];
      expect(silver?.in, name).toBe(rows);
      expect(silver !== undefined && isBalanced(silver), name).toBe(true);
      expect(rows, name).toBeGreaterThan(summary.tables.find((table) => table.name === name)?.rows ?? 0);
    }
    expect(existsSync(join(lake, 'agent', 'ledger.db'))).toBe(true);
  });
});
