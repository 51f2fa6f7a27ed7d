import { benchLayout } from '../../extension/bench/layout.ts';
import { benchLineage } from '../../extension/bench/lineage.ts';
import { benchDrain } from './drain.ts';
import { benchExtension } from './extension.ts';
import { benchIdle } from './idle.ts';
import { benchMedallion } from './medallion.ts';
import { benchReaction } from './reaction.ts';
import { benchStart } from './start.ts';

/**
 * `npm run bench -- <name> [options]`: each prints ratios of ours to a peer's, measured in turn in one run on this
 * machine, with the bar it is held to. Absolute figures are of this machine and this hour only.
 */
const BENCHES: Readonly<Record<string, (args: readonly string[]) => Promise<boolean>>> = {
  drain: benchDrain,
  extension: benchExtension,
  idle: benchIdle,
  layout: benchLayout,
  lineage: benchLineage,
  medallion: benchMedallion,
  reaction: benchReaction,
  start: benchStart,
};

const [name, ...args] = process.argv.slice(2);
const bench = name === undefined ? undefined : BENCHES[name];
if (bench === undefined) {
  console.error(`usage: npm run bench -- ${Object.keys(BENCHES).join(' | ')} [--rounds N] [--events N]`);
  process.exitCode = 2;
} else {
  process.exitCode = (await bench(args)) ? 0 : 1;
}
