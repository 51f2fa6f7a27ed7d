/** One query against the workspace: from its text to the tables of the answer. */
import { TooExpensive } from './kql/budget.ts';
import { evaluate } from './kql/evaluate.ts';
import type { Plan, Row } from './kql/plan.ts';
import { Incomputable } from './kql/scalars.ts';
import type { Translator } from './kql/translator.ts';
import { cellOf } from './kql/values.ts';
import { type LogTable, TooManyRows } from './tables/log-table.ts';
import type { TimeSpan } from './timespan.ts';

/** Azure's own limit is 500,000; then it answers what it has and says so. */
export const RESULT_ROWS_MAX = 30_000;

export interface QueryEngine {
  readonly translator: Translator;
  readonly tables: readonly LogTable[];
  readonly now: () => number;
}

export interface QueryResult {
  readonly columns: Plan['columns'];
  readonly rows: readonly Row[];
  /** There are more rows than may be answered. */
  readonly isCut: boolean;
  /** Rows of the table in the timespan. */
  readonly inputRows: number;
}

export type QueryOutcome =
  | { readonly ok: true; readonly result: QueryResult }
  | { readonly ok: false; readonly code: string; readonly detail: string; readonly message: string };

export async function runQuery(engine: QueryEngine, query: string, span: TimeSpan): Promise<QueryOutcome> {
  const translation = await engine.translator.translate(query);
  if (!translation.ok) return { ok: false, ...translation.refusal };
  const { plan } = translation;
  const table = engine.tables.find(({ schema }) => schema.name === plan.table);
  if (table === undefined) throw new Error(`the binder knows a table that we have not: ${plan.table}`);
  try {
    const input = await table.rows(span);
    const rows = evaluate(plan, input, engine.now());
    return { ok: true, result: { ...answered(plan, rows), inputRows: input.length } };
  } catch (error) {
    const detail = detailOf(error);
    if (detail === undefined) throw error;
    return { ok: false, code: 'SemanticError', detail, message: (error as Error).message };
  }
}

function detailOf(error: unknown): string | undefined {
  if (error instanceof Incomputable) return 'Incomputable';
  return error instanceof TooExpensive || error instanceof TooManyRows ? 'QueryTooExpensive' : undefined;
}

function answered({ columns }: Plan, rows: readonly Row[]) {
  const kept = rows.slice(0, RESULT_ROWS_MAX);
  return {
    columns,
    rows: kept.map((row) => columns.map(({ type }, at) => cellOf(row[at] ?? null, type))),
    isCut: rows.length > kept.length,
  };
}
