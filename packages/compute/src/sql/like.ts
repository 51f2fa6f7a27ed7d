import type { SyntaxExpression } from './syntax.ts';
import type { Expression, Literal } from './tree.ts';
import type { TypingContext } from './typing-context.ts';

/** LIKE with a pattern that is a prefix, a suffix, a part or the whole text; other patterns differ in escapes and speed. */
export function typeLike(
  typer: TypingContext,
  node: Extract<SyntaxExpression, { kind: 'like' }>,
): Expression | undefined {
  const operand = typer.typeAs(node.operand, 'string', 'the left side of LIKE');
  if (operand === undefined) return undefined;
  const { pattern } = node;
  const open = pattern.startsWith('%');
  const close = pattern.endsWith('%') && pattern.length > 1;
  const core = pattern.slice(open ? 1 : 0, close ? -1 : undefined);
  if (/[%_\\]/.test(core)) {
    return typer.refuse(
      node.at,
      `the pattern '${pattern}' is not in the portable subset`,
      "use 'x%', '%x', '%x%', or starts_with, ends_with, contains and substr",
    );
  }
  const text: Literal = { kind: 'literal', type: 'string', value: core };
  const test = match(operand, text, open, close);
  return node.negated ? { kind: 'not', type: 'boolean', operand: test } : test;
}

function match(operand: Expression, text: Literal, open: boolean, close: boolean): Expression {
  if (!open && !close)
    return { kind: 'comparison', type: 'boolean', operator: '=', left: operand, right: text };
  const name = open && close ? 'contains' : open ? 'ends_with' : 'starts_with';
  return { kind: 'call', type: 'boolean', function: name, args: [operand, text] };
}
