import type { ColumnType } from '@lakewarden/contracts';
import { exactShape } from '../sql/column-types.ts';
import { parseExpression } from '../sql/parser.ts';
import type { Expression } from '../sql/tree.ts';
import { type Scope, Typer } from '../sql/typer.ts';
import type { ProblemLog } from './problem-log.ts';
import type { Path } from './yaml-document.ts';

const ONE_ROW = 'one row is looked at here: no aggregate can stand here';

/** Parses and types the expression at `path`; with `type`, it must have that type. */
export function compileExpression(
  text: string,
  path: Path,
  scope: Scope,
  problems: ProblemLog,
  type?: { readonly type: ColumnType; readonly what: string },
): Expression | undefined {
  const parsed = parseExpression(text);
  if (parsed.kind === 'refused') return problems.inText(path, parsed);
  const typer = new Typer(scope, (refusal) => problems.inText(path, refusal), ONE_ROW);
  return type === undefined ? typer.type(parsed.value) : typer.typeAs(parsed.value, type.type, type.what);
}

/** One side of a control total: an exact number. */
export function compileTotal(
  text: string,
  path: Path,
  scope: Scope,
  problems: ProblemLog,
): Expression | undefined {
  const expression = compileExpression(text, path, scope, problems);
  if (expression === undefined || exactShape(expression.type) !== undefined) return expression;
  return problems.at(
    path,
    `a total is an exact number, this is ${expression.type}`,
    'use long, integer or decimal',
  );
}
