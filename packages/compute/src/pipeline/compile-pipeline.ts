import type { Problem } from '@lakewarden/contracts';
import { nearestName } from '../sql/column-scope.ts';
import { parseQuery } from '../sql/parser.ts';
import { batchBronzeColumns, streamBronzeColumns } from './auxiliary-tables.ts';
import type { GoldSource } from './compile-gold.ts';
import { compileLogRules } from './compile-log-rules.ts';
import { checkName } from './compile-names.ts';
import { compileObjectives } from './compile-objectives.ts';
import { compileSilver } from './compile-silver.ts';
import { compileSources } from './compile-sources.ts';
import type { BronzeDataset, Pipeline, SilverDataset, Source } from './model.ts';
import { compileAllGold } from './order-gold.ts';
import { checkShape, type PipelineFile } from './pipeline-file.ts';
import { ProblemLog } from './problem-log.ts';
import { readYaml } from './yaml-document.ts';

export type Compilation =
  | { readonly kind: 'compiled'; readonly pipeline: Pipeline }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] };

/** Gives the text of a file by its path, or undefined when there is none. What it throws counts as unreadable. */
export type ReadText = (path: string) => string | undefined;

/**
 * Compiles a pipeline file: `file` itself and its queries (relative to its folder, `/` between the parts) are read
 * through `read`. All problems come at once, by file, line and column. Never throws on bad input.
 */
export function compilePipeline(read: ReadText, file: string): Compilation {
  const text = readText(read, file);
  if (typeof text !== 'string') {
    return {
      kind: 'problems',
      problems: [{ file, line: 0, column: 0, message: text.message, remedy: 'check the path' }],
    };
  }
  const yaml = readYaml(text);
  if (yaml.kind === 'problems') {
    return { kind: 'problems', problems: yaml.problems.map((problem) => ({ file, ...problem })) };
  }
  const problems = new ProblemLog(file, yaml.document);
  const shape = checkShape(yaml.document.value, problems);
  if (shape.isPartial) return { kind: 'problems', problems: problems.list() };
  const pipeline = compileShape(shape, read, file, problems);
  return problems.count > 0
    ? { kind: 'problems', problems: problems.list() }
    : { kind: 'compiled', pipeline };
}

function compileShape(shape: PipelineFile, read: ReadText, file: string, problems: ProblemLog): Pipeline {
  if (shape.name !== '' || problems.count === 0) checkName(shape.name, 'pipeline', ['pipeline'], problems);
  const sources = compileSources(shape.sources, problems);
  const bronze = compileBronze(shape, sources, problems);
  const silver = new Map<string, SilverDataset | undefined>();
  for (const [name, entry] of shape.silver) {
    const named = checkName(name, 'dataset', ['silver', name], problems);
    const dataset = entry && compileSilver(name, entry, bronze, problems);
    silver.set(name, named ? dataset : undefined);
  }
  checkOneRefresh(shape, silver, problems);
  const gold = compileAllGold(readQueries(shape, read, file, problems), silver, problems);
  const datasets = [...bronze.values(), ...silver.values(), ...gold].filter(
    (dataset) => dataset !== undefined,
  );
  return {
    name: shape.name,
    sources: [...sources.values()].filter((source) => source !== undefined),
    datasets,
    objectives: compileObjectives(shape, problems),
    logRules: compileLogRules(shape, problems),
  };
}

