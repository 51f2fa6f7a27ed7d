import type { Column } from '@lakewarden/contracts';
import { batchBronzeColumns, coordinateColumns, streamBronzeColumns } from '../pipeline/auxiliary-tables.ts';
import type { SilverColumn, SilverDataset } from '../pipeline/model.ts';
import { emitExpression } from '../sql/emit.ts';
import type { Expression } from '../sql/tree.ts';
import { canonicalRow, hash64OfNumber } from './canonical-row.ts';
import { isFutureStamped, silverSlice } from './event-slice.ts';
import { jsonPointer, name, text, textList } from './sql-text.ts';
import { castText } from './text-casts.ts';

/** Characters that `trim` takes off both ends, as the typed tree says (sql/tree.ts, `trim`). */
const BLANKS = ' \t\n\v\f\r';

/**
 * The one scan of clean: every bronze row of the wanted slices with its typed columns, its coordinates and why it does
 * not pass (`_reason`, null when it does). Each level is a subquery over the one before, so nothing is computed twice:
 *
 *   bronze rows of the slices → decoded text → struct of field texts → typed columns → expressions → reason, hashes
 *
 * Every operation that can fail stands in TRY or behind a pattern: one poison body must not end the job.
 */
export function cleanSelect(
  step: SilverDataset,
  files: readonly string[],
  slices: readonly string[],
): string {
  const fields = step.fields.flatMap((field, index) =>
    field.source.kind === 'field' ? [{ field, index, path: field.source.path }] : [],
  );
  const source = sourceRows(step, files, slices);
  const decoded = `SELECT *, TRY(decode(body)) AS _text FROM (${source})`;
  const shape = shapeOf(fields.map((field) => field.path));
  const parsed = `SELECT *, ${documentOf(shape)} AS _doc FROM (${decoded})`;
  const texts = fields.map(
    ({ field, index, path }) => `${fieldText(field, extract(path, shape))} AS ${textName(index)}`,
  );
  const extracted = `SELECT * EXCLUDE (_doc), _doc IS NULL AS _unparseable${list(texts)} FROM (${parsed})`;
  const values = fields.map(({ field, index }) => `${typedValue(field, index)} AS ${name(field.name)}`);
  const typed = `SELECT *${list(values)} FROM (${extracted})`;
  const derived = withExpressions(step, typed);
  const md5 = `md5_number(${canonicalRow(step.columns)}) AS _md5`;
  const judged = `SELECT *, ${reasonOf(step)} AS _reason, ${md5} FROM (${withTotals(step, derived)})`;
  return `SELECT ${resultColumns(step)} FROM (${judged})`;
}

/** Coordinates stay apart from the silver columns, which may bear the same names. */
export function coordinateName(column: string): string {
  return name(`_at_${column}`);
}

export function totalName(index: number): string {
  return `_total${index}`;
}

function sourceRows(step: SilverDataset, files: readonly string[], slices: readonly string[]): string {
  const stream = step.from.source.kind === 'event-hub';
  const columns: readonly Column[] = stream ? streamBronzeColumns : batchBronzeColumns;
  const coordinates = coordinateColumns(step.from);
  const missing = coordinates.find(({ name: wanted }) => !columns.some((column) => column.name === wanted));
  if (missing !== undefined) throw new Error(`bronze has no coordinate ${missing.name}`);
  const at = coordinates.map((column) => `${name(column.name)} AS ${coordinateName(column.name)}`).join(', ');
  const enqueuedAt = stream ? 'enqueued_at' : undefined;
  const future = enqueuedAt === undefined ? 'false' : isFutureStamped('event_time', enqueuedAt);
  const slice = silverSlice('event_time', enqueuedAt, step.grain);
  const rows = `SELECT ${at}, event_time AS _event_time, body, ${future} AS _future, ${slice} AS _slice
    FROM read_parquet(${textList(files)}, hive_partitioning = false)`;
  return `SELECT * FROM (${rows}) WHERE _slice IN (${slices.map(text).join(', ')})`;
}

/** The fields wanted of a body: nested objects, `undefined` for a text. */
type Shape = Map<string, Shape | undefined>;

/** A path that leads through another one's text (`a` and `a.b`) is left to a parse of its own. */
function shapeOf(paths: readonly (readonly string[])[]): Shape {
  const shape: Shape = new Map();
  for (const path of paths) {
    let at = shape;
    for (const [depth, part] of path.entries()) {
      const child = at.get(part);
      const known = at.has(part);
      if (depth === path.length - 1) {
        if (!known) at.set(part, undefined);
      } else if (known && child === undefined) {
        break;
      } else {
        const next: Shape = child ?? new Map();
        at.set(part, next);
        at = next;
      }
    }
  }
  return shape;
}

/**
 * One parse of the body gives the texts of all fields as a struct; null when the body is not a JSON object. JSON that
 * parses and begins with a brace is an object, which is cheaper than asking `json_type`.
 */
function documentOf(shape: Shape): string {
  // from_json of an empty shape is an error; a field that nobody asks for does no harm.
  const wanted = shape.size === 0 ? new Map([['_', undefined]]) : shape;
  const brace = `CASE WHEN starts_with(_text, '{') THEN true ELSE starts_with(ltrim(_text, ${text(' \t\n\r')}), '{') END`;
  return `CASE WHEN ${brace} THEN TRY(from_json(_text, ${text(printShape(wanted))})) END`;
}

function printShape(shape: Shape): string {
  const members = [...shape].map(
    ([part, child]) => `${JSON.stringify(part)}:${child === undefined ? '"VARCHAR"' : printShape(child)}`,
  );
  return `{${members.join(',')}}`;
}

