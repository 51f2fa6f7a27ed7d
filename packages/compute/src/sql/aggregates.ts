import type { ColumnType } from '@lakewarden/contracts';
import { type CallNode, hasArguments } from './call-arguments.ts';
import { coerce } from './coercion.ts';
import { decimalShape, decimalType, isWhole, PRECISION_MAX } from './column-types.ts';
import type { Aggregate, Expression } from './tree.ts';
import type { TypingContext } from './typing-context.ts';

export function typeAggregate(typer: TypingContext, node: CallNode): Expression | undefined {
  return typer.insideAggregate(node.at, () =>
    node.name === 'count' ? typeCount(typer, node) : typeOther(typer, node),
  );
}

function typeCount(typer: TypingContext, node: CallNode): Aggregate | undefined {
  if (node.star) return { kind: 'aggregate', type: 'long', function: 'count_rows', args: [] };
  if (node.args.length === 0)
    return typer.refuse(node.at, 'count needs an argument', 'write count(*) for rows');
  if (node.distinct && node.args.length > 1) {
    return typer.refuse(
      node.at,
      'count(distinct) takes one value',
      "join them: count(distinct a || '|' || b)",
    );
  }
  if (!hasArguments(typer, node, 1, 1) || node.args[0] === undefined) return undefined;
  const arg = typer.type(node.args[0]);
  return (
    arg && {
      kind: 'aggregate',
      type: 'long',
      function: node.distinct ? 'count_distinct' : 'count',
      args: [arg],
    }
  );
}

function typeOther(typer: TypingContext, node: CallNode): Aggregate | undefined {
  if (node.star) return typer.refuse(node.at, `${node.name}(*) has no meaning`, 'name a column');
  if (node.distinct) {
    return typer.refuse(
      node.at,
      `DISTINCT inside ${node.name} is not in the portable subset`,
      'only count(distinct x) is',
    );
  }
  switch (node.name) {
    case 'sum':
      return typeSum(typer, node);
    case 'latest':
      return typeLatest(typer, node);
    default:
      return typeExtreme(typer, node, node.name === 'min' ? 'min' : 'max');
  }
}

function typeSum(typer: TypingContext, node: CallNode): Aggregate | undefined {
  if (!hasArguments(typer, node, 1, 1) || node.args[0] === undefined) return undefined;
  const arg = typer.type(node.args[0]);
  if (arg === undefined) return undefined;
  if (isWhole(arg.type))
    return { kind: 'aggregate', type: 'long', function: 'sum', args: [coerce(arg, 'long')] };
  const shape = decimalShape(arg.type);
  if (shape !== undefined) {
    const type: ColumnType = decimalType({ precision: PRECISION_MAX, scale: shape.scale });
    return { kind: 'aggregate', type, function: 'sum', args: [arg] };
  }
  const remedy =
    arg.type === 'double'
      ? 'a sum of doubles depends on the order of rows; declare the column as decimal'
      : undefined;
  return typer.refuse(node.args[0].at, `sum needs long or decimal, this is ${arg.type}`, remedy);
}

function typeExtreme(typer: TypingContext, node: CallNode, name: 'min' | 'max'): Aggregate | undefined {
  if (!hasArguments(typer, node, 1, 1) || node.args[0] === undefined) return undefined;
  const arg = typer.type(node.args[0]);
  if (arg === undefined) return undefined;
  if (arg.type === 'binary') return typer.refuse(node.args[0].at, `${name} does not compare binary values`);
  return { kind: 'aggregate', type: arg.type, function: name, args: [arg] };
}

function typeLatest(typer: TypingContext, node: CallNode): Aggregate | undefined {
  if (node.args.length < 2) {
    return typer.refuse(
      node.at,
      'latest needs a value and what it is ordered by',
      'write latest(description, invoice_date)',
    );
  }
  if (!hasArguments(typer, node, 2, 16)) return undefined;
  const args = node.args.map((arg) => typer.type(arg));
  if (!args.every((arg) => arg !== undefined)) return undefined;
  const [value] = args;
  if (value === undefined) return undefined;
  if (args.some((arg) => arg.type === 'binary'))
    return typer.refuse(node.at, 'latest does not compare binary values');
  return { kind: 'aggregate', type: value.type, function: 'latest', args };
}
