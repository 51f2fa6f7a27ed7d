import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Campaign } from './campaign.ts';
import { huntMutant } from './mutants/hunt.ts';
import { MUTANTS } from './mutants/mutants.ts';
import { runSeeds, SeedRunner, seedsFrom } from './pool.ts';

/**
 * The simulation: the real core and Delta log over ports in memory and virtual time, with seeded crashes, lost answers,
 * late writes, stalls and storms. See README.md beside this file.
 */
const USAGE = `usage: npm run sim -- [--seeds N] [--from S]   run N seeds (default 200) from S (default 1)
       npm run sim -- --seed S [--lines N]     replay one seed; print the last N lines of its trace (default 60)
       npm run sim -- --mutants [--seeds N]    take out one safeguard at a time; each must be noticed within N seeds (default 300)
       npm run sim -- --mutant NAME ...        any of the above with this safeguard taken out
options: --processes N (default: one a core)`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    lines: { type: 'string', default: '60' },
    mutants: { type: 'boolean', default: false },
    mutant: { type: 'string', default: '' },
    processes: { type: 'string', default: String(availableParallelism()) },
    help: { type: 'boolean', default: false },
  },
});

function count(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0)
    throw new Error(`"${text}" is not a whole number\n${USAGE}`);
  return number;
}

const processes = Math.max(1, count(values.processes));
if (values.help) console.log(USAGE);
else if (values.seed !== undefined) process.exitCode = await replay(count(values.seed));
else if (values.mutants) process.exitCode = await huntMutants(count(values.seeds ?? '300'));
else process.exitCode = await run(count(values.seeds ?? '200'), count(values.from));

async function replay(seed: number): Promise<number> {
  const runner = new SeedRunner(values.mutant);
  const result = await runner.run({ seed, keepLines: count(values.lines) });
  runner.close();
  for (const line of result.lines) console.log(line);
  console.log(new Campaign().describe(result));
  return result.violation === undefined ? 0 : 1;
}

async function run(seeds: number, from: number): Promise<number> {
  const campaign = new Campaign();
  await runSeeds(seedsFrom(from, seeds), {
    processes,
    mutant: values.mutant,
    onResult: (result) => {
      campaign.add(result);
      if (result.violation !== undefined) {
        console.log(`seed ${result.seed}: ${result.violation}`);
        console.log(`  replay: npm run sim -- --seed ${result.seed}`);
      } else if (campaign.seeds % 50 === 0) console.log(campaign.summary());
      return 'go-on';
    },
  });
  console.log(campaign.summary());
  return campaign.violations === 0 ? 0 : 1;
}

/** Every mutant in a process of its own until a seed breaks it. */
async function huntMutants(seeds: number): Promise<number> {
  const queue = MUTANTS.values();
  let survivors = 0;
  const hunt = async () => {
    for (const mutant of queue) {
      const caught = await huntMutant(mutant, seedsFrom(count(values.from), seeds));
      if (caught === undefined) survivors += 1;
      const how = caught && `on seed ${String(caught.seed).padStart(3)}  ${caught.violation?.slice(0, 110)}`;
      console.log(`${mutant.breaks.padEnd(4)}${mutant.name.padEnd(56)}${how ?? `SURVIVES ${seeds} seeds`}`);
    }
  };
  await Promise.all(Array.from({ length: processes }, hunt));
  console.log(`${MUTANTS.length - survivors} of ${MUTANTS.length} mutants caught`);
  return survivors === 0 ? 0 : 1;
}
