import type { ColumnType, DatasetName, Grain } from '@lakewarden/contracts';

/**
 * The typed tree of the portable SQL subset: what a step *means*, free of spelling, engine and file layout. It is made
 * only by the typer, so it cannot be wrong: names are resolved, every coercion is an explicit `cast`, and operands that
 * must agree in type do. It is plain JSON (numbers and dates are text), because the step's version is a hash of it.
 *
 * Null rules are those of SQL: three-valued logic, and any function of null is null unless its line says otherwise.
 */
export type Expression =
  | Literal
  | ColumnReference
  | Cast
  | Negation
  | Arithmetic
  | Comparison
  | Logical
  | Not
  | NullTest
  | Between
  | Membership
  | Case
  | Call
  | Aggregate;

export interface Literal {
  readonly kind: 'literal';
  readonly type: ColumnType;
  /**
   * Null is a typed NULL. Numbers are plain decimal text (`-12`, `0.500`), dates `2011-12-10`, timestamps
   * `2011-12-10T08:26:00.000000Z`, booleans are booleans, strings themselves.
   */
  readonly value: string | boolean | null;
}

export interface ColumnReference {
  readonly kind: 'column';
  readonly type: ColumnType;
  /** Alias of the relation in a query; undefined in a silver expression, a rule or a total. */
  readonly relation: string | undefined;
  readonly name: string;
}

export interface Cast {
  readonly kind: 'cast';
  readonly type: ColumnType;
  readonly operand: Expression;
  /** What a value that does not fit becomes: the end of the job, or null. */
  readonly onFailure: 'fail' | 'null';
}

export interface Negation {
  readonly kind: 'negate';
  readonly type: ColumnType;
  readonly operand: Expression;
}

/**
 * Exact on long and decimal: both operands are long, or both are decimal (of their own precision), or both are double.
 * Overflow ends the job. `/` exists for double only; division by zero gives null.
 */
export interface Arithmetic {
  readonly kind: 'arithmetic';
  readonly type: ColumnType;
  readonly operator: '+' | '-' | '*' | '/';
  readonly left: Expression;
  readonly right: Expression;
}

/** Both sides have one and the same type. Text compares by its UTF-8 bytes. */
export interface Comparison {
  readonly kind: 'comparison';
  readonly type: 'boolean';
  readonly operator: '=' | '<>' | '<' | '<=' | '>' | '>=';
  readonly left: Expression;
  readonly right: Expression;
}

export interface Logical {
  readonly kind: 'logical';
  readonly type: 'boolean';
  readonly operator: 'and' | 'or';
  /** At least two. */
  readonly operands: readonly Expression[];
}

export interface Not {
  readonly kind: 'not';
  readonly type: 'boolean';
  readonly operand: Expression;
}

export interface NullTest {
  readonly kind: 'is-null';
  readonly type: 'boolean';
  readonly negated: boolean;
  readonly operand: Expression;
}

/** `low <= operand and operand <= high`; all three have one type. */
export interface Between {
  readonly kind: 'between';
  readonly type: 'boolean';
  readonly negated: boolean;
  readonly operand: Expression;
  readonly low: Expression;
  readonly high: Expression;
}

export interface Membership {
  readonly kind: 'in';
  readonly type: 'boolean';
  readonly negated: boolean;
  readonly operand: Expression;
  /** At least one, each of the operand's type. */
  readonly items: readonly Expression[];
}

export interface Case {
  readonly kind: 'case';
  readonly type: ColumnType;
  readonly branches: readonly { readonly when: Expression; readonly value: Expression }[];
  /** Undefined: null. */
  readonly otherwise: Expression | undefined;
}

export const SCALAR_FUNCTIONS = [
  /** First argument that is not null. */
  'coalesce',
  /** Null when both are equal, else the first. */
  'nullif',
  /** Smallest and greatest argument; nulls are passed over, null only when all are. */
  'least',
  'greatest',
  /** Absolute value of a number. */
  'abs',
  /** `round(decimal, digits)`: half away from zero. `digits` is a literal; the result has that scale. */
  'round',
  /** Letters a-z only, so that every engine agrees. */
  'upper',
  'lower',
  /** Takes space, tab, line feed, vertical tab, form feed and carriage return off both ends. */
  'trim',
  /** `substr(text, start[, length])`, in code points; start is a literal of at least 1, length one of at least 0. */
  'substr',
  /** Code points. */
  'length',
  'starts_with',
  'ends_with',
  'contains',
  /** Joins texts; null when one is null. Also written `||`. */
  'concat',
  /** UTC day of a timestamp. */
  'to_date',
  /** `YYYY-MM` of a timestamp (UTC) or a date, as text. */
  'to_month',
] as const;
export type ScalarFunction = (typeof SCALAR_FUNCTIONS)[number];

export interface Call {
  readonly kind: 'call';
  readonly type: ColumnType;
  readonly function: ScalarFunction;
  readonly args: readonly Expression[];
}

export const AGGREGATE_FUNCTIONS = [
  /** `count(*)`, no argument. */
  'count_rows',
  /** Rows where the argument is not null. */
  'count',
  'count_distinct',
  /** Exact: long (a sum past 64 bits ends the job) or decimal(38,s). Null over no values. */
  'sum',
  'min',
  'max',
  /**
   * `latest(value, by...)`: the value of the row that is greatest by (by..., value); rows whose value is null are
   * passed over, a null `by` is smaller than any other. So it depends on the set of rows alone.
   */
  'latest',
] as const;
export type AggregateFunction = (typeof AGGREGATE_FUNCTIONS)[number];

/** Only inside the items of a query, never inside another aggregate. */
export interface Aggregate {
  readonly kind: 'aggregate';
  readonly type: ColumnType;
  readonly function: AggregateFunction;
  readonly args: readonly Expression[];
}

/** One dataset in FROM or JOIN. */
export interface Relation {
  /** Unique in the query. */
  readonly alias: string;
  readonly dataset: DatasetName;
  /** Grain of the dataset's own slices. */
  readonly grain: Grain;
  /** `window`: its slices inside ours, and joins stay inside a slice. `latest`: its newest slice joins with all. */
  readonly asof: 'window' | 'latest';
}

export interface Join {
  readonly kind: 'inner' | 'left';
  readonly relation: Relation;
  /** All must hold. `left` is over the relations before, `right` over the joined one; both of one type. */
  readonly on: readonly { readonly left: Expression; readonly right: Expression }[];
}

export interface SelectItem {
  readonly name: string;
  readonly expression: Expression;
}

/** One SELECT. Its rows are grouped by `groupBy` *and the output slice* when it is aggregated. */
export interface Query {
  /** Grain of the output's slices. */
  readonly grain: Grain;
  readonly items: readonly SelectItem[];
  /** The first relation: a row belongs to its slice, coarsened to `grain`. */
  readonly driving: Relation;
  readonly joins: readonly Join[];
  readonly where: Expression | undefined;
  readonly groupBy: readonly Expression[];
  /** True with GROUP BY or with any aggregate. A slice without rows has no row, even without GROUP BY. */
  readonly aggregated: boolean;
}
