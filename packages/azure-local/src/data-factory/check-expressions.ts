/** Refuses a definition whose expressions could never be evaluated, so that no run starts to find it out. */
import { badRequest } from './arm-error.ts';
import { type CallUse, callsOf, ExpressionError, parseTemplate, stringsOf } from './expression.ts';
import type { Json } from './json.ts';

export interface ExpressionPlace {
  /** For the message. */
  readonly where: string;
  /** Lower-case names of the functions known there. */
  readonly functions: readonly string[];
  /** Declared parameters, and the function they are read through: `pipeline().parameters.x`, `dataset().x`. */
  readonly parameters: {
    readonly of: 'pipeline' | 'dataset' | 'linkedservice';
    readonly names: readonly string[];
  };
  readonly variables: readonly string[];
  /** Activities whose output may be read: the ancestors. */
  readonly activities: ReadonlySet<string>;
}

export function checkExpressions(value: Json | undefined, place: ExpressionPlace): void {
  for (const { path, text } of stringsOf(value)) {
    if (!text.includes('@')) continue;
    for (const use of callsIn(text, place.where, path)) {
      const wrong = faultOf(use, place);
      if (wrong !== undefined) throw badRequest(`${place.where}, ${path}: ${wrong}`, 'InvalidTemplate');
    }
  }
}

function callsIn(text: string, where: string, path: string): readonly CallUse[] {
  try {
    return callsOf(parseTemplate(text));
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw badRequest(`${where}, ${path}: ${error.message}`, 'InvalidTemplate');
  }
}

function faultOf(use: CallUse, place: ExpressionPlace): string | undefined {
  if (!place.functions.includes(use.name)) {
    return `the function '${use.name}' is not emulated here; known are ${place.functions.join(', ')}.`;
  }
  const first = use.args[0];
  const name = first?.kind === 'literal' && typeof first.value === 'string' ? first.value : undefined;
  switch (use.name) {
    case 'pipeline':
      return use.members[0] === 'parameters' ? undeclared(use.members[1], place) : undefined;
    case 'dataset':
    case 'linkedservice':
      return undeclared(use.members[0], place);
    case 'activity':
      if (name !== undefined && place.activities.has(name)) return undefined;
      return `the output of activity '${name ?? '?'}' can't be referenced since it is not an ancestor.`;
    case 'variables':
      if (name !== undefined && place.variables.includes(name)) return undefined;
      return `the variable '${name ?? '?'}' is not declared.`;
    default:
      return undefined;
  }
}

function undeclared(name: string | undefined, place: ExpressionPlace): string | undefined {
  if (name === undefined || name === '*') return undefined;
  const isDeclared = place.parameters.names.some((known) => known.toLowerCase() === name.toLowerCase());
  return isDeclared ? undefined : `the parameter '${name}' is not declared.`;
}
