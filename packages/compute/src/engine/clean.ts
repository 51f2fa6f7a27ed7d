import { join } from 'node:path';
import {
  type Column,
  type Digest,
  isBalanced,
  NO_ROWS,
  type RowAccounting,
  TerminalError,
} from '@lakewarden/contracts';
import { coordinateColumns, duplicatesColumns, quarantineColumns } from '../pipeline/auxiliary-tables.ts';
import type { DedupKey, SilverDataset } from '../pipeline/model.ts';
import { canonicalRow, digestAggregates, readDigest } from './canonical-row.ts';
import { cleanSelect, coordinateName, totalName } from './clean-sql.ts';
import type { CleanJob, CleanManifest, SliceFiles } from './engine.ts';
import { exactSum, sameAmount } from './exact-amount.ts';
import type { Row, Session } from './session.ts';
import { name, text } from './sql-text.ts';
import { typedColumns, writeTable } from './write-files.ts';

/**
 * clean: bronze files → silver, quarantine and duplicates of any set of slices, in one scan (DESIGN §2, §3 Runs).
 *
 * - C1 (I12) Each row of a wanted slice is in exactly one of the three; counted from the scan, checked against the files.
 * - C2 (I13) Control totals: in = silver + duplicates + quarantined rows that have them.
 * - C3 (I14) Which rows silver holds depends on the set of rows, not on their order: the winner of a key is chosen by the
 *   declared order, then the row's own canonical text; coordinates decide only among equal rows.
 */
export async function runClean(session: Session, job: CleanJob): Promise<CleanManifest> {
  await scan(session, job);
  const losers = await findLosers(session, job.step);
  const counted = await countRows(session, job, losers);
  const silver = await writeSilver(session, job, counted, losers);
  const quarantine = await writeQuarantine(session, job, counted);
  const duplicates = await writeDuplicates(session, job, losers);
  checkFiles(job.slices, counted, { silver, quarantine, duplicates });
  return { silver, quarantine, duplicates, accounting: counted.accounting, totals: counted.totals };
}

async function scan(session: Session, { step, files, slices }: CleanJob): Promise<void> {
  const paths = files.map((file) => file.localPath);
  // Without input files there is nothing to read, but the slices must still be written.
  const select =
    paths.length === 0 || slices.length === 0
      ? `SELECT * FROM (${emptyScan(step)})`
      : cleanSelect(step, paths, slices);
  await session.run(`CREATE TEMP TABLE cleaned AS ${select}`);
}

function emptyScan(step: SilverDataset): string {
  const nulls = (columns: readonly Column[], spell: (column: string) => string) =>
    typedColumns(columns, () => 'NULL').replaceAll(
      / AS "([^"]+)"/g,
      (_, column: string) => ` AS ${spell(column)}`,
    );
  const totals = step.totals.map((_, index) => `CAST(NULL AS BIGINT) AS ${totalName(index)}`);
  return `SELECT ${[
    `'' AS _slice`,
    nulls(coordinateColumns(step.from), coordinateName),
    nulls(step.columns, name),
    ...totals,
    `'' AS _reason, CAST(NULL AS TIMESTAMPTZ) AS _event_time, CAST(NULL AS BLOB) AS _body`,
    'CAST(0 AS UBIGINT) AS _key_hash, CAST(0 AS UBIGINT) AS _hash',
  ].join(', ')} WHERE false`;
}

/**
 * Losing duplicates, by row id of the scan. Keys are grouped by a 64-bit hash first, which costs a tenth of grouping by
 * the columns; only rows whose hash came twice are compared in full. Returns whether there are any.
 */
