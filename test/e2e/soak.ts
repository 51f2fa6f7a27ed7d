import { KillCampaign } from '../support/kill-campaign.ts';
import { RETAIL_DATA } from '../support/paths.ts';

/** `npm run soak -- --kills N [--seed S] [--rows N]`: the kill campaign at full size. */
const args = process.argv.slice(2);
const option = (name: string): number | undefined => {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? undefined : Number(args[at + 1]);
};

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
