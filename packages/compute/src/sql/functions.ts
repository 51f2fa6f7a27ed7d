import type { ColumnType } from '@lakewarden/contracts';
import { typeAggregate } from './aggregates.ts';
import { type CallNode, hasArguments } from './call-arguments.ts';
import { UNTYPED_NULL } from './coercion.ts';
import { decimalShape, decimalType, isNumeric, PRECISION_MAX } from './column-types.ts';
import { isNumberLiteral } from './literals.ts';
import { didYouMean } from './suggest.ts';
import { AGGREGATE_FUNCTIONS, type Expression, SCALAR_FUNCTIONS, type ScalarFunction } from './tree.ts';
import type { TypingContext } from './typing-context.ts';

/** Functions that people reach for, and what the subset has instead. */
const FOREIGN_FUNCTIONS: ReadonlyMap<string, string> = new Map([
  ...['now', 'today', 'current_date', 'current_timestamp', 'getdate', 'random', 'rand', 'uuid'].map(
    (name) =>
      [name, 'a step gives the same rows on any day, so it cannot ask for the time or for chance'] as const,
  ),
  ...['avg', 'mean', 'median', 'stddev', 'variance'].map(
    (name) =>
      [name, 'keep sum(x) and count(x) and divide where it is shown: a quotient is not exact'] as const,
  ),
  ...['arg_max', 'max_by', 'last', 'last_value', 'any_value', 'first', 'first_value'].map(
    (name) => [name, 'use latest(value, by…), which does not depend on the order of rows'] as const,
  ),
  ...['row_number', 'rank', 'dense_rank', 'lag', 'lead'].map(
    (name) => [name, 'use a key for duplicates, or latest(value, by…)'] as const,
  ),
  ...['date_trunc', 'strftime', 'date_format', 'extract', 'year', 'month', 'day', 'date_part'].map(
    (name) => [name, 'use to_date(x) or to_month(x)'] as const,
  ),
  ...['if', 'iff', 'iif', 'decode'].map((name) => [name, 'use CASE WHEN … THEN … ELSE … END'] as const),
  ...['ifnull', 'nvl', 'isnull'].map((name) => [name, 'use coalesce(x, y)'] as const),
  ...['len', 'char_length', 'strlen'].map((name) => [name, 'use length(x)'] as const),
  ...['substring', 'left', 'mid'].map((name) => [name, 'use substr(x, start, length)'] as const),
  ...['startswith', 'prefix'].map((name) => [name, 'use starts_with(x, y)'] as const),
  ...['endswith', 'suffix'].map((name) => [name, 'use ends_with(x, y)'] as const),
  ...['count_if', 'countif'].map((name) => [name, 'use count(CASE WHEN … THEN 1 END)'] as const),
  ...['floor', 'ceil', 'ceiling', 'mod', 'power', 'sqrt'].map(
    (name) => [name, 'round(decimal, digits) is the one rounding that every engine does alike'] as const,
  ),
  ...['string_agg', 'listagg', 'array_agg', 'list', 'group_concat'].map(
    (name) => [name, 'a list depends on the order of rows; use count, min, max or latest'] as const,
  ),
  ['date', 'use to_date(x)'],
  ['approx_count_distinct', 'use count(distinct x): estimates differ between engines'],
]);

const ALL_FUNCTIONS = [...SCALAR_FUNCTIONS, ...AGGREGATE_FUNCTIONS.filter((name) => !name.includes('_'))];

export function typeCall(typer: TypingContext, node: CallNode): Expression | undefined {
  if (node.name === 'count' || isAggregate(node.name)) return typeAggregate(typer, node);
  if (!isScalar(node.name)) {
    const remedy = FOREIGN_FUNCTIONS.get(node.name) ?? didYouMean(node.name, ALL_FUNCTIONS);
    return typer.refuse(node.at, `the function "${node.name}" is not in the portable subset`, remedy);
  }
  if (node.star || node.distinct) {
    return typer.refuse(node.at, `${node.name} takes neither * nor DISTINCT`);
  }
  return typeScalar(typer, node, node.name);
}

function isAggregate(name: string): boolean {
  return ['sum', 'min', 'max', 'latest'].includes(name);
}

function isScalar(name: string): name is ScalarFunction {
  return (SCALAR_FUNCTIONS as readonly string[]).includes(name);
}

function typeScalar(typer: TypingContext, node: CallNode, name: ScalarFunction): Expression | undefined {
  switch (name) {
    case 'coalesce':
    case 'least':
    case 'greatest':
      return typeAlike(typer, node, name, 2, 64);
    case 'nullif':
      return typeAlike(typer, node, name, 2, 2);
    case 'abs':
      return typeAbs(typer, node);
    case 'round':
      return typeRound(typer, node);
    case 'upper':
    case 'lower':
    case 'trim':
      return typeText(typer, node, name, 1, 1, 'string');
    case 'length':
      return typeText(typer, node, name, 1, 1, 'long');
    case 'concat':
      return typeText(typer, node, name, 2, 64, 'string');
    case 'starts_with':
    case 'ends_with':
    case 'contains':
      return typeText(typer, node, name, 2, 2, 'boolean');
    case 'substr':
      return typeSubstr(typer, node);
    case 'to_date':
      return typeTime(typer, node, name, ['timestamp'], 'date');
    case 'to_month':
      return typeTime(typer, node, name, ['timestamp', 'date'], 'string');
  }
}

