import { join } from 'node:path';
import {
  type Column,
  type ColumnType,
  type RowAccounting,
  TerminalError,
  type WrittenFile,
} from '@lakewarden/contracts';
import { duplicatesColumns } from '../pipeline/auxiliary-tables.ts';
import type { DedupKey, GoldDataset } from '../pipeline/model.ts';
import { canonicalRow } from './canonical-row.ts';
import { ruleText } from './clean.ts';
import type { DedupJob, DedupManifest, SliceFiles } from './engine.ts';
import { sliceFilesRelation } from './relations.ts';
import type { Session } from './session.ts';
import { name, text } from './sql-text.ts';
import { typedColumns, writeTable } from './write-files.ts';

/**
 * dedup: the last pass over gold, by declared key within a slice. A row may go only where its measures (columns of
 * numbers) equal the winner's; otherwise money would go with it (I13), and the run ends naming the key. Slices without
 * duplicates keep the files of the aggregate job as they are.
 */
export async function runDedup(session: Session, job: DedupJob): Promise<DedupManifest> {
  const { step, slices, outDir } = job;
  // Gold is small and lies in many files: it is read once.
  const relation = 'aggregated';
  await session.run(
    `CREATE TEMP TABLE ${relation} AS SELECT * FROM ${sliceFilesRelation(step.columns, filesOf(job))}`,
  );
  await rankDuplicates(session, step, relation);
  await refuseUnequalMeasures(session, step);
  const dropped = await countBySlice(session, 'SELECT _slice FROM ranked WHERE _rank > 1');
  const counted = await countBySlice(session, `SELECT _slice FROM ${relation}`);
  const rewritten = await rewriteSlices(session, job, relation, [...dropped.keys()]);
  const gold = job.input.files.map((entry) => rewritten.get(entry.slice) ?? entry);
  const duplicates = await writeTable(session, {
    select: dropped.size === 0 ? undefined : droppedSelect(step),
    columns: duplicatesColumns(step),
    dir: join(outDir, 'duplicates'),
    slices,
  });
  return { gold, duplicates, accounting: accountFor(slices, gold, duplicates, counted) };
}

function filesOf(job: DedupJob): readonly WrittenFile[] {
  return job.input.files.flatMap((entry) => entry.files);
}

const MEASURES: ReadonlySet<ColumnType> = new Set(['long', 'integer', 'double']);

function measuresOf(step: GoldDataset): readonly Column[] {
  return step.columns.filter(
    ({ name: column, type }) =>
      !step.key.columns.includes(column) && (MEASURES.has(type) || type.startsWith('decimal(')),
  );
}

/** Rows whose key came more than once, the winner first. */
async function rankDuplicates(session: Session, step: GoldDataset, relation: string): Promise<void> {
  const keys = step.key.columns.map(name);
  const group = ['_slice', ...keys].join(', ');
  const measures = measuresOf(step);
  const equal = measures.map(
    ({ name: measure }) => `${name(measure)} IS NOT DISTINCT FROM first_value(${name(measure)}) OVER key`,
  );
  const same = measures.length === 0 ? 'true' : equal.join(' AND ');
  // One cheap pass tells that there is nothing to do, which is the rule.
  await session.run(`CREATE TEMP TABLE repeated AS
    SELECT ${group} FROM ${relation} GROUP BY ${group} HAVING count(*) > 1`);
  const on = ['_slice', ...keys]
    .map((column) => `r.${column} IS NOT DISTINCT FROM g.${column}`)
    .join(' AND ');
  const rows = `SELECT g.*, ${canonicalRow(step.columns)} AS _canonical FROM ${relation} g
    WHERE EXISTS (SELECT 1 FROM repeated r WHERE ${on})`;
  await session.run(`CREATE TEMP TABLE ranked AS
    SELECT *, row_number() OVER key AS _rank, (${same}) AS _same FROM (${rows})
    WINDOW key AS (PARTITION BY ${group} ORDER BY ${order(step.key)}
      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)`);
}

