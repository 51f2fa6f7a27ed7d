import type { Column, DatasetName, Grain } from '@lakewarden/contracts';
import { canonicalJson } from './canonical-json.ts';
import { type BoundRelation, queryScope } from './query-scope.ts';
import { RESERVED_WORDS } from './reserved-words.ts';
import type { Refusal, SyntaxExpression, SyntaxItem, SyntaxQuery, SyntaxRelation } from './syntax.ts';
import type { Expression, Query, Relation, SelectItem } from './tree.ts';
import { childrenOf, hasAggregate } from './tree-walk.ts';
import { typeJoins } from './type-join.ts';
import { type AggregateRule, Typer } from './typer.ts';

/** What a query may read, as the pipeline knows it. */
export interface InputDataset {
  readonly name: DatasetName;
  readonly grain: Grain;
  readonly asof: 'window' | 'latest';
  readonly columns: readonly Column[];
}

export interface QueryContext {
  /** Grain of the output's slices. */
  readonly grain: Grain;
  /** Undefined when the dataset cannot be read; the caller has reported why. */
  readonly input: (relation: SyntaxRelation) => InputDataset | undefined;
  readonly report: (refusal: Refusal) => void;
}

export interface TypedQuery {
  readonly query: Query;
  readonly columns: readonly Column[];
}

/** Types a parsed query. Undefined when anything in it was refused; all refusals have been reported. */
export function typeQuery(syntax: SyntaxQuery, context: QueryContext): TypedQuery | undefined {
  let refused = false;
  const report = (refusal: Refusal) => {
    refused = true;
    context.report(refusal);
  };
  const relations = bindRelations(syntax, context, report);
  if (relations === undefined) return undefined;
  const [driving] = relations;
  if (driving === undefined) return undefined;
  const joins = typeJoins(syntax.joins, relations, report);
  const where = typeWhere(syntax.where, relations, report);
  const typer = itemTyper(relations, report);
  const items = syntax.items.map((item) => typeItem(typer, item));
  const groupBy = syntax.groupBy.map((key) => typeKey(key, syntax.items, relations, report));
  const named = nameItems(syntax.items, items, report);
  if (refused || named === undefined || joins === undefined) return undefined;
  const keys = groupBy.filter((key) => key !== undefined);
  const aggregated = keys.length > 0 || named.some((item) => hasAggregate(item.expression));
  if (aggregated)
    named.forEach((item, index) => {
      checkGrouped(item.expression, keys, typer, syntax.items[index]?.at ?? 0, report);
    });
  if (refused) return undefined;
  const query: Query = {
    grain: context.grain,
    items: named,
    driving: driving.relation,
    joins,
    where,
    groupBy: keys,
    aggregated,
  };
  return { query, columns: named.map((item) => ({ name: item.name, type: item.expression.type })) };
}

function bindRelations(
  syntax: SyntaxQuery,
  context: QueryContext,
  report: (refusal: Refusal) => void,
): readonly BoundRelation[] | undefined {
  const aliases = new Set<string>();
  const bound = [syntax.from, ...syntax.joins.map((join) => join.relation)].map((relation) => {
    if (aliases.has(relation.alias)) {
      const remedy = `write ${relation.layer}.${relation.name} AS another name`;
      report({ at: relation.at, message: `"${relation.alias}" names two tables`, remedy });
    }
    aliases.add(relation.alias);
    const input = context.input(relation);
    return input && bind(relation.alias, input);
  });
  return bound.every((relation) => relation !== undefined) ? bound : undefined;
}

function bind(alias: string, input: InputDataset): BoundRelation {
  const relation: Relation = { alias, dataset: input.name, grain: input.grain, asof: input.asof };
  return { relation, columns: input.columns };
}

function typeWhere(
  where: SyntaxExpression | undefined,
  relations: readonly BoundRelation[],
  report: (refusal: Refusal) => void,
): Expression | undefined {
  if (where === undefined) return undefined;
  const rule = 'WHERE looks at single rows: no aggregate can stand here';
  return new Typer(queryScope(relations), report, rule).typeAs(where, 'boolean', 'WHERE');
}