function typeAlike(
  typer: TypingContext,
  node: CallNode,
  name: ScalarFunction,
  min: number,
  max: number,
): Expression | undefined {
  if (!hasArguments(typer, node, min, max)) return undefined;
  const inferred = typer.inferAll(node.args);
  const args = inferred && typer.unify(node.at, inferred);
  const first = args?.[0];
  if (args === undefined || first === undefined) return undefined;
  if (first.type === 'binary' && (name === 'least' || name === 'greatest')) {
    return typer.refuse(node.at, `${name} does not compare binary values`);
  }
  return { kind: 'call', type: first.type, function: name, args };
}

function typeText(
  typer: TypingContext,
  node: CallNode,
  name: ScalarFunction,
  min: number,
  max: number,
  type: ColumnType,
): Expression | undefined {
  if (!hasArguments(typer, node, min, max)) return undefined;
  const args = node.args.map((arg) => typer.typeAs(arg, 'string', `each argument of ${name}`));
  return args.every((arg) => arg !== undefined) ? { kind: 'call', type, function: name, args } : undefined;
}

function typeTime(
  typer: TypingContext,
  node: CallNode,
  name: ScalarFunction,
  accepted: readonly ColumnType[],
  type: ColumnType,
): Expression | undefined {
  if (!hasArguments(typer, node, 1, 1) || node.args[0] === undefined) return undefined;
  const arg = typer.type(node.args[0]);
  if (arg === undefined) return undefined;
  if (accepted.includes(arg.type)) return { kind: 'call', type, function: name, args: [arg] };
  const remedy = arg.type === 'string' ? `write ${name}(cast(x as timestamp))` : undefined;
  return typer.refuse(node.args[0].at, `${name} needs ${accepted.join(' or ')}, this is ${arg.type}`, remedy);
}

function typeAbs(typer: TypingContext, node: CallNode): Expression | undefined {
  if (!hasArguments(typer, node, 1, 1) || node.args[0] === undefined) return undefined;
  const arg = typer.type(node.args[0]);
  if (arg === undefined) return undefined;
  if (!isNumeric(arg.type)) return typer.refuse(node.args[0].at, `abs needs a number, this is ${arg.type}`);
  return { kind: 'call', type: arg.type, function: 'abs', args: [arg] };
}

function typeRound(typer: TypingContext, node: CallNode): Expression | undefined {
  if (!hasArguments(typer, node, 2, 2) || node.args[0] === undefined) return undefined;
  const value = typer.type(node.args[0]);
  const digits = wholeLiteral(typer, node, 1, 0);
  if (value === undefined || digits === undefined) return undefined;
  const shape = decimalShape(value.type);
  if (shape === undefined) {
    return typer.refuse(
      node.args[0].at,
      `round needs a decimal, this is ${value.type}`,
      'doubles round differently on each engine',
    );
  }
  const scale = Number(digits.value);
  if (scale >= shape.scale) {
    return typer.refuse(
      node.at,
      `${value.type} has no more than ${scale} fraction digits`,
      'leave round away',
    );
  }
  // One more whole digit: 9.99 becomes 10.0.
  const precision = Math.min(PRECISION_MAX, shape.precision - shape.scale + scale + 1);
  const args = [value, digits];
  return { kind: 'call', type: decimalType({ precision, scale }), function: 'round', args };
}

function typeSubstr(typer: TypingContext, node: CallNode): Expression | undefined {
  if (!hasArguments(typer, node, 2, 3) || node.args[0] === undefined) return undefined;
  const text = typer.typeAs(node.args[0], 'string', 'the first argument of substr');
  const start = wholeLiteral(typer, node, 1, 1);
  const length = node.args.length === 3 ? wholeLiteral(typer, node, 2, 0) : undefined;
  if (text === undefined || start === undefined || (node.args.length === 3 && length === undefined))
    return undefined;
  return {
    kind: 'call',
    type: 'string',
    function: 'substr',
    args: length ? [text, start, length] : [text, start],
  };
}

/** An argument that must be a written whole number: engines differ on what zero, negative or null means there. */
function wholeLiteral(
  typer: TypingContext,
  node: CallNode,
  index: number,
  least: number,
): (Expression & { value: string }) | undefined {
  const arg = node.args[index];
  const typed = arg && typer.infer(arg);
  if (arg === undefined || typed === undefined) return undefined;
  const isFit =
    typed !== UNTYPED_NULL &&
    isNumberLiteral(typed) &&
    typed.type === 'long' &&
    Number(typed.value) >= least &&
    Number(typed.value) < 2 ** 31;
  return isFit
    ? typed
    : typer.refuse(
        arg.at,
        `argument ${index + 1} of ${node.name} is a written whole number of at least ${least}`,
      );
}
