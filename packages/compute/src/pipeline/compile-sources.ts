import { listNames } from '../sql/suggest.ts';
import { compileDuration } from './compile-duration.ts';
import { checkName } from './compile-names.ts';
import type { BatchSource, RecordFormat, Source } from './model.ts';
import type { SourceEntry } from './pipeline-schema.ts';
import type { ProblemLog } from './problem-log.ts';
import type { Path } from './yaml-document.ts';

const HOUR_MS = 3_600_000;
const WINDOW_MS_MAX = 31 * 24 * HOUR_MS;
const COLUMNS_MAX = 1000;

/** Undefined for a source that is wrong, which has been reported. */
export function compileSources(
  entries: ReadonlyMap<string, SourceEntry | undefined>,
  problems: ProblemLog,
): ReadonlyMap<string, Source | undefined> {
  const hubs = new Map<string, string>();
  const sources = new Map<string, Source | undefined>();
  for (const [name, entry] of entries) {
    const path = ['sources', name];
    const named = checkName(name, 'source', path, problems);
    const source = entry && compileSource(name, entry, path, problems);
    if (source?.kind === 'event-hub') checkHubOnce(source.namespace, source.hub, name, hubs, path, problems);
    sources.set(name, named ? source : undefined);
  }
  return sources;
}

/** Two sources on one hub would land every event twice (I2). */
function checkHubOnce(
  namespace: string,
  hub: string,
  name: string,
  hubs: Map<string, string>,
  path: Path,
  problems: ProblemLog,
): void {
  const key = `${namespace}/${hub}`.toLowerCase();
  const other = hubs.get(key);
  if (other !== undefined) {
    problems.at(
      [...path, 'hub'],
      `"${other}" reads this hub already`,
      'let several silver datasets read one bronze dataset',
    );
  }
  hubs.set(key, name);
}

function compileSource(
  name: string,
  entry: SourceEntry,
  path: Path,
  problems: ProblemLog,
): Source | undefined {
  const before = problems.count;
  if (entry.kind === 'event-hub') {
    checkAzureName(entry.namespace, [...path, 'namespace'], problems);
    checkAzureName(entry.hub, [...path, 'hub'], problems);
    if (entry.eventTime === '') problems.at([...path, 'eventTime'], 'the name of a field is expected');
    if (problems.count > before) return undefined;
    return {
      kind: 'event-hub',
      name,
      namespace: entry.namespace,
      hub: entry.hub,
      ...(entry.eventTime !== undefined && { eventTimeField: entry.eventTime }),
    };
  }
  checkAzureName(entry.factory, [...path, 'factory'], problems);
  checkAzureName(entry.pipeline, [...path, 'pipeline'], problems);
  const everyMs = compileWindow(entry.every, [...path, 'every'], problems);
  const format = compileFormat(entry.format, [...path, 'format'], problems);
  if (problems.count > before || everyMs === undefined || format === undefined) return undefined;
  const { factory, pipeline, allowEmpty = false } = entry;
  return { kind: 'data-factory', name, factory, pipeline, everyMs, format, allowEmpty } satisfies BatchSource;
}

function checkAzureName(name: string, path: Path, problems: ProblemLog): void {
  if (/^[A-Za-z0-9](?:[A-Za-z0-9._ -]{0,254}[A-Za-z0-9])?$/.test(name)) return;
  const remedy = name.includes('.') ? 'leave the domain away' : 'letters, digits, "-", "_" and "."';
  problems.at(path, `"${name.slice(0, 80)}" is no name of a resource`, remedy);
}

/** `24h`, `7d`: whole hours, so that windows begin where slices begin. */
function compileWindow(text: string, path: Path, problems: ProblemLog): number | undefined {
  const ms = compileDuration(text, path, problems);
  if (ms === undefined) return undefined;
  if (ms < HOUR_MS || ms > WINDOW_MS_MAX || ms % HOUR_MS !== 0) {
    return problems.at(path, `a window is 1h to 31d in whole hours, not ${text}`, 'write 1h, 24h or 7d');
  }
  const divides = ms % (24 * HOUR_MS) === 0 || (24 * HOUR_MS) % ms === 0;
  if (!divides)
    return problems.at(
      path,
      `${text} neither divides a day nor is made of days`,
      'write 1h, 2h, 6h, 12h, 24h, 7d',
    );
  return ms;
}

function compileFormat(
  format: Extract<SourceEntry, { kind: 'data-factory' }>['format'],
  path: Path,
  problems: ProblemLog,
): RecordFormat | undefined {
  if (format.kind !== 'csv') return format;
  const { delimiter = ',', columns } = format;
  if ([...delimiter].length !== 1 || /["\r\n]/.test(delimiter) || delimiter.charCodeAt(0) > 127) {
    return problems.at(
      [...path, 'delimiter'],
      'a delimiter is one ASCII character',
      'write ",", ";" or "\\t"',
    );
  }
  if (columns === undefined) return { kind: 'csv', delimiter };
  const before = problems.count;
  if (columns.length > COLUMNS_MAX) problems.at([...path, 'columns'], `more than ${COLUMNS_MAX} columns`);
  columns.forEach((column, index) => {
    const at = [...path, 'columns', index];
    if (column === '') problems.at(at, 'a column has a name');
    else if (columns.indexOf(column) < index)
      problems.at(at, `"${column}" stands here twice`, listNames(columns));
  });
  return problems.count > before ? undefined : { kind: 'csv', delimiter, columns };
}