async function findLosers(session: Session, step: SilverDataset): Promise<boolean> {
  if (step.key === undefined) return false;
  const coordinates = coordinateColumns(step.from).map((column) => coordinateName(column.name));
  const winner = coordinates.map((column) => `first_value(${column}) OVER key AS ${winnerOf(column)}`);
  await session.run(`CREATE TEMP TABLE losers AS
    SELECT * EXCLUDE (_rank) FROM (
      SELECT _row, _slice, _hash, ${coordinates.join(', ')}, ${winner.join(', ')}, row_number() OVER key AS _rank
      FROM (
        SELECT rowid AS _row, *, ${canonicalRow(step.columns)} AS _canonical FROM cleaned
        WHERE _reason IS NULL AND _key_hash IN (
          SELECT _key_hash FROM cleaned WHERE _reason IS NULL GROUP BY _key_hash HAVING count(*) > 1))
      WINDOW key AS (PARTITION BY _slice, ${step.key.columns.map(name).join(', ')}
        ORDER BY ${winnerOrder(step.key, coordinates)} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING))
    WHERE _rank > 1`);
  const [row] = await session.rows('SELECT count(*) AS losers FROM losers');
  return Number(row?.losers) > 0;
}

/** How the loser was found, for a reader of the duplicates table. */
export function ruleText(key: DedupKey): string {
  const order = key.order.map(({ column, descending }) => `${column}${descending ? ' desc' : ''}`);
  const by = order.length === 0 ? '' : ` order by ${order.join(', ')}`;
  return `key ${key.columns.join(', ')}${by}`;
}

function winnerOf(coordinate: string): string {
  return coordinate.replace('"_at_', '"_winner_');
}

/** C3. A null in a declared order is the smallest value, on every engine. */
function winnerOrder(key: DedupKey, coordinates: readonly string[]): string {
  const declared = key.order.map(({ column, descending }) =>
    descending ? `${name(column)} DESC NULLS LAST` : `${name(column)} ASC NULLS FIRST`,
  );
  return [...declared, '_canonical', ...coordinates].join(', ');
}

interface Counted {
  readonly accounting: Readonly<Record<string, RowAccounting>>;
  readonly totals: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly silverDigests: ReadonlyMap<string, Digest>;
}

/** C1, C2: `in` is counted over all rows of the scan, the three parts each over their own. */
async function countRows(session: Session, job: CleanJob, losers: boolean): Promise<Counted> {
  const sums = job.step.totals.map(
    (_, index) => `, CAST(sum(${totalName(index)}) AS VARCHAR) AS ${totalName(index)}`,
  );
  const parts = losers
    ? `CASE WHEN _reason IS NOT NULL THEN 'quarantined' WHEN rowid IN (SELECT _row FROM losers) THEN 'duplicates' ELSE 'out' END`
    : `CASE WHEN _reason IS NOT NULL THEN 'quarantined' ELSE 'out' END`;
  const rows =
    await session.rows(`SELECT _slice, ${parts} AS part, ${digestAggregates('_hash')}${sums.join('')}
    FROM cleaned GROUP BY ALL`);
  const whole = await session.rows(
    `SELECT _slice, count(*) AS rows${sums.join('')} FROM cleaned GROUP BY ALL`,
  );
  const byPart = new Map(rows.map((row) => [`${row.part} ${row._slice}`, row]));
  const bySlice = new Map(whole.map((row) => [row._slice as string, row]));
  const accounting: Record<string, RowAccounting> = {};
  const totals: Record<string, Record<string, string>> = {};
  const silverDigests = new Map<string, Digest>();
  for (const slice of job.slices) {
    const [out, quarantined, duplicates] = ['out', 'quarantined', 'duplicates'].map((part) =>
      byPart.get(`${part} ${slice}`),
    );
    const all = bySlice.get(slice);
    accounting[slice] = {
      in: Number(all?.rows ?? 0),
      out: rowsOf(out),
      quarantined: rowsOf(quarantined),
      duplicates: rowsOf(duplicates),
    };
    totals[slice] = checkTotals(job.step, slice, all, [out, duplicates, quarantined]);
    silverDigests.set(slice, readDigest(out));
  }
  return { accounting, totals, silverDigests };
}

function rowsOf(row: Row | undefined): number {
  return row === undefined ? 0 : Number(row.digest_rows);
}

