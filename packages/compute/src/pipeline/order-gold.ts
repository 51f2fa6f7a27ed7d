import { type Catalog, compileGold, type GoldSource, nameOf, relationsOf } from './compile-gold.ts';
import type { GoldDataset, SilverDataset } from './model.ts';
import type { ProblemLog } from './problem-log.ts';

/** Compiles gold datasets, inputs before readers. `undefined` sources are entries that are wrong already. */
export function compileAllGold(
  sources: ReadonlyMap<string, GoldSource | undefined>,
  silver: ReadonlyMap<string, SilverDataset | undefined>,
  problems: ProblemLog,
): readonly GoldDataset[] {
  const catalog = new Map<string, SilverDataset | GoldDataset | undefined>();
  for (const [name, dataset] of silver) catalog.set(`silver.${name}`, dataset);
  // Entered first, so that a reader of a broken dataset is not told that it does not exist.
  for (const name of sources.keys()) catalog.set(`gold.${name}`, undefined);
  const { ordered, cyclic } = orderSources(sources);
  reportCycles(cyclic, problems);
  const compiled: GoldDataset[] = [];
  for (const source of ordered) {
    const dataset = compileGold(source, catalog satisfies Catalog, problems);
    catalog.set(`gold.${source.name}`, dataset);
    if (dataset !== undefined) compiled.push(dataset);
  }
  return compiled;
}

interface Order {
  readonly ordered: readonly GoldSource[];
  /** What is left when nothing can go first: cycles, and what reads them. */
  readonly cyclic: readonly GoldSource[];
}

/** Takes, again and again, whatever has all its gold inputs behind it; the file's order otherwise. */
function orderSources(sources: ReadonlyMap<string, GoldSource | undefined>): Order {
  const ordered: GoldSource[] = [];
  let waiting = [...sources.values()].filter((source) => source !== undefined);
  for (;;) {
    const blocked = new Set(waiting.map((source) => `gold.${source.name}`));
    const isReady = (source: GoldSource) => goldInputs(source).every((name) => !blocked.has(name));
    const ready = waiting.filter(isReady);
    if (ready.length === 0) return { ordered, cyclic: waiting };
    ordered.push(...ready);
    waiting = waiting.filter((source) => !isReady(source));
  }
}

function goldInputs(source: GoldSource): readonly string[] {
  return relationsOf(source.syntax)
    .map(nameOf)
    .filter((name) => name.startsWith('gold.'));
}

function reportCycles(cyclic: readonly GoldSource[], problems: ProblemLog): void {
  const byName = new Map(cyclic.map((source) => [`gold.${source.name}`, source]));
  const reported = new Set<string>();
  for (const source of cyclic) {
    const cycle = findCycle(source, byName);
    const key = [...cycle].sort().join(' ');
    if (cycle.length === 0 || reported.has(key)) continue;
    reported.add(key);
    const way = [...cycle, cycle[0]].join(' → ');
    const first = relationsOf(source.syntax).find((relation) => nameOf(relation) === (cycle[1] ?? cycle[0]));
    problems.inFile(source.file, source.text, {
      at: first?.at ?? 0,
      message: `a dataset cannot be built from itself: ${way}`,
      remedy: 'let one of them read silver instead',
    });
  }
}

/** The cycle through a source, beginning with it; empty when it only reads one. */
function findCycle(source: GoldSource, byName: ReadonlyMap<string, GoldSource>): readonly string[] {
  const start = `gold.${source.name}`;
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const name of queue) {
    for (const next of goldInputs(byName.get(name) ?? source)) {
      if (next === start) return walkBack(start, name, cameFrom);
      if (!byName.has(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, name);
      queue.push(next);
    }
  }
  return [];
}

function walkBack(start: string, last: string, cameFrom: ReadonlyMap<string, string>): readonly string[] {
  const way = [last];
  for (let name = last; name !== start; ) {
    const before = cameFrom.get(name);
    if (before === undefined) break;
    way.unshift(before);
    name = before;
  }
  return way;
}
