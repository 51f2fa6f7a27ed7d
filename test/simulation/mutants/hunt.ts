import { runSeeds } from '../pool.ts';
import type { RunResult } from '../world/world.ts';
import type { Mutant } from './mutants.ts';

/** The first of the seeds whose run breaks an invariant; undefined when none does. */
export async function huntMutant({ name }: Mutant, seeds: Iterable<number>): Promise<RunResult | undefined> {
  let caught: RunResult | undefined;
  await runSeeds(seeds, {
    processes: 1,
    mutant: name,
    onResult: (result) => {
      if (result.violation === undefined) return 'go-on';
      caught = result;
      return 'stop';
    },
  });
  return caught;
}
