/** Aggregates over the rows of one group. Nulls do not count, except in count(). */
import type { Work } from './budget.ts';
import type { Aggregate, Row, ScalarType, Value } from './plan.ts';
import { type Compiled, checked, compile } from './scalars.ts';
import { compareValues } from './values.ts';

export type CompiledAggregate = (rows: readonly Row[]) => Value;

export function compileAggregate(aggregate: Aggregate, work: Work): CompiledAggregate {
  const { name, type, args } = aggregate;
  const [first] = args.map((arg) => compile(arg, work));
  if (first === undefined) return (rows) => rows.length;
  const numbers = (rows: readonly Row[]) => valuesOf(rows, first) as number[];
  switch (name) {
    case 'count':
      return (rows) => rows.length;
    case 'countif':
      return (rows) => rows.reduce((count, row) => count + (first(row) === true ? 1 : 0), 0);
    case 'sum':
      return (rows) => sum(numbers(rows), type);
    case 'avg':
      return (rows) => {
        const values = numbers(rows);
        return values.length === 0 ? null : sum(values, 'real') / values.length;
      };
    case 'min':
      return (rows) => extreme(valuesOf(rows, first), -1);
    case 'max':
      return (rows) => extreme(valuesOf(rows, first), 1);
    case 'percentile': {
      const share = args[1]?.kind === 'literal' ? Number(args[1].value) / 100 : 0;
      return (rows) => percentile(valuesOf(rows, first), share);
    }
    case 'dcount':
      return (rows) => new Set(valuesOf(rows, first)).size;
  }
}

function valuesOf(rows: readonly Row[], argument: Compiled): Value[] {
  return rows.map(argument).filter((value) => value !== null);
}

/** Checked at each step: a sum that leaves the exact numbers may come back into them. */
function sum(values: readonly number[], type: ScalarType): number {
  let total = 0;
  for (const value of values) total = checked(total + value, type);
  return total;
}

function extreme(values: readonly Value[], sign: 1 | -1): Value {
  let best: Value = null;
  for (const value of values) if (best === null || compareValues(value, best) * sign > 0) best = value;
  return best;
}

/** The nearest rank: a value that is there. Azure estimates it; for few values the two agree. */
function percentile(values: Value[], share: number): Value {
  const rank = Math.max(1, Math.ceil(share * values.length));
  return values.sort(compareValues)[rank - 1] ?? null;
}