/** SQL of a field's text: by place in the struct, as names in a struct ignore case and those of JSON do not. */
function extract(path: readonly string[], shape: Shape): string {
  let node: Shape | undefined = shape;
  let sql = '_doc';
  for (const part of path) {
    const index: number = node === undefined ? -1 : [...node.keys()].indexOf(part);
    if (index < 0) return ownParse(path);
    sql = `struct_extract_at(${sql}, ${index + 1})`;
    node = node?.get(part);
  }
  return node === undefined ? sql : ownParse(path);
}

function ownParse(path: readonly string[]): string {
  return `CASE WHEN _doc IS NOT NULL THEN TRY(json_extract_string(_text, ${jsonPointer(path)})) END`;
}

/** Absent, null and empty (after trimming, where declared) are one: null. */
function fieldText(field: SilverColumn, extracted: string): string {
  return `nullif(${field.trim ? `trim(${extracted}, ${text(BLANKS)})` : extracted}, '')`;
}

function textName(index: number): string {
  return `_text${index}`;
}

/** Digits after which a JSON number may have been rounded on its way through DuckDB's parser (a double). */
const EXACT_TEXT_LENGTH_MAX = 16;

function typedValue(field: SilverColumn, index: number): string {
  const value = castText(textName(index), field.type);
  if (!field.type.startsWith('decimal(')) return value;
  // A long number of a body was rounded unless it stands in the body to the digit: then it is invalid, not close.
  const spelled = `regexp_matches(_text, regexp_escape(${textName(index)}) || '([^0-9.eE]|$)')`;
  const exact = `CASE WHEN strlen(${textName(index)}) <= ${EXACT_TEXT_LENGTH_MAX} THEN true ELSE ${spelled} END`;
  return `CASE WHEN ${exact} THEN ${value} END`;
}

/**
 * Expressions see the columns before them, so each is a level. `struct_pack` inside TRY tells a failure (overflow, a
 * cast that must not fail: null) from an expression that is null.
 */
function withExpressions(step: SilverDataset, rows: string): string {
  return step.fields.reduce((sql, field, index) => {
    if (field.source.kind !== 'expression') return sql;
    const attempt = `SELECT *, ${tried(field.source.expression)} AS ${textName(index)} FROM (${sql})`;
    return `SELECT *, struct_extract(${textName(index)}, 'v') AS ${name(field.name)} FROM (${attempt})`;
  }, rows);
}

function withTotals(step: SilverDataset, rows: string): string {
  const totals = step.totals.map((total, index) => `${tried(total.expression)} AS ${totalName(index)}`);
  return `SELECT *${list(totals)} FROM (${rows})`;
}

function tried(expression: Expression): string {
  return `TRY(struct_pack(v := ${emit(expression)}))`;
}

function emit(expression: Expression): string {
  return emitExpression(expression, 'duckdb', (_relation, column) => name(column));
}

/** The first that fails: unparseable, future-stamped, columns in order, rules in order; then totals that overflow. */
function reasonOf(step: SilverDataset): string {
  const columns = step.fields.flatMap((field, index) => {
    const value = name(field.name);
    const missing = `WHEN ${value} IS NULL THEN ${text(`missing:${field.name}`)}`;
    const invalid = text(`invalid:${field.name}`);
    if (field.source.kind === 'expression') {
      return [`WHEN ${textName(index)} IS NULL THEN ${invalid}`, ...(field.required ? [missing] : [])];
    }
    return [
      `WHEN ${textName(index)} IS NOT NULL AND ${value} IS NULL THEN ${invalid}`,
      ...(field.required ? [missing] : []),
    ];
  });
  const rules = step.rules.map(
    (rule) => `WHEN TRY(${emit(rule.check)}) IS NOT TRUE THEN ${text(`rule:${rule.name}`)}`,
  );
  const totals = step.totals.map(
    (total, index) => `WHEN ${totalName(index)} IS NULL THEN ${text(`overflow:${total.name}`)}`,
  );
  const cases = [
    `WHEN _unparseable THEN 'unparseable'`,
    `WHEN _future THEN 'future-stamped'`,
    ...columns,
    ...rules,
    ...totals,
  ];
  return `CASE ${cases.join(' ')} END`;
}

/** Only what the outputs need is kept: the body of a row that passes is not. */
function resultColumns(step: SilverDataset): string {
  const coordinates = coordinateColumns(step.from).map((column) => coordinateName(column.name));
  const columns = step.columns.map((column) => name(column.name));
  const totals = step.totals.map(
    (_, index) => `struct_extract(${totalName(index)}, 'v') AS ${totalName(index)}`,
  );
  return [
    '_slice',
    ...coordinates,
    ...columns,
    ...totals,
    '_reason',
    'CASE WHEN _reason IS NOT NULL THEN _event_time END AS _event_time',
    'CASE WHEN _reason IS NOT NULL THEN body END AS _body',
    `${keyHash(step)} AS _key_hash`,
    `${hash64OfNumber('_md5')} AS _hash`,
  ].join(', ');
}

/** UBIGINT, equal for rows of one key. Only a filter, and never stored: DuckDB's own hash may change with its version. */
function keyHash(step: SilverDataset): string {
  const keyed = step.key?.columns ?? [];
  const whole = step.columns.every((column) => keyed.includes(column.name));
  if (whole) return 'CAST(_md5 >> 64 AS UBIGINT)';
  return `hash(${['_slice', ...keyed.map(name)].join(', ')})`;
}

function list(items: readonly string[]): string {
  return items.map((item) => `, ${item}`).join('');
}
