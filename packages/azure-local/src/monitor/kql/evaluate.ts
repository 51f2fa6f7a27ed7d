/** Executes a plan over rows in memory. Pure: the clock is an argument. */
import { compileAggregate } from './aggregates.ts';
import { newWork, spend, type Work } from './budget.ts';
import type { Expression, Plan, Row, SortKey, Step, Value } from './plan.ts';
import { type Compiled, compile, costOf } from './scalars.ts';
import { compareValues, groupKey } from './values.ts';

/** Throws `Incomputable` or `TooExpensive`; nothing else comes of any query. */
export function evaluate(plan: Plan, table: readonly Row[], nowMs: number): readonly Row[] {
  const work = newWork(nowMs);
  return plan.steps.reduce((rows, step) => evaluateStep(step, rows, work), table);
}

function evaluateStep(step: Step, rows: readonly Row[], work: Work): readonly Row[] {
  switch (step.kind) {
    case 'where': {
      const [condition] = prepare([step.condition], rows.length, work);
      return rows.filter((row) => condition?.(row) === true);
    }
    case 'project':
      return project(step.columns, rows, work);
    case 'summarize':
      return summarize(step, rows, work);
    case 'sort':
      return sort(step.keys, rows, work);
    case 'take':
      return rows.slice(0, step.count);
    case 'distinct': {
      const seen = new Map<string, Row>();
      for (const row of project(step.columns, rows, work)) {
        const key = groupKey(row);
        if (!seen.has(key)) seen.set(key, row);
      }
      return [...seen.values()];
    }
    case 'count':
      return [[rows.length]];
  }
}

/** Pays for evaluating the expressions over that many rows, then compiles them. */
function prepare(expressions: readonly Expression[], rowCount: number, work: Work): readonly Compiled[] {
  spend(work, 'steps', rowCount * expressions.reduce((sum, each) => sum + costOf(each), 0));
  return expressions.map((each) => compile(each, work));
}

function project(columns: readonly Expression[], rows: readonly Row[], work: Work): Row[] {
  const compiled = prepare(columns, rows.length, work);
  return rows.map((row) => compiled.map((each) => each(row)));
}

function summarize(
  step: Extract<Step, { kind: 'summarize' }>,
  rows: readonly Row[],
  work: Work,
): readonly Row[] {
  const groups = new Map<string, { readonly key: Row; readonly rows: Row[] }>();
  const by = prepare(step.by, rows.length, work);
  prepare(
    step.aggregates.flatMap(({ args }) => args),
    rows.length,
    work,
  );
  const aggregates = step.aggregates.map((each) => compileAggregate(each, work));
  // Without `by` there is one group, also of no rows.
  if (step.by.length === 0) groups.set('', { key: [], rows: [] });
  for (const row of rows) {
    const key = by.map((each) => each(row));
    const name = step.by.length === 0 ? '' : groupKey(key);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, { key, rows: [row] });
    else group.rows.push(row);
  }
  const grouped = [...groups.values()].map(
    ({ key, rows: members }): Row => [...key, ...aggregates.map((each) => each(members))],
  );
  return project(step.outputs, grouped, work);
}

function sort(keys: readonly SortKey[], rows: readonly Row[], work: Work): readonly Row[] {
  const compiled = prepare(
    keys.map(({ by }) => by),
    rows.length,
    work,
  );
  spend(work, 'steps', rows.length * keys.length * Math.ceil(Math.log2(rows.length + 1)));
  const keyed = rows.map((row) => ({ row, values: compiled.map((each) => each(row)) }));
  keyed.sort((left, right) => {
    for (const [at, key] of keys.entries()) {
      const order = compareByKey(left.values[at] ?? null, right.values[at] ?? null, key);
      if (order !== 0) return order;
    }
    return 0;
  });
  return keyed.map(({ row }) => row);
}

function compareByKey(left: Value, right: Value, { descending, nullsFirst }: SortKey): number {
  if (left === null || right === null) {
    if (left === right) return 0;
    return (left === null) === nullsFirst ? -1 : 1;
  }
  const order = compareValues(left, right);
  return descending ? -order : order;
}
