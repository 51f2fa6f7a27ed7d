import type { ColumnType } from '@lakewarden/contracts';
import type { SyntaxExpression } from './syntax.ts';
import type { Expression } from './tree.ts';

/** What the rules of single operators and functions need from the typer. Undefined always means: refused and reported. */
export interface TypingContext {
  /** An expression whose type is known. */
  type(node: SyntaxExpression): Expression | undefined;
  /** An expression of one type; NULL and written numbers take it. */
  typeAs(node: SyntaxExpression, type: ColumnType, what: string): Expression | undefined;
  /** As `type`, but NULL may still be without a type (`UNTYPED_NULL`). */
  infer(node: SyntaxExpression): Expression | undefined;
  inferAll(nodes: readonly SyntaxExpression[]): readonly Expression[] | undefined;
  /** Brings expressions to their common type. */
  unify(at: number, expressions: readonly Expression[]): readonly Expression[] | undefined;
  /** Types the arguments of an aggregate, in which no other aggregate may stand. */
  insideAggregate<T>(at: number, work: () => T): T | undefined;
  refuse(at: number, message: string, remedy?: string): undefined;
}
