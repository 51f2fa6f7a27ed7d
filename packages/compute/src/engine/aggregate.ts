import { join } from 'node:path';
import { type DatasetName, TerminalError } from '@lakewarden/contracts';
import type { GoldDataset, GoldInput, TotalCheck } from '../pipeline/model.ts';
import { emitExpression, emitQuery } from '../sql/emit.ts';
import type { Expression } from '../sql/tree.ts';
import type { AggregateJob, AggregateManifest } from './engine.ts';
import { coarserSlice } from './event-slice.ts';
import { sameAmount } from './exact-amount.ts';
import { sliceFilesRelation } from './relations.ts';
import type { Session } from './session.ts';
import { name, text } from './sql-text.ts';
import { typedColumns, writeTable } from './write-files.ts';

/**
 * aggregate: the dataset's query over explicit input files → one file a slice. Nothing is committed from here; dedup
 * follows in the same run. I13: each declared total is equal on both sides, slice by slice, in exact decimals.
 */
export async function runAggregate(session: Session, job: AggregateJob): Promise<AggregateManifest> {
  const { step, slices } = job;
  const relation = (dataset: DatasetName) =>
    sliceFilesRelation(inputOf(step, dataset).dataset.columns, job.inputs[dataset] ?? []);
  const query = emitQuery(step.query, { dialect: 'duckdb', relation });
  const wanted = `_slice IN (${slices.map(text).join(', ')})`;
  await session.run(`CREATE TEMP TABLE aggregated AS SELECT * FROM (${query}) WHERE ${wanted}`);
  const totals: Record<string, Record<string, string>> = Object.fromEntries(
    slices.map((slice) => [slice, {}]),
  );
  for (const check of step.totals) {
    const input = await inputTotals(session, step, check, relation(check.dataset), slices);
    const output = await sumBySlice(session, 'aggregated', '_slice', check.output);
    for (const slice of slices) {
      (totals[slice] as Record<string, string>)[check.name] = equalSides(step, slice, check, input, output);
    }
  }
  const { columns } = step;
  const select = `SELECT ${typedColumns(columns)}, _slice FROM aggregated`;
  const files = await writeTable(session, { select, columns, dir: join(job.outDir, 'aggregate'), slices });
  return { files, totals };
}

function inputOf(step: GoldDataset, dataset: DatasetName): GoldInput {
  const input = step.inputs.find((candidate) => candidate.dataset.name === dataset);
  if (input === undefined) throw new Error(`${step.name} does not read ${dataset}`);
  return input;
}

type Sums = ReadonlyMap<string, string>;

/** The input's rows by our slices. What is read as latest counts whole in each of them. */
async function inputTotals(
  session: Session,
  step: GoldDataset,
  check: TotalCheck,
  relation: string,
  slices: readonly string[],
): Promise<Sums> {
  if (inputOf(step, check.dataset).asof === 'window') {
    return sumBySlice(session, relation, coarserSlice('_slice', step.grain), check.input);
  }
  const whole = await sumBySlice(session, relation, `'all'`, check.input);
  return new Map(slices.map((slice) => [slice, whole.get('all') ?? '0']));
}

async function sumBySlice(
  session: Session,
  relation: string,
  key: string,
  expression: Expression,
): Promise<Sums> {
  const value = emitExpression(expression, 'duckdb', (_relation, column) => name(column));
  const rows = await session.rows(
    `SELECT ${key} AS key, CAST(sum(${value}) AS VARCHAR) AS total FROM ${relation} GROUP BY 1`,
  );
  return new Map(rows.map((row) => [row.key as string, (row.total as string | null) ?? '0']));
}

function equalSides(step: GoldDataset, slice: string, check: TotalCheck, input: Sums, output: Sums): string {
  const before = input.get(slice) ?? '0';
  const after = output.get(slice) ?? '0';
  if (sameAmount(before, after)) return after;
  throw new TerminalError(
    'unbalanced',
    `${step.name} ${slice}: total ${check.name} is ${before} in ${check.dataset} and ${after} in ${step.name}`,
  );
}
