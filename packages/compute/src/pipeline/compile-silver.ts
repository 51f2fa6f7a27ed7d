import type { Column } from '@lakewarden/contracts';
import { columnScope, nearestName } from '../sql/column-scope.ts';
import { parseColumnType } from '../sql/column-types.ts';
import { TYPE_NAMES, typeRemedy } from '../sql/typer.ts';
import { compileExpression, compileTotal } from './compile-expression.ts';
import { compileKey } from './compile-key.ts';
import { checkName } from './compile-names.ts';
import type { BronzeDataset, ControlTotal, Rule, SilverColumn, SilverDataset } from './model.ts';
import type { ColumnEntry, SilverEntry } from './pipeline-schema.ts';
import type { ProblemLog } from './problem-log.ts';
import { silverVersion } from './step-version.ts';
import type { Path } from './yaml-document.ts';

const COLUMNS_MAX = 1000;
const FIELD_DEPTH_MAX = 16;

/** Undefined when anything in the entry is wrong; all of it has been reported. */
export function compileSilver(
  name: string,
  entry: SilverEntry,
  bronze: ReadonlyMap<string, BronzeDataset | undefined>,
  problems: ProblemLog,
): SilverDataset | undefined {
  const before = problems.count;
  const path = ['silver', name];
  const from = findBronze(entry.from, bronze, [...path, 'from'], problems);
  const fields = compileColumns(entry.columns, [...path, 'columns'], problems);
  const columns = fields.map((field): Column => ({ name: field.name, type: field.type }));
  const broken = Object.keys(entry.columns).filter(
    (column) => !columns.some((known) => known.name === column),
  );
  const scope = columnScope(columns, [], broken);
  const rules = compileRules(entry.rules ?? {}, scope, [...path, 'rules'], problems);
  const totals = compileTotals(entry.totals ?? {}, scope, [...path, 'totals'], problems);
  const isWhole = broken.length === 0;
  const key = entry.key && isWhole ? compileKey(entry.key, columns, [...path, 'key'], problems) : undefined;
  const refresh = from && compileRefresh(entry, from, path, problems);
  if (problems.count > before || from === undefined || refresh === undefined || !isWhole) return undefined;
  const step = { layer: 'silver', name: `silver.${name}`, from, refresh, grain: entry.slice } as const;
  const parts = { ...step, fields, columns, rules, key, totals };
  return { ...parts, stepVersion: silverVersion(parts) };
}

function findBronze(
  text: string,
  bronze: ReadonlyMap<string, BronzeDataset | undefined>,
  path: Path,
  problems: ProblemLog,
): BronzeDataset | undefined {
  const short = text.startsWith('bronze.') ? text.slice('bronze.'.length) : undefined;
  if (short !== undefined && bronze.has(short)) return bronze.get(short);
  const known = [...bronze.keys()].map((key) => `bronze.${key}`);
  return problems.at(
    path,
    `unknown dataset "${text}"`,
    nearestName(bronze.has(text) ? `bronze.${text}` : text, known),
  );
}

function compileRefresh(
  entry: SilverEntry,
  from: BronzeDataset,
  path: Path,
  problems: ProblemLog,
): SilverDataset['refresh'] | undefined {
  const { source } = from;
  if (source.kind === 'event-hub') {
    if (entry.refresh !== 'snapshot') return 'event';
    return problems.at([...path, 'refresh'], 'events of a hub are no snapshot', 'take "refresh" away');
  }
  const dayMs = 86_400_000;
  if (source.everyMs < dayMs && entry.slice === 'day' && entry.refresh !== 'event') {
    // Two windows in one slice would make one snapshot of two.
    return problems.at(
      [...path, 'slice'],
      'snapshots come more often than a day',
      'write "slice: hour" or "refresh: event"',
    );
  }
  return entry.refresh ?? 'snapshot';
}

