import { nearestName } from '../sql/column-scope.ts';
import { compileDurationWithin } from './compile-duration.ts';
import type { Objective } from './model.ts';
import type { PipelineFile } from './pipeline-file.ts';
import type { ObjectiveEntry } from './pipeline-schema.ts';
import type { ProblemLog } from './problem-log.ts';
import type { Path } from './yaml-document.ts';

const FRESHNESS_BOUNDS = ['1s', '366d'] as const;
const RUN_TIME_BOUNDS = ['1s', '7d'] as const;

/** By dataset or `source:<name>`. */
export function compileObjectives(shape: PipelineFile, problems: ProblemLog): ReadonlyMap<string, Objective> {
  const objectives = new Map<string, Objective>();
  for (const [target, entry] of shape.objectives) {
    const path = ['objectives', target];
    const known = watchableNames(shape);
    if (!known.includes(target)) {
      problems.atKey(path, `unknown dataset or source "${target.slice(0, 80)}"`, nearestName(target, known));
      continue;
    }
    if (entry === undefined || !checkFit(target, entry, shape, path, problems)) continue;
    objectives.set(target, compileObjective(entry, path, problems));
  }
  return objectives;
}

/** What objectives and rules can be about, as people write it. */
export function watchableNames(shape: PipelineFile): readonly string[] {
  const layer = (name: 'bronze' | 'silver' | 'gold') =>
    [...shape[name].keys()].map((key) => `${name}.${key}`);
  const sources = [...shape.sources.keys()].map((key) => `source:${key}`);
  return [...sources, ...layer('bronze'), ...layer('silver'), ...layer('gold')];
}

/** Says which objective means nothing for this kind of thing. */
function checkFit(
  target: string,
  entry: ObjectiveEntry,
  shape: PipelineFile,
  path: Path,
  problems: ProblemLog,
): boolean {
  const before = problems.count;
  const kind = shape.sources.get(target.replace('source:', ''))?.kind;
  const isSource = target.startsWith('source:');
  const refuse = (key: keyof ObjectiveEntry, message: string, remedy: string) => {
    if (entry[key] !== undefined) problems.atKey([...path, key], message, remedy);
  };
  if (!isSource) {
    refuse('lag', `"${target}" has no partitions`, 'write it at its source: source:<name>');
    refuse('runTime', `"${target}" is copied by no run`, 'write it at its source: source:<name>');
  } else if (kind === 'event-hub') {
    refuse('runTime', 'a hub is drained, not copied by a run', 'write "lag: { seconds: 900 }"');
  } else if (kind === 'data-factory') {
    refuse('lag', 'a batch source has no partitions', 'write "freshness: 26h" or "runTime: 30m"');
  }
  if (!target.startsWith('silver.')) {
    refuse('quarantineRate', 'only clean (silver) puts rows into quarantine', 'write it at a silver dataset');
  }
  if (Object.keys(entry).length === 0) problems.atKey(path, 'an objective says what is expected');
  return problems.count === before;
}

function compileObjective(entry: ObjectiveEntry, path: Path, problems: ProblemLog): Objective {
  const { freshness, lag, quarantineRate, runTime } = entry;
  if (lag !== undefined && lag.events === undefined && lag.seconds === undefined) {
    problems.at([...path, 'lag'], 'a lag is counted in events or in seconds', 'write { events: 100000 }');
  }
  const within = (text: string | undefined, bounds: readonly [string, string], key: string) =>
    text === undefined ? undefined : compileDurationWithin(text, bounds, [...path, key], problems);
  const freshnessMs = within(freshness, FRESHNESS_BOUNDS, 'freshness');
  const runTimeMs = within(runTime, RUN_TIME_BOUNDS, 'runTime');
  return {
    ...(freshnessMs !== undefined && { freshnessMs }),
    ...(lag?.events !== undefined && { lagEvents: lag.events }),
    ...(lag?.seconds !== undefined && { lagMs: lag.seconds * 1000 }),
    ...(quarantineRate !== undefined && { quarantineRate }),
    ...(runTimeMs !== undefined && { runTimeMs }),
  };
}
