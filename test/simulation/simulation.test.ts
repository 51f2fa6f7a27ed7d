import { describe, expect, it } from 'vitest';
import { huntMutant } from './mutants/hunt.ts';
import { MUTANTS } from './mutants/mutants.ts';
import { runSeeds, SeedRunner, seedsFrom } from './pool.ts';
import type { RunResult } from './world/world.ts';

const SEEDS = 30;
const REPEATED = [3, 8, 21, 34, 55];
/** Seeds within which a mutant of the short list must be noticed. */
const MUTANT_SEEDS = 20;
/** Those that break nearly every run; `npm run sim -- --mutants` hunts all of them. */
const QUICK = [
  'checkpoint in a commit of its own, after the rows',
  'a taken version is answered by the next one, blindly',
  'log entries are put without If-None-Match',
  'a higher epoch in the table is ignored',
  'the decisive table is committed first',
  'what the engine counted is believed',
  'an act takes effect before its audit entry',
  'a repeated idempotency key is a new act',
];

describe('the simulated agent', () => {
  it(`breaks no invariant under ${SEEDS} seeds`, async () => {
    const broken: string[] = [];
    await runSeeds(seedsFrom(1, SEEDS), {
      processes: 2,
      mutant: '',
      onResult: ({ seed, violation }) => {
        if (violation !== undefined) broken.push(`npm run sim -- --seed ${seed}: ${violation}`);
        return 'go-on';
      },
    });
    expect(broken).toEqual([]);
  });

  it('does the same again for the same seed, in another process (I18)', async () => {
    const hashes = async () => {
      const runner = new SeedRunner('');
      const results: RunResult[] = [];
      for (const seed of REPEATED) results.push(await runner.run({ seed, keepLines: 0 }));
      runner.close();
      return results.map(({ seed, hash }) => `${seed} ${hash}`);
    };
    const [first, second] = await Promise.all([hashes(), hashes()]);
    expect(second).toEqual(first);
    expect(new Set(first?.map((line) => line.split(' ')[1])).size).toBe(REPEATED.length);
  });

  it.each(QUICK)('is seen to fail when this is so: %s', async (name) => {
    const mutant = MUTANTS.find((candidate) => candidate.name === name);
    expect(mutant).toBeDefined();
    if (mutant === undefined) return;
    const caught = await huntMutant(mutant, seedsFrom(1, MUTANT_SEEDS));
    expect(caught?.violation).toMatch(/^(?:I\d+ |a bug)/);
  });
});
