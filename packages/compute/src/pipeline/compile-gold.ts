import type { DatasetName, Grain } from '@lakewarden/contracts';
import { GRAINS } from '@lakewarden/contracts';
import { columnScope, nearestName } from '../sql/column-scope.ts';
import type { Refusal, SyntaxQuery, SyntaxRelation } from '../sql/syntax.ts';
import { type InputDataset, type TypedQuery, typeQuery } from '../sql/type-query.ts';
import { compileTotal } from './compile-expression.ts';
import { compileKey } from './compile-key.ts';
import { checkName } from './compile-names.ts';
import type { GoldDataset, GoldInput, SilverDataset, TotalCheck } from './model.ts';
import type { GoldEntry } from './pipeline-schema.ts';
import type { ProblemLog } from './problem-log.ts';
import { goldVersion } from './step-version.ts';
import type { Path } from './yaml-document.ts';

export type Readable = SilverDataset | GoldDataset;

/** Datasets by full name; undefined is one that exists, but is wrong, which has been reported. */
export type Catalog = ReadonlyMap<string, Readable | undefined>;

/** A gold entry whose query has been read and parsed. */
export interface GoldSource {
  readonly name: string;
  readonly entry: GoldEntry;
  readonly syntax: SyntaxQuery;
  /** Path and text of the query, for the places of problems. */
  readonly file: string;
  readonly text: string;
}

/** Undefined when anything is wrong with it or with what it reads; all of it has been reported. */
export function compileGold(
  source: GoldSource,
  catalog: Catalog,
  problems: ProblemLog,
): GoldDataset | undefined {
  const before = problems.count;
  const { name, entry } = source;
  const path = ['gold', name];
  const inFile = (refusal: Refusal) => problems.inFile(source.file, source.text, refusal);
  const inputs = collectInputs(source, catalog, problems);
  const typed = typeQuery(source.syntax, {
    grain: entry.slice,
    input: (relation) => asInput(inputs.get(nameOf(relation))),
    report: inFile,
  });
  checkDriving(source, inputs, inFile);
  checkAsofEntries(entry, inputs, [...path, 'inputs'], problems);
  if (typed === undefined) return undefined;
  const key = compileKey(entry.key, typed.columns, [...path, 'key'], problems);
  const totals = compileChecks(entry, typed, inputs, [...path, 'totals'], problems);
  if (problems.count > before || key === undefined) return undefined;
  return assemble(source, typed, [...inputs.values()], key, totals);
}

function assemble(
  source: GoldSource,
  typed: TypedQuery,
  inputs: readonly (GoldInput | undefined)[],
  key: GoldDataset['key'],
  totals: readonly TotalCheck[],
): GoldDataset | undefined {
  const known = inputs.filter((input) => input !== undefined);
  if (known.length < inputs.length) return undefined;
  const step = { layer: 'gold', name: `gold.${source.name}`, grain: source.entry.slice } as const;
  const parts = { ...step, query: typed.query, inputs: known, columns: typed.columns, key, totals };
  return { ...parts, stepVersion: goldVersion(parts) };
}

export function nameOf(relation: SyntaxRelation): DatasetName {
  return `${relation.layer}.${relation.name}` as DatasetName;
}

export function relationsOf(syntax: SyntaxQuery): readonly SyntaxRelation[] {
  return [syntax.from, ...syntax.joins.map((join) => join.relation)];
}

/** What the query reads, each dataset once, in the order of the query. */
function collectInputs(
  source: GoldSource,
  catalog: Catalog,
  problems: ProblemLog,
): ReadonlyMap<string, GoldInput | undefined> {
  const inputs = new Map<string, GoldInput | undefined>();
  for (const relation of relationsOf(source.syntax)) {
    const name = nameOf(relation);
    if (inputs.has(name)) continue;
    const dataset = catalog.get(name);
    if (!catalog.has(name)) reportUnknown(source, relation, catalog, problems);
    inputs.set(name, dataset && bindInput(source, relation, dataset, problems));
  }
  return inputs;
}

