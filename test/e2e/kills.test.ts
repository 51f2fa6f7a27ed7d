import { describe, it } from 'vitest';
import { KillCampaign } from '../support/kill-campaign.ts';
import { hasRetailData, RETAIL_DATA } from '../support/paths.ts';

const ROWS = 20_000;
const KILLS = 20;
const SEED = 20_261_122;

describe.runIf(hasRetailData())('killed at any request', () => {
  it(`ends in the same rows after ${KILLS} kills, each followed by a re-run (seed ${SEED})`, async () => {
    const campaign = new KillCampaign({
      data: RETAIL_DATA,
      rows: ROWS,
      seed: SEED,
      log: (text) => console.log(text),
    });
    await campaign.run(KILLS);
  });
});
