/**
 * Scalar expressions of the bound tree to our plan. Whatever is not named here is refused: an expression that we would
 * compute differently from Azure is worse than none.
 */
import { elementsOf, type KustoLanguage, type KustoNode } from './kusto-language.ts';
import {
  type Column,
  type Expression,
  type Operation,
  type ScalarFunction,
  type ScalarType,
  scalarFunctions,
  type TextOperator,
  textOperators,
} from './plan.ts';
import { excerpt, isNumeric, NotEmulated, typeOf } from './syntax-nodes.ts';
import { translateLiteral } from './translate-literal.ts';

export interface ExpressionScope {
  readonly language: KustoLanguage;
  readonly columns: readonly Column[];
  /** Takes function calls that mean something here only: the aggregates of summarize. */
  readonly special?: ((node: KustoNode, name: string) => Expression | undefined) | undefined;
}

/** Deeper ones would endanger the stack, here or where the plan is executed. */
const DEPTH_MAX = 200;

const ALIASES: Readonly<Record<string, ScalarFunction>> = { iif: 'iff', toreal: 'todouble' };

export function translateExpression(node: KustoNode, scope: ExpressionScope, depth = 0): Expression {
  if (depth > DEPTH_MAX) throw new NotEmulated(`an expression is nested more than ${DEPTH_MAX} levels deep`);
  const kind = scope.language.kindOf(node);
  const inner = (child: KustoNode) => translateExpression(child, scope, depth + 1);
  switch (kind) {
    case 'ParenthesizedExpression':
      return inner(node.Expression);
    case 'NameReference':
      return translateColumn(node, scope);
    case 'FunctionCallExpression':
      return translateCall(node, scope, inner);
    case 'UnaryMinusExpression':
      return negate(inner(node.Expression), node);
    case 'InExpression':
    case 'NotInExpression':
    case 'InCsExpression':
    case 'NotInCsExpression':
      return translateIn(node, kind, scope, inner);
    default:
      if (kind.endsWith('LiteralExpression')) return translateLiteral(node, kind);
      return translateBinary(kind, node, inner);
  }
}

function translateColumn(node: KustoNode, { language, columns }: ExpressionScope): Expression {
  const symbol = node.ReferencedSymbol;
  const index = symbol === null ? -1 : columns.findIndex(({ name }) => name === symbol.Name);
  const column = columns[index];
  if (!language.isColumn(symbol) || column === undefined) throw new NotEmulated(`${excerpt(node)} here`);
  return { kind: 'column', type: column.type, index };
}

type Inner = (node: KustoNode) => Expression;

function translateCall(node: KustoNode, scope: ExpressionScope, inner: Inner): Expression {
  const name = node.Name.SimpleName;
  const special = scope.special?.(node, name);
  if (special !== undefined) return special;
  const known = ALIASES[name] ?? scalarFunctions.find((each) => each === name);
  if (known === undefined) throw new NotEmulated(`the function ${name}()`);
  const args = elementsOf(node.ArgumentList.Expressions).map(inner);
  if (!acceptsArguments(known, args)) throw new NotEmulated(`these arguments of ${excerpt(node)}`);
  return call(known, typeOf(node), args);
}

function acceptsArguments(name: ScalarFunction, args: readonly Expression[]): boolean {
  const types = args.map(({ type }) => type);
  const [first, second, third] = types;
  switch (name) {
    case 'now':
      return types.length === 0 || (types.length === 1 && first === 'timespan');
    case 'ago':
      return types.length === 1 && first === 'timespan';
    case 'bin':
      if (types.length !== 2 || first === undefined || second === undefined) return false;
      if (isNumeric(first)) return isNumeric(second);
      return (first === 'datetime' || first === 'timespan') && second === 'timespan';
    case 'iff':
      if (types.length !== 3 || first !== 'bool' || second === undefined || third === undefined) return false;
      return second === third || (isNumeric(second) && isNumeric(third));
    case 'not':
      return types.length === 1 && first === 'bool';
    case 'tolower':
      return types.length === 1 && first === 'string';
    case 'strcat':
      return types.length > 0;
    case 'tolong':
    case 'toint':
    case 'todouble':
      return types.length === 1 && first !== 'datetime' && first !== 'timespan';
    default:
      return types.length === 1;
  }
}

function negate(operand: Expression, node: KustoNode): Expression {
  if (!isNumeric(operand.type) && operand.type !== 'timespan') throw new NotEmulated(`${excerpt(node)}`);
  return call('negate', typeOf(node), [operand]);
}

function translateIn(node: KustoNode, kind: string, scope: ExpressionScope, inner: Inner): Expression {
  const left = inner(node.Left);
  const list = elementsOf((node.Right as unknown as { Expressions: KustoNode['Expressions'] }).Expressions);
  const values = list.map((each) => {
    if (scope.language.isTable(each.ResultType)) throw new NotEmulated('a table on the right side of in');
    return inner(each);
  });
  if (values.length === 0 || !values.every(({ type }) => areComparable(left.type, type)))
    throw new NotEmulated(`the types in ${excerpt(node)}`);
  // The library calls `in~` InCs, although it is the one that does not look at case.
  const ignoresCase = kind.endsWith('InCsExpression');
  if (ignoresCase && left.type !== 'string') throw new NotEmulated(`the types in ${excerpt(node)}`);
  const found = call(ignoresCase ? 'in_ci' : 'in', 'bool', [left, ...values]);
  return kind.startsWith('Not') ? not(found) : found;
}

