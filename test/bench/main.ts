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
type Bench = (args: readonly string[]) => Promise<boolean>;

/** Of pages: they know the browser's types, which the rest of this folder does not. */
const ofPages = (file: string, name: string): Bench => {
  const place = new URL(`../../extension/bench/${file}`, import.meta.url).href;
  return async (args) => ((await import(place)) as Record<string, Bench>)[name]?.(args) ?? false;
};

const BENCHES: Readonly<Record<string, Bench>> = {
  drain: benchDrain,
  extension: benchExtension,
  idle: benchIdle,
  layout: ofPages('layout.ts', 'benchLayout'),
  lineage: ofPages('lineage.ts', 'benchLineage'),
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