function compileBronze(
  shape: PipelineFile,
  sources: ReadonlyMap<string, Source | undefined>,
  problems: ProblemLog,
): ReadonlyMap<string, BronzeDataset | undefined> {
  const readers = new Map<string, string>();
  const bronze = new Map<string, BronzeDataset | undefined>();
  for (const [name, entry] of shape.bronze) {
    const path = ['bronze', name];
    const named = checkName(name, 'dataset', path, problems);
    const source = entry && sources.get(entry.source);
    if (entry !== undefined && !sources.has(entry.source)) {
      const remedy = nearestName(entry.source, [...sources.keys()]);
      problems.at([...path, 'source'], `unknown source "${entry.source}"`, remedy);
    }
    const other = entry && readers.get(entry.source);
    if (entry !== undefined && other !== undefined) {
      problems.at(
        [...path, 'source'],
        `bronze.${other} lands this source already`,
        `let silver read bronze.${other}`,
      );
    }
    if (entry !== undefined) readers.set(entry.source, name);
    bronze.set(name, named && source ? bronzeOf(name, source, shape) : undefined);
  }
  return bronze;
}

function bronzeOf(name: string, source: Source, shape: PipelineFile): BronzeDataset {
  const isHourly = [...shape.silver.values()].some(
    (entry) => entry?.from === `bronze.${name}` && entry.slice === 'hour',
  );
  return {
    layer: 'bronze',
    name: `bronze.${name}`,
    source,
    columns: source.kind === 'event-hub' ? streamBronzeColumns : batchBronzeColumns,
    touchGrain: isHourly ? 'hour' : 'day',
  };
}

/** Readers of one bronze dataset see its windows alike: all as snapshots or all as events. */
function checkOneRefresh(
  shape: PipelineFile,
  silver: ReadonlyMap<string, SilverDataset | undefined>,
  problems: ProblemLog,
): void {
  const first = new Map<string, SilverDataset>();
  for (const [name, dataset] of silver) {
    if (dataset === undefined) continue;
    const other = first.get(dataset.from.name) ?? dataset;
    first.set(dataset.from.name, other);
    if (other.refresh === dataset.refresh) continue;
    const at = shape.silver.get(name)?.refresh === undefined ? ['silver', name] : ['silver', name, 'refresh'];
    problems.at(
      at,
      `${other.name} reads ${dataset.from.name} as ${other.refresh}`,
      `write "refresh: ${other.refresh}"`,
    );
  }
}

function readQueries(
  shape: PipelineFile,
  read: ReadText,
  file: string,
  problems: ProblemLog,
): ReadonlyMap<string, GoldSource | undefined> {
  const queries = new Map<string, GoldSource | undefined>();
  for (const [name, entry] of shape.gold) {
    const path = ['gold', name];
    let named = checkName(name, 'dataset', path, problems);
    if (shape.silver.has(name)) {
      problems.atKey(
        path,
        `silver.${name} has this name: both would write duplicates.${name}`,
        'rename one of them',
      );
      named = false;
    }
    const source = entry && readQuery(name, entry, read, file, problems);
    queries.set(name, named ? source : undefined);
  }
  return queries;
}

function readQuery(
  name: string,
  entry: GoldSource['entry'],
  read: ReadText,
  file: string,
  problems: ProblemLog,
): GoldSource | undefined {
  const path = ['gold', name, 'query'];
  const parts = entry.query.split('/');
  const isSafe =
    parts.every((part) => /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(part)) && entry.query.endsWith('.sql');
  if (!isSafe) {
    return problems.at(
      path,
      `"${entry.query.slice(0, 80)}" is no query file`,
      'a .sql file in a folder below this file, such as sql/daily_sales.sql',
    );
  }
  const queryFile = `${file.slice(0, file.lastIndexOf('/') + 1)}${entry.query}`;
  const text = readText(read, queryFile);
  if (typeof text !== 'string')
    return problems.at(path, `${queryFile}: ${text.message}`, 'make the file, or correct the path');
  const parsed = parseQuery(text);
  if (parsed.kind === 'refused') return problems.inFile(queryFile, text, parsed);
  return { name, entry, syntax: parsed.value, file: queryFile, text };
}

function readText(read: ReadText, path: string): string | { readonly message: string } {
  try {
    return read(path) ?? { message: 'this file does not exist' };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    return { message: `this file cannot be read${code}` };
  }
}
