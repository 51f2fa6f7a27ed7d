/**
 * The query language of run history: time span, filters, order, pages. Pure, for pipeline and activity runs alike.
 * Source: REST specification 2018-06-01, RunFilterParameters. Order without `orderBy` is not documented: start, then id.
 */
import { createHash } from 'node:crypto';
import { badRequest } from '../arm-error.ts';
import { arrayAt, type Json, type JsonObject, objectAt, stringAt } from '../json.ts';

/** What can be asked of one kind of run. */
export interface Queryable<T> {
  id(item: T): string;
  lastUpdatedMs(item: T): number;
  /** By operand; times as epoch milliseconds, undefined when it has none yet. */
  readonly operands: Readonly<Record<string, (item: T) => string | number | undefined>>;
  readonly orders: readonly string[];
  /** The operand that orders when nothing else does. */
  readonly defaultOrder: string;
}

export interface RunQuery {
  readonly afterMs: number;
  readonly beforeMs: number;
  readonly filters: readonly {
    readonly operand: string;
    readonly operator: Operator;
    readonly values: readonly string[];
  }[];
  readonly orderBy: readonly { readonly operand: string; readonly descending: boolean }[];
  readonly continuationToken: string | undefined;
  /** Ties a token to its query. */
  readonly digest: string;
}

const operators = ['Equals', 'NotEquals', 'In', 'NotIn'] as const;
type Operator = (typeof operators)[number];

export function parseRunQuery<T>(body: unknown, queryable: Queryable<T>): RunQuery {
  const document = objectAt(body, 'The body');
  const filters = arrayAt(document.filters, 'filters').map((item) => parseFilter(item, queryable));
  const orderBy = arrayAt(document.orderBy, 'orderBy').map((item) => parseOrder(item, queryable));
  const token = document.continuationToken;
  const { continuationToken: _token, ...query } = document;
  return {
    afterMs: timeAt(document.lastUpdatedAfter, 'lastUpdatedAfter'),
    beforeMs: timeAt(document.lastUpdatedBefore, 'lastUpdatedBefore'),
    filters,
    orderBy,
    continuationToken: typeof token === 'string' && token !== '' ? token : undefined,
    digest: createHash('sha256').update(JSON.stringify(query)).digest('hex').slice(0, 16),
  };
}

function parseFilter<T>(item: Json, queryable: Queryable<T>): RunQuery['filters'][number] {
  const filter = objectAt(item, 'filters');
  const operand = stringAt(filter.operand, 'filters.operand');
  const operator = operators.find((known) => known === filter.operator);
  if (!Object.hasOwn(queryable.operands, operand))
    throw badRequest(`The operand '${operand}' is not valid here.`);
  if (operator === undefined) throw badRequest(`The operator '${String(filter.operator)}' is not valid.`);
  const values = arrayAt(filter.values, 'filters.values').map((value) => String(value));
  if (values.length === 0) throw badRequest('filters.values must not be empty.');
  return { operand, operator, values };
}

function parseOrder<T>(item: Json, queryable: Queryable<T>): RunQuery['orderBy'][number] {
  const order = objectAt(item, 'orderBy');
  const operand = stringAt(order.orderBy, 'orderBy.orderBy');
  if (!queryable.orders.includes(operand)) throw badRequest(`Ordering by '${operand}' is not valid here.`);
  if (order.order !== 'ASC' && order.order !== 'DESC') throw badRequest('orderBy.order must be ASC or DESC.');
  return { operand, descending: order.order === 'DESC' };
}

function timeAt(value: unknown, path: string): number {
  const timeMs = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(timeMs)) throw badRequest(`${path} is required, as an ISO 8601 time.`);
  return timeMs;
}

/** One page, and the token for the next. The token names the last item's place, so runs that come in between do no harm. */
export function queryPage<T>(
  items: readonly T[],
  query: RunQuery,
  queryable: Queryable<T>,
  pageSize: number,
): { readonly page: readonly T[]; readonly continuationToken: string | undefined } {
  const orders =
    query.orderBy.length > 0 ? query.orderBy : [{ operand: queryable.defaultOrder, descending: false }];
  const keyOf = (item: T): Key => [
    ...orders.map(({ operand }) => queryable.operands[operand]?.(item) ?? null),
    queryable.id(item),
  ];
  const compare = (a: Key, b: Key) =>
    compareKeys(
      a,
      b,
      orders.map(({ descending }) => descending),
    );
  const after =
    query.continuationToken === undefined ? undefined : readToken(query.continuationToken, query.digest);
  const found = items
    .filter((item) => isInSpan(queryable.lastUpdatedMs(item), query) && passes(item, query, queryable))
    .map((item) => ({ item, key: keyOf(item) }))
    .filter(({ key }) => after === undefined || compare(key, after) > 0)
    .sort((a, b) => compare(a.key, b.key));
  const page = found.slice(0, pageSize);
  const last = page.at(-1);
  const continuationToken =
    found.length > page.length && last !== undefined ? writeToken(last.key, query.digest) : undefined;
  return { page: page.map(({ item }) => item), continuationToken };
}

type Key = readonly (string | number | null)[];

function isInSpan(timeMs: number, { afterMs, beforeMs }: RunQuery): boolean {
  return timeMs >= afterMs && timeMs <= beforeMs;
}

function passes<T>(item: T, query: RunQuery, queryable: Queryable<T>): boolean {
  return query.filters.every(({ operand, operator, values }) => {
    const value = queryable.operands[operand]?.(item);
    const isOneOf = values.some((wanted) => isEqual(value, wanted));
    return operator === 'Equals' || operator === 'In' ? isOneOf : !isOneOf;
  });
}

function isEqual(value: string | number | undefined, wanted: string): boolean {
  if (typeof value === 'number') return value === Date.parse(wanted);
  return value?.toLowerCase() === wanted.toLowerCase();
}

function compareKeys(a: Key, b: Key, descending: readonly boolean[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index] ?? null;
    if (left === right) continue;
    // What has no value yet (a run without an end) comes last in both directions.
    if (left === null) return 1;
    if (right === null) return -1;
    const order = left < right ? -1 : 1;
    return descending[index] === true ? -order : order;
  }
  return 0;
}

function writeToken(key: Key, digest: string): string {
  return Buffer.from(JSON.stringify({ key, digest })).toString('base64url');
}

function readToken(token: string, digest: string): Key {
  try {
    const value = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as JsonObject;
    if (value.digest === digest && Array.isArray(value.key)) return value.key as Key;
  } catch {
    // Falls through: whatever it is, it is none of our tokens.
  }
  throw badRequest('The continuation token is not valid for this query.', 'InvalidContinuationToken');
}
