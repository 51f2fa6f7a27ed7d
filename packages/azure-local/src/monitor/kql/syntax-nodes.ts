/** What the translators ask of the bound tree. */
import type { KustoLanguage, KustoNode } from './kusto-language.ts';
import type { Column, Expression, ScalarType } from './plan.ts';

/** Inside the translator only; it becomes the outcome of the whole translation. The message completes "... is not emulated". */
export class NotEmulated extends Error {}

const SCALAR_TYPES: readonly ScalarType[] = ['string', 'int', 'long', 'real', 'bool', 'datetime', 'timespan'];

export function typeOf(node: KustoNode): ScalarType {
  return scalarType(node.ResultType?.Name ?? 'unknown', excerpt(node));
}

export function scalarType(name: string, where: string): ScalarType {
  const type = SCALAR_TYPES.find((known) => known === name);
  if (type === undefined) throw new NotEmulated(`the type ${name} of ${where}`);
  return type;
}

/** The node as the client wrote it, shortened for a message. */
export function excerpt(node: KustoNode): string {
  const text = node.toString(0).trim().replaceAll(/\s+/g, ' ');
  return `'${text.length > 60 ? `${text.slice(0, 57)}...` : text}'`;
}

export function isNumeric(type: ScalarType): boolean {
  return type === 'int' || type === 'long' || type === 'real';
}

/** What `name = expression` stands for; the name itself is the binder's business. */
export function unnamed(node: KustoNode, language: KustoLanguage): KustoNode {
  return language.kindOf(node) === 'SimpleNamedExpression' ? node.Expression : node;
}

/** Expressions and result columns stand in the same order. */
export function checkResults(expressions: readonly Expression[], results: readonly Column[]): void {
  const fits =
    expressions.length === results.length && expressions.every(({ type }, at) => type === results[at]?.type);
  if (!fits) throw new NotEmulated('an expression that gives several columns, or a column of another type');
}
