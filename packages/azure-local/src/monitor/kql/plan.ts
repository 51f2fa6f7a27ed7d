/** What a query comes to once it is parsed, bound and found to be something that we execute. Plain data. */

export type ScalarType = 'string' | 'int' | 'long' | 'real' | 'bool' | 'datetime' | 'timespan';

/**
 * `datetime` is milliseconds since 1970, `timespan` milliseconds (both may have a fraction), `long` a safe integer. A
 * string is never null, as in Kusto.
 */
export type Value = string | number | boolean | null;
export type Row = readonly Value[];

export interface Column {
  readonly name: string;
  readonly type: ScalarType;
}

export interface TableSchema {
  readonly name: string;
  readonly columns: readonly Column[];
}

export const scalarFunctions = [
  'ago',
  'now',
  'bin',
  'iff',
  'tostring',
  'tolong',
  'toint',
  'todouble',
  'isnull',
  'isnotnull',
  'isempty',
  'isnotempty',
  'strcat',
  'tolower',
  'not',
] as const;

export const textOperators = [
  'has',
  'has_cs',
  'contains',
  'contains_cs',
  'startswith',
  'startswith_cs',
  'endswith',
  'endswith_cs',
] as const;

export type ScalarFunction = (typeof scalarFunctions)[number];
export type TextOperator = (typeof textOperators)[number];
export type Operation =
  | ScalarFunction
  | TextOperator
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'negate'
  | 'equal'
  | 'equal_ci'
  | 'less'
  | 'less_or_equal'
  | 'in'
  | 'in_ci'
  | 'and'
  | 'or';

export type Expression =
  | { readonly kind: 'column'; readonly type: ScalarType; readonly index: number }
  | { readonly kind: 'literal'; readonly type: ScalarType; readonly value: Value }
  | {
      readonly kind: 'call';
      readonly type: ScalarType;
      readonly operation: Operation;
      readonly args: readonly Expression[];
    };

export const aggregateFunctions = [
  'count',
  'countif',
  'sum',
  'avg',
  'min',
  'max',
  'percentile',
  'dcount',
] as const;
export type AggregateFunction = (typeof aggregateFunctions)[number];

export interface Aggregate {
  readonly name: AggregateFunction;
  readonly type: ScalarType;
  readonly args: readonly Expression[];
}

export interface SortKey {
  readonly by: Expression;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export type Step =
  | { readonly kind: 'where'; readonly condition: Expression }
  /** project, project-away and extend: each says all columns that come out. */
  | { readonly kind: 'project'; readonly columns: readonly Expression[] }
  | {
      readonly kind: 'summarize';
      readonly by: readonly Expression[];
      readonly aggregates: readonly Aggregate[];
      /** Over rows that hold the values of `by`, then those of `aggregates`. */
      readonly outputs: readonly Expression[];
    }
  | { readonly kind: 'sort'; readonly keys: readonly SortKey[] }
  | { readonly kind: 'take'; readonly count: number }
  | { readonly kind: 'distinct'; readonly columns: readonly Expression[] }
  | { readonly kind: 'count' };

export interface Plan {
  readonly table: string;
  readonly steps: readonly Step[];
  /** Of the answer, as the binder names and types them. */
  readonly columns: readonly Column[];
}

/** `detail` is the binder's own code (KS142), or `NotEmulated` for what Azure would run and we do not. */
export interface QueryRefusal {
  readonly code: 'SyntaxError' | 'SemanticError';
  readonly detail: string;
  readonly message: string;
}

export type Translation =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly refusal: QueryRefusal };
