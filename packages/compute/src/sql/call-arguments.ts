import type { SyntaxExpression } from './syntax.ts';
import type { TypingContext } from './typing-context.ts';

export type CallNode = Extract<SyntaxExpression, { kind: 'call' }>;

/** Checks the number of arguments; reports and answers false when it is wrong. */
export function hasArguments(typer: TypingContext, node: CallNode, min: number, max: number): boolean {
  if (node.args.length >= min && node.args.length <= max) return true;
  const wanted = min === max ? `${min}` : max >= 64 ? `at least ${min}` : `${min} or ${max}`;
  typer.refuse(
    node.at,
    `${node.name} takes ${wanted} argument${wanted === '1' ? '' : 's'}, not ${node.args.length}`,
  );
  return false;
}
