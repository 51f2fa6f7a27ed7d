/**
 * A query text to a plan that we can execute, or to the reason why not. Names and types of the answer's columns are the
 * binder's. Nothing is ever passed over: an operator, parameter or clause that is not read here refuses the query.
 */
import {
  elementsOf,
  itemsOf,
  type KustoDiagnostic,
  type KustoLanguage,
  type KustoNode,
} from './kusto-language.ts';
import type { Column, Expression, Plan, SortKey, Step, Translation } from './plan.ts';
import { checkResults, excerpt, NotEmulated, scalarType, unnamed } from './syntax-nodes.ts';
import { translateExpression } from './translate-expression.ts';
import { translateSummarize } from './translate-summarize.ts';

const STEPS_MAX = 100;

export function translateQuery(query: string, language: KustoLanguage): Translation {
  const { root, errors, hasSyntaxErrors } = language.parse(query);
  const [error] = errors;
  if (error !== undefined) return { ok: false, refusal: refusalOf(error, hasSyntaxErrors, query) };
  try {
    return { ok: true, plan: planOf(root, language) };
  } catch (thrown) {
    if (!(thrown instanceof NotEmulated)) throw thrown;
    const message = `The local Azure does not emulate ${thrown.message}; see docs/local-azure.md.`;
    return { ok: false, refusal: { code: 'SemanticError', detail: 'NotEmulated', message } };
  }
}

function refusalOf({ Code, Message, Start }: KustoDiagnostic, isSyntax: boolean, query: string) {
  const before = query.slice(0, Start).split('\n');
  const place = `line ${before.length}, position ${(before.at(-1)?.length ?? 0) + 1}`;
  return {
    code: isSyntax ? ('SyntaxError' as const) : ('SemanticError' as const),
    detail: Code,
    message: `${Message} (${place})`,
  };
}

interface Sofar {
  readonly table: string;
  readonly steps: readonly Step[];
  readonly columns: readonly Column[];
}

function planOf(root: KustoNode, language: KustoLanguage): Plan {
  if (language.kindOf(root) !== 'QueryBlock' || root.Directives.Count > 0 || root.SkippedTokens !== null)
    throw new NotEmulated('directives, commands and several queries at once');
  const [statement, ...more] = elementsOf(root.Statements);
  if (statement === undefined) throw new NotEmulated('an empty query');
  if (more.length > 0 || language.kindOf(statement) !== 'ExpressionStatement')
    throw new NotEmulated('let statements and several statements in one query');
  const pipes: KustoNode[] = [];
  let source = statement.Expression;
  while (language.kindOf(source) === 'PipeExpression') {
    pipes.unshift(source);
    source = source.Expression;
  }
  if (pipes.length > STEPS_MAX) throw new NotEmulated(`more than ${STEPS_MAX} operators in one query`);
  const symbol = source.ReferencedSymbol;
  if (language.kindOf(source) !== 'NameReference' || symbol === null || !language.isTable(symbol))
    throw new NotEmulated(`${excerpt(source)} as the source of a query`);
  let sofar: Sofar = { table: symbol.Name, steps: [], columns: columnsOf(source) };
  for (const pipe of pipes) {
    const steps = translateOperator(pipe, sofar.columns, language);
    sofar = { ...sofar, steps: [...sofar.steps, ...steps], columns: columnsOf(pipe) };
  }
  return sofar;
}

/** Of the rows that the node gives, as the binder says. */
function columnsOf(node: KustoNode): readonly Column[] {
  const columns = node.ResultType?.Columns;
  if (columns === null || columns === undefined) throw new NotEmulated(excerpt(node));
  return itemsOf(columns).map(({ Name, Type }) => ({
    name: Name,
    type: scalarType(Type.Name, `column '${Name}'`),
  }));
}

