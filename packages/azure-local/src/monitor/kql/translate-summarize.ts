/** `summarize` of the bound tree: aggregates may stand inside an expression, columns inside an aggregate only. */
import { elementsOf, type KustoLanguage, type KustoNode } from './kusto-language.ts';
import { type Aggregate, aggregateFunctions, type Column, type Expression, type Step } from './plan.ts';
import { checkResults, excerpt, isNumeric, NotEmulated, typeOf, unnamed } from './syntax-nodes.ts';
import { translateExpression } from './translate-expression.ts';

export function translateSummarize(
  node: KustoNode,
  columns: readonly Column[],
  results: readonly Column[],
  language: KustoLanguage,
): Step {
  if (node.ByClause !== null && node.ByClause.BinClause !== null)
    throw new NotEmulated('the bin= clause of summarize');
  const by = (node.ByClause === null ? [] : elementsOf(node.ByClause.Expressions)).map((each) =>
    translateExpression(unnamed(each, language), { language, columns }),
  );
  const aggregates: Aggregate[] = [];
  const special = (call: KustoNode, name: string): Expression | undefined => {
    const aggregate = aggregateOf(call, name, columns, language);
    if (aggregate === undefined) return undefined;
    aggregates.push(aggregate);
    return { kind: 'column', type: aggregate.type, index: by.length + aggregates.length - 1 };
  };
  // No column is in scope outside of an aggregate's arguments.
  const scope = { language, columns: [], special };
  const computed = elementsOf(node.Aggregates).map((each) =>
    translateExpression(unnamed(each, language), scope),
  );
  const keys = by.map(({ type }, index): Expression => ({ kind: 'column', type, index }));
  const outputs = [...keys, ...computed];
  checkResults(outputs, results);
  return { kind: 'summarize', by, aggregates, outputs };
}

function aggregateOf(
  node: KustoNode,
  called: string,
  columns: readonly Column[],
  language: KustoLanguage,
): Aggregate | undefined {
  const name = aggregateFunctions.find((known) => known === called);
  if (name === undefined) return undefined;
  const args = elementsOf(node.ArgumentList.Expressions).map((each) =>
    translateExpression(each, { language, columns }),
  );
  const aggregate = { name, type: typeOf(node), args };
  if (!acceptsArguments(aggregate)) throw new NotEmulated(`these arguments of ${excerpt(node)}`);
  return aggregate;
}

function acceptsArguments({ name, type, args }: Aggregate): boolean {
  const [first, second] = args;
  if (name === 'count') return args.length === 0;
  if (first === undefined || args.length !== (name === 'percentile' ? 2 : 1)) return false;
  const isSummable = isNumeric(first.type) || first.type === 'timespan';
  switch (name) {
    case 'countif':
      return first.type === 'bool';
    case 'sum':
    case 'avg':
      return isSummable;
    case 'min':
    case 'max':
      return first.type === type && first.type !== 'bool';
    case 'percentile':
      return (
        (isSummable || first.type === 'datetime') &&
        first.type === type &&
        second?.kind === 'literal' &&
        typeof second.value === 'number' &&
        second.value >= 0 &&
        second.value <= 100
      );
    case 'dcount':
      return true;
  }
}
