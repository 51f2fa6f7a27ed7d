import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { KillCampaign } from '../support/kill-campaign.ts';
import { RETAIL_DATA, ROOT } from '../support/paths.ts';

/**
 * What takes longer than anybody waits for a test:
 * `npm run soak -- --kills N [--seed S] [--rows N]`: the kill campaign at full size;
 * `npm run soak -- --service`: the tests of the standing agent, with the whole minute of outage and every fault drilled.
 */
const args = process.argv.slice(2);
const option = (name: string): number | undefined => {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? undefined : Number(args[at + 1]);
};

if (args.includes('--service')) process.exitCode = await soakService();
else await soakKills();

async function soakService(): Promise<number> {
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'system', 'test/e2e/service'];
  const child = spawn(process.execPath, vitest, {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, LAKEWARDEN_SOAK: '1' },
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}

async function soakKills(): Promise<void> {
  const kills = option('kills') ?? 20;
  const seed = option('seed') ?? 1;
  console.log(`${kills} kills, seed ${seed}`);
  await new KillCampaign({
    data: RETAIL_DATA,
    rows: option('rows'),
    seed,
    log: (text) => console.log(text),
  }).run(kills);
  console.log(`${kills} kills, each ended in the same rows`);
}