function order(key: DedupKey): string {
  const declared = key.order.map(({ column, descending }) =>
    descending ? `${name(column)} DESC NULLS LAST` : `${name(column)} ASC NULLS FIRST`,
  );
  return [...declared, '_canonical'].join(', ');
}

async function refuseUnequalMeasures(session: Session, step: GoldDataset): Promise<void> {
  const [row] = await session.rows(
    `SELECT _slice, ${jsonOf(step.key.columns)} AS key FROM ranked WHERE NOT _same ORDER BY ALL LIMIT 1`,
  );
  if (row === undefined) return;
  throw new TerminalError(
    'unbalanced',
    `${step.name} ${row._slice}: rows with the key ${row.key} differ in their measures`,
  );
}

/** JSON object of texts: numbers as DuckDB prints them, so that no digit is lost. */
function jsonOf(columns: readonly string[]): string {
  const members = columns.map((column) => `${name(column)} := CAST(${name(column)} AS VARCHAR)`);
  return `CAST(to_json(struct_pack(${members.join(', ')})) AS VARCHAR)`;
}

async function countBySlice(session: Session, select: string): Promise<ReadonlyMap<string, number>> {
  const rows = await session.rows(`SELECT _slice, count(*) AS rows FROM (${select}) GROUP BY _slice`);
  return new Map(rows.map((row) => [row._slice as string, Number(row.rows)]));
}

async function rewriteSlices(
  session: Session,
  { step, outDir }: DedupJob,
  relation: string,
  slices: readonly string[],
): Promise<ReadonlyMap<string, SliceFiles>> {
  if (slices.length === 0) return new Map();
  const columns = typedColumns(step.columns);
  const key = ['_slice', ...step.key.columns.map(name)];
  const on = key.map((column) => `r.${column} IS NOT DISTINCT FROM g.${column}`).join(' AND ');
  const select = `SELECT ${columns}, _slice FROM (
    SELECT g.* FROM ${relation} g WHERE _slice IN (${slices.map(text).join(', ')})
      AND NOT EXISTS (SELECT 1 FROM repeated r WHERE ${on})
    UNION ALL BY NAME SELECT * EXCLUDE (_canonical, _rank, _same) FROM ranked WHERE _rank = 1)`;
  const written = await writeTable(session, {
    select,
    columns: step.columns,
    dir: join(outDir, 'gold'),
    slices,
  });
  return new Map(written.map((entry) => [entry.slice, entry]));
}

function droppedSelect(step: GoldDataset): string {
  const values: Readonly<Record<string, string>> = {
    key: jsonOf(step.key.columns),
    rule: text(ruleText(step.key)),
    row: jsonOf(step.columns.map((column) => column.name)),
  };
  const columns = typedColumns(duplicatesColumns(step), (column) => values[column.name] as string);
  return `SELECT ${columns}, _slice FROM ranked WHERE _rank > 1`;
}

/** I12, from the files: what came in is what stays and what was dropped. */
function accountFor(
  slices: readonly string[],
  gold: readonly SliceFiles[],
  duplicates: readonly SliceFiles[],
  counted: ReadonlyMap<string, number>,
): Readonly<Record<string, RowAccounting>> {
  const rowsOf = (entries: readonly SliceFiles[], slice: string) =>
    entries.find((entry) => entry.slice === slice)?.files.reduce((sum, file) => sum + file.rows, 0) ?? 0;
  const accounting: Record<string, RowAccounting> = {};
  for (const slice of slices) {
    const rows = {
      in: counted.get(slice) ?? 0,
      out: rowsOf(gold, slice),
      duplicates: rowsOf(duplicates, slice),
    };
    if (rows.in !== rows.out + rows.duplicates) {
      const parts = `${rows.out} out + ${rows.duplicates} duplicates`;
      throw new TerminalError('unbalanced', `slice ${slice}: ${rows.in} rows in is not ${parts}`);
    }
    accounting[slice] = { ...rows, quarantined: 0 };
  }
  return accounting;
}