/** `pipe` is the operator with all before it: its result is what comes out of the operator. */
function translateOperator(
  pipe: KustoNode,
  columns: readonly Column[],
  language: KustoLanguage,
): readonly Step[] {
  const node = pipe.Operator;
  const kind = language.kindOf(node);
  const expression = (child: KustoNode) => translateExpression(child, { language, columns });
  const results = columnsOf(pipe);
  switch (kind) {
    case 'FilterOperator':
      refuseParameters(node);
      return [{ kind: 'where', condition: expression(node.Condition) }];
    case 'ExtendOperator':
      return [translateExtend(node, columns, results, language)];
    case 'ProjectOperator':
      return [{ kind: 'project', columns: projected(node, results, expression, language) }];
    case 'ProjectAwayOperator':
      return [{ kind: 'project', columns: results.map(({ name }) => columnNamed(name, columns)) }];
    case 'SummarizeOperator':
      refuseParameters(node);
      return [translateSummarize(node, columns, results, language)];
    case 'SortOperator':
      refuseParameters(node);
      return [
        { kind: 'sort', keys: elementsOf(node.Expressions).map((key) => sortKey(key, expression, language)) },
      ];
    case 'TopOperator': {
      refuseParameters(node);
      const keys = [sortKey(node.ByExpression, expression, language)];
      return [
        { kind: 'sort', keys },
        { kind: 'take', count: rowCount(node.Expression, expression) },
      ];
    }
    case 'TakeOperator':
      refuseParameters(node);
      return [{ kind: 'take', count: rowCount(node.Expression, expression) }];
    case 'DistinctOperator':
      refuseParameters(node);
      return [{ kind: 'distinct', columns: distinctColumns(node, columns, results, expression, language) }];
    case 'CountOperator':
      if (node.AsIdentifier !== null) throw new NotEmulated("'count as'");
      return [{ kind: 'count' }];
    default:
      throw new NotEmulated(`the operator ${excerpt(node)} (${kind})`);
  }
}

function refuseParameters(node: KustoNode): void {
  if (node.Parameters.Count > 0) throw new NotEmulated(`the parameters of ${excerpt(node)}`);
}

type ToExpression = (node: KustoNode) => Expression;

function projected(
  node: KustoNode,
  results: readonly Column[],
  expression: ToExpression,
  language: KustoLanguage,
): readonly Expression[] {
  const expressions = elementsOf(node.Expressions).map((each) => expression(unnamed(each, language)));
  checkResults(expressions, results);
  return expressions;
}

/** The binder says where new and replaced columns stand; which is which we know by name, so each must have one. */
function translateExtend(
  node: KustoNode,
  columns: readonly Column[],
  results: readonly Column[],
  language: KustoLanguage,
): Step {
  const made = new Map<string, Expression>();
  for (const each of elementsOf(node.Expressions)) {
    if (language.kindOf(each) !== 'SimpleNamedExpression')
      throw new NotEmulated(`extend without a name: write name = ${excerpt(each)}`);
    made.set(each.Name.SimpleName, translateExpression(each.Expression, { language, columns }));
  }
  const expressions = results.map(({ name }) => made.get(name) ?? columnNamed(name, columns));
  checkResults(expressions, results);
  if (![...made.keys()].every((name) => results.some((result) => result.name === name)))
    throw new NotEmulated(excerpt(node));
  return { kind: 'project', columns: expressions };
}

function columnNamed(name: string, columns: readonly Column[]): Expression {
  const index = columns.findIndex((column) => column.name === name);
  const column = columns[index];
  if (column === undefined) throw new NotEmulated(`the column '${name}' here`);
  return { kind: 'column', type: column.type, index };
}

function sortKey(node: KustoNode, expression: ToExpression, language: KustoLanguage): SortKey {
  if (language.kindOf(node) !== 'OrderedExpression')
    return { by: expression(node), descending: true, nullsFirst: false };
  const ordering = node.Ordering;
  const descending = ordering?.AscOrDescKeyword?.Text !== 'asc';
  const nulls = ordering?.NullsClause?.FirstOrLastKeyword.Text;
  const nullsFirst = nulls === undefined ? !descending : nulls === 'first';
  return { by: expression(node.Expression), descending, nullsFirst };
}

function rowCount(node: KustoNode, expression: ToExpression): number {
  const count = expression(node);
  if (count.kind !== 'literal' || typeof count.value !== 'number' || count.value < 0 || count.type === 'real')
    throw new NotEmulated(`${excerpt(node)} as a number of rows`);
  return count.value;
}

function distinctColumns(
  node: KustoNode,
  columns: readonly Column[],
  results: readonly Column[],
  expression: ToExpression,
  language: KustoLanguage,
): readonly Expression[] {
  const each = elementsOf(node.Expressions);
  if (each.some((one) => language.kindOf(one) === 'StarExpression'))
    return results.map(({ name }) => columnNamed(name, columns));
  const expressions = each.map(expression);
  checkResults(expressions, results);
  return expressions;
}