/** C2. Returns the totals of silver, the first of `parts`. */
function checkTotals(
  step: SilverDataset,
  slice: string,
  all: Row | undefined,
  parts: readonly (Row | undefined)[],
): Record<string, string> {
  const totals: Record<string, string> = {};
  for (const [index, total] of step.totals.entries()) {
    const amount = (row: Row | undefined) => (row?.[totalName(index)] as string | null | undefined) ?? '0';
    const sum = exactSum(parts.map(amount));
    if (!sameAmount(sum, amount(all))) {
      throw new TerminalError(
        'unbalanced',
        `${step.name} ${slice}: total ${total.name} is ${amount(all)} in and ${sum} in silver, duplicates and quarantine`,
      );
    }
    totals[total.name] = amount(parts[0]);
  }
  return totals;
}

function writeSilver(session: Session, job: CleanJob, counted: Counted, losers: boolean) {
  const { columns } = job.step;
  const passed = losers ? 'AND rowid NOT IN (SELECT _row FROM losers)' : '';
  const select = `SELECT ${typedColumns(columns)}, _slice FROM cleaned WHERE _reason IS NULL ${passed}`;
  return writeTable(session, {
    select,
    columns,
    dir: join(job.outDir, 'silver'),
    slices: job.slices,
    digests: counted.silverDigests,
  });
}

async function writeQuarantine(session: Session, job: CleanJob, counted: Counted) {
  const { step, slices } = job;
  const columns = quarantineColumns(step);
  const table = { columns, dir: join(job.outDir, 'quarantine'), slices };
  const none = slices.every((slice) => counted.accounting[slice]?.quarantined === 0);
  if (none) return writeTable(session, { ...table, select: undefined });
  const coordinates = new Map(coordinateColumns(step.from).map((c) => [c.name, coordinateName(c.name)]));
  const values: Readonly<Record<string, string>> = {
    reason: '_reason',
    rule_version: text(step.stepVersion),
    event_time: '_event_time',
    body: '_body',
  };
  const value = (column: Column) => coordinates.get(column.name) ?? (values[column.name] as string);
  const select = `SELECT ${typedColumns(columns, value)}, _slice FROM cleaned WHERE _reason IS NOT NULL`;
  return writeTable(session, { ...table, select });
}

async function writeDuplicates(session: Session, job: CleanJob, losers: boolean) {
  const { step, slices } = job;
  const columns = duplicatesColumns(step);
  const table = { columns, dir: join(job.outDir, 'duplicates'), slices };
  if (!losers) return writeTable(session, { ...table, select: undefined });
  const values = new Map<string, string>([['rule', text(ruleText(step.key as DedupKey))]]);
  for (const column of coordinateColumns(step.from)) {
    values.set(column.name, coordinateName(column.name));
    values.set(`winner_${column.name}`, winnerOf(coordinateName(column.name)));
  }
  const value = (column: Column) => values.get(column.name) as string;
  return writeTable(session, {
    ...table,
    select: `SELECT ${typedColumns(columns, value)}, _slice FROM losers`,
  });
}

/** C1: what the writer put into the files is what the scan counted. */
function checkFiles(
  slices: readonly string[],
  counted: Counted,
  written: Readonly<Record<'silver' | 'quarantine' | 'duplicates', readonly SliceFiles[]>>,
): void {
  const rowsIn = (files: SliceFiles | undefined) => files?.files.reduce((sum, file) => sum + file.rows, 0);
  for (const [index, slice] of slices.entries()) {
    const rows = counted.accounting[slice] ?? NO_ROWS;
    const filed: RowAccounting = {
      in: rows.in,
      out: rowsIn(written.silver[index]) ?? 0,
      quarantined: rowsIn(written.quarantine[index]) ?? 0,
      duplicates: rowsIn(written.duplicates[index]) ?? 0,
    };
    if (isBalanced(rows) && isBalanced(filed) && filed.out === rows.out) continue;
    throw new TerminalError(
      'unbalanced',
      `slice ${slice}: ${rows.in} rows in, ${filed.out} in silver, ${filed.quarantined} in quarantine, ${filed.duplicates} in duplicates`,
    );
  }
}