function compileColumns(
  entries: Readonly<Record<string, ColumnEntry>>,
  path: Path,
  problems: ProblemLog,
): readonly SilverColumn[] {
  const names = Object.keys(entries);
  if (names.length === 0) problems.at(path, 'a dataset has at least one column');
  if (names.length > COLUMNS_MAX) {
    problems.at(path, `more than ${COLUMNS_MAX} columns`);
    return [];
  }
  const columns: SilverColumn[] = [];
  names.forEach((name, index) => {
    const entry = entries[name];
    if (entry === undefined || !checkName(name, 'column', [...path, name], problems)) return;
    const broken = names.slice(0, index).filter((above) => !columns.some((column) => column.name === above));
    const scope = columnScope(columns, names.slice(index), broken);
    const column = compileColumn(name, entry, scope, [...path, name], problems);
    if (column !== undefined) columns.push(column);
  });
  return columns;
}

function compileColumn(
  name: string,
  entry: ColumnEntry,
  scope: ReturnType<typeof columnScope>,
  path: Path,
  problems: ProblemLog,
): SilverColumn | undefined {
  const before = problems.count;
  const type = parseColumnType(entry.type);
  if (type === undefined)
    problems.at([...path, 'type'], `unknown type "${entry.type}"`, typeRemedy(entry.type));
  const { field, expression, required = false, trim = false } = entry;
  if ((field === undefined) === (expression === undefined)) {
    problems.atKey(path, 'a column has either a "field" or an "expression"');
  }
  if (trim && ((type !== undefined && type !== 'string') || field === undefined)) {
    problems.at(
      [...path, 'trim'],
      'only text fields are trimmed',
      'take it away, or use trim(x) in an expression',
    );
  }
  const source =
    field === undefined
      ? compileComputed(name, expression, type, scope, path, problems)
      : compileField(field, type, path, problems);
  return problems.count > before || type === undefined || source === undefined
    ? undefined
    : { name, type, source, required, trim };
}

function compileField(
  field: string,
  type: Column['type'] | undefined,
  path: Path,
  problems: ProblemLog,
): SilverColumn['source'] | undefined {
  const parts = field.split('.');
  if (parts.some((part) => part === '')) {
    problems.at([...path, 'field'], `"${field}" is no path of names`, 'write a or a.b');
  }
  if (parts.length > FIELD_DEPTH_MAX)
    problems.at([...path, 'field'], `deeper than ${FIELD_DEPTH_MAX} levels`);
  if (type === 'binary') {
    problems.at([...path, 'type'], 'a field of a JSON body is never binary', listTypes());
  }
  return { kind: 'field', path: parts };
}

function compileComputed(
  name: string,
  text: string | undefined,
  type: Column['type'] | undefined,
  scope: ReturnType<typeof columnScope>,
  path: Path,
  problems: ProblemLog,
): SilverColumn['source'] | undefined {
  if (text === undefined) return undefined;
  const wanted = type && { type, what: `"${name}"` };
  const expression = compileExpression(text, [...path, 'expression'], scope, problems, wanted);
  return expression && { kind: 'expression', expression };
}

function compileRules(
  entries: Readonly<Record<string, string>>,
  scope: ReturnType<typeof columnScope>,
  path: Path,
  problems: ProblemLog,
): readonly Rule[] {
  return Object.entries(entries).flatMap(([name, text]) => {
    const at = [...path, name];
    const named = checkName(name, 'rule', at, problems);
    const check = compileExpression(text, at, scope, problems, { type: 'boolean', what: 'a rule' });
    return named && check !== undefined ? [{ name, check }] : [];
  });
}

function compileTotals(
  entries: Readonly<Record<string, string>>,
  scope: ReturnType<typeof columnScope>,
  path: Path,
  problems: ProblemLog,
): readonly ControlTotal[] {
  return Object.entries(entries).flatMap(([name, text]) => {
    const at = [...path, name];
    const named = checkName(name, 'total', at, problems);
    const expression = compileTotal(text, at, scope, problems);
    return named && expression !== undefined ? [{ name, expression }] : [];
  });
}

function listTypes(): string {
  return `there are: ${TYPE_NAMES.join(', ')}`;
}