function reportUnknown(
  source: GoldSource,
  relation: SyntaxRelation,
  catalog: Catalog,
  problems: ProblemLog,
): void {
  const name = nameOf(relation);
  const isLower =
    relation.layer === 'bronze' || relation.layer === 'quarantine' || relation.layer === 'duplicates';
  const message = isLower ? `gold does not read ${relation.layer}` : `unknown dataset "${name}"`;
  const remedy = isLower ? 'read a silver or a gold dataset' : nearestName(name, [...catalog.keys()]);
  problems.inFile(source.file, source.text, {
    at: relation.at,
    message,
    ...(remedy !== undefined && { remedy }),
  });
}

function bindInput(
  source: GoldSource,
  relation: SyntaxRelation,
  dataset: Readable,
  problems: ProblemLog,
): GoldInput | undefined {
  const isSnapshot = dataset.layer === 'silver' && dataset.refresh === 'snapshot';
  const asof = source.entry.inputs?.[dataset.name] ?? (isSnapshot ? 'latest' : 'window');
  if (asof === 'window' && isCoarser(dataset.grain, source.entry.slice)) {
    const message = `${dataset.name} is sliced by ${dataset.grain}, coarser than ${source.entry.slice}`;
    const remedy = `write "inputs: { ${dataset.name}: latest }", or slice by ${dataset.grain}`;
    return problems.inFile(source.file, source.text, { at: relation.at, message, remedy });
  }
  return { dataset, asof };
}

function isCoarser(a: Grain, b: Grain): boolean {
  return GRAINS.indexOf(a) > GRAINS.indexOf(b);
}

function asInput(input: GoldInput | undefined): InputDataset | undefined {
  if (input === undefined) return undefined;
  const { name, grain, columns } = input.dataset;
  return { name, grain, columns, asof: input.asof };
}

/** The first table says to which slice a row belongs; of a `latest` one only the newest slice is there to say it. */
function checkDriving(
  source: GoldSource,
  inputs: ReadonlyMap<string, GoldInput | undefined>,
  report: (refusal: Refusal) => void,
): void {
  const { from } = source.syntax;
  if (source.entry.slice === 'all' || inputs.get(nameOf(from))?.asof !== 'latest') return;
  report({
    at: from.at,
    message: `the first table decides the slices, and of ${nameOf(from)} only the latest slice is read`,
    remedy: 'write "slice: all", begin with another table, or read it by window',
  });
}

function checkAsofEntries(
  entry: GoldEntry,
  inputs: ReadonlyMap<string, unknown>,
  path: Path,
  problems: ProblemLog,
): void {
  for (const name of Object.keys(entry.inputs ?? {})) {
    if (inputs.has(name)) continue;
    problems.atKey(
      [...path, name],
      `the query does not read "${name}"`,
      nearestName(name, [...inputs.keys()]),
    );
  }
}

function compileChecks(
  entry: GoldEntry,
  typed: TypedQuery,
  inputs: ReadonlyMap<string, GoldInput | undefined>,
  path: Path,
  problems: ProblemLog,
): readonly TotalCheck[] {
  return Object.entries(entry.totals ?? {}).flatMap(([name, total]) => {
    const at = [...path, name];
    const named = checkName(name, 'total', at, problems);
    const input = inputs.get(total.from);
    if (!inputs.has(total.from)) {
      const remedy = nearestName(total.from, [...inputs.keys()]);
      problems.at([...at, 'from'], `the query does not read "${total.from}"`, remedy);
    }
    const output = compileTotal(total.output, [...at, 'output'], columnScope(typed.columns), problems);
    if (input === undefined) return [];
    const side = compileTotal(total.input, [...at, 'input'], columnScope(input.dataset.columns), problems);
    if (!named || side === undefined || output === undefined) return [];
    return [{ name, dataset: input.dataset.name, input: side, output }];
  });
}
