import { MUTANTS } from './mutants/mutants.ts';
import { patchModules } from './mutants/patch.ts';
import { SCALED_BOUNDS } from './mutants/scaled.ts';
import type { RunResult } from './world/world.ts';

/**
 * A process that runs seeds which its parent sends: `argv[2]` is the name of a mutant or empty. Patches must be in place
 * before the first module of the product is loaded, so the world is imported afterwards.
 */
export interface Job {
  readonly seed: number;
  readonly keepLines: number;
}

export type Answer = { readonly result: RunResult } | { readonly error: string };

const name = process.argv[2] ?? '';
const mutant = MUTANTS.find((candidate) => candidate.name === name);
if (name !== '' && mutant === undefined) throw new Error(`there is no mutant "${name}"`);
const unused = patchModules([...SCALED_BOUNDS, ...(mutant?.patches ?? [])]);
const { World } = await import('./world/world.ts');
const [left] = unused();
if (left !== undefined) throw new Error(`nothing imports ${left.file}: its patch does nothing`);

/** What the product leaves behind unheard would end a real agent (I9). */
let unheard: unknown;
process.on('unhandledRejection', (reason) => {
  unheard ??= reason;
});

process.on('message', async ({ seed, keepLines }: Job) => {
  unheard = undefined;
  let answer: Answer;
  try {
    const result = await new World(seed, { keepLines }).run();
    const stray = unheard === undefined ? undefined : `I9 an unhandled rejection: ${unheard}`;
    answer = { result: { ...result, violation: result.violation ?? stray } };
  } catch (error) {
    answer = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  process.send?.(answer);
});
process.send?.('ready');