function itemTyper(relations: readonly BoundRelation[], report: (refusal: Refusal) => void): Typer {
  const allowed: AggregateRule = undefined;
  return new Typer(queryScope(relations), report, allowed);
}

function typeItem(typer: Typer, item: SyntaxItem): Expression | undefined {
  return typer.type(item.expression);
}

/** A key of GROUP BY: an expression over the inputs, or the alias of a selected column. */
function typeKey(
  key: SyntaxExpression,
  items: readonly SyntaxItem[],
  relations: readonly BoundRelation[],
  report: (refusal: Refusal) => void,
): Expression | undefined {
  if (key.kind === 'number') {
    report({
      at: key.at,
      message: 'GROUP BY positions are not in the portable subset',
      remedy: 'name the key',
    });
    return undefined;
  }
  const scope = queryScope(relations);
  const typer = new Typer(scope, report, 'GROUP BY looks at single rows: no aggregate can stand here');
  if (key.kind !== 'name' || key.qualifier !== undefined) return typer.type(key);
  const aliased = items.find((item) => item.alias === key.name)?.expression;
  if (aliased === undefined) return typer.type(key);
  const column = scope.resolve(undefined, key.name);
  if (column.kind !== 'found') return typer.type(aliased);
  const meant = new Typer(scope, () => {}, undefined).type(aliased);
  if (meant !== undefined && canonicalJson(meant) === canonicalJson(column.column)) return column.column;
  // PostgreSQL takes the column, Spark the alias or the column by setting: never guess.
  report({
    at: key.at,
    message: `"${key.name}" is a column and a name in SELECT`,
    remedy: `write ${column.column.relation}.${key.name} for the column, or rename the other`,
  });
  return undefined;
}

function nameItems(
  syntax: readonly SyntaxItem[],
  typed: readonly (Expression | undefined)[],
  report: (refusal: Refusal) => void,
): readonly SelectItem[] | undefined {
  const seen = new Set<string>();
  const items = syntax.map((item, index) => {
    const name = item.alias ?? (item.expression.kind === 'name' ? item.expression.name : undefined);
    const refusal = refuseName(name, seen);
    if (refusal !== undefined) report({ at: item.at, ...refusal });
    if (name !== undefined) seen.add(name);
    const expression = typed[index];
    return name === undefined || refusal !== undefined || expression === undefined
      ? undefined
      : { name, expression };
  });
  return items.every((item) => item !== undefined) ? items : undefined;
}

function refuseName(name: string | undefined, seen: ReadonlySet<string>): Omit<Refusal, 'at'> | undefined {
  if (name === undefined) return { message: 'this column has no name', remedy: 'write … AS name' };
  if (seen.has(name)) return { message: `two columns are named "${name}"`, remedy: 'rename one: … AS name' };
  if (name.startsWith('_'))
    return { message: `"${name}" begins with "_", which is ours`, remedy: 'rename it: … AS name' };
  if (RESERVED_WORDS.has(name))
    return { message: `"${name}" is a word of SQL`, remedy: 'rename it: … AS name' };
  return undefined;
}

/** Outside of aggregates, a grouped query can speak of its keys only. */
function checkGrouped(
  expression: Expression,
  keys: readonly Expression[],
  typer: Typer,
  itemAt: number,
  report: (refusal: Refusal) => void,
): void {
  const known = new Set(keys.map(canonicalJson));
  const visit = (node: Expression, near: number): void => {
    if (node.kind === 'aggregate' || known.has(canonicalJson(node))) return;
    const at = typer.positionOf(node) ?? near;
    if (node.kind === 'column') {
      const remedy = 'add it to GROUP BY, or use min, max or latest';
      report({ at, message: `"${node.name}" is neither a key nor inside an aggregate`, remedy });
      return;
    }
    for (const child of childrenOf(node)) visit(child, at);
  };
  visit(expression, itemAt);
}
