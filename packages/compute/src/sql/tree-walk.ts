import { unreachable } from '@lakewarden/contracts';
import type { Expression } from './tree.ts';

/** The expressions directly below one. */
export function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'literal':
    case 'column':
      return [];
    case 'cast':
    case 'negate':
    case 'not':
    case 'is-null':
      return [expression.operand];
    case 'arithmetic':
    case 'comparison':
      return [expression.left, expression.right];
    case 'logical':
      return expression.operands;
    case 'between':
      return [expression.operand, expression.low, expression.high];
    case 'in':
      return [expression.operand, ...expression.items];
    case 'case': {
      const children = expression.branches.flatMap((branch) => [branch.when, branch.value]);
      return expression.otherwise === undefined ? children : [...children, expression.otherwise];
    }
    case 'call':
    case 'aggregate':
      return expression.args;
    default:
      return unreachable(expression);
  }
}

export function contains(expression: Expression, wanted: (expression: Expression) => boolean): boolean {
  return wanted(expression) || childrenOf(expression).some((child) => contains(child, wanted));
}

export function hasAggregate(expression: Expression): boolean {
  return contains(expression, (node) => node.kind === 'aggregate');
}

/** Aliases of the relations that an expression reads. */
export function relationsOf(expression: Expression): ReadonlySet<string> {
  const aliases = new Set<string>();
  contains(expression, (node) => {
    if (node.kind === 'column' && node.relation !== undefined) aliases.add(node.relation);
    return false;
  });
  return aliases;
}