function areComparable(left: ScalarType, right: ScalarType): boolean {
  return left === right || (isNumeric(left) && isNumeric(right));
}

interface Comparison {
  readonly operation: Operation;
  readonly negated?: boolean;
  readonly swapped?: boolean;
}

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  Equal: { operation: 'equal' },
  NotEqual: { operation: 'equal', negated: true },
  LessThan: { operation: 'less' },
  LessThanOrEqual: { operation: 'less_or_equal' },
  GreaterThan: { operation: 'less', swapped: true },
  GreaterThanOrEqual: { operation: 'less_or_equal', swapped: true },
  EqualTilde: { operation: 'equal_ci' },
  BangTilde: { operation: 'equal_ci', negated: true },
};

const ARITHMETIC: Readonly<Record<string, Operation>> = {
  Add: 'add',
  Subtract: 'subtract',
  Multiply: 'multiply',
  Divide: 'divide',
};

function translateBinary(kind: string, node: KustoNode, inner: Inner): Expression {
  const name = kind.replace(/Expression$/, '');
  if (name === 'And' || name === 'Or') {
    const args = [inner(node.Left), inner(node.Right)];
    if (args.some(({ type }) => type !== 'bool')) throw new NotEmulated(`the types in ${excerpt(node)}`);
    return call(name === 'And' ? 'and' : 'or', 'bool', args);
  }
  const comparison = COMPARISONS[name];
  if (comparison !== undefined) return translateComparison(comparison, node, inner);
  const text = textOperatorOf(name);
  if (text !== undefined) {
    const found = call(text.operator, 'bool', strings(node, inner));
    return text.negated ? not(found) : found;
  }
  const operation = ARITHMETIC[name];
  if (operation === undefined) throw new NotEmulated(`${excerpt(node)} (${kind})`);
  return translateArithmetic(operation, node, inner);
}

function translateComparison(comparison: Comparison, node: KustoNode, inner: Inner): Expression {
  const { operation, negated, swapped } = comparison;
  const [left, right] = [inner(node.Left), inner(node.Right)];
  const isOrder = operation === 'less' || operation === 'less_or_equal';
  const isText = left.type === 'string' && right.type === 'string';
  const fits =
    operation === 'equal_ci'
      ? isText
      : areComparable(left.type, right.type) && !(isOrder && (isText || left.type === 'bool'));
  if (!fits) throw new NotEmulated(`comparing ${left.type} with ${right.type} in ${excerpt(node)}`);
  const compared = call(operation, 'bool', swapped === true ? [right, left] : [left, right]);
  return negated === true ? not(compared) : compared;
}

/** `NotHasCs` → `has_cs`, negated. */
function textOperatorOf(name: string): { operator: TextOperator; negated: boolean } | undefined {
  const [, not, word = '', cs] = /^(Not)?(Has|Contains|StartsWith|EndsWith)(Cs)?$/.exec(name) ?? [];
  const spelled = `${word.toLowerCase()}${cs === undefined ? '' : '_cs'}`;
  const operator = textOperators.find((each) => each === spelled);
  return operator === undefined ? undefined : { operator, negated: not !== undefined };
}

function strings(node: KustoNode, inner: Inner): Expression[] {
  const args = [inner(node.Left), inner(node.Right)];
  if (args.some(({ type }) => type !== 'string')) throw new NotEmulated(`the types in ${excerpt(node)}`);
  return args;
}

/** Which operands an operation takes, and what comes out; Kusto's own table, without decimals. */
function arithmeticType(operation: Operation, left: ScalarType, right: ScalarType): ScalarType | undefined {
  if (isNumeric(left) && isNumeric(right)) return left === 'real' || right === 'real' ? 'real' : 'long';
  const pair = `${isNumeric(left) ? 'number' : left} ${operation} ${isNumeric(right) ? 'number' : right}`;
  const table: Readonly<Record<string, ScalarType>> = {
    'datetime add timespan': 'datetime',
    'timespan add datetime': 'datetime',
    'datetime subtract timespan': 'datetime',
    'datetime subtract datetime': 'timespan',
    'timespan add timespan': 'timespan',
    'timespan subtract timespan': 'timespan',
    'timespan multiply number': 'timespan',
    'number multiply timespan': 'timespan',
    'timespan divide number': 'timespan',
    'timespan divide timespan': 'real',
  };
  return table[pair];
}

function translateArithmetic(operation: Operation, node: KustoNode, inner: Inner): Expression {
  const args = [inner(node.Left), inner(node.Right)] as const;
  const type = arithmeticType(operation, args[0].type, args[1].type);
  if (type === undefined || type !== typeOf(node)) throw new NotEmulated(`the types in ${excerpt(node)}`);
  return call(operation, type, args);
}

function call(operation: Operation, type: ScalarType, args: readonly Expression[]): Expression {
  return { kind: 'call', type, operation, args };
}

function not(operand: Expression): Expression {
  return call('not', 'bool', [operand]);
}
