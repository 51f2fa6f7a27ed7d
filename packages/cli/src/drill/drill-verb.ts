import { createProgress } from '../lake-verbs.ts';
import { JSON_OUT } from '../line/common-options.ts';
import { usage } from '../line/parse-line.ts';
import { isSet, type Line, type Verb } from '../line/verb.ts';
import type { World } from '../world.ts';

/** Needs no agent: it makes a lake of its own, and an agent for it, and takes both away again. */
export function drillVerb(): Verb {
  return {
    name: 'drill',
    group: 'recover',
    summary: 'break a lake of its own on purpose, under load, and see the agent mend it alone',
    positionals: [{ name: 'fault', required: false, many: true, about: 'names of faults; or --all' }],
    options: () => [
      { name: 'all', kind: 'switch', about: 'every fault, one after the other' },
      { name: 'keep', kind: 'switch', about: 'leave the lake of the drill for somebody who wants to look' },
      JSON_OUT,
    ],
    notes: ['Exit code 0 only when every fault was closed without a person, a lost or doubled row, or harm.'],
    run: async (line, world) => {
      const faults = faultsOf(line);
      const { runDrill } = await import('./run-drill.ts');
      const options = { faults, json: isSet(line, 'json'), keep: isSet(line, 'keep') };
      return runDrill(options, await toolsOf(world), world.print);
    },
  };
}

/** Undefined: all. Throws `Refusal(usage)`. */
function faultsOf(line: Line): readonly string[] | undefined {
  const names = line.words.fault?.split(' ');
  const isAll = isSet(line, 'all');
  if (isAll === (names !== undefined)) {
    throw usage(
      isAll ? 'drill takes names or --all, not both' : 'drill what? · give names or --all',
      line.verb,
    );
  }
  return names;
}

async function toolsOf(world: World) {
  const { now, sleep } = world;
  return { progress: await createProgress(world), now, sleep, signal: world.stopSignal() };
}
